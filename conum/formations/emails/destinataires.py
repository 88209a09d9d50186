"""À qui écrire au sujet d'une inscription, et le lien qui ouvre la bonne page dans le rôle de chacun."""

from django.conf import settings
from django.urls import reverse

from conum.comptes.models import Role, TypeRole
from conum.formations.models import Inscription, Organisme
from conum.postes.emails import destinataires
from conum.postes.emails.destinataires import Destinataire


def _ecrire(roles: list[Role], nom: str, *arguments: int) -> list[Destinataire]:
    return [Destinataire(r.utilisateur.email, settings.SITE_URL + reverse(nom, args=[r.pk, *arguments])) for r in roles]


def de_la_personne(inscription: Inscription, nom: str, *arguments: int) -> list[Destinataire]:
    """Son rôle de conseiller ; rien si son compte est fermé."""
    roles = Role.objects.actifs().filter(type=TypeRole.CONSEILLER, utilisateur=inscription.personne_id)
    return _ecrire(list(roles.select_related("utilisateur").order_by("pk")), nom, *arguments)


def de_la_structure(inscription: Inscription, nom: str, *arguments: int) -> list[Destinataire]:
    return destinataires.de_la_structure(inscription.contrat.structure, nom, *arguments)


def de_la_prefecture(inscription: Inscription, nom: str, *arguments: int) -> list[Destinataire]:
    structure = inscription.contrat.structure
    return destinataires.de_la_prefecture(structure, nom, *arguments) if structure else []


def de_l_organisme(organisme: Organisme | None, nom: str, *arguments: int) -> list[Destinataire]:
    """Les agents de l'organisme, chacun dans son rôle."""
    if organisme is None:
        return []
    roles = Role.objects.actifs().filter(type=TypeRole.ORGANISME, code=organisme.code)
    return _ecrire(list(roles.select_related("utilisateur").order_by("pk")), nom, *arguments)


def de_l_anct(nom: str, *arguments: int) -> list[Destinataire]:
    return destinataires.de_l_anct(nom, *arguments)
