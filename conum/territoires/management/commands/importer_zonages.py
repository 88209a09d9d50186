from argparse import ArgumentParser
from typing import Any

from conum.territoires.actions.importer import Rapport, importer_zonages
from conum.territoires.management.imports import CommandeImport
from conum.territoires.models import Zonage


class Command(CommandeImport):
    help = "Importe les communes d'un zonage (ZRR, FRR, FRR+, QPV) ; réimporter un millésime le remplace."

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--type", choices=Zonage.Type.values, required=True)

    def importer(self, options: dict[str, Any]) -> Rapport:
        return importer_zonages(
            options["fichier"],
            type_=options["type"],
            millesime=options["millesime"],
            simulation=options["simulation"],
            tout_ou_rien=options["tout_ou_rien"],
        )
