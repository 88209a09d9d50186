"""Le calcul : candidats à une place, coûts entiers, flot de coût minimal.

Les paires possibles sont bornées par le niveau et la portée : on les énumère toutes, par blocs, et l'optimum est celui
de toutes les paires. Le nombre de personnes placées passe d'abord (flot maximal), puis les débuts pondérés par
l'attente, puis la distance ; les deux derniers sont un seul entier, l'unité du premier dépassant tout total du second.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from conum.formations.rules.affectation.modele import Booleens, Conseillers, Entiers, Reels, Sessions
from conum.socle.flot import BORNE_64_BITS, flot_de_cout_minimal
from conum.socle.geometrie import TOLERANCE_KM, haversine

POIDS_DE_BASE, ATTENTE_MAX = 30, 1_095
"""Le poids d'une personne : trente jours, plus ses jours d'attente (trois ans au plus)."""
HECTOMETRES = 10
PORTEE_MAX_KM = 2_000.0
"""Au-delà, la distance ne se distingue plus ; une session à distance compte autant que le lieu le plus loin accepté."""
BLOC = 2_000_000


class Conditions(NamedTuple):
    """Pour chaque paire : le niveau, la portée et la date conviennent-ils ?"""

    niveau: Booleens
    portee: Booleens
    date: Booleens

    def toutes(self) -> Booleens:
        return self.niveau & self.portee & self.date


@dataclass(frozen=True)
class Paires:
    """Les paires possibles : rangs du conseiller et de la session, distance en hectomètres."""

    conseiller: Entiers
    session: Entiers
    distance: Entiers

    def __len__(self) -> int:
        return len(self.conseiller)


def distances_km(c: Conseillers, s: Sessions, i: Entiers, j: Entiers) -> Reels:
    return haversine(c.latitude[i], c.longitude[i], s.latitude[j], s.longitude[j])


def conditions(c: Conseillers, s: Sessions, parcours: Entiers, jour: int, i: Entiers, j: Entiers) -> Conditions:
    """Les trois conditions, chacune à part pour être expliquée. `i` et `j` se diffusent l'un sur l'autre."""
    proche = distances_km(c, s, i, j) <= c.portee_km[i] + TOLERANCE_KM
    ici = c.territoire[i] == s.territoire[j]
    return Conditions(
        niveau=parcours[i] == s.parcours[j],
        portee=s.a_distance[j] | (ici & proche),
        date=s.debut[j] >= np.maximum(c.disponible[i], jour),
    )


def distance_comptee(c: Conseillers, s: Sessions, i: Entiers, j: Entiers) -> Entiers:
    """En hectomètres. À date égale, le présentiel passe avant le distanciel (facts-and-asks § 2)."""
    loin = np.minimum(c.portee_km[i], PORTEE_MAX_KM) + 1 / HECTOMETRES
    km = np.where(s.a_distance[j], loin, np.minimum(distances_km(c, s, i, j), PORTEE_MAX_KM))
    return np.rint(km * HECTOMETRES).astype(np.int64)


def paires_possibles(c: Conseillers, s: Sessions, parcours: Entiers, jour: int) -> Paires:
    """Toutes les paires qui remplissent les trois conditions et dont la session a une place, dans l'ordre des rangs."""
    lots_i, lots_j = [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=np.int64)]
    ouvertes = np.flatnonzero((s.places > 0) & (s.debut >= jour))
    for niveau in np.unique(s.parcours[ouvertes]):
        j = ouvertes[s.parcours[ouvertes] == niveau]
        tous = np.flatnonzero(parcours == niveau)
        for i in np.array_split(tous, len(tous) * len(j) // BLOC + 1):
            bonnes = conditions(c, s, parcours, jour, i[:, None], j[None, :]).toutes()
            a, b = np.nonzero(bonnes)
            lots_i.append(i[a])
            lots_j.append(j[b])
    i, j = np.concatenate(lots_i), np.concatenate(lots_j)
    ordre = np.lexsort((j, i))
    i, j = i[ordre], j[ordre]
    return Paires(i, j, distance_comptee(c, s, i, j))


def poids(c: Conseillers, jour: int) -> Entiers:
    """Le poids de chacun selon son attente."""
    return POIDS_DE_BASE + np.clip(jour - c.attend_depuis, 0, ATTENTE_MAX)


def resoudre(c: Conseillers, s: Sessions, paires: Paires, jour: int) -> Entiers:
    """Le rang de la session de chacun, ou -1.

    Qui n'est pas placé compte comme s'il commençait le lendemain de la dernière session : sinon, laisser de côté celui
    qui attend le plus ferait baisser le total.

    Raises:
        ValueError: l'affectation est trop grande pour un calcul en 64 bits.
    """
    session = np.full(len(c), -1, dtype=np.int64)
    if not len(paires):
        return session
    n, m = len(c), len(s)
    lendemain = int(s.debut[paires.session].max()) + 1
    par_personne = np.zeros(n, dtype=np.int64)
    np.maximum.at(par_personne, paires.conseiller, paires.distance)
    unite = int(par_personne.sum()) + 1
    avance = lendemain - s.debut[paires.session]
    couts = paires.distance - unite * poids(c, jour)[paires.conseiller] * avance
    if (n + m + 3) * int(np.abs(couts).max()) > BORNE_64_BITS:
        raise ValueError("Cette affectation est trop grande pour un calcul en 64 bits : découpez-la par territoire.")
    source, puits = n + m, n + m + 1
    presents, places = np.unique(paires.conseiller), np.unique(paires.session)
    apports = np.zeros(n + m + 2, dtype=np.int64)
    apports[source], apports[puits] = len(presents), -len(presents)
    flot = flot_de_cout_minimal(
        np.concatenate((paires.conseiller, np.full(len(presents), source), n + places)),
        np.concatenate((n + paires.session, presents, np.full(len(places), puits))),
        np.concatenate((np.ones(len(paires) + len(presents), dtype=np.int64), s.places[places])),
        np.concatenate((couts, np.zeros(len(presents) + len(places), dtype=np.int64))),
        apports,
        maximal=True,
    )
    choisies = np.flatnonzero(flot[: len(paires)])
    session[paires.conseiller[choisies]] = paires.session[choisies]
    return session
