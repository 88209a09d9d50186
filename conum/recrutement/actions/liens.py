"""Liens personnels des courriels : une partie, une mise en relation, trente jours ; seule l'empreinte est gardée."""

from datetime import datetime

from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from conum.comptes.models import Role, TypeRole
from conum.recrutement.models import LienPersonnel, MiseEnRelation, Partie, Recrutement
from conum.recrutement.rules.relation import DUREE_LIEN
from conum.socle.jetons import nouveau_jeton


def nouveau_lien(relation: MiseEnRelation, partie: str, *, role: Role | None = None) -> str:
    """L'adresse complète d'un lien neuf. `role` : côté structure, le membre à qui il est envoyé."""
    clair, empreinte = nouveau_jeton()
    LienPersonnel.objects.create(
        mise_en_relation=relation,
        partie=partie,
        role=role,
        empreinte=empreinte,
        expire_le=timezone.now() + DUREE_LIEN,
    )
    nom = "lien_candidat" if partie == Partie.CANDIDAT else "lien_structure"
    return settings.SITE_URL + reverse(f"recrutement:{nom}", args=[clair])


def purger_liens(avant: datetime) -> int:
    """Efface les liens expirés avant cette date ; rend leur nombre."""
    return LienPersonnel.objects.filter(expire_le__lt=avant).delete()[0]


def membres_a_prevenir(recrutement: Recrutement) -> list[Role]:
    """Les rôles des membres de la structure dont le rôle et le compte sont actifs."""
    roles = Role.objects.actifs().filter(type=TypeRole.STRUCTURE, membre__structure=recrutement.structure_id)
    return list(roles.select_related("utilisateur").order_by("pk"))
