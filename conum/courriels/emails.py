from dataclasses import dataclass
from typing import Self

from conum.courriels.messages import Message


@dataclass(frozen=True)
class Essai(Message):
    """Vérifie le réglage d'envoi d'une installation : `bin/manage essayer_courriel ADRESSE`."""

    code = "courriels/essai"
    sujet = "Essai d’envoi de {nom_du_service}"
    depuis: str

    @classmethod
    def exemple(cls) -> Self:
        return cls(depuis="conum.example")
