"""Voisins à vol d'oiseau parmi les points dont la date convient : arbres k-d sur des blocs de points triés par date.

Une date limite garde un suffixe de la liste triée ; un suffixe se découpe en O(log n) blocs alignés de tailles doubles,
et chaque bloc a son arbre, construit si on en a besoin. On ne visite donc jamais une paire que la date interdit.
"""

import os
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.spatial import KDTree

from conum.recrutement.rules.appariement.marche import Entiers, Reels

FEUILLE = 32
# Les fils ne changent que la vitesse : chaque requête est indépendante et garde sa place.
FILS = min(4, os.cpu_count() or 1)
_ASSEZ_POUR_DES_FILS = 2_000


class Bloc(NamedTuple):
    """Points `[bas, haut[` de la liste triée, et les requêtes dont le suffixe contient ce bloc."""

    bas: int
    haut: int
    requetes: Entiers


class Trouvailles(NamedTuple):
    """Couples (rang de requête, rang de point dans la liste triée)."""

    requete: Entiers
    point: Entiers


def fils(requetes: int) -> int:
    return FILS if requetes >= _ASSEZ_POUR_DES_FILS else 1


class PointsDates:
    """Points de la sphère unité, triés par date croissante."""

    def __init__(self, xyz: Reels, dates: Entiers) -> None:
        self.ordre = np.argsort(dates, kind="stable")
        self.xyz = np.ascontiguousarray(xyz[self.ordre])
        self.dates = dates[self.ordre]
        self._arbres: dict[tuple[int, int], Any] = {}

    def __len__(self) -> int:
        return len(self.dates)

    def depuis(self, dates: Entiers) -> Entiers:
        """Rang du premier point dont la date est au moins celle de chaque requête."""
        return np.searchsorted(self.dates, dates, side="left")

    def _arbre(self, bas: int, haut: int) -> Any:
        if (bas, haut) not in self._arbres:
            self._arbres[bas, haut] = KDTree(self.xyz[bas:haut])
        return self._arbres[bas, haut]

    def _blocs(self, debuts: Entiers) -> Iterator[Bloc]:
        n, taille, rang = len(self), FEUILLE, -(-debuts // FEUILLE)
        while taille * int(rang.min(initial=n)) < n:
            impairs = np.flatnonzero((rang % 2 == 1) & (rang * taille < n))
            for requetes in _grouper(impairs, rang[impairs]):
                bas = int(rang[requetes[0]]) * taille
                yield Bloc(bas, min(bas + taille, n), requetes)
            # Rang nul : le suffixe est la liste entière, un seul bloc suffit.
            entiers = np.flatnonzero(rang == 0)
            if len(entiers):
                yield Bloc(0, n, entiers)
            rang = np.where(rang == 0, n, (rang + 1) // 2)
            taille *= 2

    def _restes(self, debuts: Entiers) -> tuple[Entiers, npt.NDArray[np.bool_]]:
        """Pour chaque requête, les points entre son début et le premier bloc entier : rangs et validité (q,
        FEUILLE)."""
        rangs = debuts[:, None] + np.arange(FEUILLE)
        fin = np.minimum(-(-debuts // FEUILLE) * FEUILLE, len(self))
        return np.minimum(rangs, max(len(self) - 1, 0)), rangs < fin[:, None]

    def compter(self, xyz: Reels, dates: Entiers, rayons: Reels) -> int:
        """Nombre de couples (requête, point) à distance au plus `rayons` (cordes) et à la bonne date."""
        debuts, total = self.depuis(dates), 0
        for bloc in self._blocs(debuts):
            q = bloc.requetes
            total += int(
                self._arbre(bloc.bas, bloc.haut)
                .query_ball_point(xyz[q], rayons[q], return_length=True, workers=fils(len(q)))
                .sum()
            )
        return total + sum(len(t.requete) for t in self._dans_les_restes(xyz, debuts, rayons))

    def voisins(self, xyz: Reels, dates: Entiers, rayons: Reels, k: int) -> Trouvailles:
        """Dans chaque bloc du suffixe de chaque requête, ses `k` points les plus proches à portée.

        Les blocs sont de tailles doubles : on ramasse donc les tout proches et quelques lointains. Une requête sans
        trouvaille n'a aucun point qui convienne.
        """
        debuts = self.depuis(dates)
        lots = list(self._dans_les_restes(xyz, debuts, rayons, k))
        for bloc in self._blocs(debuts):
            q = bloc.requetes
            rangs = np.arange(1, min(k, bloc.haut - bloc.bas) + 1)
            portee = float(rayons[q].max()) * (1 + 1e-9) + 1e-12
            distances, points = self._arbre(bloc.bas, bloc.haut).query(
                xyz[q], k=rangs, distance_upper_bound=portee, workers=fils(len(q))
            )
            bons = distances <= rayons[q][:, None]
            lots.append(Trouvailles(np.repeat(q, bons.sum(axis=1)), points[bons] + bloc.bas))
        return _reunir(lots)

    def _dans_les_restes(
        self, xyz: Reels, debuts: Entiers, rayons: Reels, k: int | None = None
    ) -> Iterator[Trouvailles]:
        concernees = np.flatnonzero((debuts % FEUILLE != 0) & (debuts < len(self)))
        for q in np.array_split(concernees, len(concernees) // 20_000 + 1):
            if not len(q):
                continue
            rangs, valides = self._restes(debuts[q])
            distances = np.sqrt(((self.xyz[rangs] - xyz[q][:, None, :]) ** 2).sum(axis=2))
            distances[~valides] = np.inf
            if k is not None and k < FEUILLE:
                plus_proches = np.argsort(distances, axis=1, kind="stable")[:, :k]
                rangs = np.take_along_axis(rangs, plus_proches, axis=1)
                distances = np.take_along_axis(distances, plus_proches, axis=1)
            bons = distances <= rayons[q][:, None]
            yield Trouvailles(np.repeat(q, bons.sum(axis=1)), rangs[bons])


def _grouper(requetes: Entiers, cles: Entiers) -> list[Entiers]:
    """Les requêtes de même clé, ensemble."""
    if not len(requetes):
        return []
    ordre = np.argsort(cles, kind="stable")
    coupures = np.flatnonzero(np.diff(cles[ordre])) + 1
    return np.split(requetes[ordre], coupures)


def _reunir(lots: list[Trouvailles]) -> Trouvailles:
    vide = np.zeros(0, dtype=np.int64)
    return Trouvailles(
        np.concatenate([vide, *(lot.requete for lot in lots)]),
        np.concatenate([vide, *(lot.point for lot in lots)]),
    )
