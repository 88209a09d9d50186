"""Qui voit et gère quels agents. Personne n'obtient un objet sans en prouver le droit."""

from django.shortcuts import get_object_or_404

from conum.comptes.models import Invitation, Role, TypeRole
from conum.comptes.rules import QUI_INVITE_QUI, Qualite, peut_gerer

GESTIONNAIRES = tuple(TypeRole(t) for t in QUI_INVITE_QUI)


def peut_inviter(role: Role, vise: Qualite) -> bool:
    return role.actif and peut_gerer(role.qualite, vise)


def peut_retirer(role: Role, vise: Role) -> bool:
    return role.actif and peut_gerer(role.qualite, vise.qualite)


def peut_suivre_invitation(role: Role, invitation: Invitation) -> bool:
    return role.actif and peut_gerer(role.qualite, invitation.qualite)


def get_agent_ou_404(role: Role, pk: int) -> Role:
    return get_object_or_404(Role.objects.geres_par(role).select_related("utilisateur"), pk=pk)


def get_invitation_ou_404(role: Role, pk: int) -> Invitation:
    return get_object_or_404(Invitation.objects.gerees_par(role), pk=pk)
