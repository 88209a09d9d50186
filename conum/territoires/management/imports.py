"""Ce que les deux commandes d'import partagent : options et compte rendu ligne à ligne."""

import datetime as dt
from argparse import ArgumentParser, ArgumentTypeError
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from conum.territoires.actions.importer import FichierIllisible, Rapport


def millesime(texte: str) -> int:
    if not texte.isdigit() or not 2000 <= int(texte) <= dt.datetime.now(tz=dt.UTC).year + 1:
        raise ArgumentTypeError("le millésime est une année, par exemple 2024")
    return int(texte)


class CommandeImport(BaseCommand):
    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("fichier", type=Path, help="CSV en UTF-8 ou latin-1, virgule ou point-virgule")
        parser.add_argument("--millesime", type=millesime, required=True)
        parser.add_argument("--simulation", action="store_true", help="rendre compte sans rien écrire")
        parser.add_argument("--tout-ou-rien", action="store_true", help="ne rien écrire si une ligne est refusée")

    def importer(self, options: dict[str, Any]) -> Rapport:
        raise NotImplementedError

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["fichier"].is_file():
            raise CommandError(f"{options['fichier']} n'existe pas.")
        try:
            rapport = self.importer(options)
        except FichierIllisible as erreur:
            raise CommandError(str(erreur)) from erreur
        for numero, motif in rapport.refus:
            self.stderr.write(f"Ligne {numero} refusée : {motif}")
        if options["verbosity"] > 1:
            for numero, remarque in rapport.remarques:
                self.stdout.write(f"Ligne {numero} : {remarque}")
        self.stdout.write(
            f"{rapport.lues} lignes lues, {len(rapport.refus)} refusées, {len(rapport.remarques)} anciens codes, "
            f"{rapport.ecrites} communes écrites."
        )
        if options["simulation"]:
            self.stdout.write("Simulation : rien n'a été écrit.")
        elif options["tout_ou_rien"] and rapport.refus:
            raise CommandError("Rien n'a été écrit : corrigez les lignes refusées ou retirez --tout-ou-rien.")
