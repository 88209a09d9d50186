"""Qui peut faire quoi d'un poste et d'un contrat. Les gabarits et les actions posent la même question.

La structure saisit, demande et notifie ; l'ANCT valide ; la préfecture lit son département.
"""

from django.http import Http404
from django.shortcuts import get_object_or_404

from conum.comptes.models import Role, TypeRole
from conum.journal.acteurs import SYSTEME, Acteur
from conum.postes.models import Contrat, PieceRupture, Poste, Prolongation
from conum.structures.models import Membre, Structure

AGENTS = (TypeRole.ANCT, TypeRole.PREFECTURE, TypeRole.REGION)
LECTEURS = (*AGENTS, TypeRole.STRUCTURE)
EMPLOYEURS = (TypeRole.STRUCTURE, TypeRole.ANCT)


def est_anct(acteur: Acteur) -> bool:
    return isinstance(acteur, Role) and acteur.actif and acteur.type == TypeRole.ANCT


def est_systeme(acteur: Acteur) -> bool:
    return acteur is SYSTEME


def est_membre_de(acteur: Acteur, structure: Structure | None) -> bool:
    return (
        structure is not None
        and isinstance(acteur, Role)
        and acteur.actif
        and acteur.type == TypeRole.STRUCTURE
        and Membre.objects.filter(role_id=acteur.pk, structure=structure).exists()
    )


def peut_employer(acteur: Acteur, structure: Structure | None) -> bool:
    """Saisir un contrat pour cette structure : un de ses membres, l'ANCT, ou la reprise de données."""
    return est_membre_de(acteur, structure) or est_anct(acteur) or est_systeme(acteur)


def peut_gerer_poste(acteur: Acteur, _poste: Poste) -> bool:
    """Transférer ou retirer un poste."""
    return est_anct(acteur)


def peut_corriger(acteur: Acteur, contrat: Contrat) -> bool:
    return est_membre_de(acteur, contrat.structure) or est_anct(acteur)


def peut_demander(acteur: Acteur, contrat: Contrat) -> bool:
    """Renouveler, prolonger, notifier une rupture, déposer ses pièces : la structure, ou l'ANCT à sa place."""
    return est_membre_de(acteur, contrat.structure) or est_anct(acteur)


def peut_valider(acteur: Acteur, _contrat: Contrat) -> bool:
    return est_anct(acteur)


def peut_terminer(acteur: Acteur, contrat: Contrat) -> bool:
    return est_systeme(acteur) or peut_demander(acteur, contrat)


def peut_traiter_prolongation(acteur: Acteur, _prolongation: Prolongation) -> bool:
    return est_anct(acteur)


def peut_remplacer_prolongation(acteur: Acteur, prolongation: Prolongation) -> bool:
    return est_systeme(acteur) or peut_demander(acteur, prolongation.contrat)


def get_poste_ou_404(role: Role, pk: int) -> Poste:
    """Le poste, si une structure que ce rôle voit l'a ou l'a eu."""
    return get_object_or_404(Poste.objects.visibles_par(role), pk=pk)


def get_contrat_ou_404(role: Role, pk: int) -> Contrat:
    """Le contrat, si ce rôle peut le lire ; 404 sinon, qu'il existe ou non."""
    visibles = Contrat.objects.visibles_par(role).avec_structure()
    return get_object_or_404(visibles.select_related("poste", "personne", "remplace"), pk=pk)


def get_contrat_demandable_ou_404(role: Role, pk: int) -> Contrat:
    """Le contrat, si ce rôle peut agir dessus au nom de la structure."""
    contrat = get_contrat_ou_404(role, pk)
    if not peut_demander(role, contrat):
        raise Http404("Contrat inconnu.")
    return contrat


def get_prolongation_ou_404(role: Role, contrat: Contrat) -> Prolongation:
    """La prolongation la plus récente de ce contrat, déjà traitée ou non."""
    prolongation = contrat.prolongations.order_by("-pk").first()
    if prolongation is None or not peut_traiter_prolongation(role, prolongation):
        raise Http404("Prolongation inconnue.")
    return prolongation


def get_piece_ou_404(contrat: Contrat, pk: int) -> PieceRupture:
    return get_object_or_404(PieceRupture, contrat=contrat, pk=pk)
