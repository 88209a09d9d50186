from __future__ import annotations

from collections.abc import Callable

from django.core.exceptions import PermissionDenied
from django.db import transaction

from conum.comptes import emails
from conum.comptes.access import peut_retirer
from conum.comptes.actions.erreurs import CompteRefuse
from conum.comptes.models import Role, TypeRole
from conum.courriels.actions import mettre_en_file
from conum.journal.acteurs import Acteur
from conum.journal.actions import noter
from conum.utilisateurs.models import Utilisateur

GARDES_DE_DEPART: list[Callable[[Utilisateur], None]] = []
"""Ce qui s'oppose à la fermeture d'un compte (« dernier gestionnaire de sa structure ») : les apps plus hautes y
inscrivent leur vérification dans leur apps.ready() ; elle lève CompteRefuse."""
SUITES_D_ANONYMISATION: list[Callable[[Utilisateur, Acteur], None]] = []
"""Ce que les apps plus hautes effacent avec un compte (« sa candidature »), dans la même transaction, avant lui ; une
suite qui ne peut pas lève CompteRefuse et le compte reste."""


def verifier_depart(utilisateur: Utilisateur) -> None:
    """Raises:
    CompteRefuse: une autre app a besoin de cette personne (gardes de départ).
    """
    for garde in GARDES_DE_DEPART:
        garde(utilisateur)


def _refuser_dernier_anct(sauf: Utilisateur | None = None, role: Role | None = None) -> None:
    """L'ANCT garde toujours quelqu'un : sans elle, plus personne n'ouvre d'accès."""
    restants = Role.objects.actifs().filter(type=TypeRole.ANCT)
    # Deux retraits croisés se voient : chacun verrouille toute la liste, dans le même ordre.
    tenus = list(restants.order_by("pk").select_for_update(of=("self",)))
    autres = [r for r in tenus if r.utilisateur_id != (sauf and sauf.pk) and r.pk != (role and role.pk)]
    if len(autres) < len(tenus) and not autres:
        raise CompteRefuse("C'est le dernier accès de l'ANCT : invitez d'abord une autre personne.")


@transaction.atomic
def retirer_role(role: Role, *, par: Acteur, motif: str = "") -> Role:
    """Retire un rôle ; la personne le perd à sa prochaine requête.

    Un rôle de structure se retire par `structures.actions.retirer_membre`, qui garde le dernier gestionnaire.

    Raises:
        PermissionDenied: `par` ne gère pas cette qualité.
        CompteRefuse: rôle de structure, rôle déjà retiré, ou dernier accès de l'ANCT.
    """
    courant = Role.objects.select_for_update(of=("self",)).select_related("utilisateur").get(pk=role.pk)
    if courant.type == TypeRole.STRUCTURE:
        raise CompteRefuse("L'accès d'un membre se retire depuis la page de sa structure.")
    if isinstance(par, Role) and not peut_retirer(par, courant):
        raise PermissionDenied
    if not courant.actif:
        raise CompteRefuse("Cet accès a déjà été retiré.")
    if courant.type == TypeRole.ANCT:
        _refuser_dernier_anct(role=courant)
    courant.actif = False
    courant.save(update_fields=["actif"])
    noter(courant, "retirer_role", par=par, motif=motif)
    message = emails.RoleRetire(libelle=courant.libelle, motif=motif)
    mettre_en_file(message, a=courant.utilisateur.email, objet=courant)
    return courant


@transaction.atomic
def desactiver_compte(utilisateur: Utilisateur, *, par: Acteur, motif: str = "") -> Utilisateur:
    """Ferme le compte : la session en cours ne vaut plus rien à la requête suivante. Les rôles sont gardés.

    Raises:
        PermissionDenied: seule l'ANCT ferme un compte.
        CompteRefuse: compte déjà fermé, dernier accès de l'ANCT, ou refus d'une garde de départ.
    """
    if isinstance(par, Role) and par.type != TypeRole.ANCT:
        raise PermissionDenied
    courant = Utilisateur.objects.select_for_update().get(pk=utilisateur.pk)
    if not courant.is_active:
        raise CompteRefuse("Ce compte est déjà désactivé.")
    _refuser_dernier_anct(sauf=courant)
    verifier_depart(courant)
    courant.is_active = False
    courant.save(update_fields=["is_active"])
    noter(courant, "desactiver_compte", par=par, motif=motif)
    mettre_en_file(emails.CompteDesactive(motif=motif), a=courant.email, objet=courant)
    return courant


@transaction.atomic
def reactiver_compte(utilisateur: Utilisateur, *, par: Acteur) -> Utilisateur:
    """Raises:
    PermissionDenied: seule l'ANCT rouvre un compte.
    CompteRefuse: le compte est ouvert, ou ses données ont été effacées.
    """
    if isinstance(par, Role) and par.type != TypeRole.ANCT:
        raise PermissionDenied
    courant = Utilisateur.objects.select_for_update().get(pk=utilisateur.pk)
    if courant.is_active or courant.anonymise_le:
        raise CompteRefuse("Ce compte ne peut pas être réactivé.")
    courant.is_active = True
    courant.save(update_fields=["is_active"])
    noter(courant, "reactiver_compte", par=par)
    return courant
