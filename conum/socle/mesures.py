"""Mesurer : base jetable, percentiles, nombre de requêtes, pic de mémoire. Rien d'une machine n'est supposé."""

import json
import os
import resource
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any

from django.core.management import call_command
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext


@dataclass
class Mesure:
    """Un résultat. Durées en millisecondes, mémoire en Mo ; `plus` : ce que la mesure a de propre."""

    nom: str
    n: int
    p50_ms: float
    p95_ms: float
    requetes: int = 0
    pic_mo: float = 0
    plus: dict[str, Any] = field(default_factory=dict)

    def json(self) -> str:
        valeurs = asdict(self)
        return json.dumps({**{k: v for k, v in valeurs.items() if k != "plus"}, **self.plus}, ensure_ascii=False)


def percentile(durees: list[float], part: float) -> float:
    """Percentile par rang le plus proche, sur une liste non vide."""
    triees = sorted(durees)
    return triees[min(len(triees) - 1, round(part * (len(triees) - 1)))]


def pic_memoire_mo() -> float:
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1)


def chronometrer(nom: str, n: int, acte: Callable[[int], Any], *, fois: int, chauffe: int = 3, **plus: Any) -> Mesure:
    """Exécute `acte(i)` `fois` fois après une chauffe ; `n` est le volume de données derrière la mesure.

    Le nombre de requêtes est compté sur un appel à part : la capture ralentit.
    """
    for i in range(chauffe):
        acte(-1 - i)
    with CaptureQueriesContext(connection) as capture:
        acte(-1 - chauffe)
    requetes = len(capture)  # lu tout de suite : la requête HTTP suivante vide le relevé
    durees = []
    for i in range(fois):
        debut = time.perf_counter()
        acte(i)
        durees.append((time.perf_counter() - debut) * 1000)
    return Mesure(
        nom,
        n,
        round(percentile(durees, 0.5), 2),
        round(percentile(durees, 0.95), 2),
        requetes,
        pic_memoire_mo(),
        plus,
    )


@contextmanager
def base_jetable() -> Iterator[str]:
    """Crée une base neuve et migrée, y bascule la connexion, la détruit à la fin quoi qu'il arrive."""
    origine = dict(connection.settings_dict)
    nom = f"conum_mesure_{os.getpid()}_{uuid.uuid4().hex[:6]}"
    with connection.cursor() as curseur:
        curseur.execute(f'CREATE DATABASE "{nom}"')
    _basculer({**origine, "NAME": nom, "OPTIONS": {"options": "-c conum.base_jetable=oui"}})
    try:
        call_command("migrate", verbosity=0, interactive=False)
        yield nom
    finally:
        _basculer(origine)
        with connection.cursor() as curseur:
            curseur.execute(f'DROP DATABASE IF EXISTS "{nom}" WITH (FORCE)')


def _basculer(reglage: dict[str, Any]) -> None:
    connections.close_all()
    if hasattr(connection, "close_pool"):
        connection.close_pool()
    connection.settings_dict.clear()
    connection.settings_dict.update(reglage)


@dataclass(frozen=True)
class Verdict:
    """Une borne demandée, et si elle est tenue."""

    tenu: bool
    phrase: str
