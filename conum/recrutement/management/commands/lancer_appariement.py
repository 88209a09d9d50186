"""Un passage de l'appariement sur la base, tout de suite : le même que celui de la nuit."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from rich.console import Console

from conum.recrutement.actions import passes


def _mots(nombre: int, nom: str, suite: str = "") -> str:
    """« 3 postes servis »."""
    pluriel = "s" * (nombre > 1)
    return f"{nombre} {nom}{pluriel}" + (f" {suite}{pluriel}" if suite else "")


class Command(BaseCommand):
    help = (
        "Propose les candidats du vivier aux postes à pourvoir de tout le pays et prévient chacun. Rejouable : "
        "une paire n'est jamais proposée deux fois. Pour des fichiers, voir « apparier »."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="le bilan, en JSON, sur une ligne")

    def handle(self, *args: Any, **options: Any) -> None:
        with Console(stderr=True).status("Passage de l'appariement…"):
            passe = passes.lancer()
        if options["json"]:
            self.stdout.write(passes.bilan_json(passe))
            return
        b = passe.bilan
        self.stdout.write(
            f"Passage n° {passe.pk} : {_mots(b['propositions'], 'proposition')}, {b['courriels']} courriels.\n"
            f"{_mots(b['postes_servis'], 'poste', 'servi')} sur {b['postes']} (avant : {b['postes_servis_avant']}), "
            f"{_mots(b['candidats_servis'], 'candidat', 'servi')} sur {b['candidats']} "
            f"(avant : {b['candidats_servis_avant']}).\n"
            f"{b['distance_moyenne_km']} km en moyenne, {b['distance_p90_km']} km au neuvième décile ; "
            f"coût {b['cout_total']} points, écart à l'optimum {b['ecart']}.\n"
            f"{b['secondes']} s dont {b['secondes_calcul']} s de calcul, {b['pic_mo']} Mo."
        )
