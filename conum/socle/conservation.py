"""Durées de conservation : des données, pas du code éparpillé (RGPD, article 5.1.e). Chaque app déclare les siennes."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone


@dataclass(frozen=True)
class Regle:
    """Une durée de conservation.

    Attributes:
        quoi: ce qui s'efface, en mots de l'usager ; identifie la règle.
        base: pourquoi cette durée.
        appliquer: efface ce qui est antérieur à la date donnée et rend le nombre d'éléments ; sans effet deux fois.
    """

    quoi: str
    duree: timedelta
    base: str
    appliquer: Callable[[datetime], int]


_regles: dict[str, Regle] = {}


def enregistrer(regle: Regle) -> None:
    """Déclare une règle, dans le jobs.py de l'app : le worker et les tests les importent tous."""
    if _regles.setdefault(regle.quoi, regle) is not regle:
        raise ValueError(f"Deux règles de conservation pour « {regle.quoi} ».")


def regles() -> list[Regle]:
    return sorted(_regles.values(), key=lambda regle: regle.quoi)


def appliquer(quoi: str) -> int:
    """Applique une règle aujourd'hui ; rend le nombre d'éléments effacés."""
    regle = _regles[quoi]
    with transaction.atomic():
        return regle.appliquer(timezone.now() - regle.duree)
