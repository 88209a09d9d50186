"""Courriels du dépôt : à la personne qui demande, et à la préfecture qui reçoit."""

from dataclasses import dataclass
from datetime import date
from typing import Any, Self

from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from conum.courriels.messages import Message
from conum.demandes import rules
from conum.demandes.models import Demande, Nature

_EXEMPLE_LIEN = "https://conum.example/demande/exemple/"
_EXEMPLE = {
    "reference": "D-00042",
    "structure": "Communauté de communes des Trois Sources",
    "postes": 2,
    "commune": "Cognac (16)",
    "lien": _EXEMPLE_LIEN,
}
_EXEMPLE_JOUR = date(2026, 1, 31)


def _lien(nom: str, *args: object) -> str:
    return settings.SITE_URL + reverse(f"demandes:{nom}", args=args)


@dataclass(frozen=True)
class Confirmation(Message):
    """Prouver son adresse : sans ce clic, la demande n'est vue de personne."""

    code = "demandes/confirmation"
    sujet = "Confirmez votre demande de conseiller numérique"
    confidentiel = True
    priorite = 5
    structure: str
    postes: int
    lien: str
    expire_le: date

    @classmethod
    def de(cls, demande: Demande, jeton: str, structure: str) -> Self:
        assert demande.confirmable_jusqu_au is not None
        return cls(
            structure=structure,
            postes=demande.postes_demandes or 0,
            lien=_lien("confirmer", jeton),
            expire_le=timezone.localdate(demande.confirmable_jusqu_au),
        )

    @classmethod
    def exemple(cls) -> Self:
        return cls(structure=str(_EXEMPLE["structure"]), postes=2, lien=_EXEMPLE_LIEN, expire_le=_EXEMPLE_JOUR)


@dataclass(frozen=True)
class Reprise(Message):
    code = "demandes/reprise"
    sujet = "Reprenez votre demande de conseiller numérique"
    confidentiel = True
    priorite = 5
    lien: str
    expire_le: date

    @classmethod
    def de(cls, demande: Demande, jeton: str) -> Self:
        return cls(lien=_lien("reprendre", jeton), expire_le=timezone.localdate() + rules.DUREE_BROUILLON)

    @classmethod
    def exemple(cls) -> Self:
        return cls(lien=_EXEMPLE_LIEN, expire_le=_EXEMPLE_JOUR)


@dataclass(frozen=True)
class _SurDepot(Message):
    """De quelle demande il s'agit, et où la lire."""

    reference: str
    structure: str
    postes: int
    commune: str
    lien: str

    @classmethod
    def base(cls, demande: Demande, lien: str) -> dict[str, Any]:
        return {
            "reference": demande.reference,
            "structure": demande.structure.nom if demande.structure else "",
            "postes": demande.postes_demandes or 0,
            "commune": str(demande.commune),
            "lien": lien,
        }

    @classmethod
    def de(cls, demande: Demande, lien: str) -> Self:
        return cls(**cls.base(demande, lien))

    @classmethod
    def exemple(cls) -> Self:
        return cls(**_EXEMPLE)  # type: ignore[arg-type]


@dataclass(frozen=True)
class DemandeDeposee(_SurDepot):
    """À la personne qui demande : c'est transmis, et voici la suite."""

    code = "demandes/demande_deposee"
    sujet = "Demande {reference} : elle est transmise à la préfecture"
    delai: int = rules.DELAI_AVIS.days


@dataclass(frozen=True)
class NouvelleDemande(_SurDepot):
    """À chaque agent de la préfecture du département."""

    code = "demandes/nouvelle_demande"
    sujet = "Nouvelle demande {reference} : {structure}"
    delai: int = rules.DELAI_AVIS.days


@dataclass(frozen=True)
class DemandeCorrigee(_SurDepot):
    """À la préfecture : relire avant de rendre l'avis."""

    code = "demandes/demande_corrigee"
    sujet = "Demande {reference} : {structure} l'a corrigée"


@dataclass(frozen=True)
class DemandeRetiree(_SurDepot):
    """Aux deux côtés : la structure retire sa demande."""

    code = "demandes/demande_retiree"
    sujet = "Demande {reference} : elle est retirée"
    motif: str = ""
    pour_agent: bool = False

    @classmethod
    def de(cls, demande: Demande, lien: str, *, pour_agent: bool = False) -> Self:
        return cls(**cls.base(demande, lien), motif=demande.motif_cloture, pour_agent=pour_agent)

    @classmethod
    def exemple(cls) -> Self:
        return cls(**_EXEMPLE, motif="Notre budget ne le permet plus cette année.", pour_agent=True)  # type: ignore[arg-type]


@dataclass(frozen=True)
class AvenantDepose(_SurDepot):
    """Aux deux côtés : la structure demande des postes en plus, ou en rend."""

    code = "demandes/avenant_depose"
    sujet = "Demande {reference} : {objet} pour {structure}"
    objet: str = "des postes en plus"
    ajout: bool = True
    motif: str = ""
    precisions: str = ""
    pour_agent: bool = False
    delai: int = rules.DELAI_AVIS.days

    @classmethod
    def de(cls, demande: Demande, lien: str, *, pour_agent: bool = False) -> Self:
        ajout = demande.nature == Nature.AJOUT
        return cls(
            **cls.base(demande, lien),
            objet="des postes en plus" if ajout else "un rendu de postes",
            ajout=ajout,
            motif=rules.motifs_avenant(demande.nature)[demande.motif_avenant],
            precisions=demande.motivation,
            pour_agent=pour_agent,
        )

    @classmethod
    def exemple(cls) -> Self:
        return cls(**_EXEMPLE, motif=rules.MOTIFS_AJOUT["demande"], precisions="Nos ateliers sont complets.")  # type: ignore[arg-type]
