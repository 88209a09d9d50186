"""Formulaires des échéances : filtrer, dater, découper, constater un reversement."""

from datetime import date
from decimal import Decimal
from typing import Any, ClassVar

from django import forms

from conum.territoires.models import Departement
from conum.ui.forms import DsfrForm, FiltresForm, MontantField
from conum.versements.models import Nature
from conum.versements.states import Etat

PARTS = 4
"""Parts proposées d'un coup ; une part se découpe à son tour."""
_DATE = {"required": "Saisissez une date.", "invalid": "Saisissez une date qui existe."}


class DateForm(DsfrForm):
    autocompletion: ClassVar[dict[str, str]] = {}

    le = forms.DateField(
        label="Date du versement",
        help_text="Le jour à partir duquel la somme peut partir.",
        error_messages=_DATE,
    )


class DecoupageForm(DsfrForm):
    """Deux à quatre parts datées ; la somme est vérifiée au centime par l'acte."""

    autocompletion: ClassVar[dict[str, str]] = {}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for i in range(1, PARTS + 1):
            obligatoire = i <= 2
            self.fields[f"le_{i}"] = forms.DateField(
                label=f"Part {i} : date", required=obligatoire, error_messages=_DATE,
                widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
            )  # fmt: skip
            self.fields[f"montant_{i}"] = MontantField(
                label=f"Part {i} : montant", required=obligatoire,
                error_messages={"required": "Écrivez un montant."},
            )  # fmt: skip

    def clean(self) -> dict[str, Any]:
        lues = super().clean() or {}
        for i in range(3, PARTS + 1):
            le, montant = lues.get(f"le_{i}"), lues.get(f"montant_{i}")
            if (le is None) != (montant is None) and not self.errors:
                self.add_error(f"le_{i}" if le is None else f"montant_{i}", "Complétez cette part, ou videz-la.")
        return lues

    def parts(self) -> list[tuple[date, Decimal]]:
        lues = self.cleaned_data
        couples = ((lues.get(f"le_{i}"), lues.get(f"montant_{i}")) for i in range(1, PARTS + 1))
        return [(le, montant) for le, montant in couples if le is not None and montant is not None]


class ReversementForm(DsfrForm):
    autocompletion: ClassVar[dict[str, str]] = {}

    le = forms.DateField(label="Date de réception", help_text="Date de valeur du virement.", error_messages=_DATE)
    reference = forms.CharField(
        label="Référence du virement",
        max_length=140,
        error_messages={"required": "Écrivez la référence du virement reçu."},
    )


class FiltresEcheances(FiltresForm):
    onglet = forms.CharField(widget=forms.HiddenInput, max_length=20)
    recherche = forms.CharField(label="Rechercher", help_text="Structure, échéance ou convention", max_length=100)
    etat = forms.ChoiceField(label="État", choices=[("", "Tous"), *Etat.choices])
    nature = forms.ChoiceField(label="Nature", choices=[("", "Toutes"), *Nature.choices])
    jusqu_au = forms.DateField(label="Prévue jusqu'au")
    departement = forms.ModelChoiceField(
        label="Département", queryset=Departement.objects.order_by("pk"), empty_label="Tous"
    )

    def __init__(self, *args: Any, national: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not national:
            del self.fields["departement"]
