"""bin/manage nouvelle_cle_bancaire : tire une clé pour CONUM_CLES_BANCAIRES. Rien n'est écrit."""

from typing import Any

from django.core.management.base import BaseCommand

from conum.versements.rules.coffre import nouvelle_cle


class Command(BaseCommand):
    help = (
        "Tire au sort une clé de chiffrement des comptes bancaires et l'affiche. Mettez-la devant les autres dans "
        "CONUM_CLES_BANCAIRES, sur toutes les machines, puis lancez bin/manage rechiffrer_ribs."
    )

    def handle(self, *_: Any, **__: Any) -> None:
        self.stdout.write(nouvelle_cle())
