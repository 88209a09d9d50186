"""Courriels des pièces : à la structure ce qui manque ou ce qui est refusé, à l'ANCT l'exemplaire à vérifier."""

from dataclasses import dataclass
from typing import Any, Self

from conum.conventions.emails import EXEMPLE, SurConvention

_EXEMPLE: dict[str, Any] = {**EXEMPLE, "lien": "https://conum.example/espace/7/conventions/pieces/12/"}


@dataclass(frozen=True)
class SurPiece(SurConvention):
    piece: str = "Avis de situation SIRENE de moins de trois mois"


@dataclass(frozen=True)
class PieceDemandee(SurPiece):
    """À la structure : l'ANCT a besoin d'une pièce de plus."""

    code = "conventions/piece_demandee"
    sujet = "Convention {reference} : une pièce à déposer"

    @classmethod
    def exemple(cls) -> Self:
        return cls(**_EXEMPLE)


@dataclass(frozen=True)
class PieceRefusee(SurPiece):
    """À la structure : ce qui ne va pas, et quoi déposer à la place."""

    code = "conventions/piece_refusee"
    sujet = "Convention {reference} : pièce refusée, une autre est attendue"
    motif: str = "L'avis date de plus de trois mois."

    @classmethod
    def exemple(cls) -> Self:
        return cls(**_EXEMPLE)


@dataclass(frozen=True)
class DossierComplet(SurPiece):
    """À la structure : toutes ses pièces sont validées, plus rien ne dépend d'elle avant la signature."""

    code = "conventions/dossier_complet"
    sujet = "Convention {reference} : toutes vos pièces sont validées"

    @classmethod
    def exemple(cls) -> Self:
        return cls(**_EXEMPLE)


@dataclass(frozen=True)
class ExemplaireAVerifier(SurConvention):
    """À l'ANCT : un exemplaire signé à la main attend d'être comparé au document."""

    code = "conventions/exemplaire_a_verifier"
    sujet = "{structure} : exemplaire signé à vérifier ({reference})"
    acte: str = "Convention initiale"

    @classmethod
    def exemple(cls) -> Self:
        return cls(**_EXEMPLE)
