"""Engagements datés de la structure et niveaux de service. Sources : facts-and-asks § 1.3 et 1.4."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Protocol

from conum.demandes.rules import DELAI_RECRUTEMENT, dans_mois, mois_pour_choisir
from conum.recrutement.rules.relation import DELAI_SIGNATURE, RAPPELS

PROPOSITIONS_MIN = 5
"""En dessous, une part en pour cent ne dit rien d'un département : on écrit « trop peu de propositions »."""


class EtatEngagement(StrEnum):
    A_VENIR = "a_venir"
    TENU = "tenu"
    EN_RETARD = "en_retard"


LIBELLES_ETATS = {
    EtatEngagement.A_VENIR: "À venir",
    EtatEngagement.TENU: "Tenu",
    EtatEngagement.EN_RETARD: "En retard",
}
ENGAGEMENTS = {
    "choisir": "Choisir un candidat pour chaque poste",
    "signer": "Signer le contrat dans les 15 jours qui suivent l'accord du candidat",
    "recruter": "Pourvoir chaque poste",
}


class Attribution(Protocol):
    """Ce qu'il faut savoir d'un recrutement : les délais se comptent de l'attribution."""

    type_poste: str
    attribue_le: date
    premier: bool


@dataclass(frozen=True)
class Engagement:
    """Un engagement et sa date. `limite` est vide tant que rien ne la fait courir ; `jours` : jours de retard."""

    code: str
    libelle: str
    limite: date | None
    fait_le: date | None
    etat: EtatEngagement
    jours: int = 0

    @property
    def libelle_etat(self) -> str:
        return LIBELLES_ETATS[self.etat]

    @property
    def en_retard(self) -> bool:
        return self.etat == EtatEngagement.EN_RETARD


def mois_pour_recruter(*, premier: bool) -> int:
    return DELAI_RECRUTEMENT["initiale" if premier else "ajout"]


def engagements_de(
    recrutement: Attribution,
    *,
    aujourdhui: date,
    choisi_le: date | None = None,
    accepte_le: date | None = None,
    signe_le: date | None = None,
    pourvu_le: date | None = None,
) -> list[Engagement]:
    """Les trois engagements d'un recrutement, dans l'ordre où ils se tiennent.

    `choisi_le` : le jour où la dernière offre nécessaire est partie (une par poste). `accepte_le` : le plus ancien
    accord encore sans contrat, à défaut le dernier signé, dont `signe_le` est la signature. `pourvu_le` : plus aucun
    poste vacant. La signature se compte de l'accord du candidat : avant lui, la structure ne peut pas signer.
    """
    choix = dans_mois(recrutement.attribue_le, mois_pour_choisir(recrutement.type_poste))
    fin = dans_mois(recrutement.attribue_le, mois_pour_recruter(premier=recrutement.premier))
    # Un coordinateur se choisit en six mois : il ne peut pas devoir être recruté plus tôt.
    return [
        _engagement("choisir", choix, choisi_le, aujourdhui),
        _engagement("signer", accepte_le + DELAI_SIGNATURE if accepte_le else None, signe_le, aujourdhui),
        _engagement("recruter", max(fin, choix), pourvu_le, aujourdhui),
    ]


def _engagement(code: str, limite: date | None, fait_le: date | None, aujourdhui: date) -> Engagement:
    fin = fait_le or aujourdhui
    jours = max((fin - limite).days, 0) if limite else 0
    en_cours = EtatEngagement.EN_RETARD if jours else EtatEngagement.A_VENIR
    etat = EtatEngagement.TENU if fait_le else en_cours
    return Engagement(code, ENGAGEMENTS[code], limite, fait_le, etat, jours)


def delais_de_rappel(*, signature: bool) -> tuple[timedelta, ...]:
    """Les rappels d'une attente : à 3 et 7 jours ; l'accord sans contrat en a un de plus, quand le délai est passé."""
    return (*RAPPELS, DELAI_SIGNATURE) if signature else RAPPELS


def rang_du_rappel(depuis: datetime, maintenant: datetime, delais: Sequence[timedelta] = RAPPELS) -> int:
    """Le rang du dernier rappel dû (0 : aucun). Un travail en retard envoie celui-là, et celui-là seulement."""
    return sum(maintenant >= depuis + delai for delai in delais)


@dataclass(frozen=True)
class PriseEnCharge:
    """Des propositions auxquelles la structure a répondu en `jours` jours, parmi celles qu'on peut juger."""

    jours: int
    jugees: int
    repondues: int

    @property
    def suffisante(self) -> bool:
        return self.jugees >= PROPOSITIONS_MIN

    @property
    def part(self) -> float | None:
        """De 0 à 1 ; None quand il y en a trop peu pour en dire quelque chose."""
        return self.repondues / self.jugees if self.suffisante else None

    @property
    def pourcentage(self) -> int | None:
        """Arrondi vers le bas : « 100 % » veut dire toutes."""
        return self.repondues * 100 // self.jugees if self.suffisante else None
