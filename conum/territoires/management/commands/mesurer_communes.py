import json
from argparse import ArgumentParser
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from conum.territoires import fichier
from conum.territoires.management.mesure import (
    OBJECTIF_MEDIANE_KM,
    OBJECTIF_POPULATION,
    RAYON_KM,
    lire_releve,
    mesurer,
)


class Command(BaseCommand):
    help = (
        "Mesure le fichier des communes contre un relevé CSV (code_insee, code_departement, latitude, longitude, "
        "population_2021). Sort en erreur si un objectif est manqué."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("releve", type=Path, help="le CSV de référence")
        parser.add_argument("--json", action="store_true", help="un objet JSON au lieu du texte")

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["releve"].exists():
            raise CommandError(f"{options['releve']} n'existe pas.")
        mesure = mesurer(fichier.lire(), lire_releve(options["releve"]))
        if options["json"]:
            self.stdout.write(json.dumps(asdict(mesure) | {"atteinte": mesure.atteinte}, ensure_ascii=False))
        else:
            self.stdout.write(
                f"Population à moins de {RAYON_KM} km : {mesure.population_proche:.1%}"
                f" (objectif {OBJECTIF_POPULATION:.0%}), sur {mesure.communes} communes."
            )
            self.stdout.write(
                f"Écart médian des autres : {mesure.mediane_du_reste_km:.1f} km"
                f" (objectif : moins de {OBJECTIF_MEDIANE_KM:.0f} km)."
            )
            self.stdout.write(
                f"Communes dans un mauvais département : {len(mesure.mauvais_departement)} ;"
                f" codes introuvables : {len(mesure.introuvables)} (objectif 0)."
            )
        if not mesure.atteinte:
            raise CommandError("Un objectif au moins est manqué.")
