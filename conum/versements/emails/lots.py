"""Courriels des lots, entre agents de l'ANCT : ni compte ni structure, seulement un total et un lien."""

from dataclasses import dataclass
from typing import Any, Self

from conum.courriels.messages import Message
from conum.socle.texte import euros
from conum.versements.models import Lot

_EXEMPLE: dict[str, Any] = {
    "reference": "LOT-00042",
    "nombre": 128,
    "total": "1 600 000,00 €",
    "execution_le": "15/03/2027",
    "auteur": "Camille Martin",
    "lien": "https://conum.example/espace/1/lots/42/",
}


@dataclass(frozen=True)
class SurLot(Message):
    reference: str
    nombre: int
    total: str
    execution_le: str
    auteur: str
    lien: str

    @classmethod
    def base(cls, lot: Lot, nombre: int, total: Any, auteur: str, lien: str) -> dict[str, Any]:
        return {
            "reference": lot.reference,
            "nombre": nombre,
            "total": euros(total),
            "execution_le": f"{lot.execution_le:%d/%m/%Y}",
            "auteur": auteur,
            "lien": lien,
        }


@dataclass(frozen=True)
class LotAApprouver(SurLot):
    code = "versements/lot_a_approuver"
    sujet = "{reference} à approuver : {total}"

    @classmethod
    def exemple(cls) -> Self:
        return cls(**_EXEMPLE)


@dataclass(frozen=True)
class LotRenvoye(SurLot):
    """À qui l'avait préparé."""

    code = "versements/lot_renvoye"
    sujet = "{reference} vous est renvoyé"
    motif: str = ""

    @classmethod
    def exemple(cls) -> Self:
        return cls(**_EXEMPLE, motif="La date d'exécution tombe un jour férié.")
