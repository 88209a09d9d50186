"""Courriels d'un passage de l'appariement : un par candidat, un par membre et par recrutement."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Self

from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from conum.comptes.models import Role
from conum.courriels.messages import Message
from conum.recrutement.emails.desinscription import lien_desinscription
from conum.recrutement.emails.desinscription_membre import lien_sans_rappels
from conum.recrutement.models import Candidat, MiseEnRelation, Recrutement
from conum.recrutement.rules.relation import DELAI_REPONSE

_LIEN = "https://conum.example/proposition/exemple/"
_JOUR = date(2026, 1, 31)


@dataclass(frozen=True)
class PostePropose:
    """Un poste, tel qu'un candidat le lit."""

    structure: str
    poste: str
    commune: str
    distance_km: int
    # Vide : dès que possible.
    debut: date | None
    precisions: str
    lien: str


@dataclass(frozen=True)
class CandidatPropose:
    """Un candidat, tel qu'une structure le lit avant qu'il accepte d'être contacté."""

    prenom: str
    commune: str
    distance_km: int
    disponible_le: date
    experience: bool
    diplome: bool
    lien: str


@dataclass(frozen=True)
class NouvellesPropositions(Message):
    """Au candidat : les postes qui lui sont proposés, chacun avec son lien."""

    code = "recrutement/nouvelles_propositions"
    sujet = "{titre}"
    confidentiel = True
    prenom: str
    titre: str
    postes: tuple[PostePropose, ...]
    jusqu_au: date
    delai: int = DELAI_REPONSE.days

    @classmethod
    def de(cls, candidat: Candidat, liens: Sequence[tuple[MiseEnRelation, str]]) -> Self:
        """`liens` : les mises en relation du candidat, la plus proche d'abord, et le lien personnel de chacune."""
        postes = tuple(_poste(relation, lien) for relation, lien in liens)
        return cls(
            prenom=candidat.prenom,
            titre=_titre_candidat(postes),
            postes=postes,
            jusqu_au=timezone.localdate() + DELAI_REPONSE,
            desabonnement=lien_desinscription(candidat),
        )

    @classmethod
    def exemple(cls) -> Self:
        poste = PostePropose(
            "Communauté de communes des Trois Sources", "Conseiller numérique", "Cognac (16)", 12, _JOUR,
            "Permanences dans trois communes, véhicule de service.", _LIEN,
        )  # fmt: skip
        return cls("Inès", _titre_candidat((poste, poste)), (poste, poste), _JOUR)


def _poste(relation: MiseEnRelation, lien: str) -> PostePropose:
    recrutement: Recrutement = relation.recrutement
    return PostePropose(
        structure=recrutement.structure.nom,
        poste=recrutement.get_type_poste_display(),
        commune=str(recrutement.commune),
        distance_km=round(relation.distance_km or 0),
        debut=recrutement.debut if recrutement.debut > timezone.localdate() else None,
        precisions=recrutement.precisions,
        lien=lien,
    )


def _titre_candidat(postes: tuple[PostePropose, ...]) -> str:
    if len(postes) == 1:
        return f"Un poste de conseiller numérique vous est proposé : {postes[0].structure}"
    return f"{len(postes)} postes de conseiller numérique vous sont proposés"


@dataclass(frozen=True)
class NouveauxCandidats(Message):
    """À chaque membre de la structure : les candidats proposés pour un recrutement, chacun avec son lien."""

    code = "recrutement/nouveaux_candidats"
    sujet = "{titre}"
    confidentiel = True
    structure: str
    titre: str
    reference: str
    poste: str
    commune: str
    candidats: tuple[CandidatPropose, ...]
    lien: str
    jusqu_au: date
    delai: int = DELAI_REPONSE.days

    @classmethod
    def de(
        cls, recrutement: Recrutement, liens: Sequence[tuple[MiseEnRelation, str]], role: Role, *, refusable: bool
    ) -> Self:
        """`refusable` : porte le lien de désabonnement du membre ; sinon le message engage la structure."""
        candidats = tuple(_candidat(relation, lien) for relation, lien in liens)
        commune = str(recrutement.commune)
        return cls(
            structure=recrutement.structure.nom,
            titre=_titre_structure(len(candidats), commune),
            reference=recrutement.reference,
            poste=recrutement.get_type_poste_display(),
            commune=commune,
            candidats=candidats,
            lien=settings.SITE_URL + reverse("recrutement:recrutements", args=[role.pk]),
            jusqu_au=timezone.localdate() + DELAI_REPONSE,
            desabonnement=lien_sans_rappels(role) if refusable else "",
        )

    @classmethod
    def exemple(cls) -> Self:
        candidats = (
            CandidatPropose("Inès", "Jarnac (16)", 12, _JOUR, True, False, _LIEN),
            CandidatPropose("Malik", "Cognac (16)", 0, _JOUR, False, True, _LIEN),
        )
        return cls(
            "Communauté de communes des Trois Sources", _titre_structure(2, "Cognac (16)"), "R-00042",
            "Conseiller numérique", "Cognac (16)", candidats, _LIEN, _JOUR,
        )  # fmt: skip


def _candidat(relation: MiseEnRelation, lien: str) -> CandidatPropose:
    candidat: Candidat = relation.candidat
    assert candidat.disponible_le is not None
    return CandidatPropose(
        prenom=candidat.prenom,
        commune=str(candidat.commune),
        distance_km=round(relation.distance_km or 0),
        disponible_le=candidat.disponible_le,
        experience=candidat.experience,
        diplome=candidat.diplome,
        lien=lien,
    )


def _titre_structure(nombre: int, commune: str) -> str:
    if nombre == 1:
        return f"Un candidat vous est proposé pour votre recrutement à {commune}"
    return f"{nombre} candidats vous sont proposés pour votre recrutement à {commune}"
