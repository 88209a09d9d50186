"""Import d'un fichier publié de structures, en entier : tout entre, rien ne se perd, rejouer n'ajoute rien.

`bin/manage mesurer structures --fichier structures-conseillers-numeriques-2023.csv`
"""

import csv
import io
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from django.core.management import call_command
from django.core.management.base import CommandError

from conum.demandes.management import structures_publiees as publiees
from conum.journal.models import Entree
from conum.postes.models import Poste
from conum.socle.mesures import Mesure, Verdict, pic_memoire_mo
from conum.structures.models import Structure
from conum.territoires.models import Commune

NOMBRE = 0  # autant de lignes qu'en a le fichier


def mesurer(
    nombre: int, *, dire: Callable[[str], object], fichier: Path | None = None
) -> tuple[list[Mesure], list[Verdict]]:
    """Deux imports de suite dans la base courante ; `nombre` ne sert pas.

    Raises:
        CommandError: pas de fichier, ou fichier illisible.
    """
    if fichier is None:
        raise CommandError("Dites quel fichier importer : --fichier CHEMIN.")
    lues = [ligne for _, ligne in publiees.lignes(fichier)]
    if not Commune.objects.exists():
        dire("Communes…")
        call_command("charger_communes", verbosity=0)
    with tempfile.TemporaryDirectory() as dossier:
        rapport = Path(dossier) / "rapport.csv"

        dire(f"Import de {len(lues)} lignes…")
        debut = time.perf_counter()
        _importer(fichier, rapport)
        duree = (time.perf_counter() - debut) * 1000
        refusees = _refusees(rapport)
        ecrites = Structure.objects.count(), Poste.objects.count(), Entree.objects.count()
        dire("Le même, rejoué…")
        _importer(fichier, rapport)
    rejouees = Structure.objects.count(), Poste.objects.count(), Entree.objects.count()
    attendus = len(lues), sum(int(ligne["postes_attribues"]) for ligne in lues)
    mesure = Mesure(f"import de {fichier.name}", len(lues), round(duree), round(duree), pic_mo=pic_memoire_mo())
    return [mesure], [
        Verdict(not refusees, f"aucune ligne refusée ({len(refusees)} : {', '.join(refusees[:5])})"),
        Verdict(ecrites[:2] == attendus, f"structures et postes écrits {ecrites[:2]}, dans le fichier {attendus}"),
        Verdict(rejouees == ecrites, f"rejouer n'ajoute rien : {rejouees} après {ecrites}"),
    ]


def _importer(fichier: Path, rapport: Path) -> None:
    call_command("importer_structures", str(fichier), "--rapport", str(rapport), verbosity=0, stdout=io.StringIO())


def _refusees(rapport: Path) -> list[str]:
    with rapport.open(encoding="utf-8-sig") as flux:
        lignes = csv.DictReader(flux, delimiter=";")
        return [f"ligne {ligne['ligne']}, {ligne['raison']}" for ligne in lignes if ligne["suite"] == "refusée"]
