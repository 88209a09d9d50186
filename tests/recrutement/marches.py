"""Petits marchés pour les essais : constructeurs courts, tirage hypothesis, et l'optimum par force brute."""

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from hypothesis import strategies as st

from conum.recrutement.rules.appariement import Besoins, Candidats, Resultat
from conum.recrutement.rules.cout import DISTANCE, Ponderation, couts
from conum.territoires.rules import distance_km


def besoins(n: int, **champs: Any) -> Besoins:
    """n besoins au même endroit, un poste à servir chacun, trois propositions ; `champs` remplace."""
    defauts = {
        "latitude": 46.0,
        "longitude": 2.0,
        "debut": 100,
        "a_servir": 1,
        "capacite": 3,
        "territoire": 0,
        "niveau": 0,
    }
    return Besoins(**_tableaux(n, defauts, champs))


def candidats(m: int, **champs: Any) -> Candidats:
    """m candidats au même endroit, libres, sans aucune proposition ; `champs` remplace."""
    defauts = {
        "latitude": 46.0,
        "longitude": 2.0,
        "mobilite_km": 50.0,
        "disponible": 100,
        "capacite": 3,
        "deja_servi": False,
        "territoire": 0,
        "territoires_choisis": 0,
        "experience": False,
        "diplome": False,
        "palier": 0,
    }
    return Candidats(**_tableaux(m, defauts, champs))


def _tableaux(n: int, defauts: dict[str, Any], champs: dict[str, Any]) -> dict[str, Any]:
    return {
        nom: np.full(n, valeur) if nom not in champs else np.asarray(champs[nom]) for nom, valeur in defauts.items()
    }


@dataclass(frozen=True)
class Petit:
    """Un marché qu'on sait résoudre à la main."""

    besoins: Besoins
    candidats: Candidats
    exclues: tuple[Any, Any]
    ponderation: Ponderation

    def faisable(self, i: int, j: int) -> bool:
        b, c = self.besoins, self.candidats
        if (i, j) in set(zip(*(x.tolist() for x in self.exclues), strict=True)) or c.disponible[j] > b.debut[i]:
            return False
        if b.territoire[i] != c.territoire[j]:
            return bool(int(c.territoires_choisis[j]) >> int(b.territoire[i]) & 1)
        return self.km(i, j) <= c.mobilite_km[j] + 1e-6

    def km(self, i: int, j: int) -> float:
        b, c = self.besoins, self.candidats
        return distance_km((b.latitude[i], b.longitude[i]), (c.latitude[j], c.longitude[j]))

    def cout(self, i: int, j: int) -> int:
        b, c = self.besoins, self.candidats
        parts = couts(
            self.ponderation,
            distance_km=self.km(i, j),
            territoire_choisi=bool(b.territoire[i] != c.territoire[j]),
            acquis=bool(c.experience[j] or c.diplome[j]),
            niveau=int(b.niveau[i]),
            palier=int(c.palier[j]),
            attente_jours=int(b.debut[i] - c.disponible[j]),
        )
        return int(parts.total())

    def paires(self) -> list[tuple[int, int]]:
        """Les paires faisables entre un besoin et un candidat qui ont encore de la place."""
        b, c = self.besoins, self.candidats
        toutes = itertools.product(range(len(b)), range(len(c)))
        return [(i, j) for i, j in toutes if b.capacite[i] and c.capacite[j] and self.faisable(i, j)]


Valeurs = tuple[int, int, int, int]


def valeurs(petit: Petit, resultat: Resultat) -> Valeurs:
    """(postes servis, candidats servis, propositions, coût en millipoints), recomptés sur les paires rendues."""
    b, c = petit.besoins, petit.candidats
    recues = np.bincount(resultat.besoin, minlength=len(b))
    postes = int(np.minimum(recues, np.minimum(b.a_servir, b.capacite)).sum())
    servis = sum(not c.deja_servi[j] for j in set(resultat.candidat.tolist()))
    paires = zip(resultat.besoin.tolist(), resultat.candidat.tolist(), strict=True)
    return postes, servis, len(resultat), sum(petit.cout(i, j) for i, j in paires)


def force_brute(petit: Petit) -> Valeurs:
    """L'optimum lexicographique, besoin après besoin, sur l'état des capacités restantes des candidats."""
    b, c = petit.besoins, petit.candidats
    voisins: dict[int, list[int]] = {i: [] for i in range(len(b))}
    for i, j in petit.paires():
        voisins[i].append(j)
    # Pour un état donné, candidats servis et propositions sont connus : il reste à garder le plus de postes, au moindre
    # coût.
    etats = {tuple(int(x) for x in c.capacite): (0, 0)}
    for i, proches in voisins.items():
        suivants: dict[tuple[int, ...], tuple[int, int]] = {}
        for (etat, (postes, moins_cout)), choix in itertools.product(
            etats.items(), _choix(proches, int(b.capacite[i]))
        ):
            if any(not etat[j] for j in choix):
                continue
            reste = tuple(x - (j in choix) for j, x in enumerate(etat))
            gain = postes + min(len(choix), int(b.a_servir[i])), moins_cout - sum(petit.cout(i, j) for j in choix)
            suivants[reste] = max(gain, suivants.get(reste, (-1, -math.inf)))
        etats = suivants
    postes, servis, propositions, moins_cout = max(_valeur(petit, etat, *gain) for etat, gain in etats.items())
    return postes, servis, propositions, -int(moins_cout)


def _valeur(petit: Petit, etat: tuple[int, ...], postes: int, moins_cout: int) -> tuple[int, int, int, int]:
    c = petit.candidats
    pris = [int(avant) - apres for avant, apres in zip(c.capacite, etat, strict=True)]
    servis = sum(1 for j, nombre in enumerate(pris) if nombre and not c.deja_servi[j])
    return postes, servis, sum(pris), moins_cout


def _choix(proches: list[int], capacite: int) -> Iterator[tuple[int, ...]]:
    for taille in range(min(capacite, len(proches)) + 1):
        yield from itertools.combinations(proches, taille)


# Peu de lieux et peu de valeurs : les égalités et les limites exactes sont fréquentes.
_LIEUX = [(46.0, 2.0), (46.1, 2.0), (46.0, 2.2), (46.3, 2.1), (45.2, 3.0)]
TOUT = Ponderation("essai", DISTANCE.a_partir_du, 1.0, 40.0, 15.0, 20.0, 10.0, 0.5, 26.0)
GRATUITE = Ponderation("gratuite", DISTANCE.a_partir_du, 0.0, 0.0, 3.0, 0.0, 0.0, 1.0, 2.0)


@st.composite
def petits(tirer: st.DrawFn, n_max: int = 5, m_max: int = 6) -> Petit:
    n, m = tirer(st.integers(0, n_max)), tirer(st.integers(0, m_max))

    def liste(element: st.SearchStrategy[Any], taille: int) -> np.ndarray[Any, Any]:
        return np.array(tirer(st.lists(element, min_size=taille, max_size=taille)))

    def entiers(bas: int, haut: int, taille: int) -> np.ndarray[Any, Any]:
        return liste(st.integers(bas, haut), taille).astype(np.int64)

    def booleens(taille: int) -> np.ndarray[Any, Any]:
        return liste(st.booleans(), taille).astype(bool)

    lieux_b, lieux_c = (np.array(_LIEUX)[entiers(0, len(_LIEUX) - 1, taille)].reshape(-1, 2) for taille in (n, m))
    mobilites = [0.0, distance_km(_LIEUX[0], _LIEUX[1]), 20.0, 60.0, math.inf]
    b = besoins(
        n,
        latitude=lieux_b[:, 0],
        longitude=lieux_b[:, 1],
        debut=entiers(100, 103, n) * 7,
        a_servir=entiers(0, 2, n),
        capacite=entiers(0, 3, n),
        territoire=entiers(0, 1, n),
        niveau=entiers(0, 3, n),
    )
    c = candidats(
        m,
        latitude=lieux_c[:, 0],
        longitude=lieux_c[:, 1],
        mobilite_km=liste(st.sampled_from(mobilites), m).astype(float),
        disponible=entiers(98, 103, m) * 7,
        capacite=entiers(0, 3, m),
        deja_servi=booleens(m),
        territoire=entiers(0, 1, m),
        territoires_choisis=entiers(0, 3, m),
        experience=booleens(m),
        diplome=booleens(m),
        palier=entiers(0, 3, m),
    )
    exclues = [(i, j) for i in range(n) for j in range(m) if tirer(st.integers(0, 5)) == 0]
    ponderation = tirer(st.sampled_from([DISTANCE, TOUT, GRATUITE]))
    return Petit(b, c, tuple(np.array(exclues, dtype=np.int64).reshape(-1, 2).T), ponderation)
