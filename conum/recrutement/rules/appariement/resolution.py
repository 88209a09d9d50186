"""La boucle : résoudre sur un graphe creux, tarifer toutes les paires, n'ajouter que celles qui améliorent,
recommencer."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from conum.recrutement.rules.appariement import flot as flots
from conum.recrutement.rules.appariement.marche import Entiers
from conum.recrutement.rules.appariement.niveaux import Niveaux, atteindre
from conum.recrutement.rules.appariement.ordre import ranger
from conum.recrutement.rules.appariement.paires import Marche, unir
from conum.recrutement.rules.appariement.reparation import reparer
from conum.recrutement.rules.appariement.tarification import chercher
from conum.recrutement.rules.appariement.voisinage import compartiments, compter, depart

_AJOUTS_A_REPARER = 500


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
    rangement = ranger(marche)
    solution = _resoudre_range(rangement.marche, dire)
    i, j = solution.codes // max(marche.m, 1), solution.codes % max(marche.m, 1)
    prix = solution.prix
    besoin, candidat = np.empty_like(prix.besoin), np.empty_like(prix.candidat)
    besoin[rangement.besoins], candidat[rangement.candidats] = prix.besoin, prix.candidat
    return solution._replace(
        codes=np.sort(rangement.besoins[i] * marche.m + rangement.candidats[j]),
        prix=prix._replace(besoin=besoin, candidat=candidat),
    )


def _resoudre_range(marche: Marche, dire: Callable[[str], None]) -> Solution:
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
        anciens, codes = codes, unir(codes, negatives.codes)
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
    """Le flot et ses prix après un ajout de paires. Quand il y en a peu, on répare autour de chacune."""
    if ajouts <= _AJOUTS_A_REPARER:
        flot, potentiels = reparer(reseau, flot, prix.tous)
        return flot, flots.tendre(reseau, flot, potentiels)
    flot = flots.ameliorer(reseau, flot, prix.tous)
    return flot, flots.prix(reseau, flot, prix)
