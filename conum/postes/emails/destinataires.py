"""À qui écrire au sujet d'un poste ou d'un contrat, et le lien qui ouvre la bonne page dans le rôle de chacun."""

from dataclasses import dataclass

from django.conf import settings
from django.urls import reverse

from conum.comptes.models import Role, TypeRole
from conum.structures.models import Structure


@dataclass(frozen=True)
class Destinataire:
    email: str
    lien: str


def _ecrire(roles: list[Role], nom: str, *arguments: int) -> list[Destinataire]:
    return [Destinataire(r.utilisateur.email, settings.SITE_URL + reverse(nom, args=[r.pk, *arguments])) for r in roles]


def de_la_structure(structure: Structure | None, nom: str, *arguments: int) -> list[Destinataire]:
    if structure is None:
        return []
    roles = Role.objects.actifs().filter(type=TypeRole.STRUCTURE, membre__structure=structure)
    return _ecrire(list(roles.select_related("utilisateur").order_by("pk")), nom, *arguments)


def de_la_prefecture(structure: Structure, nom: str, *arguments: int) -> list[Destinataire]:
    roles = Role.objects.du_departement(structure.commune.departement)
    return _ecrire(list(roles.select_related("utilisateur").order_by("pk")), nom, *arguments)


def de_l_anct(nom: str, *arguments: int) -> list[Destinataire]:
    roles = Role.objects.actifs().filter(type=TypeRole.ANCT)
    return _ecrire(list(roles.select_related("utilisateur").order_by("pk")), nom, *arguments)


def accueil() -> str:
    """Le lien d'une personne qui n'a pas encore d'espace : la page d'accueil, d'où l'on se connecte."""
    return f"{settings.SITE_URL}/"
