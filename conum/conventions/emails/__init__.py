"""Courriels des conventions : à la structure ce qu'elle a à faire ou ce qui est décidé, à l'ANCT ce qui l'attend."""

from dataclasses import dataclass
from typing import Any

from conum.conventions.models import Convention
from conum.courriels.messages import Message

EXEMPLE: dict[str, Any] = {
    "reference": "CV-00042",
    "structure": "Communauté de communes des Trois Sources",
    "periode": "du 01/03/2026 au 28/02/2029",
    "lien": "https://conum.example/espace/7/conventions/42/",
}


@dataclass(frozen=True)
class SurConvention(Message):
    """Ce que tout message dit : de quelle convention il parle, et où la lire."""

    reference: str
    structure: str
    periode: str
    lien: str

    @classmethod
    def base(cls, convention: Convention, lien: str) -> dict[str, Any]:
        return {
            "reference": convention.reference,
            "structure": convention.structure.nom,
            "periode": convention.libelle_periode,
            "lien": lien,
        }
