"""Ranger le marché dans l'espace avant de calculer, et rendre les rangs d'origine après.

Deux voisins sur la carte le deviennent en mémoire, et le calcul va deux fois plus vite. Deux marchés qui ne diffèrent
que par l'ordre de leurs lignes donnent en plus le même rangement, à des jumeaux près.
"""

from dataclasses import fields
from typing import NamedTuple, TypeVar

import numpy as np

from conum.recrutement.rules.appariement.marche import Besoins, Candidats, Entiers, Reels
from conum.recrutement.rules.appariement.paires import Marche

_BITS = 16
Cote = TypeVar("Cote", Besoins, Candidats)


class Rangement(NamedTuple):
    """Le marché rangé, et le rang d'origine de chaque besoin et de chaque candidat."""

    marche: Marche
    besoins: Entiers
    candidats: Entiers


def ranger(marche: Marche) -> Rangement:
    i, j = _ordre(marche.besoins), _ordre(marche.candidats)
    a, b = marche.exclues // max(marche.m, 1), marche.exclues % max(marche.m, 1)
    exclues = np.sort(np.argsort(i)[a] * marche.m + np.argsort(j)[b])
    rangee = Marche(_permuter(marche.besoins, i), _permuter(marche.candidats, j), marche.ponderation, exclues)
    return Rangement(rangee, i, j)


def _permuter(cote: Cote, ordre: Entiers) -> Cote:
    return type(cote)(**{champ.name: getattr(cote, champ.name)[ordre] for champ in fields(cote)})


def _ordre(cote: Besoins | Candidats) -> Entiers:
    autres = [getattr(cote, champ.name) for champ in reversed(fields(cote))]
    return np.lexsort((*autres, _courbe(cote.latitude, cote.longitude)))


def _courbe(latitude: Reels, longitude: Reels) -> Entiers:
    """Rang sur la courbe de Morton : les bits des deux coordonnées, entrelacés."""
    x = ((longitude + 180) / 360 * (2**_BITS - 1)).astype(np.int64)
    y = ((latitude + 90) / 180 * (2**_BITS - 1)).astype(np.int64)
    rang = np.zeros(len(x), dtype=np.int64)
    for bit in range(_BITS):
        rang |= ((x >> bit) & 1) << (2 * bit) | ((y >> bit) & 1) << (2 * bit + 1)
    return rang
