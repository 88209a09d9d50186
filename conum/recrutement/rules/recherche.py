"""Les critères d'une recherche dans le vivier, tels qu'ils se gardent et se relisent."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Self

from conum.recrutement.rules.candidature import LANGUES, NIVEAUX

RESULTATS_MAX = 200
"""Une recherche montre au plus deux cents personnes, les plus proches d'abord : au-delà, on précise ses critères."""


@dataclass(frozen=True)
class Criteres:
    """Ce que la structure demande ; rien de coché : tout le monde dans le rayon."""

    experience: bool = False
    diplome: bool = False
    palier: int | None = None
    avec_cv: bool = False
    disponible_au: date | None = None
    langues: tuple[str, ...] = ()

    def donnees(self) -> dict[str, Any]:
        """Pour la base : seuls les critères posés."""
        tous = {
            "experience": self.experience,
            "diplome": self.diplome,
            "palier": self.palier,
            "avec_cv": self.avec_cv,
            "disponible_au": self.disponible_au.isoformat() if self.disponible_au else None,
            "langues": list(self.langues),
        }
        return {cle: valeur for cle, valeur in tous.items() if valeur}

    @classmethod
    def relire(cls, donnees: Mapping[str, Any]) -> Self:
        jour = donnees.get("disponible_au")
        return cls(
            experience=bool(donnees.get("experience")),
            diplome=bool(donnees.get("diplome")),
            palier=donnees.get("palier"),
            avec_cv=bool(donnees.get("avec_cv")),
            disponible_au=date.fromisoformat(jour) if jour else None,
            langues=tuple(donnees.get("langues", ())),
        )

    def en_mots(self) -> list[str]:
        """Chaque critère posé, comme on le dit."""
        mots = []
        if self.experience:
            mots.append("avec une expérience de médiation numérique")
        if self.diplome:
            mots.append("avec un diplôme ou une certification")
        if self.palier in NIVEAUX:
            mots.append(f"niveau Pix partagé, au moins « {NIVEAUX[self.palier]} »")
        if self.avec_cv:
            mots.append("avec un CV")
        if self.disponible_au:
            mots.append(f"disponible au plus tard le {self.disponible_au:%d/%m/%Y}")
        if self.langues:
            mots.append("parlant " + " ou ".join(LANGUES.get(code, code).lower() for code in self.langues))
        return mots
