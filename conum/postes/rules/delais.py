"""Délais d'un contrat et d'un poste. Sources : facts-and-asks § 1.6, programme-apps § 3.F, 3.G et 3.M."""

import calendar
import tomllib
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from itertools import pairwise
from pathlib import Path

FICHIER = Path(__file__).parent.parent / "donnees" / "remplacement.toml"
AVANT_PROLONGATION = timedelta(days=30)
"""Une prolongation se demande dans les trente derniers jours du contrat."""
MOIS_RUPTURE = 2
"""Une rupture se notifie au plus deux mois à l'avance (M+2)."""
ATTENTE_RUPTURE = timedelta(days=15)
"""Au-delà, une rupture notifiée et pas validée est une alarme."""


@dataclass(frozen=True, slots=True)
class DelaiRemplacement:
    """Le délai en vigueur à partir de `depuis`."""

    depuis: date
    mois: int
    source: str


@cache
def regles_de_remplacement() -> tuple[DelaiRemplacement, ...]:
    """Les règles successives, la plus ancienne d'abord.

    Raises:
        ValueError: le fichier n'est pas en ordre de date.
    """
    lues = tuple(DelaiRemplacement(**r) for r in tomllib.loads(FICHIER.read_text(encoding="utf-8"))["regles"])
    if any(a.depuis >= b.depuis for a, b in pairwise(lues)):
        raise ValueError("remplacement.toml : les règles ne sont pas en ordre de date.")
    return lues


def delai_de_remplacement(jour: date) -> DelaiRemplacement:
    """La règle en vigueur ce jour-là ; la première vaut pour ce qui la précède."""
    regles = regles_de_remplacement()
    return max((r for r in regles if r.depuis <= jour), key=lambda r: r.depuis, default=regles[0])


def plus_mois(jour: date, mois: int) -> date:
    """Le même quantième `mois` plus tard (ou plus tôt), ramené au dernier jour du mois s'il n'existe pas.

    >>> plus_mois(date(2026, 1, 31), 1)
    datetime.date(2026, 2, 28)
    """
    rang = jour.year * 12 + jour.month - 1 + mois
    annee, indice = divmod(rang, 12)
    return date(annee, indice + 1, min(jour.day, calendar.monthrange(annee, indice + 1)[1]))


def limite_de_remplacement(vacant_depuis: date, juge_le: date) -> date:
    """Le dernier jour où le remplaçant peut commencer, selon la règle en vigueur le jour jugé."""
    return plus_mois(vacant_depuis, delai_de_remplacement(juge_le).mois)


def vacance_trop_longue_avant(jour: date) -> date:
    """Un poste vacant depuis avant cette date a dépassé, ce jour-là, le délai de remplacement."""
    return plus_mois(jour, -delai_de_remplacement(jour).mois)
