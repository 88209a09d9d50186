"""Courriels de la présence : signer sa demi-journée, tenir la feuille, une absence sans motif, une attestation."""

from dataclasses import dataclass, field
from typing import Self

from conum.courriels.messages import Message
from conum.formations.emails import EXEMPLE, SurInscription


@dataclass(frozen=True)
class SignerSaJournee(Message):
    """À l'apprenant : le lien qui signe ses demi-journées d'un jour, sans se connecter. Rien d'autre sur lui."""

    code = "formations/signer_sa_journee"
    sujet = "Formation du {jour} : signez votre présence"
    confidentiel = True
    jour: str
    heures: list[str]
    lien: str
    dernier_jour: str
    relance: bool = False
    personnel: bool = True
    """Faux quand le lien a expiré : il ne mène alors qu'à l'accueil."""

    @classmethod
    def exemple(cls) -> Self:
        return cls(
            jour="02/11/2026",
            heures=["de 09:00 à 12:30", "de 13:30 à 17:00"],
            lien="https://conum.example/formations/presence/…",
            dernier_jour="03/11/2026",
        )


@dataclass(frozen=True)
class TenirSeance(Message):
    """Au formateur : le lien de ses demi-journées du jour, où il dit qui est là et signe."""

    code = "formations/tenir_seance"
    sujet = "Formation du {jour} : votre feuille d’émargement"
    confidentiel = True
    jour: str
    session: str
    intitule: str
    heures: list[str]
    lien: str
    dernier_jour: str
    relance: bool = False

    @classmethod
    def exemple(cls) -> Self:
        return cls(
            jour="02/11/2026",
            session="SF-00042",
            intitule="Médiation numérique, parcours unique",
            heures=["de 09:00 à 12:30", "de 13:30 à 17:00"],
            lien="https://conum.example/formations/seances/…",
            dernier_jour="09/11/2026",
        )


@dataclass(frozen=True)
class AbsenceSansMotif(SurInscription):
    """À l'employeur, à la préfecture et à l'ANCT : une absence dont personne ne dit la raison."""

    code = "formations/absence_sans_motif"
    sujet = "{personne} absente sans motif en formation le {jour}"
    jour: str = "02/11/2026"
    session: str = "SF-00042"
    organisme: str = "La Fabrik"
    heures: list[str] = field(default_factory=list)

    @classmethod
    def exemple(cls) -> Self:
        return cls(**EXEMPLE, heures=["de 09:00 à 12:30"])


@dataclass(frozen=True)
class AttestationDelivree(SurInscription):
    """À la personne et à son employeur : l'attestation, et comment chacun la vérifie."""

    code = "formations/attestation_delivree"
    sujet = "Attestation de formation de {personne}"
    heures: str = "385 h"
    verification: str = "ABCD-EFGH-JKLM"

    @classmethod
    def exemple(cls) -> Self:
        return cls(**EXEMPLE)


@dataclass(frozen=True)
class AttestationAnnulee(SurInscription):
    """À la personne, à son employeur et à l'organisme : l'attestation ne vaut plus rien, et pourquoi."""

    code = "formations/attestation_annulee"
    sujet = "Attestation de formation de {personne} annulée"
    verification: str = "ABCD-EFGH-JKLM"
    motif: str = ""

    @classmethod
    def exemple(cls) -> Self:
        return cls(**EXEMPLE, motif="Des heures avaient été émargées par erreur.")
