"""Ce qui arrive à une échéance hors des lots : date, découpage, ouverture, suspension, reversement."""

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Max

from conum.conventions.models import Acte, Convention
from conum.journal.acteurs import SYSTEME, Acteur
from conum.journal.actions import Ligne, noter, noter_en_masse
from conum.journal.workflow import TransitionImpossible, transition
from conum.postes.actions.gardes import exiger_texte
from conum.socle.enregistrement import enregistrer
from conum.socle.texte import euros
from conum.versements import access
from conum.versements.actions.messages import prevenir_du_reversement, prevenir_structure
from conum.versements.emails.echeances import (
    EcheanceReprise,
    EcheanceSuspendue,
    ReversementAnnule,
    ReversementRecu,
)
from conum.versements.models import Echeance, Nature
from conum.versements.rules import echeancier as regles
from conum.versements.states import TRANSITIONS, Etat

LOT = 1_000


def _verrouiller(echeance: Echeance, *, par: Acteur, action: str, depuis: frozenset[str]) -> Echeance:
    """L'échéance relue sous verrou, pour un acte qui ne change pas son état."""
    courante = Echeance.objects.select_for_update(of=("self",), no_key=True).get(pk=echeance.pk)
    if not access.peut_ordonnancer(par, courante):
        raise PermissionDenied
    if courante.etat not in depuis:
        raise TransitionImpossible(f"{action} n'est plus possible : l'état est maintenant « {_libelle(courante)} ».")
    return courante


def _libelle(echeance: Echeance) -> str:
    return str(Etat(echeance.etat).label)


def fixer_date(echeance: Echeance, *, le: date, par: Acteur) -> Echeance:
    """L'ANCT fixe le jour d'un versement que la règle ne date pas, ou corrige celui qu'elle avait fixé."""
    with transaction.atomic():
        courante = _verrouiller(echeance, par=par, action="Fixer la date", depuis=frozenset({Etat.PREVU}))
        avant = courante.prevue_le
        courante.prevue_le = le
        enregistrer(courante)
        donnees = {"avant": avant.isoformat() if avant else None, "apres": le.isoformat()}
        noter(courante, "fixer_date", par=par, donnees=donnees)
        return courante


def decouper_echeance(echeance: Echeance, *, parts: Iterable[tuple[date, Decimal]], par: Acteur) -> list[Echeance]:
    """Verse en plusieurs fois un montant que la règle donne d'un seul tenant ; la somme ne change pas d'un centime.

    Raises:
        TransitionImpossible: le versement n'est plus seulement prévu.
        ValidationError: les parts ne font pas le montant, ou ne sont pas datées chacune d'un jour.
    """
    with transaction.atomic():
        courante = _verrouiller(echeance, par=par, action="Découper", depuis=frozenset({Etat.PREVU}))
        try:
            rangees = regles.decouper(courante.montant, parts)
        except ValueError as erreur:
            raise ValidationError(str(erreur)) from erreur
        donnees = {"montant": str(courante.montant), "parts": [[le.isoformat(), str(m)] for le, m in rangees]}
        (le, montant), *autres = rangees
        en_mots = ", ".join(f"{euros(m)} le {jour:%d/%m/%Y}" for jour, m in rangees)
        courante.trace = [*courante.trace, f"{euros(courante.montant)} versés en {len(rangees)} fois : {en_mots}."]
        courante.prevue_le, courante.montant = le, montant
        enregistrer(courante)
        siennes = Echeance.objects.filter(acte=courante.acte_id, poste=courante.poste_id, nature=courante.nature)
        rang = siennes.aggregate(dernier=Max("rang"))["dernier"]
        nouvelles = [
            Echeance(
                convention_id=courante.convention_id,
                acte_id=courante.acte_id,
                poste_id=courante.poste_id,
                rang=rang + i,
                montant=m,
                prevue_le=jour,
                trace=courante.trace,
            )
            for i, (jour, m) in enumerate(autres, start=1)
        ]
        for nouvelle in nouvelles:
            enregistrer(nouvelle)
        noter(courante, "decouper_echeance", par=par, donnees=donnees)
        return [courante, *nouvelles]


def ouvrir_echeances_dues(jour: date, *, par: Acteur = SYSTEME) -> int:
    """Les échéances dont la date est venue, et que rien ne bloque, passent « à verser » ; rend leur nombre.

    Par tranches, chacune dans sa transaction : une échéance qu'un autre acte tient attend le passage suivant.
    """
    if not access.peut_etablir(par):
        raise PermissionDenied
    ouvertes = 0
    while True:
        with transaction.atomic():
            dues = list(Echeance.objects.ouvrables(jour).order_by("pk").values_list("pk", flat=True)[:LOT])
            verrou = Echeance.objects.select_for_update(skip_locked=True, of=("self",), no_key=True)
            # Relues sous verrou : ce qui a changé entre les deux questions reste pour le passage suivant.
            prises = list(verrou.filter(pk__in=dues, etat=Etat.PREVU, prevue_le__lte=jour).order_by("pk"))
            regle = TRANSITIONS["ouvrir_echeance"]
            Echeance.objects.filter(pk__in=[e.pk for e in prises]).update(etat=regle.vers)
            noter_en_masse([Ligne(e, "ouvrir_echeance", e.etat, regle.vers) for e in prises], par=par)
        ouvertes += len(prises)
        if len(dues) < LOT or not prises:
            return ouvertes


def suspendre_echeance(echeance: Echeance, *, motif: str, par: Acteur) -> Echeance:
    """Retient une échéance, avec un motif que la structure lit ; celle d'un lot en est d'abord retirée à la main.

    Raises:
        TransitionImpossible: elle est partie, annulée, ou dans un lot.
    """
    motif = exiger_texte("motif", motif)
    with transition(
        echeance, "suspendre_echeance", table=TRANSITIONS, par=par, peut=access.peut_etablir, motif=motif
    ) as courante:
        if ligne := courante.lignes_de_lot.filter(actif=True).select_related("lot").first():
            raise TransitionImpossible(
                f"Cette échéance est dans le lot {ligne.lot.reference} : retirez-la du lot avant de la suspendre."
            )
        courante.motif = motif
        prevenir_structure(courante, EcheanceSuspendue, motif=motif)
    return courante


def reprendre_echeance(echeance: Echeance, *, par: Acteur) -> Echeance:
    """Lève la suspension : l'échéance est de nouveau prévue, et s'ouvre si sa date est venue."""
    with transition(echeance, "reprendre_echeance", table=TRANSITIONS, par=par, peut=access.peut_etablir) as courante:
        courante.motif = ""
        prevenir_structure(courante, EcheanceReprise)
    return courante


def annuler_echeance(echeance: Echeance, *, motif: str, par: Acteur) -> Echeance:
    """Le solde de la convention le dit : cette échéance ne partira pas.

    Raises:
        TransitionImpossible: elle est partie, ou dans un lot.
    """
    motif = exiger_texte("motif", motif)
    with transition(
        echeance, "annuler_echeance", table=TRANSITIONS, par=par, peut=access.peut_etablir, motif=motif
    ) as courante:
        if ligne := courante.lignes_de_lot.filter(actif=True).select_related("lot").first():
            raise TransitionImpossible(f"Cette échéance est dans le lot {ligne.lot.reference} : retirez-la du lot.")
        courante.motif = motif
    return courante


def demander_reversement(
    convention: Convention, *, montant: Decimal, motif: str, par: Acteur, trace: Sequence[str] = ()
) -> Echeance:
    """Demande à la structure de rendre une somme qui porte sur toute la convention, avec son motif et son calcul.

    Ce qui vient d'un avenant se demande poste par poste, par l'échéancier.

    Raises:
        TransitionImpossible: la convention n'a pas d'acte signé.
        ValidationError: le montant n'est pas positif.
    """
    motif = exiger_texte("motif", motif)
    with transaction.atomic():
        courante = Convention.objects.select_for_update(no_key=True).get(pk=convention.pk)
        if not access.peut_etablir(par, courante):
            raise PermissionDenied
        acte = Acte.objects.en_vigueur().filter(convention=courante).first()
        if acte is None:
            raise TransitionImpossible("Rien n'a été signé : aucune somme n'est à rendre.")
        siens = Echeance.objects.filter(acte=acte, poste=None, nature=Nature.REVERSEMENT)
        demande = Echeance(
            convention=courante,
            acte=acte,
            nature=Nature.REVERSEMENT,
            rang=(siens.aggregate(dernier=Max("rang"))["dernier"] or 0) + 1,
            montant=montant,
            etat=Etat.REVERSEMENT_DEMANDE,
            motif=motif,
            trace=list(trace),
        )
        enregistrer(demande)
        demande.refresh_from_db(fields=["numero"])
        donnees = {"montant": str(montant), "convention": courante.pk}
        noter(demande, "demander_reversement", par=par, vers=demande.etat, motif=motif, donnees=donnees)
        prevenir_du_reversement(demande)
        return demande


def constater_reversement(echeance: Echeance, *, le: date, reference: str, par: Acteur) -> Echeance:
    """L'ANCT constate que la structure a rendu la somme : le jour, et la référence du virement reçu."""
    reference = reference.strip()
    if not reference:
        raise ValidationError({"reference": "Écrivez la référence du virement reçu."})
    donnees = {"le": le.isoformat(), "reference": reference}
    with transition(
        echeance, "constater_reversement", table=TRANSITIONS, par=par, peut=access.peut_ordonnancer, donnees=donnees
    ) as courante:
        courante.realisee_le, courante.reference_bancaire = le, reference
        prevenir_structure(courante, ReversementRecu, le=f"{le:%d/%m/%Y}")
    return courante


def annuler_reversement(echeance: Echeance, *, motif: str, par: Acteur) -> Echeance:
    """L'État renonce à une somme demandée ; un avenant ne la réclamera pas de nouveau."""
    motif = exiger_texte("motif", motif)
    with transition(
        echeance, "annuler_reversement", table=TRANSITIONS, par=par, peut=access.peut_ordonnancer, motif=motif
    ) as courante:
        courante.motif = motif
        prevenir_structure(courante, ReversementAnnule, motif=motif)
    return courante
