"""Règles des comptes, sans Django : qui invite qui, jusqu'à quand un compte reste."""

import calendar
import datetime as dt
from dataclasses import dataclass
from enum import Enum


class Portee(Enum):
    """Jusqu'où va le droit d'inviter."""

    TOUT = "tout"
    MEME_PERIMETRE = "même périmètre"


@dataclass(frozen=True)
class Qualite:
    """Un type de rôle et son périmètre : code de département, région, réseau ou hub ; vide s'il est national."""

    type: str
    perimetre: str = ""


# Qui gère les agents de qui. Les membres d'une structure sont invités depuis leur structure (conum/structures).
QUI_INVITE_QUI: dict[str, dict[str, Portee]] = {
    "anct": dict.fromkeys(("anct", "prefecture", "region", "reseau", "hub", "organisme"), Portee.TOUT),
    "prefecture": {"prefecture": Portee.MEME_PERIMETRE},
    "region": {"region": Portee.MEME_PERIMETRE},
    "reseau": {"reseau": Portee.MEME_PERIMETRE},
    "hub": {"hub": Portee.MEME_PERIMETRE},
    "organisme": {"organisme": Portee.MEME_PERIMETRE},
}


def peut_gerer(agent: Qualite, vise: Qualite) -> bool:
    """Vrai si l'agent peut inviter à cette qualité, ou la retirer."""
    portee = QUI_INVITE_QUI.get(agent.type, {}).get(vise.type)
    if portee is Portee.MEME_PERIMETRE:
        return bool(agent.perimetre) and agent.perimetre == vise.perimetre
    return portee is Portee.TOUT


MOIS_D_INACTIVITE = 30
"""Un compte sans connexion depuis 30 mois est rendu anonyme (durée annoncée dans la page Données personnelles)."""
AVERTISSEMENTS = (30, 7)
"""Jours avant l'effacement où la personne est prévenue."""
DELAI_MINIMAL = dt.timedelta(days=7)
"""Entre le dernier avertissement et l'effacement, même si le travail a pris du retard."""


def ajouter_mois(jour: dt.date, mois: int) -> dt.date:
    """Le même quantième, ou le dernier du mois s'il n'existe pas.

    >>> ajouter_mois(dt.date(2024, 8, 31), 30)
    datetime.date(2027, 2, 28)
    """
    annee, rang = divmod(jour.year * 12 + jour.month - 1 + mois, 12)
    return dt.date(annee, rang + 1, min(jour.day, calendar.monthrange(annee, rang + 1)[1]))


def effacement_prevu(derniere_activite: dt.date) -> dt.date:
    return ajouter_mois(derniere_activite, MOIS_D_INACTIVITE)
