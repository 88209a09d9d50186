"""La boucle : résoudre sur un graphe creux, tarifer toutes les paires, n'ajouter que celles qui améliorent,
recommencer."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from conum.recrutement.rules.appariement import flot as flots
from conum.recrutement.rules.appariement.marche import Entiers
from conum.recrutement.rules.appariement.niveaux import Niveaux, atteindre
from conum.recrutement.rules.appariement.paires import Marche, premiers_par
from conum.recrutement.rules.appariement.tarification import Negatives, chercher
from conum.recrutement.rules.appariement.voisinage import compartiments, compter, depart

_AJOUTS_PAR_BESOIN = 12
_AJOUTS_PAR_CANDIDAT = 6


class Solution(NamedTuple):
    """Codes triés des paires retenues, prix, et de quoi faire le bilan. Coûts en millipoints."""

    codes: Entiers
    prix: flots.Prix
    niveaux: Niveaux
    cout: int
    paires_possibles: int
    tours: int
    arcs: int
    visitees: int


def resoudre(marche: Marche, dire: Callable[[str], None]) -> Solution:
    """L'optimum du graphe complet."""
    parts = compartiments(marche)
    possibles = compter(marche, parts)
    dire(f"{possibles} paires possibles")
    niveaux, codes = atteindre(marche, parts, depart(marche, parts), dire)
    dire(f"{niveaux.postes} postes, {niveaux.candidats} candidats, {niveaux.propositions} propositions au plus")
    prix: flots.Prix | None = None
    tours = visitees = 0
    while True:
        tours += 1
        reseau = flots.construire(marche, codes, niveaux)
        flot = flots.resoudre(reseau)
        dire(f"tour {tours} : flot sur {len(codes)} paires")
        prix = flots.prix(reseau, flot, prix)
        dire(f"tour {tours} : prix")
        negatives = chercher(marche, parts, prix, codes)
        visitees += negatives.visitees
        dire(f"tour {tours} : {negatives.visitees} paires tarifées, {len(negatives.codes)} à ajouter")
        if not len(negatives.codes):
            break
        codes = np.union1d(codes, _meilleures(marche, negatives))
    retenues = codes[flot[: len(codes)] > 0]
    cout = int((reseau.couts * flot).sum())
    return Solution(retenues, prix, niveaux, cout, possibles, tours, len(codes), visitees)


def _meilleures(marche: Marche, negatives: Negatives) -> Entiers:
    i, j = negatives.codes // marche.m, negatives.codes % marche.m
    gardees = np.union1d(
        premiers_par(i, negatives.reduits, _AJOUTS_PAR_BESOIN),
        premiers_par(j, negatives.reduits, _AJOUTS_PAR_CANDIDAT),
    )
    return negatives.codes[gardees]
