"""Reprendre les conventions signées avant conum : ce qui ne s'est pas signé ici ne passe pas pour signé ici."""

from collections.abc import Callable, Sequence
from datetime import date, datetime, time

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from conum.conventions import access
from conum.conventions.actions.preparation import acte_ouvert
from conum.conventions.models import Convention
from conum.conventions.states import TRANSITIONS, EtatPiece
from conum.journal.acteurs import Acteur
from conum.journal.workflow import transition
from conum.socle.enregistrement import enregistrer

LOT = 200
"""Conventions reprises dans une même transaction."""


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
    le = signee_le or convention.debut
    if le > timezone.localdate():
        raise ValidationError({"signee_le": "Une convention déjà signée l'a été au plus tard aujourd'hui."})
    donnees = {"signee_le": le.isoformat(), "date_connue": signee_le is not None}
    with transition(
        convention, "reprendre_convention", table=TRANSITIONS, par=par, peut=access.peut_reprendre, motif=source,
        donnees=donnees,
    ) as courante:  # fmt: skip
        acte = acte_ouvert(courante)
        instant = timezone.make_aware(datetime.combine(le, time()))
        acte.hors_outil = True
        acte.signe_structure_le = acte.signe_etat_le = instant
        enregistrer(acte)
        courante.pieces.filter(etat=EtatPiece.DEMANDEE).delete()
    return courante


def reprendre_en_masse(
    conventions: Sequence[Convention],
    *,
    signee_le: date | None = None,
    source: str,
    par: Acteur,
    au_fil: Callable[[int], object] = lambda _: None,
) -> list[Convention]:
    """Le même acte pour beaucoup, par lots ; une convention qui a bougé entre-temps arrête son lot."""
    reprises: list[Convention] = []
    for i in range(0, len(conventions), LOT):
        lot = sorted(conventions[i : i + LOT], key=lambda c: c.pk)
        with transaction.atomic():
            reprises += [reprendre_convention(c, signee_le=signee_le, source=source, par=par) for c in lot]
        au_fil(min(i + LOT, len(conventions)))
    return reprises
