"""Repousser la fin d'un contrat à terme (programme-apps § 3.F)."""

from datetime import date
from decimal import Decimal

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone

from conum.journal.acteurs import SYSTEME, Acteur
from conum.journal.actions import noter
from conum.journal.workflow import TransitionImpossible, transition
from conum.postes import access, emails
from conum.postes.actions import gardes
from conum.postes.actions.contrats import photo, prevenir_anct, prevenir_personne, prevenir_structure
from conum.postes.models import Contrat, Prolongation
from conum.postes.models.poste import periode_de
from conum.postes.rules import contrat as regles
from conum.postes.rules.smic import territoire_du_departement
from conum.postes.states import TRANSITIONS_PROLONGATION, Etat, EtatProlongation
from conum.socle.enregistrement import enregistrer


def prolonger_contrat(contrat: Contrat, *, fin: date, salaire: Decimal, par: Acteur) -> Prolongation:
    """Demande une nouvelle fin, dans les trente derniers jours ; elle remplace la demande qui attendait.

    Raises:
        TransitionImpossible: contrat non validé, ou déjà renouvelé.
        ValidationError: CDI, trop tôt, trop tard, ou salaire sous le SMIC du jour où la prolongation commence.
    """
    with transaction.atomic():
        courant = Contrat.objects.select_for_update(of=("self",), no_key=True).get(pk=contrat.pk)
        if not access.peut_demander(par, courant):
            raise PermissionDenied
        _exiger_prolongeable(courant)
        aujourdhui = timezone.localdate()
        gardes.lever(
            regles.verifier_prolongation(type_=courant.type, fin=courant.fin, nouvelle_fin=fin, aujourdhui=aujourdhui)
        )
        _exiger_suite(courant, fin, salaire)
        for en_attente in courant.prolongations.filter(etat=EtatProlongation.DEMANDEE).order_by("pk"):
            remplacer(en_attente, par=par)
        assert courant.fin is not None
        prolongation = Prolongation(
            contrat=courant,
            fin_actuelle=courant.fin,
            fin_demandee=fin,
            salaire_actuel=courant.salaire,
            salaire_demande=salaire,
        )
        enregistrer(prolongation)
        donnees = {"fin": fin.isoformat(), "salaire": str(salaire)}
        noter(courant, "prolonger_contrat", par=par, donnees=donnees)
        prevenir_anct(courant, quoi="prolongation à valider", precisions=f"Jusqu'au {fin:%d/%m/%Y}.")
        return prolongation


def _exiger_prolongeable(contrat: Contrat) -> None:
    if contrat.etat != Etat.VALIDE:
        libelle = contrat.get_etat_display()
        raise TransitionImpossible(f"Seul un contrat validé se prolonge : celui-ci est « {libelle} ».")
    if suite := contrat.suites.retenus().first():
        raise TransitionImpossible(f"Ce contrat a déjà une suite : {suite.reference}, {suite.libelle_periode}.")


def _exiger_suite(contrat: Contrat, fin: date, salaire: Decimal) -> None:
    """Du lendemain de la fin actuelle à la nouvelle : poste rattaché et libre, salaire au moins au SMIC."""
    assert contrat.fin is not None
    reprise = regles.lendemain(contrat.fin)
    gardes.lever(regles.verifier_dates(contrat.type, contrat.debut, fin))
    rattachement = gardes.rattachement_le(contrat.poste, reprise)
    if rattachement is None:
        raise ValidationError({"fin": f"Le poste {contrat.poste.reference} n'est plus à la structure après le terme."})
    gardes.exiger_rattachement(rattachement, fin, suivre=True)
    territoire = territoire_du_departement(rattachement.structure.commune.departement_id or "")
    gardes.lever(regles.verifier_salaire(salaire, reprise, territoire))
    gardes.exiger_place(contrat.poste, contrat.personne, contrat.debut, fin, sauf=contrat)


def remplacer(prolongation: Prolongation, *, par: Acteur) -> None:
    """Une demande plus récente, ou une rupture, prend la place de celle-ci."""
    with transition(
        prolongation,
        "remplacer_prolongation",
        table=TRANSITIONS_PROLONGATION,
        par=par,
        peut=access.peut_remplacer_prolongation,
    ) as courante:
        courante.traitee_le = timezone.now()


def abandonner_en_attente(contrat: Contrat) -> None:
    """Une rupture rend sans objet la prolongation qui attend."""
    for en_attente in contrat.prolongations.filter(etat=EtatProlongation.DEMANDEE).order_by("pk"):
        remplacer(en_attente, par=SYSTEME)


def valider_prolongation(prolongation: Prolongation, *, par: Acteur) -> Contrat:
    """L'ANCT accepte : la fin et le salaire du contrat deviennent ceux demandés."""
    with transaction.atomic():
        # Le contrat d'abord, comme partout : une rupture notifiée au même instant attend.
        contrat = Contrat.objects.select_for_update(of=("self",), no_key=True).get(pk=prolongation.contrat_id)
        with transition(
            prolongation,
            "valider_prolongation",
            table=TRANSITIONS_PROLONGATION,
            par=par,
            peut=access.peut_traiter_prolongation,
        ) as courante:
            _exiger_prolongeable(contrat)
            gardes.verrouiller(contrat.poste, contrat.personne)
            _exiger_suite(contrat, courante.fin_demandee, courante.salaire_demande)
            avant = photo(contrat)
            contrat.periode = periode_de(contrat.debut, courante.fin_demandee)
            contrat.salaire = courante.salaire_demande
            enregistrer(contrat)
            courante.traitee_le = timezone.now()
        donnees = {"avant": avant, "apres": photo(contrat)}
        noter(contrat, "valider_prolongation", par=par, de=contrat.etat, vers=contrat.etat, donnees=donnees)
        champs = {"decision": "acceptée", "fin": f"{courante.fin_demandee:%d/%m/%Y}"}
        prevenir_structure(contrat, emails.ProlongationDecidee, **champs)
        prevenir_personne(contrat, emails.ProlongationDecidee, **champs)
        return contrat


def refuser_prolongation(prolongation: Prolongation, *, motif: str, par: Acteur) -> Prolongation:
    """L'ANCT refuse, avec un motif : le contrat finit comme prévu."""
    motif = gardes.exiger_texte("motif", motif)
    with transition(
        prolongation,
        "refuser_prolongation",
        table=TRANSITIONS_PROLONGATION,
        par=par,
        peut=access.peut_traiter_prolongation,
        motif=motif,
    ) as courante:
        courante.motif_refus, courante.traitee_le = motif, timezone.now()
        contrat = courante.contrat
        noter(contrat, "refuser_prolongation", par=par, de=contrat.etat, vers=contrat.etat, motif=motif)
        prevenir_structure(
            contrat,
            emails.ProlongationDecidee,
            decision="refusée",
            fin=f"{courante.fin_demandee:%d/%m/%Y}",
            motif=motif,
        )
    return courante
