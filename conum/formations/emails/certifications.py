"""Courriels des certifications : une absence sans raison, un délai passé sans présentation."""

from dataclasses import dataclass
from typing import Self

from conum.courriels.messages import Message
from conum.formations.emails import EXEMPLE, SurInscription


@dataclass(frozen=True)
class AbsenceCertification(SurInscription):
    """À la structure et à l'ANCT : la personne ne s'est pas présentée, et n'a pas dit pourquoi."""

    code = "formations/absence_certification"
    sujet = "Absence à une certification : {personne} ({reference})"
    certification: str = "Certification Pix"
    le: str = "12/06/2026"
    suite: str = "Se présenter avant le 30/09/2026."

    @classmethod
    def exemple(cls) -> Self:
        return cls(**EXEMPLE)


@dataclass(frozen=True)
class CertificationEnRetard(SurInscription):
    """À la personne et à la structure : six mois après la formation, une certification n'a pas été passée."""

    code = "formations/certification_en_retard"
    sujet = "Certification à passer : {personne} ({reference})"
    certifications: str = "CCP1 du titre professionnel « Médiateur numérique », Certification Pix"
    limite: str = "30/09/2026"

    @classmethod
    def exemple(cls) -> Self:
        return cls(**EXEMPLE)


@dataclass(frozen=True)
class CertificationsEnRetard(Message):
    """À l'ANCT, une fois par jour au plus : combien de personnes ont dépassé le délai."""

    code = "formations/certifications_en_retard"
    sujet = "Certifications : délai dépassé pour {nombre} personne(s)"
    nombre: int
    lien: str

    @classmethod
    def exemple(cls) -> Self:
        return cls(nombre=3, lien="https://conum.example/espace/7/formations/certifications/?onglet=retards")
