"""Le flot de coût minimal qui atteint les trois niveaux, et ses prix duaux.

Deux sources, deux puits : la première source porte exactement les premières propositions des postes, la seconde les
autres ; de même pour les candidats. Fixer ces débits à leurs maxima (`niveaux`) dit l'ordre des priorités sans aucun
grand poids : les coûts restent ceux qu'on publie, et l'arithmétique tient en 64 bits.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from conum.recrutement.rules.appariement.marche import Booleens, Entiers
from conum.recrutement.rules.appariement.niveaux import Niveaux, capacites
from conum.recrutement.rules.appariement.paires import Marche
from conum.socle.flot import BORNE_64_BITS, flot_de_cout_minimal

_INFINI = 2**61


@dataclass(frozen=True)
class Reseau:
    """Arcs du réseau : les paires d'abord, puis les accès aux besoins, puis les sorties des candidats.

    Sommets : besoins 0…n-1, candidats n…n+m-1, puis source prioritaire, source, puits prioritaire, puits.
    """

    n: int
    m: int
    queues: Entiers
    tetes: Entiers
    capacites: Entiers
    couts: Entiers
    apports: Entiers

    @property
    def sommets(self) -> int:
        return self.n + self.m + 4


class Prix(NamedTuple):
    """Potentiels en millipoints : `cout + besoin[i] - candidat[j]` est le coût réduit d'une paire.

    `tous` : ceux de tous les sommets du réseau, dont besoins et candidats sont les premiers.
    """

    besoin: Entiers
    candidat: Entiers
    tous: Entiers
    borne: int


def construire(marche: Marche, codes: Entiers, niveaux: Niveaux) -> Reseau:
    """Le réseau sur les paires `codes`. Erreur : `ValueError` si les coûts ne tiennent pas en 64 bits."""
    n, m, c = marche.n, marche.m, capacites(marche)
    i, j = codes // m, codes % m
    couts = marche.cout(i, j)
    if (n + m + 5) * int(couts.max(initial=0)) > BORNE_64_BITS:
        raise ValueError("Ce marché est trop grand pour un calcul en 64 bits : découpez-le, ou baissez les poids.")
    tous_i, tous_j, acces = np.arange(n), n + np.arange(m), n + m
    ones = np.ones_like
    autres = niveaux.propositions - niveaux.postes
    apports = np.zeros(n + m + 4, dtype=np.int64)
    apports[acces:] = niveaux.postes, autres, -niveaux.candidats, niveaux.candidats - niveaux.propositions
    return Reseau(
        n=n,
        m=m,
        queues=np.concatenate((i, ones(tous_i) * acces, ones(tous_i) * (acces + 1), tous_j, tous_j)),
        tetes=np.concatenate((n + j, tous_i, tous_i, ones(tous_j) * (acces + 2), ones(tous_j) * (acces + 3))),
        capacites=np.concatenate(
            (
                ones(codes),
                c.besoin_prioritaire,
                c.besoin - c.besoin_prioritaire,
                c.candidat_prioritaire,
                c.candidat - c.candidat_prioritaire,
            )
        ),
        couts=np.concatenate((couts, np.zeros(2 * (n + m), dtype=np.int64))),
        apports=apports,
    )


def resoudre(reseau: Reseau) -> Entiers:
    """Le flot de coût minimal, arc par arc. Le solveur est séquentiel : mêmes arcs dans le même ordre, même flot."""
    return flot_de_cout_minimal(reseau.queues, reseau.tetes, reseau.capacites, reseau.couts, reseau.apports)


def ameliorer(reseau: Reseau, flot: Entiers, potentiels: Entiers) -> Entiers:
    """Le flot de coût minimal, à partir d'un flot de mêmes débits : on cherche la meilleure circulation à lui ajouter.

    Mesurée en coûts réduits, elle n'est négative qu'autour des nouveaux arcs : le solveur a moins à faire.
    """
    reduits = reseau.couts + potentiels[reseau.queues] - potentiels[reseau.tetes]
    if (reseau.sommets + 1) * int(np.abs(reduits).max(initial=0)) > BORNE_64_BITS:
        return resoudre(reseau)
    libre, porte = np.flatnonzero(flot < reseau.capacites), np.flatnonzero(flot > 0)
    ajout = flot_de_cout_minimal(
        np.concatenate((reseau.queues[libre], reseau.tetes[porte])),
        np.concatenate((reseau.tetes[libre], reseau.queues[porte])),
        np.concatenate(((reseau.capacites - flot)[libre], flot[porte])),
        np.concatenate((reduits[libre], -reduits[porte])),
        np.zeros(reseau.sommets, dtype=np.int64),
    )
    nouveau = flot.copy()
    nouveau[libre] += ajout[: len(libre)]
    nouveau[porte] -= ajout[len(libre) :]
    return nouveau


class _Residuel(NamedTuple):
    """Graphe résiduel, arcs groupés par origine."""

    debuts: Entiers
    tetes: Entiers
    couts: Entiers


def _residuel(reseau: Reseau, flot: Entiers, *, renverse: bool) -> _Residuel:
    libre, porte = flot < reseau.capacites, flot > 0
    queues = np.concatenate((reseau.queues[libre], reseau.tetes[porte]))
    tetes = np.concatenate((reseau.tetes[libre], reseau.queues[porte]))
    couts = np.concatenate((reseau.couts[libre], -reseau.couts[porte]))
    if renverse:
        queues, tetes = tetes, queues
    ordre = np.argsort(queues, kind="stable")
    debuts = np.searchsorted(queues[ordre], np.arange(reseau.sommets + 1))
    return _Residuel(debuts, tetes[ordre], couts[ordre])


def _plus_courts(graphe: _Residuel, depart: Entiers) -> Entiers:
    """Les plus grandes valeurs au plus égales à `depart` qui respectent chaque arc (Bellman-Ford, par fronts).

    Erreur : `RuntimeError` s'il existe un cycle négatif, c'est-à-dire si le flot n'était pas optimal.
    """
    sommets = len(graphe.debuts) - 1
    valeurs = depart.copy()
    front = np.arange(sommets)
    touches = np.zeros(sommets, dtype=np.bool_)
    for _ in range(sommets + 1):
        nombres = graphe.debuts[front + 1] - graphe.debuts[front]
        total = int(nombres.sum())
        if not total:
            return valeurs
        decalages = np.repeat(graphe.debuts[front] - (np.cumsum(nombres) - nombres), nombres)
        arcs = decalages + np.arange(total)
        propositions = np.repeat(valeurs[front], nombres) + graphe.couts[arcs]
        cibles = graphe.tetes[arcs]
        mieux = propositions < valeurs[cibles]
        np.minimum.at(valeurs, cibles[mieux], propositions[mieux])
        touches[cibles[mieux]] = True
        front = np.flatnonzero(touches)
        touches[front] = False
    raise RuntimeError("Cycle de coût négatif : le flot n'est pas optimal.")


def prix(reseau: Reseau, flot: Entiers, precedents: Prix | None = None) -> Prix:
    """Des prix duaux optimaux pour ce flot, choisis pour qu'un graphe creux laisse peu de paires à ajouter.

    Les prix optimaux forment un treillis : on prend d'abord le milieu de ses deux bouts, ensuite les plus proches des
    `precedents`. Puis on baisse chaque candidat et on relève chaque besoin autant que le flot le permet. Aucun de ces
    choix ne change la borne. Erreur : `RuntimeError` si le flot n'est pas optimal.
    """
    zeros = np.zeros(reseau.sommets, dtype=np.int64)
    if precedents is None:
        haut = _plus_courts(_residuel(reseau, flot, renverse=False), zeros)
        bas = -_plus_courts(_residuel(reseau, flot, renverse=True), zeros)
        potentiels = (haut + bas) // 2
    else:
        potentiels = _plus_courts(_residuel(reseau, flot, renverse=False), precedents.tous)
    return tendre(reseau, flot, potentiels)


def tendre(reseau: Reseau, flot: Entiers, potentiels: Entiers) -> Prix:
    """Baisse chaque candidat et relève chaque besoin autant que le flot le permet ; modifie `potentiels`."""
    n, m = reseau.n, reseau.m
    potentiels[n : n + m] = _candidats_au_plus_bas(reseau, flot, potentiels)
    potentiels[:n] = _besoins_au_plus_haut(reseau, flot, potentiels)
    return Prix(potentiels[:n], potentiels[n : n + m], potentiels, _borne(reseau, potentiels))


def _candidats_au_plus_bas(reseau: Reseau, flot: Entiers, potentiels: Entiers) -> Entiers:
    n, m = reseau.n, reseau.m
    bas = np.full(reseau.sommets, -_INFINI, dtype=np.int64)
    sorties = (flot < reseau.capacites) & (reseau.queues >= n) & (reseau.queues < n + m)
    np.maximum.at(bas, reseau.queues[sorties], potentiels[reseau.tetes[sorties]] - reseau.couts[sorties])
    paires = _paires_portees(reseau, flot)
    np.maximum.at(bas, reseau.tetes[paires], potentiels[reseau.queues[paires]] + reseau.couts[paires])
    bas, actuels = bas[n : n + m], potentiels[n : n + m]
    return np.where(bas > -_INFINI, bas, actuels)


def _besoins_au_plus_haut(reseau: Reseau, flot: Entiers, potentiels: Entiers) -> Entiers:
    n, m = reseau.n, reseau.m
    haut = np.full(reseau.sommets, _INFINI, dtype=np.int64)
    acces = (flot < reseau.capacites) & (reseau.queues >= n + m)
    np.minimum.at(haut, reseau.tetes[acces], potentiels[reseau.queues[acces]] + reseau.couts[acces])
    paires = _paires_portees(reseau, flot)
    np.minimum.at(haut, reseau.queues[paires], potentiels[reseau.tetes[paires]] - reseau.couts[paires])
    return np.where(haut[:n] < _INFINI, haut[:n], potentiels[:n])


def _paires_portees(reseau: Reseau, flot: Entiers) -> Booleens:
    return (flot > 0) & (reseau.queues < reseau.n)


def _borne(reseau: Reseau, potentiels: Entiers) -> int:
    """Valeur duale : aucun flot de ces débits, sur ce réseau, ne coûte moins."""
    reduits = reseau.couts + potentiels[reseau.queues] - potentiels[reseau.tetes]
    return int((reseau.capacites * np.minimum(reduits, 0)).sum() - (potentiels * reseau.apports).sum())
