"""Résilier une convention, lire ce qui est dû à une date."""

from typing import Any, ClassVar

from django import forms
from django.utils import timezone

from conum.conventions.forms.convention import DATE_FAUSSE
from conum.conventions.models import Convention, MotifResiliation
from conum.postes.rules import contrat as regles
from conum.ui.forms import DsfrForm, FiltresForm


class ResiliationForm(DsfrForm):
    autocompletion: ClassVar[dict[str, str]] = {}

    le = forms.DateField(
        label="Dernier jour de la convention",
        help_text="Tous les postes s’arrêtent ce soir-là.",
        error_messages=DATE_FAUSSE,
    )
    motif = forms.ChoiceField(
        label="Motif",
        choices=MotifResiliation.choices,
        widget=forms.RadioSelect,
        error_messages={"required": "Choisissez un motif."},
    )
    precision = forms.CharField(
        label="Précision",
        help_text="La structure la lit. Obligatoire pour un manquement.",
        max_length=regles.MOTIF_MAX,
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
    )


class DateArreteForm(FiltresForm):
    le = forms.DateField(label="Ce qui est dû au soir du", error_messages=DATE_FAUSSE)

    @classmethod
    def depart(cls, convention: Convention) -> dict[str, Any]:
        """Aujourd'hui, ou le dernier jour d'une convention finie."""
        return {"le": min(timezone.localdate(), convention.dernier_jour)}
