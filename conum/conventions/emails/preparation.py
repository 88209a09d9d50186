"""Courriels de la préparation : convention à signer, document retiré, convention annulée."""

from dataclasses import dataclass
from typing import Self

from conum.conventions.emails import EXEMPLE, SurConvention


@dataclass(frozen=True)
class ConventionASigner(SurConvention):
    """À la structure : le document est prêt, voici le montant et où le signer."""

    code = "conventions/a_signer"
    sujet = "Convention {reference} : à lire et à signer"
    montant: str = "50 000,00 €"
    postes: int = 1

    @classmethod
    def exemple(cls) -> Self:
        return cls(**EXEMPLE)


@dataclass(frozen=True)
class DocumentRetire(SurConvention):
    """À la structure : le document qu'elle avait reçu ne vaut plus, un autre suivra."""

    code = "conventions/document_retire"
    sujet = "Convention {reference} : le document à signer est retiré"
    motif: str = "La date de début était fausse."

    @classmethod
    def exemple(cls) -> Self:
        return cls(**EXEMPLE)


@dataclass(frozen=True)
class ConventionAnnulee(SurConvention):
    """À la structure : la convention n'ira pas à la signature, et pourquoi."""

    code = "conventions/annulee"
    sujet = "Convention {reference} annulée"
    motif: str = "La structure a rendu ses postes avant de signer."

    @classmethod
    def exemple(cls) -> Self:
        return cls(**EXEMPLE)
