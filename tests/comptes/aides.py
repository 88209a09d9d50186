"""Ce que les tests des comptes lisent dans les courriels, et les codes qu'affiche une application."""

import re
import time

from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value

from conum.courriels.models import Courriel


def courriels(a: str, code: str) -> list[Courriel]:
    return list(Courriel.objects.filter(destinataire=a, code=f"comptes/{code}").order_by("pk"))


def code_recu(a: str) -> str:
    trouve = re.search(r"\d{4}-\d{4}", courriels(a, "code_de_connexion")[-1].texte)
    assert trouve
    return trouve.group()


def lien_recu(a: str, code: str) -> str:
    """Le chemin du lien du dernier courriel de ce code."""
    trouve = re.search(r"https?://[^/\s]+(/\S+)", courriels(a, code)[-1].texte)
    assert trouve
    return trouve.group(1)


def code_d_application(secret: str, decalage: int = 0) -> str:
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30 + decalage))
