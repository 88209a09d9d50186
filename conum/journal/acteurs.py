"""Qui agit : un rôle (comptes.Role), le système, ou une personne sans compte qui tient un lien personnel."""

from dataclasses import dataclass
from typing import Protocol


class Acteur(Protocol):
    """Ce que le journal garde de l'auteur d'une action."""

    @property
    def utilisateur_id(self) -> int | None: ...
    @property
    def role_id(self) -> int | None: ...
    @property
    def libelle_acteur(self) -> str: ...


@dataclass(frozen=True)
class ActeurSansCompte:
    """Auteur sans compte. `qualite` sert aux gardes (« systeme », « porteur »…), `objet_id` à ce qu'il tient."""

    libelle_acteur: str
    qualite: str
    objet_id: str = ""
    utilisateur_id: None = None
    role_id: None = None


SYSTEME = ActeurSansCompte("Système", "systeme")
"""Les travaux périodiques et les imports : la machine applique une règle écrite."""


def anonyme(qualite: str, libelle: str = "Personne sans compte", objet_id: object = "") -> ActeurSansCompte:
    """La personne qui tient le lien personnel d'un objet ; le journal ne garde pas son adresse."""
    return ActeurSansCompte(libelle, qualite, str(objet_id))
