"""Courriels des coordonnées bancaires. Jamais d'IBAN : seulement sa fin, et de quoi réagir à une fraude."""

from dataclasses import dataclass
from typing import Any, Self

from conum.courriels.messages import Message
from conum.versements.models import Rib

_EXEMPLE: dict[str, Any] = {
    "structure": "Communauté de communes des Trois Sources",
    "compte": "FR•• •••• •••• 0189",
    "titulaire": "CC des Trois Sources",
    "lien": "https://conum.example/espace/7/structures/12/coordonnees-bancaires/",
}


@dataclass(frozen=True)
class SurRib(Message):
    structure: str
    compte: str
    titulaire: str
    lien: str

    @classmethod
    def base(cls, rib: Rib, lien: str) -> dict[str, Any]:
        return {"structure": rib.beneficiaire.nom, "compte": rib.masque, "titulaire": rib.titulaire, "lien": lien}


@dataclass(frozen=True)
class RibPropose(SurRib):
    """À toute la structure et à qui avait donné le compte précédent : un fraudeur ne passe pas sans bruit."""

    code = "versements/rib_propose"
    sujet = "{structure} : un nouveau compte bancaire a été saisi"
    auteur: str = "Camille Martin"
    ancien: str = ""

    @classmethod
    def exemple(cls) -> Self:
        return cls(**_EXEMPLE, ancien="FR•• •••• •••• 2606")


@dataclass(frozen=True)
class RibAConfirmer(SurRib):
    """À l'ANCT : une seconde personne vérifie."""

    code = "versements/rib_a_confirmer"
    sujet = "{structure} : coordonnées bancaires à confirmer"
    auteur: str = "Camille Martin"

    @classmethod
    def exemple(cls) -> Self:
        return cls(**_EXEMPLE)


@dataclass(frozen=True)
class RibConfirme(SurRib):
    code = "versements/rib_confirme"
    sujet = "{structure} : le compte bancaire est changé"
    ancien: str = ""

    @classmethod
    def exemple(cls) -> Self:
        return cls(**_EXEMPLE, ancien="FR•• •••• •••• 2606")


@dataclass(frozen=True)
class RibEcarte(SurRib):
    """Refusées, ou retirées par l'ANCT."""

    code = "versements/rib_ecarte"
    sujet = "{structure} : coordonnées bancaires {decision}"
    decision: str = "refusées"
    motif: str = ""

    @classmethod
    def exemple(cls) -> Self:
        return cls(**_EXEMPLE, motif="Le titulaire n'est pas la structure.")
