"""Courriel de satisfaction : cinq questions, à la fin de la formation et trois mois après, et un rappel."""

from dataclasses import dataclass
from typing import Self

from conum.courriels.messages import Message


@dataclass(frozen=True)
class DonnerSonAvis(Message):
    """À l'apprenant : le lien qui répond une fois, sans se connecter."""

    code = "formations/donner_son_avis"
    sujet = "Votre formation chez {organisme} : donnez votre avis"
    confidentiel = True
    organisme: str
    lien: str
    dernier_jour: str
    apres_trois_mois: bool = False
    rappel: bool = False

    @classmethod
    def exemple(cls) -> Self:
        return cls(
            organisme="La Fabrik",
            lien="https://conum.example/formations/avis/…",
            dernier_jour="02/01/2027",
            rappel=True,
        )
