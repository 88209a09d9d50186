"""À qui écrire au sujet d'une demande, et le lien qui ouvre la bonne page dans le rôle de chacun."""

from dataclasses import dataclass

from django.conf import settings
from django.urls import reverse

from conum.comptes.models import Role, TypeRole
from conum.demandes.models import Demande


@dataclass(frozen=True)
class Destinataire:
    email: str
    lien: str


def _lien(nom: str, role: Role, demande: Demande) -> str:
    return settings.SITE_URL + reverse(nom, args=[role.pk, demande.pk])


def de_la_structure(demande: Demande) -> list[Destinataire]:
    """Les membres de la structure ; à défaut la personne qui a fait la demande, sans lien personnel."""
    roles = Role.objects.actifs().filter(type=TypeRole.STRUCTURE, membre__structure=demande.structure_id)
    membres = roles.select_related("utilisateur").order_by("pk")
    trouves = [Destinataire(r.utilisateur.email, _lien("demandes:suivre", r, demande)) for r in membres]
    if not trouves and demande.contact_email:
        return [Destinataire(demande.contact_email, f"{settings.SITE_URL}/")]
    return trouves


def de_la_prefecture(demande: Demande) -> list[Destinataire]:
    if demande.departement is None:
        return []
    agents = Role.objects.du_departement(demande.departement).select_related("utilisateur").order_by("pk")
    return [Destinataire(r.utilisateur.email, _lien("demandes:instruire", r, demande)) for r in agents]


def de_l_anct(demande: Demande) -> list[Destinataire]:
    agents = Role.objects.actifs().filter(type=TypeRole.ANCT).select_related("utilisateur").order_by("pk")
    return [Destinataire(r.utilisateur.email, _lien("demandes:instruire", r, demande)) for r in agents]
