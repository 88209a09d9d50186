"""SMIC mensuel brut à une date et sur un territoire : une table datée (`donnees/smic.toml`), jamais une constante.

La subvention suppose un temps plein payé « au moins au SMIC » (facts-and-asks § 1.5) ; l'outil d'origine gardait le
seuil dans son code, puis dans une variable, et le même salaire devenait faux d'un mois à l'autre.
"""

import tomllib
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from pathlib import Path
from typing import Any

FICHIER = Path(__file__).parent.parent / "donnees" / "smic.toml"
METROPOLE = "metropole"
MAYOTTE = "mayotte"
HEURES_PAR_MOIS = Decimal(35 * 52) / 12
CENTIME = Decimal("0.01")

# Le code du travail national n'y fixe pas le salaire minimum : chacun a le sien, que conum ne connaît pas.
_SALAIRE_MINIMUM_LOCAL = {"986": "Wallis-et-Futuna", "987": "Polynésie française", "988": "Nouvelle-Calédonie"}


class SmicInconnu(ValueError):
    """Aucun montant connu pour cette date ou ce territoire ; le message est destiné à l'usager."""


class TableInvalide(ValueError):
    """Le fichier de données se contredit : erreur de qui le tient, jamais de l'usager."""


@dataclass(frozen=True, slots=True)
class Montant:
    """Un relèvement du SMIC, en vigueur de `depuis` jusqu'au suivant."""

    territoire: str
    depuis: date
    horaire: Decimal
    mensuel: Decimal
    source: str
    verifie: bool


@dataclass(frozen=True, slots=True)
class Table:
    """Les montants de chaque territoire en ordre de date, et le dernier jour où la table est tenue."""

    montants: Mapping[str, tuple[Montant, ...]]
    libelles: Mapping[str, str]
    tenu_jusqu_au: date


def charger(texte: str) -> Table:
    """Lit et vérifie la table.

    Raises:
        TableInvalide: dates en désordre ou en double, montant mensuel qui n'est pas celui du taux horaire.
    """
    brut = tomllib.loads(texte)
    libelles = {code: str(t["libelle"]) for code, t in brut["territoires"].items()}
    lus: dict[str, list[Montant]] = {code: [] for code in libelles}
    for ligne in brut["montants"]:
        montant = _montant(ligne)
        if montant.territoire not in lus:
            raise TableInvalide(f"Territoire inconnu : {montant.territoire}.")
        precedents = lus[montant.territoire]
        if precedents and montant.depuis <= precedents[-1].depuis:
            raise TableInvalide(f"{montant.territoire} : le {montant.depuis:%d/%m/%Y} n'est pas en ordre.")
        precedents.append(montant)
    return Table({code: tuple(m) for code, m in lus.items()}, libelles, brut["tenu_jusqu_au"])


def _montant(ligne: Mapping[str, Any]) -> Montant:
    montant = Montant(
        territoire=ligne["territoire"],
        depuis=ligne["depuis"],
        horaire=Decimal(ligne["horaire"]),
        mensuel=Decimal(ligne["mensuel"]),
        source=ligne["source"],
        verifie=ligne["verifie"],
    )
    calcule = (montant.horaire * HEURES_PAR_MOIS).quantize(CENTIME, ROUND_HALF_UP)
    if calcule != montant.mensuel:
        raise TableInvalide(
            f"{montant.territoire}, {montant.depuis:%d/%m/%Y} : {montant.mensuel} écrit, {calcule} calculé."
        )
    return montant


@cache
def table() -> Table:
    return charger(FICHIER.read_text(encoding="utf-8"))


def montant_du_smic(jour: date, territoire: str = METROPOLE) -> Montant:
    """Le relèvement en vigueur ce jour-là, avec sa source.

    Raises:
        SmicInconnu: territoire ou date hors de la table.
    """
    tenue = table()
    montants = tenue.montants.get(territoire)
    if not montants:
        raise SmicInconnu(f"Le SMIC n'est pas connu pour le territoire « {territoire} ».")
    if jour < montants[0].depuis:
        raise SmicInconnu(
            f"Le SMIC du {jour:%d/%m/%Y} n'est pas connu : la table commence au {montants[0].depuis:%d/%m/%Y}."
        )
    if jour > tenue.tenu_jusqu_au:
        raise SmicInconnu(
            f"Le SMIC du {jour:%d/%m/%Y} n'est pas encore connu : la table s'arrête au {tenue.tenu_jusqu_au:%d/%m/%Y}."
        )
    return montants[bisect_right(montants, jour, key=lambda m: m.depuis) - 1]


def smic_mensuel(jour: date, territoire: str = METROPOLE) -> Decimal:
    """Le SMIC mensuel brut d'un temps plein ce jour-là.

    Raises:
        SmicInconnu: territoire ou date hors de la table ; le message se montre tel quel.
    """
    return montant_du_smic(jour, territoire).mensuel


def territoire_du_departement(code: str) -> str:
    """Le territoire de SMIC d'un département ou d'une collectivité d'outre-mer.

    Raises:
        SmicInconnu: la collectivité fixe elle-même son salaire minimum.
    """
    if code in _SALAIRE_MINIMUM_LOCAL:
        raise SmicInconnu(
            f"Le salaire minimum de {_SALAIRE_MINIMUM_LOCAL[code]} est fixé localement et n'est pas connu de conum."
        )
    return MAYOTTE if code == "976" else METROPOLE
