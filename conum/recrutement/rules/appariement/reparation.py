"""Faire entrer quelques paires dans un flot optimal sans tout recalculer.

Une paire de coût réduit `-r` ferme un cycle négatif s'il existe, de son candidat à son besoin, un chemin résiduel plus
court que `r`. On le cherche jusqu'à `r` seulement (Dijkstra, coûts réduits positifs) : d'ordinaire quelques dizaines de
sommets. S'il existe on y fait circuler une unité ; dans tous les cas les prix des sommets atteints s'ajustent, et tout
coût réduit redevient positif. C'est l'algorithme des plus courts chemins successifs, une paire à la fois.
"""

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from conum.recrutement.rules.appariement.flot import Reseau
from conum.recrutement.rules.appariement.marche import Entiers

_AUCUN = -9999  # prédécesseur absent, dans scipy


class Reparation:
    """Un flot et ses potentiels, optimaux hors des paires à faire entrer ; on les modifie sur place."""

    def __init__(self, reseau: Reseau, flot: Entiers, potentiels: Entiers) -> None:
        self.reseau, self.flot, self.potentiels = reseau, flot.copy(), potentiels.copy()
        arcs = len(reseau.queues)
        queues = np.concatenate((reseau.queues, reseau.tetes))
        ordre = np.lexsort((np.concatenate((reseau.tetes, reseau.queues)), queues))
        # `arc[e]` : l'arc du réseau derrière l'entrée e du graphe résiduel, à rebours si `rebours[e]`.
        self.rebours = ordre >= arcs
        self.arc = np.where(self.rebours, ordre - arcs, ordre)
        self.entree = np.empty(2 * arcs, dtype=np.int64)
        self.entree[ordre] = np.arange(2 * arcs)
        # Des rangs de 32 bits : scipy recopierait les autres à chaque recherche.
        debuts = np.searchsorted(queues[ordre], np.arange(reseau.sommets + 1)).astype(np.int32)
        tetes = np.concatenate((reseau.tetes, reseau.queues))[ordre].astype(np.int32)
        self.graphe = csr_array((self._poids(np.arange(2 * arcs)), tetes, debuts), shape=(reseau.sommets,) * 2)

    def _reduits(self, arcs: Entiers) -> Entiers:
        r = self.reseau
        return r.couts[arcs] + self.potentiels[r.queues[arcs]] - self.potentiels[r.tetes[arcs]]

    def _poids(self, entrees: Entiers) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        """Coût réduit de chaque entrée, infini si elle n'a plus de place."""
        arcs, rebours = self.arc[entrees], self.rebours[entrees]
        reduits = self._reduits(arcs)
        place = np.where(rebours, self.flot[arcs] > 0, self.flot[arcs] < self.reseau.capacites[arcs])
        poids = np.where(place, np.where(rebours, -reduits, reduits), np.inf)
        # Une paire qui attend son tour est négative : elle ne doit pas encore servir de passage.
        return np.where(poids < 0, np.inf, poids)

    def faire_entrer(self, arc: int) -> None:
        """Rend positif le coût réduit de cette paire, ou la sature."""
        r = -int(self._reduits(np.array([arc]))[0])
        if r <= 0:
            self._rafraichir(np.array([arc]))
            return
        self.chemin = [arc]
        depart, arrivee = int(self.reseau.tetes[arc]), int(self.reseau.queues[arc])
        distances, precedents = dijkstra(self.graphe, indices=depart, limit=r, return_predecessors=True)
        # Au-delà du besoin, inutile d'aller plus loin : la paire sera saturée.
        portee = min(r, distances[arrivee])
        if portee < r:
            self._circuler(arc, arrivee, precedents)
        atteints = np.flatnonzero(distances < portee)
        self.potentiels[atteints] -= (portee - distances[atteints]).astype(np.int64)
        self._rafraichir(np.concatenate((self._autour(atteints), self.chemin)))

    def _circuler(self, arc: int, arrivee: int, precedents: Entiers) -> None:
        self.flot[arc] += 1
        self.chemin = [arc]
        sommet = arrivee
        while precedents[sommet] != _AUCUN:
            avant = int(precedents[sommet])
            bas, haut = self.graphe.indptr[avant], self.graphe.indptr[avant + 1]
            entree = bas + int(np.searchsorted(self.graphe.indices[bas:haut], sommet))
            self.flot[self.arc[entree]] += -1 if self.rebours[entree] else 1
            self.chemin.append(int(self.arc[entree]))
            sommet = avant

    def _autour(self, sommets: Entiers) -> Entiers:
        """Les arcs qui touchent ces sommets, avec des répétitions."""
        debuts = self.graphe.indptr[sommets]
        nombres = self.graphe.indptr[sommets + 1] - debuts
        return self.arc[np.repeat(debuts - (np.cumsum(nombres) - nombres), nombres) + np.arange(nombres.sum())]

    def _rafraichir(self, arcs: Entiers) -> None:
        entrees = np.concatenate((self.entree[arcs], self.entree[arcs + len(self.reseau.queues)]))
        self.graphe.data[entrees] = self._poids(entrees)


def reparer(reseau: Reseau, flot: Entiers, potentiels: Entiers) -> tuple[Entiers, Entiers]:
    """Le flot optimal et ses potentiels, quand seules des paires vides ont un coût réduit négatif."""
    reparation = Reparation(reseau, flot, potentiels)
    reduits = reseau.couts + potentiels[reseau.queues] - potentiels[reseau.tetes]
    for arc in np.flatnonzero((reduits < 0) & (flot == 0) & (reseau.queues < reseau.n)):
        reparation.faire_entrer(int(arc))
    return reparation.flot, reparation.potentiels
