"""docs/etats/*.md : un fichier par table de transitions, tiré du states.py de chaque app."""

import inspect
from argparse import ArgumentParser
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db.models import TextChoices
from django.utils.module_loading import module_has_submodule

from conum.socle.transitions import Table, document

PREFIXE = "TRANSITIONS"


def _etats_de(module: ModuleType, table: Table) -> type[TextChoices]:
    """L'énumération du module qui contient tous les états de la table."""
    cites = {str(t.vers) for t in table.values()} | {str(e) for t in table.values() for e in t.depuis}
    for _, choix in inspect.getmembers(module, inspect.isclass):
        if choix.__module__ == module.__name__ and issubclass(choix, TextChoices) and cites <= set(choix.values):
            return choix
    raise CommandError(f"{module.__name__} : aucune énumération n'a tous les états {sorted(cites)}.")


def documents() -> dict[str, str]:
    """Nom de fichier → texte. L'état initial est le premier de l'énumération."""
    sorties = {}
    for app in apps.get_app_configs():
        if not app.name.startswith("conum.") or not module_has_submodule(app.module, "states"):
            continue
        module = import_module(f"{app.name}.states")
        for nom, table in vars(module).items():
            if not nom.startswith(PREFIXE):
                continue
            suffixe = nom.removeprefix(PREFIXE).strip("_").lower()
            etats = _etats_de(module, table)
            fichier = f"{app.label}_{suffixe}.md" if suffixe else f"{app.label}.md"
            titre = f"États : {app.label}" + (f", {suffixe}" if suffixe else "")
            sorties[fichier] = document(titre, table, etats.choices, next(iter(etats)).value)
    return sorties


class Command(BaseCommand):
    help = "Écrit docs/etats/*.md à partir des tables de transitions."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--verifier", action="store_true", help="n'écrit rien ; échoue si un fichier n'est pas à jour"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        dossier = Path(settings.RACINE) / "docs" / "etats"
        attendus = documents()
        perimes = [
            n for n, texte in attendus.items() if not (dossier / n).exists() or (dossier / n).read_text() != texte
        ]
        en_trop = [f for f in dossier.glob("*.md") if f.name not in attendus]
        if options["verifier"]:
            if perimes or en_trop:
                raise CommandError(
                    f"À refaire par bin/manage documenter_etats : {[*perimes, *(f.name for f in en_trop)]}"
                )
            return
        dossier.mkdir(parents=True, exist_ok=True)
        for nom in perimes:
            (dossier / nom).write_text(attendus[nom])
            self.stdout.write(f"écrit : docs/etats/{nom}")
        for fichier in en_trop:
            fichier.unlink()
            self.stdout.write(f"retiré : docs/etats/{fichier.name}")
