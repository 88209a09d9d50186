"""Aides communes aux tests."""

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, connections

RACINE = Path(__file__).resolve().parent.parent
PATIENCE = 180
"""Secondes laissées à ce qui doit venir : large, une machine chargée ne fait pas échouer un test."""


def analyser() -> None:
    """Dit au planificateur ce que la base vient de recevoir.

    L'analyse automatique a pu passer sur des pages qu'un autre test a écrites puis défaites : elle les croit vides, et
    boucle dessus.
    """
    with connection.cursor() as curseur:
        curseur.execute("ANALYZE")


def partage(chemin: str) -> Path:
    """Un fichier des données réelles partagées, hors du dépôt ; le test est sauté s'il n'est pas là."""
    racine = Path(os.environ.get("CONUM_PARTAGE", RACINE.parent / "shared"))
    fichier = racine / chemin
    if not fichier.exists():
        pytest.skip(f"donnée partagée absente : {chemin}")
    return fichier


def ensemble(*actes: Callable[[], Any]) -> list[Any]:
    """Exécute les actes en même temps, chacun dans son fil ; rend leur résultat ou leur exception, dans l'ordre."""
    depart = threading.Barrier(len(actes))
    resultats: list[Any] = [None] * len(actes)

    def courir(i: int) -> None:
        try:
            depart.wait(PATIENCE)
            resultats[i] = actes[i]()
        except Exception as erreur:  # noqa: BLE001 - c'est l'exception qu'on veut rendre
            resultats[i] = erreur
        finally:
            connections.close_all()

    fils = [threading.Thread(target=courir, args=(i,), daemon=True) for i in range(len(actes))]
    for fil in fils:
        fil.start()
    for fil in fils:
        fil.join(PATIENCE)
    assert not any(fil.is_alive() for fil in fils), "un acte ne finit pas : ils se bloquent l'un l'autre"
    return resultats
