"""Confier une personne à un organisme, dire jusqu'où et quand elle peut partir : des faits, sans changer l'état."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone

from conum.formations import access
from conum.formations.actions.inscriptions import organisme_pour, sans_organisme
from conum.formations.actions.messages import LISTE, prevenir_organisme, prevenir_personne, prevenir_structure
from conum.formations.emails import inscriptions as emails
from conum.formations.models import Inscription, Organisme
from conum.formations.rules import marches
from conum.formations.states import EN_ATTENTE, Etat
from conum.journal.acteurs import SYSTEME, Acteur
from conum.journal.actions import noter
from conum.journal.workflow import TransitionImpossible
from conum.postes.actions.gardes import exiger_texte
from conum.socle.enregistrement import enregistrer

PORTEE_MAX = 2_000


@contextmanager
def retouche(
    inscription: Inscription,
    action: str,
    *,
    par: Acteur,
    peut: Callable[[Acteur, Inscription], bool],
    depuis: frozenset[Etat],
    motif: str = "",
    donnees: dict[str, Any] | None = None,
) -> Iterator[Inscription]:
    """Change un fait sans changer l'état : même verrou et même ordre des refus qu'une transition, et le journal."""
    with transaction.atomic():
        courant = Inscription.objects.select_for_update(of=("self",), no_key=True).get(pk=inscription.pk)
        if not peut(par, courant):
            raise PermissionDenied
        if courant.etat not in depuis:
            libelle = courant.get_etat_display()
            raise TransitionImpossible(f"Cette action n'est plus possible : l'état est maintenant « {libelle} ».")
        yield courant
        enregistrer(courant)
        noter(courant, action, par=par, motif=motif, donnees=donnees)


def confier(inscription: Inscription, *, organisme: Organisme, motif: str, par: Acteur) -> Inscription:
    """L'ANCT confie une personne qui attend à un autre organisme ; l'ancien et le nouveau l'apprennent, elle aussi."""
    motif = exiger_texte("motif", motif)
    donnees: dict[str, Any] = {}
    with retouche(
        inscription, "confier", par=par, peut=access.peut_administrer, depuis=EN_ATTENTE, motif=motif, donnees=donnees
    ) as courant:
        ancien = courant.organisme
        if ancien == organisme:
            raise TransitionImpossible(f"Cette personne est déjà confiée à {organisme.nom}.")
        if organisme.ferme_le is not None:
            raise ValidationError({"organisme": f"{organisme.nom} n’accueille plus personne."})
        if courant.places.vivantes().exists():  # type: ignore[attr-defined]
            raise TransitionImpossible("Cette personne est sur une liste d’attente : retirez-la d’abord.")
        courant.organisme = organisme
        donnees |= {"de": ancien.pk if ancien else None, "a": organisme.pk}
        if ancien is not None:
            prevenir_organisme(courant, emails.ConfieeAilleurs, organisme=ancien, page=LISTE, motif=motif)
        prevenir_organisme(courant, emails.NouvellePersonne)
        prevenir_personne(courant, emails.OrganismeChange, organisme=organisme.nom, motif=motif)
        prevenir_structure(courant, emails.OrganismeChange, organisme=organisme.nom, motif=motif)
    return courant


def designer_organismes() -> int:
    """Un organisme vient d'être inscrit : les personnes que personne ne formait lui sont confiées. Rend leur nombre."""
    designees = 0
    attendent = sans_organisme(Inscription.objects.all()).select_related("commune__departement").order_by("pk")
    for inscription in attendent:
        marche = marches.marche(inscription.marche_code)
        organisme = organisme_pour(marche, inscription.commune)
        if organisme is not None:
            designees += _designer(inscription, organisme)
    return designees


def _designer(inscription: Inscription, organisme: Organisme) -> int:
    try:
        with retouche(
            inscription, "designer_organisme", par=SYSTEME, peut=access.peut_ouvrir_inscription, depuis=EN_ATTENTE,
            donnees={"a": organisme.pk},
        ) as courant:  # fmt: skip
            if courant.organisme_id is not None:
                raise TransitionImpossible("Un organisme vient d’être désigné.")
            courant.organisme = organisme
            prevenir_organisme(courant, emails.NouvellePersonne)
            prevenir_personne(courant, emails.OrganismeChange, organisme=organisme.nom)
            prevenir_structure(courant, emails.OrganismeChange, organisme=organisme.nom)
    except TransitionImpossible:
        return 0  # un agent l'a fait entre-temps
    return 1


def regler_disponibilite(inscription: Inscription, *, portee_km: int, disponible_le: date, par: Acteur) -> Inscription:
    """La distance que la personne accepte, et le jour où elle peut partir : elle, son employeur ou l'ANCT le disent."""
    donnees: dict[str, Any] = {}
    with retouche(
        inscription, "regler_disponibilite", par=par, peut=access.peut_dire_disponibilite, depuis=EN_ATTENTE,
        donnees=donnees,
    ) as courant:  # fmt: skip
        _verifier_disponibilite(courant, portee_km, disponible_le)
        donnees |= {
            "avant": {"portee_km": courant.portee_km, "disponible_le": courant.disponible_le.isoformat()},
            "apres": {"portee_km": portee_km, "disponible_le": disponible_le.isoformat()},
        }
        courant.portee_km, courant.disponible_le = portee_km, disponible_le
    return courant


def _verifier_disponibilite(inscription: Inscription, portee_km: int, disponible_le: date) -> None:
    fautes = {}
    dernier = inscription.contrat.dernier_jour
    if not 0 <= portee_km <= PORTEE_MAX:
        fautes["portee_km"] = "La distance va de 0 à 2 000 kilomètres."
    if disponible_le != inscription.disponible_le and disponible_le < timezone.localdate():
        fautes["disponible_le"] = "Ce jour est passé."
    elif dernier and disponible_le > dernier:
        fautes["disponible_le"] = f"Le contrat finit le {dernier:%d/%m/%Y} : la formation commence avant."
    if fautes:
        raise ValidationError(fautes)
