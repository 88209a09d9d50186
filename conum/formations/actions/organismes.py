"""Les organismes de formation : les inscrire, tenir leur fiche, les fermer, inviter leurs agents.

Leurs régions et leurs lots sont des données datées (`donnees/marches`), retrouvées par leur nom.
"""

from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.text import slugify

from conum.comptes.actions import inviter
from conum.comptes.models import Invitation, Role, TypeRole
from conum.formations.access import peut_administrer, peut_modifier_organisme
from conum.formations.models import Organisme, SessionFormation
from conum.journal.acteurs import Acteur
from conum.journal.actions import noter
from conum.socle.enregistrement import enregistrer
from conum.socle.texte import normaliser

CHAMPS = (
    "nom", "siret", "adresse", "contact_nom", "contact_email", "contact_telephone", "site", "capacite_mensuelle",
)  # fmt: skip
TENUS_PAR_LUI = frozenset(
    {"adresse", "contact_nom", "contact_email", "contact_telephone", "site", "capacite_mensuelle"}
)
"""Ce qu'un organisme change à sa propre fiche ; son nom et son SIRET le désignent dans le marché."""
# Le journal ne s'efface pas : d'un contact, qui est une personne, il ne garde pas la valeur.
_AU_JOURNAL = frozenset({"nom", "siret", "adresse", "site", "capacite_mensuelle"})


def libelle_d_agent(organisme: Organisme) -> str:
    """Ce qu'un de ses agents lit dans le choix de rôle."""
    return f"Organisme de formation — {organisme.nom}"


def _agents(organisme: Organisme) -> dict[str, str]:
    return {"type": TypeRole.ORGANISME, "code": organisme.code}


@transaction.atomic
def inscrire_organisme(*, par: Acteur, **champs: Any) -> Organisme:
    """`champs` : ceux de `CHAMPS`. Le code, qui relie l'organisme à ses agents, est tiré du nom et ne change plus.

    Raises:
        PermissionDenied: ce n'est pas l'ANCT.
        ValidationError: un organisme porte déjà ce nom ou ce SIRET ; un champ est faux.
    """
    if not peut_administrer(par):
        raise PermissionDenied
    organisme = Organisme(**_verifies(champs))
    _refuser_homonyme(organisme)
    organisme.code = _code(organisme.nom)
    enregistrer(organisme)
    noter(organisme, "inscrire_organisme", par=par, donnees={"nom": organisme.nom})
    return organisme


def _verifies(champs: dict[str, Any]) -> dict[str, Any]:
    if inconnus := set(champs) - set(CHAMPS):
        raise TypeError(f"champs inconnus : {', '.join(sorted(inconnus))}")
    # Vide, un SIRET est absent : deux organismes peuvent n'en pas avoir.
    return champs | ({"siret": champs["siret"] or None} if "siret" in champs else {})


def _refuser_homonyme(organisme: Organisme) -> None:
    """Deux noms qui ne diffèrent que d'un accent ou d'une apostrophe sont le même organisme."""
    autres = Organisme.objects.exclude(pk=organisme.pk).order_by("pk").values_list("nom", flat=True)
    memes = [nom for nom in autres if normaliser(nom) == normaliser(organisme.nom)]
    if memes:
        raise ValidationError({"nom": f"L’organisme « {memes[0]} » est déjà inscrit."})


def _code(nom: str) -> str:
    base = slugify(nom)[:45] or "organisme"
    pris = set(Organisme.objects.filter(code__startswith=base).order_by("pk").values_list("code", flat=True))
    return next(c for n in range(1, len(pris) + 2) if (c := base if n == 1 else f"{base}-{n}") not in pris)


@transaction.atomic
def modifier_organisme(organisme: Organisme, *, par: Acteur, **champs: Any) -> Organisme:
    """Change sa fiche ; un nom changé l'est aussi dans l'accès de ses agents.

    Raises:
        PermissionDenied: ni l'ANCT, ni lui-même ; ou un champ que l'organisme ne tient pas.
        ValidationError: voir `inscrire_organisme`.
    """
    courant = Organisme.objects.select_for_update(no_key=True).get(pk=organisme.pk)
    change = {n: v for n, v in _verifies(champs).items() if getattr(courant, n) != v}
    if not peut_modifier_organisme(par, courant):
        raise PermissionDenied
    if not peut_administrer(par) and not change.keys() <= TENUS_PAR_LUI:
        raise PermissionDenied
    if not change:
        return courant
    avant = {n: getattr(courant, n) for n in change}
    for nom, valeur in change.items():
        setattr(courant, nom, valeur)
    if "nom" in change:
        _refuser_homonyme(courant)
    enregistrer(courant)
    if "nom" in change:
        Role.objects.filter(**_agents(courant)).update(libelle=libelle_d_agent(courant))
        Invitation.objects.en_attente().filter(**_agents(courant)).update(libelle=libelle_d_agent(courant))
    donnees = {
        "champs": sorted(change),
        "avant": {n: v for n, v in avant.items() if n in _AU_JOURNAL},
        "apres": {n: v for n, v in change.items() if n in _AU_JOURNAL},
    }
    noter(courant, "modifier_organisme", par=par, donnees=donnees)
    return courant


@transaction.atomic
def fermer_organisme(organisme: Organisme, *, motif: str, par: Acteur) -> Organisme:
    """Il n'accueille plus personne ; les sessions commencées se finissent.

    Raises:
        PermissionDenied: ce n'est pas l'ANCT.
        ValidationError: déjà fermé ; une de ses sessions ouvertes n'a pas commencé.
    """
    courant = _a_administrer(organisme, par)
    jour = timezone.localdate()
    if courant.ferme_le:
        raise ValidationError("Cet organisme n’accueille déjà plus.")
    if nombre := SessionFormation.objects.a_venir(jour).filter(organisme=courant).count():
        quoi = "Une session ouverte n’a pas commencé" if nombre == 1 else f"{nombre} sessions n’ont pas commencé"
        raise ValidationError(f"{quoi} : annulez d’abord ce qui ne peut plus se tenir, les inscrits seront prévenus.")
    courant.ferme_le = jour
    enregistrer(courant)
    noter(courant, "fermer_organisme", par=par, motif=motif)
    return courant


@transaction.atomic
def rouvrir_organisme(organisme: Organisme, *, par: Acteur) -> Organisme:
    """Raises:
    PermissionDenied: ce n'est pas l'ANCT.
    ValidationError: il n'était pas fermé.
    """
    courant = _a_administrer(organisme, par)
    if courant.ferme_le is None:
        raise ValidationError("Cet organisme accueille déjà.")
    courant.ferme_le = None
    enregistrer(courant)
    noter(courant, "rouvrir_organisme", par=par)
    return courant


def _a_administrer(organisme: Organisme, par: Acteur) -> Organisme:
    if not peut_administrer(par):
        raise PermissionDenied
    # Une session qui s’ouvre pendant la fermeture attend ce verrou, puis voit l’organisme fermé.
    return Organisme.objects.select_for_update(no_key=True).get(pk=organisme.pk)


def inviter_agent(organisme: Organisme, email: str, *, par: Acteur) -> Invitation:
    """Raises:
    PermissionDenied: ni l'ANCT, ni un agent de cet organisme.
    CompteRefuse: la personne a déjà cet accès, ou une invitation l'attend.
    """
    return inviter(email, TypeRole.ORGANISME, code=organisme.code, libelle=libelle_d_agent(organisme), par=par)
