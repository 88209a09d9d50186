"""Les trois nombres à atteindre avant tout coût : postes servis, candidats servis, propositions.

Chacun est un flot maximal. Dans un graphe biparti à capacités, un flot qui sert des postes au mieux se prolonge en un
flot qui fait le plus de propositions sans en desservir aucun, et deux flots qui servent au mieux chacun son côté se
combinent (Mendelsohn et Dulmage, 1958 ; Pym, 1969) : les trois maxima sont atteints ensemble, et l'ordre des priorités
est tenu.

Un maximum calculé sur un graphe creux vaut pour le graphe complet quand aucune paire faisable absente ne traverse sa
coupe minimale ; on ajoute celles qui la traversent, jusqu'à ce qu'il n'y en ait plus.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from ortools.graph.python import max_flow

from conum.recrutement.rules.appariement.marche import Booleens, Entiers
from conum.recrutement.rules.appariement.paires import Marche, contient, premiers_par, uniques, unir
from conum.recrutement.rules.appariement.voisinage import Compartiment, depuis_candidats, nettoyer

_AJOUTS_PAR_BESOIN = 12
_AJOUTS_PAR_CANDIDAT = 4

Dire = Callable[[str], None]


@dataclass(frozen=True)
class Capacites:
    """Capacités des deux côtés, et la part prioritaire de chacune (première proposition d'un poste, d'un candidat)."""

    besoin: Entiers
    besoin_prioritaire: Entiers
    candidat: Entiers
    candidat_prioritaire: Entiers


def capacites(marche: Marche) -> Capacites:
    b, c = marche.besoins, marche.candidats
    premier = np.minimum(c.capacite, np.where(c.deja_servi, 0, 1))
    return Capacites(b.capacite, np.minimum(b.a_servir, b.capacite), c.capacite, premier)


class Niveaux(NamedTuple):
    """Les trois maxima, prouvés sur le graphe complet."""

    postes: int
    candidats: int
    propositions: int


class _Flot(NamedTuple):
    valeur: int
    besoins_atteints: Booleens
    candidats_atteints: Booleens


def _flot_maximal(marche: Marche, codes: Entiers, cote_besoin: Entiers, cote_candidat: Entiers) -> _Flot:
    """Flot maximal et sommets du côté source de la plus petite coupe minimale."""
    n, m = marche.n, marche.m
    flot = max_flow.SimpleMaxFlow()
    rangs_i, rangs_j = np.arange(n), np.arange(m)
    source, puits = n + m, n + m + 1
    queues = np.concatenate((np.full(n, source), codes // m, n + rangs_j)).astype(np.int32)
    tetes = np.concatenate((rangs_i, n + codes % m, np.full(m, puits))).astype(np.int32)
    flot.add_arcs_with_capacity(
        queues, tetes, np.concatenate((cote_besoin, np.ones(len(codes), dtype=np.int64), cote_candidat))
    )
    statut = flot.solve(source, puits)
    if statut != flot.OPTIMAL:
        raise RuntimeError(f"Le flot maximal a échoué ({statut}).")
    atteint = np.zeros(n + m + 2, dtype=np.bool_)
    atteint[np.asarray(flot.get_source_side_min_cut(), dtype=np.int64)] = True
    return _Flot(flot.optimal_flow(), atteint[:n], atteint[n : n + m])


def _manquantes(marche: Marche, parts: list[Compartiment], codes: Entiers, flot: _Flot) -> Entiers:
    """Des paires faisables absentes qui traversent la coupe ; aucune seulement s'il n'y en a aucune."""
    candidats = ~flot.candidats_atteints
    # Parmi les k plus proches d'un candidat au-delà de la coupe, seules peuvent être sans intérêt les paires exclues et
    # celles du graphe, saturées, donc pas plus que sa capacité : un de plus, et une paire utile se montre.
    exclusions = np.bincount(marche.exclues % marche.m, minlength=marche.m) if marche.m else np.zeros(0, np.int64)
    genes = exclusions + np.minimum(marche.candidats.capacite, marche.n)
    lots = [np.zeros(0, dtype=np.int64)]
    for gene in uniques(genes[candidats]):
        lots.append(depuis_candidats(marche, parts, int(gene) + 1, flot.besoins_atteints, candidats & (genes == gene)))
    nouvelles = nettoyer(marche, np.concatenate(lots))
    return nouvelles[~contient(codes, nouvelles)]


def _completer(
    marche: Marche, parts: list[Compartiment], codes: Entiers, cotes: tuple[Entiers, Entiers], dire: Dire
) -> tuple[int, Entiers]:
    """Le maximum prouvé, et le graphe creux qui l'atteint."""
    borne = min(int(cotes[0].sum()), int(cotes[1].sum()))
    while True:
        flot = _flot_maximal(marche, codes, *cotes)
        if flot.valeur == borne or not flot.besoins_atteints.any():
            return flot.valeur, codes
        nouvelles = _manquantes(marche, parts, codes, flot)
        dire(f"flot maximal {flot.valeur}, {len(codes)} paires, {len(nouvelles)} de plus traversent la coupe")
        if not len(nouvelles):
            return flot.valeur, codes
        i, j = nouvelles // marche.m, nouvelles % marche.m
        couts = marche.cout(i, j)
        gardees = unir(premiers_par(i, couts, _AJOUTS_PAR_BESOIN), premiers_par(j, couts, _AJOUTS_PAR_CANDIDAT))
        codes = unir(codes, nouvelles[gardees])


def atteindre(marche: Marche, parts: list[Compartiment], codes: Entiers, dire: Dire) -> tuple[Niveaux, Entiers]:
    """Les trois maxima du graphe complet, et le graphe creux complété qui permet de les atteindre."""
    c = capacites(marche)
    postes, codes = _completer(marche, parts, codes, (c.besoin_prioritaire, c.candidat), dire)
    candidats, codes = _completer(marche, parts, codes, (c.besoin, c.candidat_prioritaire), dire)
    propositions, codes = _completer(marche, parts, codes, (c.besoin, c.candidat), dire)
    return Niveaux(postes, candidats, propositions), codes
