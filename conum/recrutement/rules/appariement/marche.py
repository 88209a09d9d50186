"""Le marché à apparier : postes et candidats en tableaux, vérifiés une fois pour toutes à l'entrée."""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt

Entiers = npt.NDArray[np.int64]
Reels = npt.NDArray[np.float64]
Booleens = npt.NDArray[np.bool_]
Tableau = npt.NDArray[Any]

# Entre deux territoires, il y a la mer : la métropole (Corse comprise) en est un, chaque outre-mer un autre. Le rang
# dans cette liste est le numéro du territoire et son bit dans `territoires_choisis`.
TERRITOIRES = ("metropole", "971", "972", "973", "974", "975", "976", "977", "978", "986", "987", "988")
_NUMEROS = {code: numero for numero, code in enumerate(TERRITOIRES)}
# Dans un fichier, une mobilité d'au moins cette valeur veut dire « France entière ».
FRANCE_ENTIERE_KM = 2000.0
NIVEAU_MAXIMAL = 3


def territoire_de(code_insee: str) -> int:
    """Numéro du territoire d'une commune. Erreur : `ValueError` pour un outre-mer sans habitants ou inconnu.

    >>> territoire_de("2A004"), territoire_de("97209")
    (0, 2)
    """
    if code_insee[:2] not in {"97", "98"}:
        return 0
    try:
        return _NUMEROS[code_insee[:3]]
    except KeyError:
        raise ValueError(f"Le code {code_insee} n'est dans aucun territoire connu.") from None


def masque_de(territoires: Iterable[int]) -> int:
    """Les territoires choisis, en bits.

    >>> masque_de([0, 2])
    5
    """
    masque = 0
    for numero in territoires:
        masque |= 1 << numero
    return masque


@dataclass(frozen=True)
class Besoins:
    """Les demandeurs de propositions (un poste, ou une structure), tableaux à une dimension de même taille n.

    `latitude`, `longitude` : degrés WGS84. `debut` : prise de poste, en jours (`date.toordinal`). `a_servir` : combien
    de postes n'ont encore aucune proposition (ce sont eux qu'on sert d'abord). `capacite` : combien de propositions on
    peut encore faire ; si elle est plus petite que `a_servir`, elle l'emporte. `territoire` : voir `territoire_de`.
    `niveau` demandé : 0 indifférent, 1 débutant, 2 intermédiaire, 3 avancé.
    """

    latitude: Tableau
    longitude: Tableau
    debut: Tableau
    a_servir: Tableau
    capacite: Tableau
    territoire: Tableau
    niveau: Tableau

    def __post_init__(self) -> None:
        _uniformiser(self, "besoins")
        _verifier_bornes("besoins", "a_servir", self.a_servir, 0, None)
        _verifier_bornes("besoins", "niveau", self.niveau, 0, NIVEAU_MAXIMAL)

    def __len__(self) -> int:
        return len(self.latitude)


@dataclass(frozen=True)
class Candidats:
    """Les candidats, tableaux à une dimension de même taille m.

    `mobilite_km` : distance acceptée, incluse ; `inf` pour la France entière (de son territoire). `disponible` :
    premier jour possible (`date.toordinal`). `capacite` : propositions encore possibles. `deja_servi` : une proposition
    lui est déjà ouverte. `territoires_choisis` : bits des territoires où la personne accepte d'aller vivre
    (`masque_de`). `experience`, `diplome` : booléens. `palier` : niveau numérique communiqué, 1 à 3, ou 0.
    """

    latitude: Tableau
    longitude: Tableau
    mobilite_km: Tableau
    disponible: Tableau
    capacite: Tableau
    deja_servi: Tableau
    territoire: Tableau
    territoires_choisis: Tableau
    experience: Tableau
    diplome: Tableau
    palier: Tableau

    def __post_init__(self) -> None:
        _uniformiser(self, "candidats")
        if not np.all(self.mobilite_km >= 0):
            raise ValueError("candidats : mobilite_km ne peut être ni négative ni indéfinie.")
        _verifier_bornes("candidats", "territoires_choisis", self.territoires_choisis, 0, 2 ** len(TERRITOIRES) - 1)
        _verifier_bornes("candidats", "palier", self.palier, 0, NIVEAU_MAXIMAL)

    def __len__(self) -> int:
        return len(self.latitude)


_REELS = {"latitude", "longitude", "mobilite_km"}
_BOOLEENS = {"deja_servi", "experience", "diplome"}


def _uniformiser(objet: Besoins | Candidats, nom: str) -> None:
    """Met chaque tableau dans son type et vérifie ce qui vaut des deux côtés. Les tableaux deviennent immuables."""
    taille: int | None = None
    for champ in fields(objet):
        tableau = _convertir(nom, champ.name, getattr(objet, champ.name))
        if taille is not None and len(tableau) != taille:
            raise ValueError(f"{nom} : {champ.name} a {len(tableau)} valeurs, {taille} sont attendues.")
        taille = len(tableau)
        tableau.flags.writeable = False
        object.__setattr__(objet, champ.name, tableau)
    _verifier_bornes(nom, "latitude", objet.latitude, -90, 90)
    _verifier_bornes(nom, "longitude", objet.longitude, -180, 180)
    _verifier_bornes(nom, "capacite", objet.capacite, 0, None)
    _verifier_bornes(nom, "territoire", objet.territoire, 0, len(TERRITOIRES) - 1)


def _convertir(nom: str, champ: str, valeur: Any) -> Tableau:
    tableau = np.asarray(valeur)
    if tableau.ndim != 1:
        raise ValueError(f"{nom} : {champ} doit être un tableau à une dimension.")
    if champ in _REELS:
        attendu: type[Any] = np.float64
    elif champ in _BOOLEENS:
        attendu = np.bool_
    else:
        attendu = np.int64
    entier_attendu = attendu is np.int64 and tableau.dtype.kind not in "iu"
    booleen_attendu = attendu is np.bool_ and tableau.dtype.kind != "b"
    if len(tableau) and (entier_attendu or booleen_attendu or tableau.dtype.kind not in "iufb"):
        raise ValueError(f"{nom} : {champ} n'est pas du type attendu ({attendu.__name__}).")
    return tableau.astype(attendu, copy=True)


def _verifier_bornes(nom: str, champ: str, tableau: Tableau, bas: float, haut: float | None) -> None:
    # L'écriture positive refuse aussi nan.
    bon = tableau >= bas
    if haut is not None:
        bon &= tableau <= haut
    if not bon.all():
        borne = f"au moins {bas}" if haut is None else f"compris entre {bas} et {haut}"
        raise ValueError(f"{nom} : {champ} doit être {borne} (rang {int(np.flatnonzero(~bon)[0])}).")


def lire_exclues(exclues: tuple[Any, Any] | None, n: int, m: int) -> Entiers:
    """Codes triés `i * m + j` des paires exclues. Erreur : `ValueError` si un rang n'existe pas."""
    if exclues is None:
        return np.zeros(0, dtype=np.int64)
    i, j = (np.asarray(rangs) for rangs in exclues)
    if i.ndim != 1 or i.shape != j.shape:
        raise ValueError("exclues : deux tableaux à une dimension, de même taille, sont attendus.")
    if not len(i):
        return np.zeros(0, dtype=np.int64)
    if i.dtype.kind not in "iu" or j.dtype.kind not in "iu":
        raise ValueError("exclues : les rangs sont des entiers.")
    i, j = i.astype(np.int64), j.astype(np.int64)
    if i.min() < 0 or j.min() < 0 or i.max() >= n or j.max() >= m:
        raise ValueError("exclues : un rang ne désigne aucun besoin ou aucun candidat.")
    return np.unique(i * m + j)
