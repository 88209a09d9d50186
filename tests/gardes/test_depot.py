"""Le dépôt ne dit rien de la machine où il a été écrit, ni d'où viennent ses paquets."""

import re
import subprocess
from pathlib import Path

import pytest

from tests.aides import RACINE

# Les crochets évitent que ce fichier se dénonce lui-même.
MACHINE = re.compile(r"(?<![\w.])/(?:wor[k]|roo[t]|home/[a-z]+)\b|(?<![\w/])/tm[p]/")
DEPOT = re.compile(r'"resolved"|--(?:extra-)?index-url|--find-links|(?:registry|pypi|pythonhosted)\.', re.IGNORECASE)
VERROUS = ("requirements*.txt", "package-lock.json")
TEXTES = {
    ".py",
    ".md",
    ".html",
    ".txt",
    ".toml",
    ".in",
    ".css",
    ".js",
    ".json",
    ".yml",
    ".yaml",
    ".cfg",
    ".sh",
    ".typ",
    "",
}


def _suivis() -> list[Path]:
    fini = subprocess.run(["git", "ls-files", "-z"], cwd=RACINE, capture_output=True, check=False)
    if fini.returncode:
        pytest.skip("ce n'est pas un dépôt git")
    return [f for nom in fini.stdout.decode().split("\0") if nom and (f := RACINE / nom).is_file()]


def test_aucun_chemin_de_machine() -> None:
    fautes = []
    for fichier in _suivis():
        if fichier.suffix not in TEXTES:
            continue
        for numero, ligne in enumerate(fichier.read_text(errors="ignore").splitlines(), 1):
            if MACHINE.search(ligne):
                fautes.append(f"{fichier.relative_to(RACINE)}:{numero} {ligne.strip()[:80]}")
    assert fautes == []


def test_aucune_adresse_de_telechargement_dans_les_verrous() -> None:
    verrous = [f for f in _suivis() if any(f.match(v) for v in VERROUS)]
    assert verrous
    assert [f.name for f in verrous if DEPOT.search(f.read_text())] == []


def test_rien_de_gros_ni_de_binaire_inattendu() -> None:
    assert [f.name for f in _suivis() if f.stat().st_size > 1_500_000] == []
