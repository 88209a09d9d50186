"""Courriels du positionnement : le test est fini, le parcours est retenu."""

from dataclasses import dataclass
from typing import Self

from conum.formations.emails import EXEMPLE, SurInscription


@dataclass(frozen=True)
class PositionnementFini(SurInscription):
    """À l'organisme, qui retient le parcours, et à l'employeur, qui voit le résultat avant le départ."""

    code = "formations/positionnement_fini"
    sujet = "Test de positionnement fini : {personne}"
    recommande: str = "Parcours de 385 heures"
    pour_l_organisme: bool = False

    @classmethod
    def exemple(cls) -> Self:
        return cls(**EXEMPLE, pour_l_organisme=True)


@dataclass(frozen=True)
class ParcoursRetenu(SurInscription):
    """À la personne et à l'employeur ; `motif` quand ce n'est pas celui que le test recommande."""

    code = "formations/parcours_retenu"
    sujet = "Formation de {personne} : parcours retenu"
    parcours: str = "Intermédiaire (175 heures)"
    recommande: str = "Débutant (315 heures)"
    motif: str = ""

    @classmethod
    def exemple(cls) -> Self:
        return cls(**EXEMPLE, motif="La personne a tenu un espace public numérique pendant trois ans.")
