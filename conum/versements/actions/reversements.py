"""Ce que la structure rend : pour un terme dont l'emploi n'est pas prouvé, puis au solde de la convention.

Jamais deux fois le même euro : un justificatif a un reversement au plus, une convention un solde, et ce qui est déjà
demandé (par un avenant, pour un autre terme) se déduit. Verrous : convention, puis échéances.
"""

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Max, QuerySet
from django.utils import timezone

from conum.conventions import rules as regles_conventions
from conum.conventions.actions.changement import acte_en_vigueur
from conum.conventions.actions.fin import Arrete, arreter
from conum.conventions.models import Acte, Convention
from conum.conventions.states import Etat as EtatConvention
from conum.courriels.actions import mettre_en_file
from conum.journal.acteurs import SYSTEME, Acteur
from conum.journal.actions import Ligne, noter, noter_en_masse
from conum.journal.workflow import TransitionImpossible, transition
from conum.postes.emails import destinataires
from conum.socle.enregistrement import enregistrer
from conum.socle.texte import euros
from conum.versements import access
from conum.versements.actions import termes
from conum.versements.actions.echeances import demander_reversement
from conum.versements.emails.justificatifs import SoldeArrete
from conum.versements.models import Echeance, Echeancier, Justificatif, LigneLot, Nature, Solde
from conum.versements.rules import solde as regles
from conum.versements.states import A_VENIR, TRANSITIONS, Etat, EtatJustificatif

FINIES = frozenset({EtatConvention.TERMINEE, EtatConvention.RESILIEE})
PAGE_SOLDE = "versements:solde"


def est_finie(convention: Convention) -> bool:
    return convention.etat in FINIES


# --- Un terme ---------------------------------------------------------------------------------------------------------


def tirer_les_consequences(justificatif: Justificatif, *, par: Acteur) -> Echeance | None:
    """Le terme est clos, sa convention sous verrou : demande ce qui est à rendre, ou solde la convention finie.

    Une convention finie se solde en une fois : si autre chose la retient, le travail de nuit y reviendra.
    """
    _retirer_la_demande(justificatif, par=par)
    convention = justificatif.convention
    if est_finie(convention):
        try:
            with transaction.atomic():
                return solder_convention(convention, par=par).echeance
        except TransitionImpossible:
            return None
    acte = acte_en_vigueur(convention)
    if justificatif.reversement_id:
        return None  # déjà rendu, ou l'État y a renoncé : le solde en tiendra compte
    calcul = termes.a_rendre_pour(justificatif, acte)
    if not calcul.montant:
        return None
    quoi = "absent" if justificatif.absence_le else "accepté"
    echeance = demander_reversement(
        convention,
        montant=calcul.montant,
        motif=f"Emploi non prouvé pour le terme n° {justificatif.numero}, {justificatif.libelle_periode} "
        f"(justificatif {quoi}).",
        trace=calcul.trace,
        par=par,
    )
    justificatif.reversement = echeance
    enregistrer(justificatif, update_fields=["reversement"])
    return echeance


def _retirer_la_demande(justificatif: Justificatif, *, par: Acteur) -> None:
    """Une preuve arrive après la demande : celle-ci laisse sa place au nouveau calcul."""
    ancienne = justificatif.reversement
    if ancienne is None or ancienne.etat != Etat.REVERSEMENT_DEMANDE:
        return
    with transition(
        ancienne, "remplacer_reversement", table=TRANSITIONS, par=par, peut=access.peut_etablir
    ) as courante:
        courante.motif = f"Remplacée : le justificatif du terme n° {justificatif.numero} est arrivé."
        courante.remplacee_par = Echeancier.objects.filter(acte__convention=courante.convention_id).latest("pk")
    justificatif.reversement = None
    enregistrer(justificatif, update_fields=["reversement"])


# --- Le solde ---------------------------------------------------------------------------------------------------------


def ce_qui_retient_le_solde(convention: Convention) -> list[str]:
    """Une phrase par chose à finir avant de solder ; vide si rien ne retient."""
    phrases = []
    if not est_finie(convention):
        phrases.append(f"La convention est « {convention.get_etat_display()} » : elle se solde une fois finie.")
    if Acte.objects.en_vigueur().filter(convention=convention, echeancier=None).exists():
        phrases.append("Le dernier acte signé n'a pas encore son échéancier.")
    siennes = Echeance.objects.filter(convention=convention)
    if enparties := siennes.filter(etat=Etat.ORDONNANCE).count():
        s = "s" if enparties > 1 else ""
        phrases.append(f"{enparties} virement{s} attend{'ent' if s else ''} le retour de la banque.")
    if ligne := LigneLot.objects.filter(
        actif=True, echeance__convention=convention, echeance__etat__in=sorted(A_VENIR)
    ).select_related("lot").first():  # fmt: skip
        phrases.append(f"Une échéance est dans le lot {ligne.lot.reference} : retirez-la.")
    return phrases + _termes_ouverts(convention)


def _termes_ouverts(convention: Convention) -> list[str]:
    try:
        acte = acte_en_vigueur(convention)
        attendus = [t.numero for t in termes.termes_de(convention, acte, termes.postes_de(acte))]
    except TransitionImpossible as erreur:
        return [str(erreur)]
    clos = {j.numero for j in convention.justificatifs.all() if j.est_clos}
    ouverts = [str(n) for n in attendus if n not in clos]
    if not ouverts:
        return []
    s = "s" if len(ouverts) > 1 else ""
    return [f"Justificatif{s} encore attendu{s} ou à examiner : terme{s} n° {', '.join(ouverts)}."]


def calculer_le_solde(convention: Convention) -> tuple[regles.Compte, Arrete, regles.Solde]:
    """Le solde tel qu'il serait arrêté maintenant.

    Raises:
        TransitionImpossible: jamais signée, ou dont la règle ne se lit plus.
    """
    acte = acte_en_vigueur(convention)
    try:
        arrete = arreter(convention, convention.dernier_jour)
    except (
        regles_conventions.RegleInconnue, regles_conventions.RegleInvalide, regles_conventions.ConventionInvalide
    ) as erreur:  # fmt: skip
        raise TransitionImpossible(str(erreur)) from erreur
    compte = termes.compte_de(convention)
    return compte, arrete, regles.solder(compte, arrete.total, termes.termes_comptes(convention, acte))


def solder_convention(convention: Convention, *, par: Acteur) -> Solde:
    """Arrête les comptes d'une convention terminée ou résiliée ; la redemander rend le même solde.

    Ce qui restait à venir est remplacé par le solde : un dernier versement, un dernier reversement, ou rien.

    Raises:
        PermissionDenied: ni l'ANCT ni la machine.
        TransitionImpossible: quelque chose retient encore le solde ; la phrase dit quoi.
    """
    with transaction.atomic():
        courante = Convention.objects.select_for_update(of=("self",), no_key=True).get(pk=convention.pk)
        if not access.peut_etablir(par, courante):
            raise PermissionDenied
        if (deja := Solde.objects.filter(convention=courante).first()) is not None:
            return deja
        verrou = Echeance.objects.select_for_update(of=("self",), no_key=True)
        list(verrou.filter(convention=courante).order_by("pk").only("pk"))
        if retient := ce_qui_retient_le_solde(courante):
            raise TransitionImpossible(" ".join(retient))
        compte, arrete, calcul = calculer_le_solde(courante)
        _remplacer_ce_qui_restait(courante, par)
        solde = Solde(
            convention=courante,
            le=arrete.le,
            verse=compte.verse,
            demande=compte.demande,
            remis=compte.remis,
            du=arrete.total,
            prouve=calcul.prouve,
            a_verser=calcul.a_verser,
            a_rendre=calcul.a_rendre,
            trace=list(calcul.trace),
            echeance=_echeance_du_solde(courante, arrete.acte, calcul, par),
        )
        enregistrer(solde)
        donnees = {"a_verser": str(calcul.a_verser), "a_rendre": str(calcul.a_rendre), "arrete": arrete.donnees()}
        noter(courante, "solder_convention", par=par, donnees=donnees)
        if not calcul.a_rendre:
            _prevenir_du_solde(solde)
        return solde


def _remplacer_ce_qui_restait(convention: Convention, par: Acteur) -> None:
    anciennes = list(Echeance.objects.filter(convention=convention, etat__in=sorted(A_VENIR)).order_by("pk"))
    if not anciennes:
        return
    motif = "Remplacée par le solde de la convention."
    journal = [Ligne(e, "annuler_echeance", de=e.etat, vers=Etat.ANNULE, motif=motif) for e in anciennes]
    dernier = Echeancier.objects.filter(acte__convention=convention).latest("pk")
    Echeance.objects.filter(pk__in=[e.pk for e in anciennes]).update(
        etat=Etat.ANNULE, motif=motif, remplacee_par=dernier
    )
    noter_en_masse(journal, par=par)


def _echeance_du_solde(convention: Convention, acte: Acte, calcul: regles.Solde, par: Acteur) -> Echeance | None:
    if calcul.a_rendre:
        motif = f"Solde de la convention {convention.reference}."
        return demander_reversement(convention, montant=calcul.a_rendre, motif=motif, trace=calcul.trace, par=par)
    if not calcul.a_verser:
        return None
    siennes = Echeance.objects.filter(acte=acte, poste=None, nature=Nature.VERSEMENT)
    echeance = Echeance(
        convention=convention,
        acte=acte,
        rang=(siennes.aggregate(dernier=Max("rang"))["dernier"] or 0) + 1,
        montant=calcul.a_verser,
        prevue_le=timezone.localdate(),
        trace=list(calcul.trace),
    )
    enregistrer(echeance)
    return echeance


def _prevenir_du_solde(solde: Solde) -> None:
    convention = solde.convention
    for qui in destinataires.de_la_structure(convention.structure, PAGE_SOLDE, convention.pk):
        message = SoldeArrete(
            convention=convention.reference,
            structure=convention.structure.nom,
            retenu=euros(min(solde.du, solde.prouve)),
            a_verser=euros(solde.a_verser) if solde.a_verser else "",
            lien=qui.lien,
        )
        mettre_en_file(message, a=qui.email, objet=convention)


def conventions_a_solder() -> QuerySet[Convention]:
    """Finies, sans solde, et dont aucun justificatif ouvert n'est en attente."""
    ouverts = Justificatif.objects.exclude(etat=EtatJustificatif.ACCEPTE).filter(absence_le=None)
    finies = Convention.objects.filter(etat__in=sorted(FINIES), solde=None)
    return finies.exclude(justificatifs__in=ouverts).order_by("pk")


def solder_conventions_finies() -> int:
    """Chaque nuit : les conventions finies que plus rien ne retient ; rend leur nombre."""
    nombre = 0
    for convention in conventions_a_solder():
        try:
            solder_convention(convention, par=SYSTEME)
        except TransitionImpossible:
            continue  # un virement est en route, un avenant attend : la nuit suivante
        nombre += 1
    return nombre
