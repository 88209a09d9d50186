"""Remettre un courriel à un serveur SMTP, en sachant toujours dire ce qu'on sait de son sort.

Le module d'envoi de Django confond « pas parti » et « parti, mais la réponse s'est perdue ». Cette différence décide
si l'on peut réessayer sans risquer un doublon (RFC 5321 § 4.5.4.2) : d'où ce client, posé sur smtplib.
"""

import contextlib
import re
import smtplib
import ssl
from email.mime.text import MIMEText
from email.utils import format_datetime, parseaddr
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.core.mail.message import sanitize_address
from django.utils import timezone

from conum.courriels.models import Courriel

_METHODE = re.compile(r"^METHOD:([A-Z]+)\r?$", re.MULTILINE)


class EchecEnvoi(Exception):
    """Le courriel n'est pas parti, ou on ne le sait pas ; le message est la raison, pour un agent."""


class EchecPassager(EchecEnvoi):
    """Le serveur n'a pas accepté le message et n'a pas pu le faire : réessayer est sans risque."""


class ServeurInjoignable(EchecPassager):
    """On n'a pas pu parler au serveur : les courriels suivants auraient le même sort."""


class RefusDefinitif(EchecEnvoi):
    """Le serveur refuse ce destinataire ou ce message : réessayer ne servirait à rien."""


class IssueInconnue(EchecEnvoi):
    """Le message entier a été remis et la réponse s'est perdue : il est peut-être parti."""


class _Client(smtplib.SMTP):
    """Sait si le point final du message a été remis au système, donc si le serveur a pu l'accepter."""

    tout_remis = False

    def send(self, s: Any) -> None:
        super().send(s)
        if isinstance(s, bytes) and s.endswith(b"\r\n.\r\n"):
            self.tout_remis = True


def octets(courriel: Courriel) -> bytes:
    """Le message MIME, texte et HTML, tel qu'il est remis."""
    entetes = {
        "Message-ID": courriel.message_id,
        "Date": format_datetime(timezone.localtime()),
        "Auto-Submitted": "auto-generated",  # RFC 3834 : pas de réponse d'absence en retour
        "X-Auto-Response-Suppress": "All",
        "Content-Language": "fr",
    }
    if courriel.desabonnement:
        # RFC 2369 et 8058 : la messagerie montre un bouton et l'actionne par un POST, jamais en ouvrant le lien.
        entetes["List-Unsubscribe"] = f"<{courriel.desabonnement}>"
        entetes["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message = EmailMultiAlternatives(
        courriel.sujet,
        courriel.texte,
        settings.DEFAULT_FROM_EMAIL,
        [courriel.destinataire],
        headers=entetes,
        reply_to=[settings.COURRIELS_REPONDRE_A] if settings.COURRIELS_REPONDRE_A else None,
    )
    message.attach_alternative(courriel.html, "text/html")
    if courriel.calendrier:
        message.attach(_piece_calendrier(courriel.calendrier))
    mime: Any = message.message()
    return mime.as_bytes(linesep="\r\n")


def _piece_calendrier(texte: str) -> MIMEText:
    """Le rendez-vous joint ; sa méthode (REQUEST, CANCEL) se lit aussi dans l'en-tête (RFC 6047 § 2.4)."""
    piece = MIMEText(texte, "calendar", "utf-8")
    if methode := _METHODE.search(texte):
        piece.set_param("method", methode[1])
    piece.add_header("Content-Disposition", "attachment", filename="rendez-vous.ics")
    return piece


def _reponse(code: int, texte: bytes | str) -> str:
    detail = texte.decode("utf-8", "replace") if isinstance(texte, bytes) else texte
    return f"{code} {' '.join(detail.split())}"


def _ouvrir() -> _Client:
    try:
        client = _Client(settings.EMAIL_HOST, settings.EMAIL_PORT, timeout=settings.EMAIL_TIMEOUT)
    except (OSError, smtplib.SMTPException) as erreur:
        raise ServeurInjoignable(f"Le serveur d'envoi ne répond pas : {erreur}") from erreur
    try:
        if settings.EMAIL_USE_TLS:
            client.starttls(context=ssl.create_default_context())
        if settings.EMAIL_HOST_USER:
            client.login(settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD)
        client.ehlo_or_helo_if_needed()
    except (OSError, smtplib.SMTPException) as erreur:
        client.close()
        raise ServeurInjoignable(f"Le serveur d'envoi refuse la connexion : {erreur}") from erreur
    return client


def _classer(erreur: Exception, client: _Client) -> EchecEnvoi:
    match erreur:
        case smtplib.SMTPRecipientsRefused():
            code, texte = next(iter(erreur.recipients.values()))
            raison = f"Destinataire refusé : {_reponse(code, texte)}"
            return RefusDefinitif(raison) if code >= 500 else EchecPassager(raison)
        case smtplib.SMTPDataError(smtp_code=code, smtp_error=texte):
            raison = f"Message refusé : {_reponse(code, texte)}"
            return RefusDefinitif(raison) if code >= 500 else EchecPassager(raison)
        case smtplib.SMTPResponseException(smtp_code=code, smtp_error=texte):
            # Expéditeur refusé, limite atteinte… : notre réglage est en cause, pas ce courriel.
            return EchecPassager(f"Envoi refusé : {_reponse(code, texte)}")
        case _ if client.tout_remis:
            return IssueInconnue(f"Le message est remis mais la réponse du serveur s'est perdue : {erreur}")
        case _:
            return EchecPassager(f"L'échange avec le serveur d'envoi s'est interrompu : {erreur}")


def transmettre(courriel: Courriel) -> None:
    """Remet le courriel au serveur configuré ; ne rend la main sans erreur que s'il l'a accepté.

    Sans serveur, un poste de développement tient le courriel pour remis : il se lit à /courriels/.

    Raises:
        EchecPassager, RefusDefinitif, IssueInconnue: voir leurs définitions.
    """
    if not settings.EMAIL_HOST:
        if settings.COURRIELS_LISIBLES:
            return
        raise ServeurInjoignable("Aucun serveur d'envoi n'est réglé (CONUM_SMTP_HOTE).")
    corps = octets(courriel)
    expediteur = sanitize_address(parseaddr(settings.DEFAULT_FROM_EMAIL)[1], "utf-8")
    client = _ouvrir()
    try:
        options = ["body=8bitmime"] if client.has_extn("8bitmime") else []
        client.sendmail(expediteur, [sanitize_address(courriel.destinataire, "utf-8")], corps, options)
    except (OSError, smtplib.SMTPException) as erreur:
        raise _classer(erreur, client) from erreur
    finally:
        # Le sort du courriel est connu : un adieu qui se passe mal n'y change rien.
        with contextlib.suppress(OSError, smtplib.SMTPException):
            client.quit()
        client.close()
