"""Aides communes aux tests."""

import os
from pathlib import Path

import pytest

RACINE = Path(__file__).resolve().parent.parent


def partage(chemin: str) -> Path:
    """Un fichier des données réelles partagées, hors du dépôt ; le test est sauté s'il n'est pas là."""
    racine = Path(os.environ.get("CONUM_PARTAGE", RACINE.parent / "shared"))
    fichier = racine / chemin
    if not fichier.exists():
        pytest.skip(f"donnée partagée absente : {chemin}")
    return fichier
