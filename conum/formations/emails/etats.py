"""Courriels des états récapitulatifs : à l'ANCT ce qu'elle doit valider, à l'organisme ce qui est décidé."""

from dataclasses import dataclass
from typing import Any, Self

from conum.courriels.messages import Message
from conum.formations.models import EtatRecapitulatif
from conum.socle.texte import euros

_EXEMPLE: dict[str, Any] = {
    "reference": "ER-00042",
    "organisme": "La Fabrik",
    "mois": "10/2026",
    "total": "12 480,50 €",
    "lien": "https://conum.example/espace/7/formations/etats/42/",
}


@dataclass(frozen=True)
class SurEtat(Message):
    reference: str
    organisme: str
    mois: str
    total: str
    lien: str

    @classmethod
    def base(cls, etat: EtatRecapitulatif, lien: str) -> dict[str, Any]:
        return {
            "reference": etat.reference,
            "organisme": etat.organisme.nom,
            "mois": f"{etat.mois:%m/%Y}",
            "total": euros(etat.total),
            "lien": lien,
        }

    @classmethod
    def exemple(cls) -> Self:
        return cls(**_EXEMPLE)


@dataclass(frozen=True)
class EtatAValider(SurEtat):
    """À l'ANCT : un organisme demande à être payé."""

    code = "formations/etat_a_valider"
    sujet = "{organisme} : état {reference} à valider, {total}"


@dataclass(frozen=True)
class EtatConteste(SurEtat):
    """À l'organisme : ce qui ne va pas."""

    code = "formations/etat_conteste"
    sujet = "État {reference} contesté : à corriger"
    motif: str = "Trois demi-journées du 12 octobre ne sont pas celles de cette session."


@dataclass(frozen=True)
class EtatValide(SurEtat):
    """À l'organisme : l'état va être payé."""

    code = "formations/etat_valide"
    sujet = "État {reference} validé : {total}"
