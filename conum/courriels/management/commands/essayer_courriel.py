import platform
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from conum.courriels import actions
from conum.courriels.emails import Essai
from conum.courriels.models import AdresseRefusee
from conum.courriels.states import Etat
from conum.courriels.transport import ServeurInjoignable


class Command(BaseCommand):
    help = "Envoie un courriel d'essai à une adresse, et dit ce que le serveur a répondu."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("adresse")

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.EMAIL_HOST:
            raise CommandError("Aucun serveur d'envoi n'est réglé : donnez CONUM_SMTP_HOTE (docs/guides/exploiter.md).")
        try:
            with transaction.atomic():
                courriel = actions.mettre_en_file(Essai(depuis=platform.node()), a=options["adresse"])
            actions.envoyer(courriel.pk)
        except (AdresseRefusee, ServeurInjoignable) as erreur:
            raise CommandError(str(erreur)) from None
        courriel.refresh_from_db()
        if courriel.etat != Etat.ENVOYE:
            raise CommandError(f"{courriel.get_etat_display()} : {courriel.derniere_erreur}")
        self.stdout.write(f"Envoyé à {courriel.destinataire}, Message-ID {courriel.message_id}")
