"""Courriels de l'inscription : ouverte, confiée, en retard, arrêtée."""

from dataclasses import dataclass
from typing import Self

from conum.formations.emails import EXEMPLE, SurInscription


@dataclass(frozen=True)
class Bienvenue(SurInscription):
    """À la personne : son inscription est ouverte, le test de positionnement l'attend."""

    code = "formations/bienvenue"
    sujet = "Votre formation de conseiller numérique commence ici"
    organisme: str = "La Fabrik"
    sans_parcours: bool = False
    # Une formation reprise : le test déjà passé n'est pas à refaire.
    teste: bool = False

    @classmethod
    def exemple(cls) -> Self:
        return cls(**EXEMPLE)


@dataclass(frozen=True)
class DepartAOrganiser(SurInscription):
    """À la structure : laisser partir la personne dans les quinze jours de la signature (facts-and-asks § 2)."""

    code = "formations/depart_a_organiser"
    sujet = "Formation de {personne} : départ avant le {limite}"
    limite: str = "16/03/2026"
    jours: int = 15
    passee: bool = False
    avant_le_poste: bool = True

    @classmethod
    def exemple(cls) -> Self:
        return cls(**EXEMPLE)


@dataclass(frozen=True)
class NouvellePersonne(SurInscription):
    """À l'organisme : une personne lui est confiée."""

    code = "formations/nouvelle_personne"
    sujet = "{personne} est confiée à votre organisme ({reference})"

    @classmethod
    def exemple(cls) -> Self:
        return cls(**EXEMPLE)


@dataclass(frozen=True)
class ConfieeAilleurs(SurInscription):
    """À l'organisme d'avant : la personne ne lui est plus confiée, et pourquoi."""

    code = "formations/confiee_ailleurs"
    sujet = "{personne} n’est plus confiée à votre organisme ({reference})"
    motif: str = "Votre organisme n’a pas de session avant l’été."

    @classmethod
    def exemple(cls) -> Self:
        return cls(**EXEMPLE)


@dataclass(frozen=True)
class OrganismeChange(SurInscription):
    """À la personne et à la structure : qui la forme maintenant ; `motif` quand l'ANCT en change."""

    code = "formations/organisme_change"
    sujet = "Formation de {personne} confiée à {organisme}"
    organisme: str = "La Fabrik"
    motif: str = ""

    @classmethod
    def exemple(cls) -> Self:
        return cls(**EXEMPLE, motif="L’organisme d’avant n’a pas de session avant l’été.")


@dataclass(frozen=True)
class DepartEnRetard(SurInscription):
    """À l'employeur et à l'agent de la préfecture, une fois : les quinze jours sont passés."""

    code = "formations/depart_en_retard"
    sujet = "{personne} n’est pas partie en formation"
    phrase: str = "La personne devait pouvoir partir en formation avant le 16/03/2026 ; elle n’est pas partie."
    etat: str = "En attente d'une session"
    pour_l_agent: bool = False

    @classmethod
    def exemple(cls) -> Self:
        return cls(**EXEMPLE)


@dataclass(frozen=True)
class FormationArretee(SurInscription):
    """À l'organisme, et à tous quand l'ANCT l'arrête : la formation s'arrête, et pourquoi."""

    code = "formations/arretee"
    sujet = "Formation de {personne} arrêtée ({reference})"
    motif: str = "Le contrat est rompu."

    @classmethod
    def exemple(cls) -> Self:
        return cls(**EXEMPLE)
