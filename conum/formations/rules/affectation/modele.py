"""Les entrées de l'affectation : des tableaux, vérifiés une fois pour toutes."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt

Entiers = npt.NDArray[np.int64]
Reels = npt.NDArray[np.float64]
Booleens = npt.NDArray[np.bool_]
Tableau = npt.NDArray[Any]

MOTIF_MIN = 10
"""Un changement de niveau se justifie en au moins dix caractères."""
_TYPES: dict[str, type[Any]] = {
    "latitude": np.float64,
    "longitude": np.float64,
    "portee_km": np.float64,
    "a_distance": np.bool_,
}


@dataclass(frozen=True)
class Conseillers:
    """Les personnes qui attendent, tableaux à une dimension de même taille.

    `latitude`, `longitude` : degrés WGS84, du lieu d'exercice. `territoire` : un numéro par terre que la mer sépare des
    autres. `parcours` : numéro du parcours retenu au positionnement. `portee_km` : distance acceptée, incluse ; `inf`
    pour tout son territoire. `disponible` : premier jour possible ; `attend_depuis` : le jour où l'inscription s'est
    ouverte (`date.toordinal`).
    """

    latitude: Tableau
    longitude: Tableau
    territoire: Tableau
    parcours: Tableau
    portee_km: Tableau
    disponible: Tableau
    attend_depuis: Tableau

    def __post_init__(self) -> None:
        _uniformiser(self, "conseillers")
        if not np.all(self.portee_km >= 0):
            raise ValueError("conseillers : portee_km ne peut être ni négative ni indéfinie.")

    def __len__(self) -> int:
        return len(self.latitude)


@dataclass(frozen=True)
class Sessions:
    """Les sessions ouvertes. `places` : celles qui restent ; `a_distance` : le lieu n'y compte pas."""

    latitude: Tableau
    longitude: Tableau
    territoire: Tableau
    parcours: Tableau
    debut: Tableau
    places: Tableau
    a_distance: Tableau

    def __post_init__(self) -> None:
        _uniformiser(self, "sessions")
        if not np.all(self.places >= 0):
            raise ValueError("sessions : places ne peut pas être négatif.")

    def __len__(self) -> int:
        return len(self.latitude)


@dataclass(frozen=True, slots=True)
class Derogation:
    """Un autre parcours que celui du positionnement, et pourquoi : décidé par l'organisme, jamais par le calcul."""

    parcours: int
    motif: str


def parcours_a_suivre(conseillers: Conseillers, derogations: Mapping[int, Derogation]) -> Entiers:
    """Le parcours de chacun, dérogations comprises.

    Raises:
        ValueError: une dérogation désigne un rang inconnu, ou n'a pas de motif.
    """
    parcours: Entiers = np.array(conseillers.parcours, dtype=np.int64)
    for rang, derogation in derogations.items():
        if not 0 <= rang < len(conseillers):
            raise ValueError(f"dérogation : le rang {rang} ne désigne aucun conseiller.")
        if len(derogation.motif.strip()) < MOTIF_MIN:
            raise ValueError(f"Un changement de niveau se justifie en au moins {MOTIF_MIN} caractères (rang {rang}).")
        parcours[rang] = derogation.parcours
    return parcours


def _uniformiser(objet: Conseillers | Sessions, nom: str) -> None:
    """Met chaque tableau dans son type et le rend immuable."""
    taille: int | None = None
    for champ in fields(objet):
        tableau = np.asarray(getattr(objet, champ.name))
        attendu = _TYPES.get(champ.name, np.int64)
        if tableau.ndim != 1:
            raise ValueError(f"{nom} : {champ.name} doit être un tableau à une dimension.")
        if len(tableau) and not np.can_cast(tableau.dtype, attendu, casting="same_kind"):
            raise ValueError(f"{nom} : {champ.name} n'est pas du type attendu ({attendu.__name__}).")
        if taille is not None and len(tableau) != taille:
            raise ValueError(f"{nom} : {champ.name} a {len(tableau)} valeurs, {taille} sont attendues.")
        taille = len(tableau)
        tableau = tableau.astype(attendu, copy=True)
        tableau.flags.writeable = False
        object.__setattr__(objet, champ.name, tableau)
    if not np.all(np.abs(objet.latitude) <= 90) or not np.all(np.abs(objet.longitude) <= 180):
        raise ValueError(f"{nom} : des coordonnées sortent du globe.")
