"""Courriels d'une candidature : confirmer son adresse, rester disponible, ce qui s'efface, ce que l'ANCT décide."""

from dataclasses import dataclass
from datetime import date
from typing import Self

from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from conum.courriels.messages import Message
from conum.recrutement.emails.desinscription import lien_desinscription
from conum.recrutement.models import Candidat
from conum.recrutement.rules import candidature as regles

_EXEMPLE_LIEN = "https://conum.example/candidature/exemple/"
_EXEMPLE_JOUR = date(2026, 1, 31)


def lien(nom: str, *args: object) -> str:
    return settings.SITE_URL + reverse(f"recrutement:{nom}", args=args)


def lien_espace(candidat: Candidat) -> str:
    """La page de la candidature, à qui se connecte."""
    return lien("ma_candidature", candidat.role_id)


@dataclass(frozen=True)
class Confirmation(Message):
    """Prouver son adresse. Rien de ce que la personne a tapé n'y figure : l'adresse n'est pas encore la sienne."""

    code = "recrutement/candidature_confirmation"
    sujet = "Confirmez votre candidature de conseiller numérique"
    confidentiel = True
    priorite = 5
    lien: str
    expire_le: date

    @classmethod
    def de(cls, jeton: str, expire_le: date) -> Self:
        return cls(lien=lien("candidature_confirmer", jeton), expire_le=expire_le)

    @classmethod
    def exemple(cls) -> Self:
        return cls(lien=_EXEMPLE_LIEN, expire_le=_EXEMPLE_JOUR)


@dataclass(frozen=True)
class Reprise(Message):
    code = "recrutement/candidature_reprise"
    sujet = "Reprenez votre candidature de conseiller numérique"
    confidentiel = True
    priorite = 5
    lien: str
    expire_le: date

    @classmethod
    def de(cls, jeton: str) -> Self:
        return cls(lien=lien("candidature_reprendre", jeton), expire_le=timezone.localdate() + regles.DUREE_BROUILLON)

    @classmethod
    def exemple(cls) -> Self:
        return cls(lien=_EXEMPLE_LIEN, expire_le=_EXEMPLE_JOUR)


@dataclass(frozen=True)
class DejaInscrite(Message):
    """À qui a déjà une candidature : la page, elle, a répondu comme à tout le monde."""

    code = "recrutement/candidature_deja_inscrite"
    sujet = "Vous êtes déjà inscrit comme candidat"
    lien: str

    @classmethod
    def nouveau(cls) -> Self:
        return cls(lien=settings.SITE_URL + reverse("account_login"))

    @classmethod
    def exemple(cls) -> Self:
        return cls(lien=_EXEMPLE_LIEN)


@dataclass(frozen=True)
class Enregistree(Message):
    """Adresse prouvée : la candidature est au vivier, et voici la suite."""

    code = "recrutement/candidature_enregistree"
    sujet = "Votre candidature {reference} est enregistrée"
    prenom: str
    reference: str
    commune: str
    mobilite: str
    disponible_le: date
    mois: int
    lien: str

    @classmethod
    def de(cls, candidat: Candidat) -> Self:
        assert candidat.disponible_le is not None
        return cls(
            prenom=candidat.prenom,
            reference=candidat.reference,
            commune=str(candidat.commune),
            mobilite=candidat.get_mobilite_km_display(),  # type: ignore[attr-defined]
            disponible_le=candidat.disponible_le,
            mois=regles.MOIS_RECONFIRMATION,
            lien=lien_espace(candidat),
        )

    @classmethod
    def exemple(cls) -> Self:
        return cls(
            prenom="Inès", reference="C-00042", commune="Reims (51)", mobilite="20 km", disponible_le=_EXEMPLE_JOUR,
            mois=2, lien=_EXEMPLE_LIEN,
        )  # fmt: skip


@dataclass(frozen=True)
class DisponibiliteDemandee(Message):
    """Tous les deux mois : toujours disponible ? Le même message sert de rappel, avec le même lien."""

    code = "recrutement/disponibilite_demandee"
    sujet = "{objet}"
    confidentiel = True
    prenom: str
    lien: str
    avant_le: date
    rappel: bool = False

    @property
    def objet(self) -> str:
        return "Rappel : êtes-vous toujours disponible ?" if self.rappel else "Êtes-vous toujours disponible ?"

    def contexte(self) -> dict[str, object]:
        return super().contexte() | {"objet": self.objet}

    @classmethod
    def de(cls, candidat: Candidat, jeton: str, *, rappel: bool = False) -> Self:
        assert candidat.disponibilite_demandee_le is not None
        return cls(
            prenom=candidat.prenom,
            lien=lien("disponibilite_par_lien", jeton),
            avant_le=timezone.localdate(candidat.disponibilite_demandee_le) + regles.DELAI_RECONFIRMATION,
            rappel=rappel,
            desabonnement=lien_desinscription(candidat),
        )

    @classmethod
    def exemple(cls) -> Self:
        return cls(prenom="Inès", lien=_EXEMPLE_LIEN, avant_le=_EXEMPLE_JOUR, desabonnement=_EXEMPLE_LIEN)


@dataclass(frozen=True)
class PauseSansReponse(Message):
    """La question est restée sans réponse : la recherche attend, et se reprend d'un bouton."""

    code = "recrutement/disponibilite_pause"
    sujet = "Votre candidature est en pause"
    confidentiel = True
    prenom: str
    lien: str
    jours: int = regles.DELAI_RECONFIRMATION.days

    @classmethod
    def de(cls, candidat: Candidat, jeton: str) -> Self:
        return cls(
            prenom=candidat.prenom,
            lien=lien("disponibilite_par_lien", jeton),
            desabonnement=lien_desinscription(candidat),
        )

    @classmethod
    def exemple(cls) -> Self:
        return cls(prenom="Inès", lien=_EXEMPLE_LIEN, desabonnement=_EXEMPLE_LIEN)


@dataclass(frozen=True)
class _Decision(Message):
    prenom: str
    motif: str
    lien: str

    @classmethod
    def de(cls, candidat: Candidat, motif: str) -> Self:
        return cls(prenom=candidat.prenom, motif=motif, lien=lien_espace(candidat))

    @classmethod
    def exemple(cls) -> Self:
        return cls(prenom="Inès", motif="Deux candidatures portent la même identité.", lien=_EXEMPLE_LIEN)


@dataclass(frozen=True)
class Bloquee(_Decision):
    code = "recrutement/candidature_bloquee"
    sujet = "Votre candidature est bloquée par l'ANCT"


@dataclass(frozen=True)
class Debloquee(_Decision):
    code = "recrutement/candidature_debloquee"
    sujet = "Votre candidature n'est plus bloquée"


@dataclass(frozen=True)
class InactiviteAnnoncee(Message):
    """Trente, puis sept jours avant l'effacement d'une candidature dont la personne ne donne plus de nouvelles."""

    code = "recrutement/candidature_inactive"
    sujet = "Votre candidature sera effacée le {jour}"
    prenom: str
    le: date
    lien: str
    mois: int = round(regles.INACTIVITE.days / 30.44)

    def contexte(self) -> dict[str, object]:
        return super().contexte() | {"jour": f"{self.le:%d/%m/%Y}"}

    @classmethod
    def de(cls, candidat: Candidat, le: date) -> Self:
        return cls(prenom=candidat.prenom, le=le, lien=lien_espace(candidat))

    @classmethod
    def exemple(cls) -> Self:
        return cls(prenom="Inès", le=_EXEMPLE_JOUR, lien=_EXEMPLE_LIEN)


@dataclass(frozen=True)
class Effacee(Message):
    """Le dernier message, à l'adresse qui s'efface avec le reste."""

    code = "recrutement/candidature_effacee"
    sujet = "Vos données de candidat sont effacées"
    reference: str
    compte_efface: bool
    lien: str

    @classmethod
    def de(cls, candidat: Candidat, *, compte_efface: bool) -> Self:
        return cls(reference=candidat.reference, compte_efface=compte_efface, lien=lien("candidature"))

    @classmethod
    def exemple(cls) -> Self:
        return cls(reference="C-00042", compte_efface=True, lien=_EXEMPLE_LIEN)


@dataclass(frozen=True)
class CvEfface(Message):
    code = "recrutement/cv_efface"
    sujet = "Votre CV est effacé, vous pouvez en déposer un autre"
    prenom: str
    lien: str

    @classmethod
    def de(cls, candidat: Candidat) -> Self:
        return cls(prenom=candidat.prenom, lien=lien("cv", candidat.role_id))

    @classmethod
    def exemple(cls) -> Self:
        return cls(prenom="Inès", lien=_EXEMPLE_LIEN)
