from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from conum.territoires import fichier
from conum.territoires.actions.charger import charger_fichier


class Command(BaseCommand):
    help = "Charge le découpage administratif du dépôt. Sans effet s'il l'a déjà été : `bin/start` l'appelle toujours."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--fichier", type=Path, default=fichier.FICHIER)
        parser.add_argument("--forcer", action="store_true", help="recharger un fichier déjà chargé")

    def handle(self, *args: Any, **options: Any) -> None:
        bilan = charger_fichier(options["fichier"], forcer=options["forcer"])
        if bilan is None:
            self.stdout.write("Communes : fichier déjà chargé.")
            return
        self.stdout.write(
            f"Communes : {bilan.communes} chargées, {len(bilan.nouvelles)} nouvelles, {len(bilan.disparues)} disparues."
        )
        for code in bilan.sans_suite:
            self.stderr.write(f"{code} : aucune commune ne la remplace dans ce découpage.")
