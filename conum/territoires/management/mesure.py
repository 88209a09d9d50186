"""Écart entre le fichier des communes et un relevé indépendant, jamais employé pour le construire."""

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from conum.territoires.fichier import Decoupage
from conum.territoires.rules import distance_km

RAYON_KM = 2.5
OBJECTIF_POPULATION = 0.87
OBJECTIF_MEDIANE_KM = 7.0


@dataclass(frozen=True)
class Mesure:
    """`population_proche` : part de la population à moins de `RAYON_KM` de son relevé ; médiane des autres en km.

    `communes` : celles dont le code est dans les deux fichiers, comptées une fois même si le relevé les répète.
    """

    communes: int
    population_proche: float
    mediane_du_reste_km: float
    mauvais_departement: list[str]
    introuvables: list[str]

    @property
    def atteinte(self) -> bool:
        return (
            self.population_proche >= OBJECTIF_POPULATION
            and self.mediane_du_reste_km < OBJECTIF_MEDIANE_KM
            and not self.mauvais_departement
            and not self.introuvables
        )


def lire_releve(chemin: Path) -> dict[str, dict[str, str]]:
    """Colonnes : code_insee, code_departement, latitude, longitude, population_2021 ; une ligne par code Insee."""
    with chemin.open(encoding="utf-8", newline="") as lu:
        return {ligne["code_insee"]: ligne for ligne in csv.DictReader(lu)}


def mesurer(decoupage: Decoupage, releve: dict[str, dict[str, str]]) -> Mesure:
    communes = {c.code: c for c in decoupage.communes}
    actuelle = {a.code: a.commune for a in decoupage.anciennes} | {code: code for code in communes}
    ecarts: list[tuple[float, int]] = []
    mauvais, introuvables = [], []
    for code, ligne in releve.items():
        if code not in actuelle:
            introuvables.append(code)
            continue
        if communes[actuelle[code]].departement != ligne["code_departement"]:
            mauvais.append(code)
        commune = communes.get(code)
        if commune and ligne["latitude"] and commune.latitude is not None and commune.longitude is not None:
            vrai = float(ligne["latitude"]), float(ligne["longitude"])
            ecart = distance_km((commune.latitude, commune.longitude), vrai)
            ecarts.append((ecart, int(ligne["population_2021"] or 0)))
    return Mesure(
        communes=len(ecarts),
        population_proche=_part(ecarts),
        mediane_du_reste_km=median([e for e, _ in ecarts if e > RAYON_KM] or [0.0]),
        mauvais_departement=mauvais,
        introuvables=introuvables,
    )


def _part(ecarts: Iterable[tuple[float, int]]) -> float:
    ecarts = list(ecarts)
    return sum(p for e, p in ecarts if e <= RAYON_KM) / (sum(p for _, p in ecarts) or 1)
