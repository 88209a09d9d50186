"""Courriels des dispenses : à l'ANCT ce qu'elle doit lire, à la personne et à la structure ce qui est décidé."""

from dataclasses import dataclass
from typing import Self

from conum.formations.emails import EXEMPLE, SurInscription


@dataclass(frozen=True)
class SurDispense(SurInscription):
    certificat: str = "premier certificat de compétences professionnelles (CCP1), obtenu le 12/06/2022"


@dataclass(frozen=True)
class DispenseAExaminer(SurDispense):
    """À l'ANCT : un certificat attend d'être lu."""

    code = "formations/dispense_a_examiner"
    sujet = "{structure} : dispense de formation à examiner ({reference})"

    @classmethod
    def exemple(cls) -> Self:
        return cls(**EXEMPLE)


@dataclass(frozen=True)
class DispenseAccordee(SurDispense):
    """À la personne et à la structure : plus de formation initiale à suivre."""

    code = "formations/dispense_accordee"
    sujet = "Dispense de formation accordée : {personne} ({reference})"

    @classmethod
    def exemple(cls) -> Self:
        return cls(**EXEMPLE)


@dataclass(frozen=True)
class DispenseRefusee(SurDispense):
    """À la personne et à la structure : pourquoi, et que faire."""

    code = "formations/dispense_refusee"
    sujet = "Dispense de formation refusée ({reference})"
    motif: str = "Le certificat déposé est une attestation de présence, pas un diplôme."

    @classmethod
    def exemple(cls) -> Self:
        return cls(**EXEMPLE)
