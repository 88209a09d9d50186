"""Le lien par lequel un candidat cesse de recevoir les courriels de sa recherche, en un clic (RFC 8058)."""

from django.conf import settings
from django.core import signing
from django.urls import reverse

from conum.recrutement.models import Candidat

_SEL = "recrutement.desinscription"


def lien_desinscription(candidat: Candidat) -> str:
    """L'adresse complète, à donner en `desabonnement=` à tout message qu'un candidat peut refuser.

    Signée, sans échéance : un courriel se relit des mois plus tard, et le bouton doit encore servir.
    """
    assert candidat.pk is not None
    signature = signing.Signer(salt=_SEL).sign(str(candidat.pk))
    return settings.SITE_URL + reverse("recrutement:desinscription", args=[signature])


def candidat_du_lien_de_desinscription(signature: str) -> int | None:
    """Le numéro que porte ce lien, None s'il est faux."""
    try:
        return int(signing.Signer(salt=_SEL).unsign(signature))
    except (signing.BadSignature, ValueError):
        return None
