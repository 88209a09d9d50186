from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from conum.passerelles.geo_api import GeoApiIndisponible, geo_api
from conum.territoires.actions.rafraichir import ReponseSuspecte, rafraichir_communes


class Command(BaseCommand):
    help = "Met les communes au dernier état de geo.api.gouv.fr et dit ce qui change. Avec --simulation, n'écrit rien."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--simulation", action="store_true", help="dire ce qui changerait, sans rien écrire")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            bilan = rafraichir_communes(geo_api(), simulation=options["simulation"])
        except GeoApiIndisponible as erreur:
            raise CommandError(
                f"L'API ne répond pas ({erreur}). Rien n'a été changé : réessayez plus tard."
            ) from erreur
        except ReponseSuspecte as erreur:
            raise CommandError(str(erreur)) from erreur
        for titre, lignes in (
            ("Nouvelles", bilan.nouvelles),
            ("Disparues", bilan.disparues),
            ("Renommées", bilan.renommees),
            ("Sans remplaçante connue", bilan.sans_suite),
        ):
            self.stdout.write(f"{titre} : {len(lignes)}")
            for ligne in lignes:
                self.stdout.write(f"  {ligne}")
        for champ, nombre in sorted(bilan.champs.items()):
            self.stdout.write(f"Modifications de {champ} : {nombre}")
        if options["simulation"]:
            self.stdout.write("Simulation : rien n'a été écrit.")
