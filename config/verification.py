"""bin/test : ce que vérifie l'intégration continue, dans l'ordre du plus rapide au plus long."""

import os
import subprocess
import sys
import time
from pathlib import Path

RACINE = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
AIDE = """bin/test              tout vérifier : forme, types, couches, gabarits, migrations, tests, parcours
bin/test CHEMIN…      pytest seulement, avec ces arguments (ex. bin/test tests/demandes -k avis)
bin/test --rapide     tout sauf pytest (moins d'une minute)
Variables : CONUM_PROCESSUS=N (processus de test), DATABASE_URL (une autre base PostgreSQL)."""

VERIFICATIONS = (
    ("Forme du code", ["ruff", "format", "--check", "."]),
    ("Règles de code", ["ruff", "check", "."]),
    ("Couches", ["lint-imports"]),
    ("Gabarits", ["djlint", "conum", "--lint", "--quiet"]),
    ("Types", ["mypy", "conum", "config"]),
    ("Migrations complètes", ["python", "-m", "config.manage", "makemigrations", "--check", "--dry-run"]),
)


def _chromium() -> str | None:
    from config.navigateur import chromium

    return chromium(installer=True)


def _preparer_base() -> None:
    if not os.environ.get("DATABASE_URL"):
        from config import base_embarquee

        base_embarquee.demarrer(base_embarquee.ESSAIS)


def _lancer(titre: str, commande: list[str]) -> bool:
    debut = time.monotonic()
    outil = BIN / commande[0]
    fini = subprocess.run([str(outil), *commande[1:]], cwd=RACINE, capture_output=True, text=True, check=False)
    duree = time.monotonic() - debut
    print(f"{'ok  ' if fini.returncode == 0 else 'NON '} {titre} ({duree:.0f} s)", flush=True)
    if fini.returncode:
        print(fini.stdout, fini.stderr, sep="\n", file=sys.stderr)
    return fini.returncode == 0


def _pytest(arguments: list[str]) -> int:
    processus = os.environ.get("CONUM_PROCESSUS", str(os.cpu_count() or 2))
    # « loadgroup » : les tests qui se partagent un serveur ou une grosse base restent dans le même processus.
    repartition = (
        [] if any(a in {"-n0", "--pdb", "-x"} for a in arguments) else ["-n", processus, "--dist", "loadgroup"]
    )
    return subprocess.run([str(BIN / "pytest"), *repartition, *arguments], cwd=RACINE, check=False).returncode


def main() -> int:
    arguments = sys.argv[1:]
    if arguments[:1] in (["--help"], ["-h"]):
        print(AIDE)
        return 0
    _preparer_base()
    os.environ.pop("DJANGO_SETTINGS_MODULE", None)
    if arguments and arguments != ["--rapide"]:
        return _pytest(arguments)
    reussies = [_lancer(titre, commande) for titre, commande in VERIFICATIONS]
    if not all(reussies):
        print("Corrigez d'abord ce qui précède.", file=sys.stderr)
        return 1
    if arguments == ["--rapide"]:
        return 0
    if _chromium() is None:
        print(
            "Chromium manque pour les parcours. Lancez : sudo apt-get install chromium — puis recommencez.",
            file=sys.stderr,
        )
        return 1
    return _pytest(["--create-db"])


if __name__ == "__main__":
    raise SystemExit(main())
