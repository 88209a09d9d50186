"""Reprendre les conventions signées avant conum : ce qui ne s'est pas signé ici ne passe pas pour signé ici."""

from collections.abc import Sequence
from datetime import date, datetime, time
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone

from conum.conventions import access
from conum.conventions.actions.preparation import acte_ouvert
from conum.conventions.models import Acte, Convention, Piece
from conum.conventions.states import TRANSITIONS, EtatPiece
from conum.journal.acteurs import Acteur
from conum.journal.actions import Ligne, noter_en_masse
from conum.journal.workflow import TransitionImpossible, transition
from conum.socle.enregistrement import enregistrer


def reprendre_convention(
    convention: Convention, *, signee_le: date | None = None, source: str, par: Acteur
) -> Convention:
    """Dit active une convention que les deux parties ont signée avant conum.

    L'acte porte la date et « hors de l'outil » : ni document, ni empreinte, ni signature, puisque conum n'en a pas.
    Sans date connue, c'est le premier jour de la convention, et le journal le dit. Les pièces demandées à la
    préparation sont retirées : le dossier est ailleurs.

    Raises:
        PermissionDenied: ce n'est pas une reprise de données.
        TransitionImpossible: la convention n'est plus un brouillon.
        ValidationError: date à venir.
    """
    donnees = _donnees(convention, signee_le)
    with transition(
        convention, "reprendre_convention", table=TRANSITIONS, par=par, peut=access.peut_reprendre, motif=source,
        donnees=donnees,
    ) as courante:  # fmt: skip
        acte = acte_ouvert(courante)
        _dire_signe(acte, signee_le or courante.debut)
        enregistrer(acte)
        courante.pieces.filter(etat=EtatPiece.DEMANDEE).delete()
    return courante


def _donnees(convention: Convention, signee_le: date | None) -> dict[str, Any]:
    le = signee_le or convention.debut
    if le > timezone.localdate():
        raise ValidationError({"signee_le": "Une convention déjà signée l'a été au plus tard aujourd'hui."})
    return {"signee_le": le.isoformat(), "date_connue": signee_le is not None}


def _dire_signe(acte: Acte, le: date) -> None:
    acte.hors_outil = True
    acte.signe_structure_le = acte.signe_etat_le = timezone.make_aware(datetime.combine(le, time()))


def reprendre_en_masse(
    conventions: Sequence[Convention], *, signee_le: date | None = None, source: str, par: Acteur
) -> None:
    """Le même acte pour beaucoup, en une transaction : toutes, ou aucune.

    Raises:
        PermissionDenied, TransitionImpossible, ValidationError: comme pour une seule.
    """
    regle = TRANSITIONS["reprendre_convention"]
    with transaction.atomic():
        cles = [c.pk for c in conventions]
        verrou = Convention.objects.filter(pk__in=cles).order_by("pk").select_for_update(of=("self",), no_key=True)
        courantes = list(verrou)
        if not all(access.peut_reprendre(par, c) for c in courantes):
            raise PermissionDenied
        if bougees := [c.reference for c in courantes if c.etat not in regle.depuis]:
            raise TransitionImpossible(f"Ces conventions ne sont plus des brouillons : {', '.join(bougees)}.")
        lignes = [
            Ligne(c, "reprendre_convention", c.etat, regle.vers, source, _donnees(c, signee_le)) for c in courantes
        ]
        debuts = {c.pk: c.debut for c in courantes}
        actes = list(Acte.objects.ouverts().filter(convention__in=cles).order_by("pk").select_for_update(no_key=True))
        for acte in actes:
            _dire_signe(acte, signee_le or debuts[acte.convention_id])
        Acte.objects.bulk_update(actes, ["hors_outil", "signe_structure_le", "signe_etat_le"])
        Convention.objects.filter(pk__in=cles).update(etat=regle.vers)
        Piece.objects.filter(convention__in=cles, etat=EtatPiece.DEMANDEE).delete()
        noter_en_masse(lignes, par=par)
