from typing import Any

from conum.territoires.actions.importer import Rapport, importer_fragilite
from conum.territoires.management.imports import CommandeImport


class Command(CommandeImport):
    help = "Importe l'indice de fragilité numérique par commune ; réimporter un millésime le remplace."

    def importer(self, options: dict[str, Any]) -> Rapport:
        return importer_fragilite(
            options["fichier"],
            millesime=options["millesime"],
            simulation=options["simulation"],
            tout_ou_rien=options["tout_ou_rien"],
        )
