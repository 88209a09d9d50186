"""Quand prouver l'emploi de la subvention : les termes, les délais et leur source. Fonctions pures.

Les délais sont des données datées (`donnees/justificatifs.toml`), chacune avec sa source.
"""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

from conum.comptes.rules import ajouter_mois

FICHIER = Path(__file__).parent.parent / "donnees" / "justificatifs.toml"
ARTICLE = "article 8 de la convention"
MOIS_PAR_TERME = 12
_JOURS = ("ouverture", "delai_minimal", "suspension", "mise_en_demeure", "apres_refus")


class DelaisInvalides(ValueError):
    """Le fichier de données se contredit : faute de qui le tient, pas de l'usager."""


@dataclass(frozen=True, slots=True)
class Delais:
    """Les délais en vigueur à partir de `depuis`. `rappels` : jours comptés de la date due."""

    depuis: date
    ouverture: timedelta
    mois: int
    delai_minimal: timedelta
    rappels: tuple[int, ...]
    suspension: timedelta
    mise_en_demeure: timedelta
    apres_refus: timedelta
    sources: tuple[tuple[str, str], ...]

    def du_le(self, fin: date, ouvert_le: date) -> date:
        """La date due d'un terme : le délai compté de sa fin, jamais moins que le minimum depuis l'ouverture."""
        return max(ajouter_mois(fin, self.mois), ouvert_le + self.delai_minimal)

    def rappels_passes(self, du_le: date, jour: date) -> int:
        """Combien de rappels auraient dû partir à ce jour."""
        return sum(jour >= du_le + timedelta(days=j) for j in self.rappels)


@dataclass(frozen=True, slots=True)
class Terme:
    """Une année financée (demi-ouverte), la dernière parfois plus courte."""

    numero: int
    debut: date
    fin: date
    final: bool


def charger(texte: str) -> tuple[Delais, ...]:
    """Les règles successives, la plus ancienne d'abord.

    Raises:
        DelaisInvalides: dates en désordre, délai négatif, valeur sans source ou de source inconnue.
    """
    brut = tomllib.loads(texte)
    lues = tuple(_delais(regle, brut["sources"]) for regle in brut["regles"])
    if not lues or any(a.depuis >= b.depuis for a, b in pairwise(lues)):
        raise DelaisInvalides("justificatifs.toml : les règles ne sont pas en ordre de date.")
    return lues


def _delais(regle: Mapping[str, Any], sources: Mapping[str, str]) -> Delais:
    citees: dict[str, str] = {}
    for nom in (*_JOURS, "delai", "rappels"):
        cles = regle[nom]["sources"]
        if not cles or any(cle not in sources for cle in cles):
            raise DelaisInvalides(f"justificatifs.toml, {nom} : source absente ou inconnue.")
        citees |= {cle: sources[cle] for cle in cles}
    jours = {nom: timedelta(days=regle[nom]["jours"]) for nom in _JOURS}
    rappels = tuple(regle["rappels"]["jours"])
    if any(d <= timedelta(0) for d in jours.values()) or regle["delai"]["mois"] <= 0:
        raise DelaisInvalides("justificatifs.toml : un délai est positif.")
    if list(rappels) != sorted(set(rappels)) or not rappels or rappels[-1] >= regle["suspension"]["jours"]:
        raise DelaisInvalides("justificatifs.toml : les rappels se suivent, et précèdent la suspension.")
    return Delais(
        depuis=regle["depuis"], mois=regle["delai"]["mois"], rappels=rappels, sources=tuple(citees.items()), **jours
    )


@cache
def delais() -> tuple[Delais, ...]:
    return charger(FICHIER.read_text(encoding="utf-8"))


def delais_au(jour: date) -> Delais:
    """La règle en vigueur ce jour-là ; la première vaut pour ce qui la précède."""
    regles = delais()
    return max((r for r in regles if r.depuis <= jour), key=lambda r: r.depuis, default=regles[0])


def termes(debut: date, fin: date) -> list[Terme]:
    """Les années financées de `debut` (premier jour) à `fin` (lendemain du dernier) ; la dernière est finale."""
    trouves: list[Terme] = []
    while (commence := ajouter_mois(debut, MOIS_PAR_TERME * len(trouves))) < fin:
        finit = min(ajouter_mois(debut, MOIS_PAR_TERME * (len(trouves) + 1)), fin)
        trouves.append(Terme(len(trouves) + 1, commence, finit, finit == fin))
    return trouves


def jours_par_terme(debut: date, fin: date, termes_: Iterable[Terme]) -> list[int]:
    """Les jours d'une tranche dans chaque terme ; ceux d'après le dernier lui reviennent."""
    communs = []
    for terme in termes_:
        limite = date.max if terme.final else terme.fin
        communs.append(max(0, (min(fin, limite) - max(debut, terme.debut)).days))
    return communs
