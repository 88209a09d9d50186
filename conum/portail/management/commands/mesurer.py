"""Mesures reproductibles : `bin/manage mesurer demandes --nombre 20000`."""

from argparse import ArgumentParser
from importlib import import_module
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.table import Table

from conum.socle.mesures import base_jetable

# Ce qu'on sait mesurer, et le module qui le fait : une fonction `mesurer(nombre)` qui rend (mesures, verdicts).
MESURES = {
    "appariement": "conum.recrutement.management.mesures",
    "conventions": "conum.versements.management.mesures",
    "demandes": "conum.demandes.management.mesures",
    "formations": "conum.formations.management.mesures",
    "recrutement": "conum.recrutement.management.mesures_ecrans",
    "structures": "conum.demandes.management.mesures_import",
}
NOMBRE = 20_000  # à moins que le module ne donne le sien


class Command(BaseCommand):
    help = "Mesure une partie de conum sur une base jetable ; sort en erreur si une borne est dépassée."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("quoi", choices=sorted(MESURES))
        parser.add_argument("--nombre", type=int, help="volume de données (à défaut, celui de la mesure)")
        parser.add_argument("--fichier", type=Path, help="le fichier à importer (mesure « structures »)")
        parser.add_argument("--json", action="store_true", help="un objet JSON par ligne")

    def handle(self, *args: Any, **options: Any) -> None:
        module = import_module(MESURES[options["quoi"]])
        console = Console(stderr=options["json"])
        nombre = options["nombre"] or getattr(module, "NOMBRE", NOMBRE)
        en_plus = {"fichier": options["fichier"]} if options["quoi"] == "structures" else {}
        with base_jetable(), console.status("Base jetable…") as etat:
            mesures, verdicts = module.mesurer(nombre, dire=etat.update, **en_plus)
        if options["json"]:
            for mesure in mesures:
                self.stdout.write(mesure.json())
        else:
            table = Table("mesure", "n", "p50 (ms)", "p95 (ms)", "requêtes", "pic (Mo)")
            for m in mesures:
                table.add_row(m.nom, str(m.n), str(m.p50_ms), str(m.p95_ms), str(m.requetes), str(m.pic_mo))
            console.print(table)
        for verdict in verdicts:
            console.print(("[green]tenu[/]   " if verdict.tenu else "[red]dépassé[/] ") + verdict.phrase)
        if not all(v.tenu for v in verdicts):
            raise CommandError("Une borne au moins est dépassée.")
