"""Lire les données des formations : figées dès leur publication (`socle.donnees_figees`), sourcées ligne à ligne."""

import tomllib
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from conum.socle.donnees_figees import (
    SOURCES,
    Brut,
    DonneeInvalide,
    Source,
    Sources,
    contenus_figes,
    empreinte_de,
    lire_sources,
    sources_citees,
)

DONNEES = Path(__file__).parent.parent / "donnees"


@dataclass(frozen=True, slots=True)
class Fichier:
    """Un fichier vérifié : son contenu lu, et l'empreinte à garder avec ce qui est décidé d'après lui."""

    chemin: str
    brut: dict[str, Any]
    empreinte: str

    @property
    def code(self) -> str:
        return str(self.brut.get("code", self.chemin))


@dataclass(frozen=True, slots=True)
class Donnees:
    fichiers: tuple[Fichier, ...]
    sources: Sources

    def sous(self, prefixe: str) -> tuple[Fichier, ...]:
        """Les fichiers dont le chemin commence ainsi.

        Raises:
            DonneeInvalide: deux d'entre eux portent le même code.
        """
        trouves = tuple(f for f in self.fichiers if f.chemin.startswith(prefixe))
        if len({f.code for f in trouves}) != len(trouves):
            raise DonneeInvalide(f"{prefixe} : deux fichiers portent le même code.")
        return trouves

    def citees(self, brut: Brut, ou: str) -> tuple[Source, ...]:
        return sources_citees(brut, self.sources, ou)


def lire(dossier: Path = DONNEES) -> Donnees:
    """Tout le dossier, après vérification des empreintes.

    Raises:
        DonneeInvalide: un fichier a changé, manque, ou n'est pas inscrit.
    """
    contenus = contenus_figes(dossier)
    fichiers = tuple(
        Fichier(chemin, tomllib.loads(contenu.decode(), parse_float=Decimal), empreinte_de(contenu))
        for chemin, contenu in contenus.items()
    )
    return Donnees(fichiers, lire_sources((dossier / SOURCES).read_text(encoding="utf-8")))


@cache
def donnees() -> Donnees:
    """Ce que lit toute l'application, une fois : le seul endroit qui dise quel dossier."""
    return lire(DONNEES)


def exiger(condition: bool, ou: str, phrase: str) -> None:
    if not condition:
        raise DonneeInvalide(f"{ou} : {phrase}")
