"""Qui peut faire quoi d'une demande. Les gabarits et les actions posent la même question."""

from django.shortcuts import get_object_or_404

from conum.comptes.models import Role, TypeRole
from conum.demandes.models import Demande, Nature
from conum.demandes.states import AVANT_DEPOT, OUVERTS, Etat
from conum.journal.acteurs import SYSTEME, Acteur, ActeurSansCompte
from conum.structures.models import Membre, Structure

PORTEUR = "porteur"
"""Qualité de la personne sans compte qui tient le lien personnel d'une demande (journal.acteurs.anonyme)."""


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
    """Écrire un brouillon, le soumettre, le confirmer : la personne qui tient le lien, elle seule."""
    return est_porteur(acteur, demande) and demande.etat in AVANT_DEPOT


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
