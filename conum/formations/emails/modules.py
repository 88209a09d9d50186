"""Courriels de la formation continue : à l'organisme la demande, à la personne la réponse."""

from dataclasses import dataclass
from typing import Any, Self

from conum.courriels.messages import Message

_EXEMPLE: dict[str, Any] = {
    "module": "Cybersécurité",
    "jour": "12/03/2026",
    "organisme": "La Mednum",
    "personne": "Camille Martin",
    "prise_en_charge": "Pris en charge. Année 2026 : 1 sur 1.",
    "lien": "https://conum.example/espace/7/formations/modules/42/",
}


@dataclass(frozen=True)
class SurModule(Message):
    module: str
    jour: str
    organisme: str
    personne: str
    prise_en_charge: str
    lien: str


@dataclass(frozen=True)
class ModuleDemande(SurModule):
    """À l'organisme : un conseiller demande un module."""

    code = "formations/module_demande"
    sujet = "Module « {module} » demandé par {personne}"

    @classmethod
    def exemple(cls) -> Self:
        return cls(**_EXEMPLE)


@dataclass(frozen=True)
class ModuleAccepte(SurModule):
    """À la personne : elle a sa place."""

    code = "formations/module_accepte"
    sujet = "Module « {module} » accepté"

    @classmethod
    def exemple(cls) -> Self:
        return cls(**_EXEMPLE)


@dataclass(frozen=True)
class ModuleRefuse(SurModule):
    """À la personne : pourquoi, et que son quota lui est rendu."""

    code = "formations/module_refuse"
    sujet = "Module « {module} » refusé"
    motif: str = "Le groupe de mars est complet, choisissez une autre date."

    @classmethod
    def exemple(cls) -> Self:
        return cls(**_EXEMPLE)
