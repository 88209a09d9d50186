"""Réponses de l'API Découpage administratif. Documentation : https://geo.api.gouv.fr/decoupage-administratif.

Les champs inconnus sont ignorés ; population, EPCI et centre manquent pour quelques communes.
"""

from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, Field


class GeoApiIndisponible(Exception):
    """L'API ne répond pas, ou d'une façon qu'on ne sait pas lire : réessayer plus tard."""


class _Tolerant(BaseModel):
    model_config = ConfigDict(extra="ignore")


class RegionLue(_Tolerant):
    code: str
    nom: str


class DepartementLu(_Tolerant):
    code: str
    nom: str
    region: str = Field(alias="codeRegion")


class EpciLu(_Tolerant):
    code: str
    nom: str


class Centre(_Tolerant):
    """GeoJSON : longitude puis latitude."""

    coordinates: tuple[float, float]


class CommuneLue(_Tolerant):
    code: str
    nom: str
    departement: str = Field(alias="codeDepartement")
    epci: str | None = Field(default=None, alias="codeEpci")
    codes_postaux: list[str] = Field(default_factory=list, alias="codesPostaux")
    population: int | None = None
    centre: Centre | None = None


class PartieLue(_Tolerant):
    """Commune déléguée ou associée : `chef_lieu` est le code de sa commune d'aujourd'hui."""

    code: str
    nom: str
    type: str
    chef_lieu: str = Field(alias="chefLieu")


@dataclass(frozen=True)
class Referentiel:
    regions: list[RegionLue]
    departements: list[DepartementLu]
    epcis: list[EpciLu]
    communes: list[CommuneLue]
    parties: list[PartieLue]
