"""Les liens qui signent sans compte et le code personnel de la tablette : rien n'en est gardé, tout se recalcule.

Un lien est signé par l'application et porte ce qu'il ouvre : une place et un jour, ou une session, un jour et un
formateur. Il n'est écrit que dans un courriel confidentiel, effacé de la boîte d'envoi une fois parti.
"""

import hmac
from dataclasses import dataclass
from datetime import date, timedelta
from hashlib import sha256

from django.conf import settings
from django.core import signing
from django.urls import reverse

from conum.formations.models import Place, Seance
from conum.socle import limites

_SEL_APPRENANT, _SEL_FORMATEUR = "formations.presence.apprenant", "formations.presence.formateur"
CHIFFRES = 6
ESSAIS = ((5, timedelta(hours=1)), (12, timedelta(days=1)))
"""Codes essayés pour une place, par heure et par jour : un million de codes ne se devine pas ainsi."""


@dataclass(frozen=True)
class LienApprenant:
    place: int
    jour: date


@dataclass(frozen=True)
class LienFormateur:
    session: int
    jour: date
    formateur: str
    """L'empreinte courte de son adresse : changée au calendrier, l'ancien lien n'ouvre plus rien."""


def empreinte_formateur(email: str) -> str:
    return hmac.new(settings.SECRET_KEY.encode(), f"formateur:{email.lower()}".encode(), sha256).hexdigest()[:16]


def lien_apprenant(place: Place, jour: date) -> str:
    jeton = signing.Signer(salt=_SEL_APPRENANT).sign(f"{place.pk}.{jour.isoformat()}")
    return settings.SITE_URL + reverse("formations:presence_apprenant", args=[jeton])


def lire_lien_apprenant(jeton: str) -> LienApprenant | None:
    """Ce qu'ouvre ce lien ; None s'il est faux."""
    try:
        place, jour = signing.Signer(salt=_SEL_APPRENANT).unsign(jeton).split(".")
        return LienApprenant(int(place), date.fromisoformat(jour))
    except (signing.BadSignature, ValueError):
        return None


def jeton_formateur(seance: Seance) -> str:
    """Un jeton par session, jour et formateur : il ouvre toutes ses demi-journées de ce jour."""
    clair = f"{seance.session_id}.{seance.jour.isoformat()}.{empreinte_formateur(seance.formateur_email)}"
    return signing.Signer(salt=_SEL_FORMATEUR).sign(clair)


def lien_formateur(seance: Seance) -> str:
    return settings.SITE_URL + reverse("formations:presence_formateur", args=[jeton_formateur(seance)])


def lire_lien_formateur(jeton: str) -> LienFormateur | None:
    """Ce qu'ouvre ce lien ; None s'il est faux."""
    try:
        session, jour, formateur = signing.Signer(salt=_SEL_FORMATEUR).unsign(jeton).split(".")
        return LienFormateur(int(session), date.fromisoformat(jour), formateur)
    except (signing.BadSignature, ValueError):
        return None


def code_de(place: Place) -> str:
    """Le code personnel d'une place, en six chiffres : il ne se montre qu'à la personne."""
    trace = hmac.new(settings.SECRET_KEY.encode(), f"formations.tablette:{place.pk}".encode(), sha256).digest()
    return f"{int.from_bytes(trace[:8]) % 10**CHIFFRES:0{CHIFFRES}}"


def code_juste(place: Place, saisi: str) -> bool:
    chiffres = "".join(c for c in saisi if c.isascii() and c.isdigit())
    return hmac.compare_digest(chiffres, code_de(place))


def trop_d_essais(place: Place) -> bool:
    """Compte un essai pour cette place, et dit s'il est de trop. Hors de toute transaction : un échec compte aussi."""
    depasses = [
        limites.depasse(f"tablette:{place.pk}:{int(duree.total_seconds())}", maximum=maximum, duree=duree)
        for maximum, duree in ESSAIS
    ]
    return any(depasses)
