"""Courriels des formations : ce que tout message sur une inscription dit, quel que soit son destinataire."""

from dataclasses import dataclass
from typing import Any

from conum.courriels.messages import Message
from conum.formations.models import Inscription

EXEMPLE: dict[str, Any] = {
    "reference": "FO-00042",
    "personne": "Camille Martin",
    "structure": "Communauté de communes des Trois Sources",
    "lien": "https://conum.example/espace/7/formations/inscriptions/42/",
}


@dataclass(frozen=True)
class SurInscription(Message):
    """Ce que tout message dit : de quelle formation il parle, et où la lire."""

    reference: str
    personne: str
    structure: str
    lien: str

    @classmethod
    def base(cls, inscription: Inscription, lien: str) -> dict[str, Any]:
        structure = inscription.contrat.structure
        return {
            "reference": inscription.reference,
            "personne": inscription.personne.get_full_name(),
            "structure": structure.nom if structure else "",
            "lien": lien,
        }
