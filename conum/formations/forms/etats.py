"""Formulaires des états récapitulatifs : quel mois, quel marché ; ce que l'on a lu avant de s'engager."""

from datetime import date
from decimal import Decimal
from typing import Any, ClassVar

from django import forms
from django.utils.dates import MONTHS

from conum.formations.models import Organisme
from conum.formations.rules import marches
from conum.formations.states import EtatRecap
from conum.ui.forms import DsfrForm, FiltresForm

MOIS_OFFERTS = 13


def nom_du_mois(mois: date) -> str:
    """« octobre 2026 »."""
    return f"{MONTHS[mois.month]} {mois.year}".lower()


def derniers_mois(jour: date) -> list[date]:
    """Les treize derniers, celui-ci compris, le plus récent d'abord."""
    rangs = range(jour.year * 12 + jour.month - 1, jour.year * 12 + jour.month - 1 - MOIS_OFFERTS, -1)
    return [date(rang // 12, rang % 12 + 1, 1) for rang in rangs]


class PreparationEtatForm(DsfrForm):
    autocompletion: ClassVar[dict[str, str]] = {}

    mois = forms.TypedChoiceField(
        label="Mois", coerce=date.fromisoformat, error_messages={"required": "Choisissez un mois."}
    )
    marche = forms.ChoiceField(label="Marché", error_messages={"required": "Choisissez un marché."})

    def __init__(self, *args: Any, jour: date, codes: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["mois"].choices = [(m.isoformat(), nom_du_mois(m)) for m in derniers_mois(jour)]  # type: ignore[attr-defined]
        self.fields["marche"].choices = [(c, marches.marche(c).titre) for c in codes]  # type: ignore[attr-defined]


class TotalLuForm(forms.Form):
    """Le total que l'on avait sous les yeux : s'il a changé, on relit."""

    total = forms.DecimalField(widget=forms.HiddenInput, localize=False)

    def lu(self) -> Decimal:
        return Decimal(self.cleaned_data["total"])


class FiltresEtats(FiltresForm):
    etat = forms.ChoiceField(label="État", choices=[("", "Tous"), *EtatRecap.choices])
    organisme = forms.ModelChoiceField(
        label="Organisme", queryset=Organisme.objects.order_by("nom"), empty_label="Tous"
    )
