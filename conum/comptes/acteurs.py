"""Une personne qui agit sur son propre compte, sans rôle : auteur au sens du journal."""

from dataclasses import dataclass

from conum.utilisateurs.models import Utilisateur


@dataclass(frozen=True)
class Personne:
    utilisateur_id: int
    libelle_acteur: str
    role_id: None = None


def en_personne(utilisateur: Utilisateur) -> Personne:
    return Personne(utilisateur.pk, utilisateur.get_full_name())
