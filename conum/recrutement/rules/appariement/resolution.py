"""La boucle : résoudre sur un graphe creux, tarifer toutes les paires, n'ajouter que celles qui améliorent,
recommencer."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from conum.recrutement.rules.appariement import flot as flots
from conum.recrutement.rules.appariement.marche import Entiers
from conum.recrutement.rules.appariement.niveaux import Niveaux, atteindre
from conum.recrutement.rules.appariement.paires import Marche
from conum.recrutement.rules.appariement.tarification import chercher
from conum.recrutement.rules.appariement.voisinage import compartiments, compter, depart

_AJOUTS_PEUT_ETRE_SANS_EFFET = 20


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
    reseau = flots.construire(marche, codes, niveaux)
    flot = flots.resoudre(reseau)
    dire(f"flot sur {len(codes)} paires")
    prix = flots.prix(reseau, flot)
    tours = visitees = 0
    while True:
        tours += 1
        negatives = chercher(marche, parts, prix, codes)
        visitees += negatives.visitees
        dire(f"tour {tours} : {negatives.visitees} paires tarifées, {len(negatives.codes)} à ajouter")
        if not len(negatives.codes):
            break
        anciens, codes = codes, np.union1d(codes, negatives.codes)
        reseau = flots.construire(marche, codes, niveaux)
        flot = _reporter(anciens, flot, codes)
        flot, prix = _resoudre_encore(reseau, flot, prix, len(negatives.codes))
        dire(f"tour {tours} : flot et prix sur {len(codes)} paires")
    retenues = codes[flot[: len(codes)] > 0]
    cout = int((reseau.couts * flot).sum())
    return Solution(retenues, prix, niveaux, cout, possibles, tours, len(codes), visitees)


def _reporter(anciens: Entiers, flot: Entiers, codes: Entiers) -> Entiers:
    """Le même flot, les paires ajoutées ne portant rien."""
    reporte = np.zeros(len(codes) + len(flot) - len(anciens), dtype=np.int64)
    reporte[np.searchsorted(codes, anciens)] = flot[: len(anciens)]
    reporte[len(codes) :] = flot[len(anciens) :]
    return reporte


def _resoudre_encore(reseau: flots.Reseau, flot: Entiers, prix: flots.Prix, ajouts: int) -> tuple[Entiers, flots.Prix]:
    """Le flot et ses prix après un ajout de paires. Peu d'ajouts ne font souvent que bouger les prix."""
    if ajouts <= _AJOUTS_PEUT_ETRE_SANS_EFFET:
        nouveaux = flots.prix_si_optimal(reseau, flot, prix)
        if nouveaux is not None:
            return flot, nouveaux
    flot = flots.ameliorer(reseau, flot, prix.tous)
    return flot, flots.prix(reseau, flot, prix)
