"""Chercher, parmi toutes les paires faisables, celles dont le coût réduit est négatif : elles seules peuvent améliorer.

S'il n'y en a aucune hors du graphe creux, son optimum est celui du graphe complet. Une paire ne peut être négative que
si sa distance est plus courte que l'écart des deux prix : on n'énumère que celles-là, besoins groupés par prix.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np
from scipy.spatial import KDTree

from conum.recrutement.rules.appariement.dates import FILS
from conum.recrutement.rules.appariement.flot import Prix
from conum.recrutement.rules.appariement.marche import Entiers, Reels
from conum.recrutement.rules.appariement.paires import Marche, contient, premiers_par, unir
from conum.recrutement.rules.appariement.voisinage import Compartiment, lots_bornes
from conum.recrutement.rules.cout import MILLIEMES
from conum.socle.geometrie import TOLERANCE_KM, corde

_CLASSES_DE_PRIX = 16
_CLASSES_DE_DATE = 3
_PAIRES_PAR_LOT = 400_000
_GARDEES_PAR_BESOIN = 12
_GARDEES_PAR_CANDIDAT = 6


class Negatives(NamedTuple):
    """Paires absentes du graphe et de coût réduit négatif, les meilleures de chacun : aucune s'il n'y en a pas.

    `visitees` : paires dont on a calculé le coût réduit.
    """

    codes: Entiers
    reduits: Entiers
    visitees: int


class _Lot(NamedTuple):
    part: Compartiment
    besoins: Entiers


def chercher(marche: Marche, parts: list[Compartiment], prix: Prix, codes: Entiers) -> Negatives:
    """Les paires négatives hors de `codes` (triés)."""
    lots = [lot for part in parts for lot in _classes(marche, part, prix)]
    with ThreadPoolExecutor(max_workers=FILS) as fils:
        # map rend les résultats dans l'ordre des lots : le nombre de fils ne change rien.
        trouves = list(fils.map(lambda lot: _dans_un_lot(marche, lot, prix, codes), lots))
    return _reunir(marche, trouves)


def _reunir(marche: Marche, trouves: list[Negatives]) -> Negatives:
    vide = np.zeros(0, dtype=np.int64)
    codes = np.concatenate([vide, *(t.codes for t in trouves)])
    reduits = np.concatenate([vide, *(t.reduits for t in trouves)])
    # Les garder toutes ferait, quand les prix sont loin du but, autant de mémoire que de paires possibles.
    m = max(marche.m, 1)
    gardees = unir(
        premiers_par(codes // m, reduits, _GARDEES_PAR_BESOIN), premiers_par(codes % m, reduits, _GARDEES_PAR_CANDIDAT)
    )
    return Negatives(codes[gardees], reduits[gardees], sum(t.visitees for t in trouves))


def _classes(marche: Marche, part: Compartiment, prix: Prix) -> Iterator[_Lot]:
    """Les besoins d'un compartiment par classes de date puis de prix : dans une classe, un seul rayon convient
    presque."""
    dates = marche.besoins.debut[part.besoins]
    for par_date in np.array_split(part.besoins[np.argsort(dates, kind="stable")], _CLASSES_DE_DATE):
        ordre = np.argsort(prix.besoin[par_date], kind="stable")
        for classe in np.array_split(par_date[ordre], _CLASSES_DE_PRIX):
            if len(classe):
                yield _Lot(part, classe)


def _rayons(marche: Marche, lot: _Lot, prix: Prix) -> Reels:
    """Jusqu'où, en kilomètres, chaque candidat peut former une paire négative avec un besoin du lot (négatif : nulle
    part)."""
    p, part = marche.ponderation, lot.part
    j = part.candidats
    # Coûts entiers : une paire n'est négative que si sa part de distance est inférieure d'au moins 1 à cet écart.
    ecart = prix.candidat[j] - marche.cout_acquis[j] - int(prix.besoin[lot.besoins].min())
    possible = ecart >= 1
    par_km = p.points_par_km * MILLIEMES
    rayons = (ecart - 0.5) / par_km + TOLERANCE_KM if par_km > 0 else np.full(len(j), np.inf)
    if part.choisi:
        rayons = np.where(rayons > p.plafond_km_territoire_choisi, np.inf, rayons)
    rayons = np.minimum(rayons, part.limite_km)
    libre = marche.candidats.disponible[j] <= int(marche.besoins.debut[lot.besoins].max())
    return np.where(possible & libre, rayons, -1.0)


def _dans_un_lot(marche: Marche, lot: _Lot, prix: Prix, codes: Entiers) -> Negatives:
    rayons = _rayons(marche, lot, prix)
    actifs = np.flatnonzero(rayons >= 0)
    j, cordes = lot.part.candidats[actifs], corde(rayons[actifs])
    arbre, xyz = KDTree(marche.xyz_besoins[lot.besoins]), marche.xyz_candidats
    nombres = arbre.query_ball_point(xyz[j], cordes, return_length=True) if len(j) else np.zeros(0, np.int64)
    j, cordes, nombres = j[nombres > 0], cordes[nombres > 0], nombres[nombres > 0]
    trouves = []
    for tranche in lots_bornes(nombres, _PAIRES_PAR_LOT):
        listes = arbre.query_ball_point(xyz[j[tranche]], cordes[tranche], return_sorted=False)
        places = _aplatir(listes, int(nombres[tranche].sum()))
        paires = lot.besoins[places], np.repeat(j[tranche], nombres[tranche])
        trouves.append(_reunir(marche, [_negatives(marche, *paires, prix, codes)]))
    return _reunir(marche, trouves)


def _aplatir(listes: Any, nombre: int) -> Entiers:
    return np.fromiter((place for liste in listes for place in liste), dtype=np.int64, count=nombre)


def _negatives(marche: Marche, i: Entiers, j: Entiers, prix: Prix, codes: Entiers) -> Negatives:
    visitees = len(i)
    libres = marche.candidats.disponible[j] <= marche.besoins.debut[i]
    i, j = i[libres], j[libres]
    reduits = marche.cout(i, j) + prix.besoin[i] - prix.candidat[j]
    moins = reduits < 0
    i, j, reduits = i[moins], j[moins], reduits[moins]
    trouves = i * marche.m + j
    nouveaux = ~contient(codes, trouves)
    i, j, reduits, trouves = i[nouveaux], j[nouveaux], reduits[nouveaux], trouves[nouveaux]
    bonnes = marche.faisable(i, j)
    return Negatives(trouves[bonnes], reduits[bonnes], visitees)
