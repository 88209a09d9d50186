"""Parcourir les paires faisables sans les écrire toutes : compter, prendre les plus proches, énumérer sous un rayon."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from conum.recrutement.rules.appariement.dates import PointsDates
from conum.recrutement.rules.appariement.marche import TERRITOIRES, Booleens, Entiers, Reels
from conum.recrutement.rules.appariement.paires import Marche, premiers_par, uniques
from conum.socle.geometrie import TOLERANCE_KM, corde

_CLASSES_DE_MOBILITE = 4
_PAR_BLOC_CANDIDAT = 2
_PAR_BLOC_BESOIN = 3
_PAR_BESOIN = 12


@dataclass(frozen=True)
class Compartiment:
    """Les besoins d'un territoire face aux candidats qui peuvent y aller, chacun jusqu'à sa `limite_km`.

    Chez soi la limite est la mobilité ; dans un territoire choisi il n'y en a pas. Deux compartiments n'ont aucune
    paire en commun et, ensemble, ils les ont toutes.
    """

    besoins: Entiers
    candidats: Entiers
    limite_km: Reels
    choisi: bool


def compartiments(marche: Marche) -> list[Compartiment]:
    """Découpe le marché ; qui n'a plus de place n'y est pas."""
    b, c = marche.besoins, marche.candidats
    resultat = []
    for territoire in range(len(TERRITOIRES)):
        i = np.flatnonzero((b.territoire == territoire) & (b.capacite > 0))
        if not len(i):
            continue
        dispo = c.capacite > 0
        ici = np.flatnonzero(dispo & (c.territoire == territoire))
        ailleurs = dispo & (c.territoire != territoire) & ((c.territoires_choisis >> territoire) & 1 == 1)
        venus = np.flatnonzero(ailleurs)
        resultat.append(Compartiment(i, ici, c.mobilite_km[ici] + TOLERANCE_KM, choisi=False))
        resultat.append(Compartiment(i, venus, np.full(len(venus), np.inf), choisi=True))
    return [x for x in resultat if len(x.candidats)]


def compter(marche: Marche, parts: list[Compartiment]) -> int:
    """Nombre exact de paires faisables."""
    total = 0
    for part in parts:
        points = PointsDates(marche.xyz_besoins[part.besoins], marche.besoins.debut[part.besoins])
        j = part.candidats
        total += points.compter(marche.xyz_candidats[j], marche.candidats.disponible[j], corde(part.limite_km))
    return total - _exclues_comptees(marche)


def _exclues_comptees(marche: Marche) -> int:
    """Les paires exclues qui auraient été faisables."""
    if not len(marche.exclues):
        return 0
    sans = Marche(marche.besoins, marche.candidats, marche.ponderation, np.zeros(0, dtype=np.int64))
    i, j = marche.exclues // marche.m, marche.exclues % marche.m
    place = (marche.besoins.capacite[i] > 0) & (marche.candidats.capacite[j] > 0)
    return int((sans.faisable(i, j) & place).sum())


def depuis_candidats(
    marche: Marche, parts: list[Compartiment], k: int, besoins: Booleens, candidats: Booleens
) -> Entiers:
    """Codes de paires faisables entre les besoins et les candidats retenus : au moins les `k` plus proches de chaque
    candidat (et d'autres plus loin), ou toutes s'il y en a moins. Les paires exclues peuvent y être : à l'appelant de
    les compter."""
    lots = [np.zeros(0, dtype=np.int64)]
    for part in parts:
        i = part.besoins[besoins[part.besoins]]
        garde = candidats[part.candidats]
        j = part.candidats[garde]
        if not len(i) or not len(j):
            continue
        points = PointsDates(marche.xyz_besoins[i], marche.besoins.debut[i])
        trouve = points.voisins(
            marche.xyz_candidats[j], marche.candidats.disponible[j], corde(part.limite_km[garde]), k
        )
        lots.append(i[points.ordre[trouve.point]] * marche.m + j[trouve.requete])
    return np.concatenate(lots)


def _depuis_besoins(marche: Marche, part: Compartiment, k: int) -> Entiers:
    """Les candidats proches de chaque besoin, par classes de mobilité : sans elles, les peu mobiles cacheraient les
    autres."""
    lots = [np.zeros(0, dtype=np.int64)]
    bornes = np.unique(np.quantile(part.limite_km, np.linspace(0, 1, _CLASSES_DE_MOBILITE + 1)[1:], method="higher"))
    classe = np.searchsorted(bornes, part.limite_km)
    for numero, borne in enumerate(bornes):
        dans = np.flatnonzero(classe == numero)
        i, j, limites = part.besoins, part.candidats[dans], part.limite_km[dans]
        # Un besoin garde les candidats libres à son début ou avant : un suffixe, une fois les dates changées de signe.
        points = PointsDates(marche.xyz_candidats[j], -marche.candidats.disponible[j])
        rayons = np.full(len(i), float(corde(np.asarray(borne))))
        trouve = points.voisins(marche.xyz_besoins[i], -marche.besoins.debut[i], rayons, k)
        qui, place = i[trouve.requete], points.ordre[trouve.point]
        bon = marche.distance_km(qui, j[place]) <= limites[place]
        lots.append(qui[bon] * marche.m + j[place[bon]])
    return np.concatenate(lots)


def depart(marche: Marche, parts: list[Compartiment]) -> Entiers:
    """Le graphe creux de départ : des paires faisables peu chères pour chacun, et quelques lointaines. Codes triés."""
    tous_i, tous_j = np.ones(marche.n, dtype=np.bool_), np.ones(marche.m, dtype=np.bool_)
    proches = depuis_candidats(marche, parts, _PAR_BLOC_CANDIDAT, tous_i, tous_j)
    lots = [nettoyer(marche, proches)]
    for part in parts:
        codes = nettoyer(marche, _depuis_besoins(marche, part, _PAR_BLOC_BESOIN))
        i, j = codes // marche.m, codes % marche.m
        lots.append(codes[premiers_par(i, marche.cout(i, j), _PAR_BESOIN)])
    return uniques(np.concatenate(lots)) if lots else np.zeros(0, dtype=np.int64)


def nettoyer(marche: Marche, codes: Entiers) -> Entiers:
    """Sans doublon ni paire exclue ; codes triés."""
    codes = uniques(codes)
    return codes[~marche.est_exclue(codes // marche.m, codes % marche.m)]


def lots_bornes(tailles: Entiers, maximum: int) -> Iterator[Entiers]:
    """Découpe 0…len-1 en tranches contiguës dont la somme des tailles ne dépasse guère `maximum`."""
    if not len(tailles):
        return
    seaux = np.cumsum(tailles) // maximum
    yield from np.split(np.arange(len(tailles)), np.flatnonzero(np.diff(seaux)) + 1)
