"""Ce que conum change d'allauth : inscription fermée, courriels par la boîte d'envoi, dernier facteur gardé."""

from __future__ import annotations

from typing import Any, cast

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from conum.comptes import emails
from conum.comptes.models import SECOND_FACTEUR_OBLIGATOIRE, Role
from conum.comptes.second_facteur import FACTEURS
from conum.courriels.actions import mettre_en_file
from conum.courriels.messages import Message
from conum.utilisateurs.models import Utilisateur

AVIS_DE_SECURITE = {
    "mfa/email/totp_activated": "L'application d'authentification a été activée.",
    "mfa/email/totp_deactivated": "L'application d'authentification a été désactivée.",
    "mfa/email/webauthn_added": "Une clé d'accès a été ajoutée.",
    "mfa/email/webauthn_removed": "Une clé d'accès a été retirée.",
    "mfa/email/recovery_codes_generated": "De nouveaux codes de secours ont été créés ; les anciens ne servent plus.",
}


# Les seuls messages d'allauth montrés : les autres répètent ce que la page dit déjà.
MESSAGES = {
    "mfa/messages/totp_activated.txt": "L'application d'authentification est activée.",
    "mfa/messages/totp_deactivated.txt": "L'application d'authentification est retirée.",
    "mfa/messages/webauthn_added.txt": "La clé d'accès est ajoutée.",
    "mfa/messages/webauthn_removed.txt": "La clé d'accès est retirée.",
    "account/messages/logged_out.txt": "Vous êtes déconnecté.",
}


class AdaptateurCompte(DefaultAccountAdapter):
    error_messages = DefaultAccountAdapter.error_messages | {
        "incorrect_code": "Ce code n'est pas le bon. Vérifiez les chiffres, ou demandez un nouveau code.",
        "too_many_login_attempts": "Trop d'essais. Attendez quinze minutes, puis recommencez.",
        "rate_limited": "Trop de demandes en peu de temps. Attendez quinze minutes, puis recommencez.",
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Un compte naît d'une invitation ou d'une demande d'accueil, jamais d'une inscription libre."""
        return False

    def add_message(
        self,
        request: HttpRequest,
        level: int,
        message_template: str | None = None,
        message_context: dict[str, Any] | None = None,
        extra_tags: str = "",
        message: str | None = None,
    ) -> None:
        texte = message or MESSAGES.get(message_template or "")
        if texte:
            super().add_message(request, level, extra_tags=extra_tags, message=texte)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Met en file le message de conum qui correspond à celui d'allauth."""
        message: Message
        if template_prefix == "account/email/login_code":
            message = emails.CodeDeConnexion(
                chiffres=context["code"], minutes=settings.ACCOUNT_LOGIN_BY_CODE_TIMEOUT // 60
            )
        else:
            message = emails.AvisDeSecurite(
                fait=AVIS_DE_SECURITE[template_prefix], le=timezone.now(), adresse_ip=context["ip"]
            )
        with transaction.atomic():
            mettre_en_file(message, a=email)

    def send_notification_mail(
        self, template_prefix: str, user: Any, context: dict[str, Any] | None = None, email: str | None = None
    ) -> None:
        # L'adresse est celle du compte : conum ne tient pas la table d'adresses d'allauth.
        super().send_notification_mail(template_prefix, user, context, email or cast(Utilisateur, user).email)

    def get_reauthentication_methods(self, user: Any) -> list[dict[str, Any]]:
        intitules = {
            "mfa_reauthenticate": "Saisir un code de l'application ou un code de secours",
            "mfa_reauthenticate:webauthn": "Utiliser une clé d'accès",
        }
        return [m | {"description": intitules[m["id"]]} for m in super().get_reauthentication_methods(user)]


class AdaptateurSecondFacteur(DefaultMFAAdapter):
    error_messages = DefaultMFAAdapter.error_messages | {
        "cannot_delete_authenticator": (
            "Votre rôle exige un second facteur, et celui-ci est le dernier. Ajoutez-en un autre avant de le retirer."
        ),
        "incorrect_code": "Ce code n'est pas le bon. Attendez que l'application en affiche un autre, et réessayez.",
    }

    def can_delete_authenticator(self, authenticator: Authenticator) -> bool:
        autres = Authenticator.objects.filter(user=authenticator.user, type__in=FACTEURS).exclude(pk=authenticator.pk)
        exige = Role.objects.actifs().filter(utilisateur=authenticator.user_id, type__in=SECOND_FACTEUR_OBLIGATOIRE)
        return autres.exists() or not exige.exists()

    def generate_authenticator_name(self, user: Any, type: Authenticator.Type) -> str:
        return f"Clé d'accès {Authenticator.objects.filter(user=user, type=type).count() + 1}"

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        # Le nom de domaine vient du réglage, pas de la requête : une clé reste liée au vrai site.
        return super().get_public_key_credential_rp_entity() | {"name": settings.NOM_DU_SERVICE}
