"""Chaque gabarit sert ; aucun ne porte de script, de style ni d'attribut que la politique de sécurité refuse."""

import re
from pathlib import Path

import allauth
import pytest

from conum.courriels.messages import REGISTRE
from tests.aides import RACINE
from tests.gardes.adresses import importer_courriels

CONUM = RACINE / "conum"
GABARITS = sorted(f for f in CONUM.glob("*/templates/**/*") if f.is_file())
INTERDITS = {
    "script en ligne": re.compile(r"<script(?![^>]*(?:\bsrc=|type=[\"']application/json))", re.IGNORECASE),
    "attribut d'événement": re.compile(r"\son[a-z]+\s*=\s*[\"']", re.IGNORECASE),
    "adresse javascript:": re.compile(r"javascript:", re.IGNORECASE),
    "htmx évalué": re.compile(r"hx-on|hx-vals=[\"']js:|hx-vars|hx-headers=[\"']js:", re.IGNORECASE),
    "style en ligne": re.compile(r"\sstyle\s*=\s*[\"']|<style", re.IGNORECASE),
    "fichier d'un autre site": re.compile(
        r"<(?:script|link|img|iframe)[^>]+(?:src|href)=[\"'](?:https?:)?//", re.IGNORECASE
    ),
}


def _nom(fichier: Path) -> str:
    return fichier.as_posix().partition("/templates/")[2]


@pytest.mark.parametrize("fichier", GABARITS, ids=_nom)
def test_rien_en_ligne(fichier: Path) -> None:
    # Un courriel n'a pas de feuille de style à charger : la sienne est écrite dedans.
    permis = {"style en ligne"} if _nom(fichier).startswith("courriels/base") else set()
    texte = fichier.read_text()
    assert {nom for nom, motif in INTERDITS.items() if motif.search(texte)} - permis == set()


def test_chaque_gabarit_sert() -> None:
    sources = {f: f.read_text() for f in [*GABARITS, *CONUM.rglob("*.py")]}
    des_bibliotheques = {"429.html"} | {
        f.relative_to(Path(allauth.__file__).parent / "templates").as_posix()
        for f in (Path(allauth.__file__).parent / "templates").rglob("*.*")
    }
    importer_courriels()
    des_courriels = {
        f"{app}/courriels/{nom}.{ext}" for app, nom in (code.split("/") for code in REGISTRE) for ext in ("txt", "html")
    }
    inutiles = [
        nom
        for fichier in GABARITS
        if (nom := _nom(fichier)) not in des_bibliotheques | des_courriels
        and not any(f'"{nom}"' in texte or f"'{nom}'" in texte for f, texte in sources.items() if f != fichier)
    ]
    assert inutiles == []
