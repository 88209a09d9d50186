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
from scipy.sparse import csr_array
from scipy.sparse.csgraph import breadth_first_order, maximum_flow

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


@dataclass(frozen=True)
class _Flot:
    """Un flot : ce que porte chaque besoin, chaque paire de `codes` (triés) et chaque candidat."""

    codes: Entiers
    besoins: Entiers
    paires: Entiers
    candidats: Entiers

    @property
    def valeur(self) -> int:
        return int(self.besoins.sum())

    def reporter(self, codes: Entiers) -> "_Flot":
        """Le même sur un graphe plus grand."""
        paires = np.zeros(len(codes), dtype=np.int64)
        paires[np.searchsorted(codes, self.codes)] = self.paires
        return _Flot(codes, self.besoins, paires, self.candidats)


class _Coupe(NamedTuple):
    """Sommets du côté source de la plus petite coupe minimale."""

    besoins: Booleens
    candidats: Booleens


def _residuel(marche: Marche, flot: _Flot, cotes: tuple[Entiers, Entiers]) -> csr_array:
    """Places restantes : source (n + m) vers besoins, paires dans les deux sens, candidats vers puits (n + m + 1)."""
    n, m = marche.n, marche.m
    i, j = flot.codes // m, n + flot.codes % m
    queues = np.concatenate((np.full(n, n + m), i, j, n + np.arange(m))).astype(np.int32)
    tetes = np.concatenate((np.arange(n), j, i, np.full(m, n + m + 1))).astype(np.int32)
    places = (cotes[0] - flot.besoins, 1 - flot.paires, flot.paires, cotes[1] - flot.candidats)
    return csr_array((np.concatenate(places).astype(np.int32), (queues, tetes)), shape=(n + m + 2, n + m + 2))


def _augmenter(marche: Marche, flot: _Flot, cotes: tuple[Entiers, Entiers]) -> tuple[_Flot, _Coupe]:
    """Le flot porté à son maximum, à partir de lui-même, et sa coupe."""
    n, m = marche.n, marche.m
    ajout = maximum_flow(_residuel(marche, flot, cotes), n + m, n + m + 1).flow.tocoo()
    par_sommet = np.zeros(n + m, dtype=np.int64)
    besoin, candidat = ajout.row == n + m, (ajout.col == n + m + 1) & (ajout.row < n + m)
    par_sommet[ajout.col[besoin]] = ajout.data[besoin]
    par_sommet[ajout.row[candidat]] = ajout.data[candidat]
    # Dans un sens et dans l'autre : scipy rend le flot net, ses opposés compris.
    entre = (ajout.row < n) & (ajout.col >= n) & (ajout.col < n + m) & (ajout.data != 0)
    codes = ajout.row[entre].astype(np.int64) * m + ajout.col[entre] - n
    paires = flot.paires.copy()
    paires[np.searchsorted(flot.codes, codes)] += ajout.data[entre]
    plein = _Flot(flot.codes, flot.besoins + par_sommet[:n], paires, flot.candidats + par_sommet[n:])
    reste = _residuel(marche, plein, cotes)
    reste.eliminate_zeros()
    atteint = np.zeros(n + m + 2, dtype=np.bool_)
    atteint[breadth_first_order(reste, n + m, return_predecessors=False)] = True
    return plein, _Coupe(atteint[:n], atteint[n : n + m])


def _manquantes(marche: Marche, parts: list[Compartiment], codes: Entiers, coupe: _Coupe) -> Entiers:
    """Des paires faisables absentes qui traversent la coupe ; aucune seulement s'il n'y en a aucune."""
    candidats = ~coupe.candidats
    # Parmi les k plus proches d'un candidat au-delà de la coupe, seules peuvent être sans intérêt les paires exclues et
    # celles du graphe, saturées, donc pas plus que sa capacité : un de plus, et une paire utile se montre.
    exclusions = np.bincount(marche.exclues % marche.m, minlength=marche.m) if marche.m else np.zeros(0, np.int64)
    genes = exclusions + np.minimum(marche.candidats.capacite, marche.n)
    lots = [np.zeros(0, dtype=np.int64)]
    for gene in uniques(genes[candidats]):
        lots.append(depuis_candidats(marche, parts, int(gene) + 1, coupe.besoins, candidats & (genes == gene)))
    nouvelles = nettoyer(marche, np.concatenate(lots))
    return nouvelles[~contient(codes, nouvelles)]


def _completer(
    marche: Marche, parts: list[Compartiment], flot: _Flot, cotes: tuple[Entiers, Entiers], dire: Dire
) -> _Flot:
    """Un flot maximal prouvé sur le graphe complet, et le graphe creux qui le porte."""
    borne = min(int(cotes[0].sum()), int(cotes[1].sum()))
    while True:
        flot, coupe = _augmenter(marche, flot, cotes)
        if flot.valeur == borne or not coupe.besoins.any():
            return flot
        nouvelles = _manquantes(marche, parts, flot.codes, coupe)
        dire(f"flot maximal {flot.valeur}, {len(flot.codes)} paires, {len(nouvelles)} de plus traversent la coupe")
        if not len(nouvelles):
            return flot
        i, j = nouvelles // marche.m, nouvelles % marche.m
        couts = marche.cout(i, j)
        gardees = unir(premiers_par(i, couts, _AJOUTS_PAR_BESOIN), premiers_par(j, couts, _AJOUTS_PAR_CANDIDAT))
        flot = flot.reporter(unir(flot.codes, nouvelles[gardees]))


def atteindre(marche: Marche, parts: list[Compartiment], codes: Entiers, dire: Dire) -> tuple[Niveaux, Entiers]:
    """Les trois maxima du graphe complet, et le graphe creux complété qui permet de les atteindre."""
    if not marche.n or not marche.m:
        return Niveaux(0, 0, 0), codes
    c = capacites(marche)
    nul = _Flot(codes, *(np.zeros(taille, dtype=np.int64) for taille in (marche.n, len(codes), marche.m)))
    postes = _completer(marche, parts, nul, (c.besoin_prioritaire, c.candidat), dire)
    nul = _Flot(postes.codes, nul.besoins, np.zeros_like(postes.paires), nul.candidats)
    candidats = _completer(marche, parts, nul, (c.besoin, c.candidat_prioritaire), dire)
    # Ce qui sert au mieux les candidats se prolonge en ce qui fait le plus de propositions.
    propositions = _completer(marche, parts, candidats, (c.besoin, c.candidat), dire)
    return Niveaux(postes.valeur, candidats.valeur, propositions.valeur), propositions.codes
