"""Courriels des avenants : à lire et à signer, ou abandonné."""

from dataclasses import dataclass
from typing import Self

from conum.conventions.emails import EXEMPLE, SurConvention


@dataclass(frozen=True)
class AvenantASigner(SurConvention):
    """À la structure : ce que l'avenant change, son montant, et où le signer."""

    code = "conventions/avenant_a_signer"
    sujet = "Convention {reference} : {titre} à lire et à signer"
    titre: str = "Avenant n° 1"
    objet: str = "Départ d'un conseiller, remplacé ou non"
    montant: str = "46 575,34 €"
    ecart: str = "−3 424,66 €"

    @classmethod
    def exemple(cls) -> Self:
        return cls(**EXEMPLE)


@dataclass(frozen=True)
class AvenantAbandonne(SurConvention):
    """À la structure, qui avait reçu l'avenant : il ne vaut plus, la convention reste ce qu'elle était."""

    code = "conventions/avenant_abandonne"
    sujet = "Convention {reference} : {titre} abandonné"
    titre: str = "Avenant n° 1"
    motif: str = "Le conseiller est finalement remplacé."

    @classmethod
    def exemple(cls) -> Self:
        return cls(**EXEMPLE)
