"""Qui peut faire quoi d'une demande. Les gabarits et les actions posent la même question."""

from django.http import Http404
from django.shortcuts import get_object_or_404

from conum.comptes.models import Role, TypeRole
from conum.demandes.models import Demande, ImportDecisions, Nature, SessionComite
from conum.demandes.states import AVANT_DEPOT, OUVERTS, Etat
from conum.journal.acteurs import SYSTEME, Acteur, ActeurSansCompte, anonyme
from conum.socle.jetons import empreinte
from conum.structures.models import Membre, Structure

PORTEUR = "porteur"
"""Qualité de la personne sans compte qui tient le lien personnel d'une demande (journal.acteurs.anonyme)."""


def porteur(demande: Demande) -> ActeurSansCompte:
    """La personne qui tient le lien ou la session de cette demande ; qui appelle l'a vérifié."""
    return anonyme(PORTEUR, "Demandeur sans compte", demande.pk)


def est_porteur(acteur: Acteur, demande: Demande) -> bool:
    return isinstance(acteur, ActeurSansCompte) and acteur.qualite == PORTEUR and acteur.objet_id == str(demande.pk)


def est_anct(acteur: Acteur) -> bool:
    return isinstance(acteur, Role) and acteur.actif and acteur.type == TypeRole.ANCT


def est_prefecture_de(acteur: Acteur, demande: Demande) -> bool:
    return (
        isinstance(acteur, Role)
        and acteur.actif
        and acteur.type == TypeRole.PREFECTURE
        and acteur.departement_id is not None
        and acteur.departement_id == demande.departement_id
    )


def est_membre_de(acteur: Acteur, structure: Structure | None) -> bool:
    return (
        structure is not None
        and isinstance(acteur, Role)
        and acteur.actif
        and acteur.type == TypeRole.STRUCTURE
        and Membre.objects.filter(role_id=acteur.pk, structure=structure).exists()
    )


def est_systeme(acteur: Acteur) -> bool:
    return acteur is SYSTEME


def peut_saisir(acteur: Acteur, demande: Demande) -> bool:
    """Écrire un brouillon, le soumettre, le confirmer : la personne qui tient le lien, ou un membre de la structure."""
    return est_porteur(acteur, demande) or est_membre_de(acteur, demande.structure)


def peut_corriger(acteur: Acteur, demande: Demande) -> bool:
    """Corriger ou retirer sa demande : un membre de la structure, jusqu'à l'avis."""
    return demande.etat == Etat.DEPOSEE and est_membre_de(acteur, demande.structure)


def peut_etre_retiree_par(acteur: Acteur, demande: Demande) -> bool:
    return est_membre_de(acteur, demande.structure)


def peut_donner_avis(acteur: Acteur, demande: Demande) -> bool:
    """La préfecture du département ; rendre des postes n'appelle pas d'avis (programme-apps § 3.H)."""
    return est_prefecture_de(acteur, demande) and demande.nature != Nature.RENDU


def peut_decider(acteur: Acteur, demande: Demande) -> bool:
    return est_anct(acteur) and demande.etat not in AVANT_DEPOT


def peut_repondre(acteur: Acteur, demande: Demande) -> bool:
    return est_membre_de(acteur, demande.structure)


def peut_tenir_session(acteur: Acteur, session: SessionComite) -> bool:
    """Ordre du jour, décisions, clôture : l'ANCT, jamais sur une session reprise d'un fichier historique."""
    return est_anct(acteur) and not session.historique


def peut_classer(acteur: Acteur, demande: Demande) -> bool:
    return est_systeme(acteur) or (est_anct(acteur) and demande.etat in OUVERTS)


def peut_reprendre(acteur: Acteur, _demande: Demande) -> bool:
    return est_systeme(acteur)


def peut_demander_avenant(acteur: Acteur, structure: Structure) -> bool:
    return est_membre_de(acteur, structure)


def get_demande_ou_404(role: Role, pk: int) -> Demande:
    """La demande, si ce rôle peut la lire ; 404 sinon, qu'elle existe ou non."""
    visibles = Demande.objects.visibles_par(role)
    return get_object_or_404(visibles.select_related("structure", "commune", "departement", "session"), pk=pk)


def get_session_ou_404(role: Role, pk: int) -> SessionComite:
    """La session du comité ; 404 pour tout autre que l'ANCT."""
    if not est_anct(role):
        raise Http404("Session inconnue.")
    return get_object_or_404(SessionComite, pk=pk)


def get_import_ou_404(role: Role, session: SessionComite, pk: int) -> ImportDecisions:
    """Un import de cette session, déposé par n'importe quel agent de l'ANCT."""
    if not est_anct(role):
        raise Http404("Import inconnu.")
    return get_object_or_404(ImportDecisions, session=session, pk=pk)


def get_brouillon_ou_404(role: Role, pk: int) -> Demande:
    """Le brouillon qu'un membre écrit pour sa structure : ses collègues le lisent et le finissent, personne d'autre."""
    brouillons = Demande.objects.filter(etat__in=AVANT_DEPOT | {Etat.DEPOSEE}, nature=Nature.INITIALE)
    siennes = brouillons.filter(structure__in=Structure.objects.visibles_par(role).order_by().values("pk"))
    if role.type != TypeRole.STRUCTURE:
        siennes = siennes.none()
    return get_object_or_404(siennes.select_related("structure__commune"), pk=pk)


def brouillons_de(role: Role) -> list[Demande]:
    """Les demandes que la structure de ce rôle prépare, la plus récente d'abord."""
    if role.type != TypeRole.STRUCTURE:
        return []
    structures = Structure.objects.visibles_par(role).order_by().values("pk")
    return list(Demande.objects.filter(etat=Etat.BROUILLON, structure__in=structures).order_by("-pk"))


def demande_du_lien(jeton: str, *, champ: str) -> Demande | None:
    """La demande que porte ce lien (`champ` : jeton_reprise ou jeton_confirmation), None s'il ne sert plus."""
    demandes = Demande.objects.select_related("structure", "commune__departement", "departement")
    return demandes.filter(**{champ: empreinte(jeton)}).first() if jeton else None
