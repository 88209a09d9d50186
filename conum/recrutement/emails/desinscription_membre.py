"""Le lien par lequel un membre de structure cesse de recevoir des rappels, en un geste (RFC 8058)."""

from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.urls import reverse

from conum.comptes.models import Role, TypeRole

# Signé, sans échéance : le lien d'un vieux courriel doit encore marcher. Il ne donne que ce droit-là.
_SIGNATURE = Signer(salt="conum.recrutement.sans-rappels", sep="~")


def lien_sans_rappels(role: Role) -> str:
    """L'adresse complète de la page, propre à ce membre."""
    return settings.SITE_URL + reverse("recrutement:sans_rappels", args=[_SIGNATURE.sign(str(role.pk))])


def membre_du_lien(jeton: str) -> Role | None:
    """Le membre que désigne ce lien, ou None s'il n'est pas de nous."""
    try:
        pk = int(_SIGNATURE.unsign(jeton))
    except (BadSignature, ValueError):
        return None
    return Role.objects.filter(pk=pk, type=TypeRole.STRUCTURE).first()
