"""Ce que conum demande à allauth du second facteur : la personne en a-t-elle un, la session l'a-t-elle vérifié ?"""

from __future__ import annotations

import time

from allauth.account.internal.flows.login import (
    _AUTHENTICATION_METHODS_USER_SESSION_KEY,
    AUTHENTICATION_METHODS_SESSION_KEY,
    get_authentication_records,
)
from allauth.mfa.models import Authenticator
from django.contrib.sessions.backends.base import SessionBase
from django.http import HttpRequest
from django.urls import reverse
from django.utils.http import urlencode

from conum.utilisateurs.models import Utilisateur

# Les codes de secours accompagnent un facteur : seuls, ils n'en sont pas un.
FACTEURS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)


def a_un_facteur(utilisateur: Utilisateur) -> bool:
    return Authenticator.objects.filter(user=utilisateur, type__in=FACTEURS).exists()


def adresse_du_facteur(utilisateur: Utilisateur, suite: str) -> str:
    """Où présenter le facteur que la personne a, ou en activer un ; la page ramène ensuite à `suite`.

    Qui n'a qu'une clé d'accès ne tombe pas sur le champ d'un code qu'elle n'a pas.
    """
    types = set(Authenticator.objects.filter(user=utilisateur, type__in=FACTEURS).values_list("type", flat=True))
    if Authenticator.Type.TOTP in types:
        vue = "mfa_reauthenticate"
    else:
        vue = "mfa_reauthenticate_webauthn" if types else "mfa_index"
    return f"{reverse(vue)}?{urlencode({'next': suite})}"


def session_verifiee(request: HttpRequest) -> bool:
    """Vrai si, dans cette session, cette personne a présenté son second facteur."""
    return any(trace.get("method") == "mfa" for trace in get_authentication_records(request, request.user))  # type: ignore[arg-type]


def facteur_recent(request: HttpRequest, *, secondes: int = 300) -> str:
    """Le dernier facteur présenté dans cette session il y a moins de cinq minutes, « » s'il n'y en a pas.

    Un acte qui engage se confirme sur le moment : « totp », « webauthn » ou « recovery_codes » reste avec lui.
    """
    traces = get_authentication_records(request, request.user)  # type: ignore[arg-type]
    recentes = [t for t in traces if t.get("method") == "mfa" and time.time() - t["at"] < secondes]
    return str(recentes[-1]["type"]) if recentes else ""


def tracer_verification(session: SessionBase, utilisateur: Utilisateur) -> None:
    """Écrit dans la session la trace qu'allauth y laisse après un second facteur (essais, mesures)."""
    session[AUTHENTICATION_METHODS_SESSION_KEY] = [
        {"method": "mfa", "type": "totp", "at": time.time(), "reauthenticated": True}
    ]
    session[_AUTHENTICATION_METHODS_USER_SESSION_KEY] = str(utilisateur.pk)
    session.save()
