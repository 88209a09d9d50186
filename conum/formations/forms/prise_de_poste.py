"""Formulaires de la prise de poste : la date, et les filtres de la liste."""

from typing import Any, ClassVar

from django import forms

from conum.territoires.models import Departement
from conum.ui.forms import DsfrForm, FiltresForm


class PriseDePosteForm(DsfrForm):
    autocompletion: ClassVar[dict[str, str]] = {}

    le = forms.DateField(
        label="Date de la prise de poste",
        help_text="Aujourd’hui, ou un jour passé.",
        error_messages={"required": "Écrivez la date de la prise de poste.", "invalid": "Cette date n’existe pas."},
    )


class FiltresPrises(FiltresForm):
    onglet = forms.CharField(widget=forms.HiddenInput, max_length=20)
    recherche = forms.CharField(label="Personne ou contrat", help_text="Un nom, ou CT-00042", max_length=100)
    departement = forms.ModelChoiceField(
        label="Département", queryset=Departement.objects.order_by("pk"), empty_label="Tous"
    )

    def __init__(self, *args: Any, national: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not national:
            del self.fields["departement"]
