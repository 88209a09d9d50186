"""Courriels de la fin d'une convention et de son renouvellement."""

from dataclasses import dataclass
from typing import Self

from conum.conventions.emails import EXEMPLE, SurConvention


@dataclass(frozen=True)
class ConventionResiliee(SurConvention):
    """À la structure : le dernier jour, pourquoi, et ce qui lui est dû à cette date."""

    code = "conventions/resiliee"
    sujet = "Convention {reference} résiliée"
    le: str = "30/06/2027"
    motif: str = "Tous les postes sont rendus"
    precision: str = ""
    montant: str = "31 250,00 €"

    @classmethod
    def exemple(cls) -> Self:
        return cls(**EXEMPLE, precision="La commune arrête la médiation numérique.")


@dataclass(frozen=True)
class ConventionTerminee(SurConvention):
    """À la structure : la convention est allée à son terme ; ce qui est dû, ce qui reste à faire."""

    code = "conventions/terminee"
    sujet = "Convention {reference} : le terme est passé"
    montant: str = "50 000,00 €"
    a_renouveler: bool = True

    @classmethod
    def exemple(cls) -> Self:
        return cls(**EXEMPLE)


@dataclass(frozen=True)
class RenouvellementDecline(SurConvention):
    """À l'ANCT : la structure ne souhaite pas renouveler."""

    code = "conventions/renouvellement_decline"
    sujet = "{structure} ne renouvelle pas la convention {reference}"
    motif: str = "La structure a des difficultés à recruter"

    @classmethod
    def exemple(cls) -> Self:
        return cls(**EXEMPLE)
