"""Courriels de la prise de poste : à la personne, ce qui est enregistré ou annulé."""

from dataclasses import dataclass
from typing import Any, Self

from conum.courriels.messages import Message

_EXEMPLE: dict[str, Any] = {
    "contrat": "CT-00042",
    "structure": "Communauté de communes des Trois Sources",
    "le": "12/01/2026",
    "lien": "https://conum.example/espace/7/formations/inscriptions/42/",
}


@dataclass(frozen=True)
class SurPriseDePoste(Message):
    contrat: str
    structure: str
    le: str
    lien: str


@dataclass(frozen=True)
class PriseDePosteEnregistree(SurPriseDePoste):
    """À la personne : sa prise de poste est enregistrée."""

    code = "formations/prise_de_poste_enregistree"
    sujet = "Votre prise de poste du {le} est enregistrée"

    @classmethod
    def exemple(cls) -> Self:
        return cls(**_EXEMPLE)


@dataclass(frozen=True)
class PriseDePosteAnnulee(SurPriseDePoste):
    """À la personne : l'ANCT annule une prise de poste enregistrée à tort, et pourquoi."""

    code = "formations/prise_de_poste_annulee"
    sujet = "Votre prise de poste du {le} est annulée"
    motif: str = "La date saisie n'est pas la bonne."

    @classmethod
    def exemple(cls) -> Self:
        return cls(**_EXEMPLE)
