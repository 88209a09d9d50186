"""Les rappels d'un membre de structure : les refuser, les reprendre. Ce qui engage lui arrive toujours."""

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from conum.comptes.models import Role
from conum.journal.acteurs import Acteur
from conum.journal.actions import noter
from conum.recrutement.access import peut_regler_rappels
from conum.recrutement.models import PreferenceRappels


def refuser_rappels(role: Role, *, par: Acteur) -> None:
    """Plus de rappels à ce membre. Sans effet, et sans seconde ligne au journal, si c'est déjà fait.

    Raises:
        PermissionDenied: ni le membre, ni le lien signé qui lui a été envoyé.
    """
    with transaction.atomic():
        _verifier(role, par)
        _, neuve = PreferenceRappels.objects.get_or_create(role=role, defaults={"refuses_le": timezone.now()})
        if neuve:
            noter(role, "refuser_rappels", par=par)


def reprendre_rappels(role: Role, *, par: Acteur) -> None:
    """De nouveau des rappels. Sans effet si le membre les reçoit déjà.

    Raises:
        PermissionDenied: ni le membre, ni le lien signé qui lui a été envoyé.
    """
    with transaction.atomic():
        _verifier(role, par)
        effaces, _ = PreferenceRappels.objects.filter(role=role).delete()
        if effaces:
            noter(role, "reprendre_rappels", par=par)


def _verifier(role: Role, par: Acteur) -> None:
    # Le verrou met l'un après l'autre le refus et la reprise d'un même membre.
    Role.objects.select_for_update(no_key=True).get(pk=role.pk)
    if not peut_regler_rappels(par, role):
        raise PermissionDenied
