"""Formulaires des lots : préparer, approuver ce que l'on a lu."""

from typing import Any, ClassVar

from django import forms

from conum.territoires.models import Departement
from conum.ui.forms import DsfrForm

SUBVENTIONS, ETATS, TOUT = "subventions", "etats", "tout"
CONTENUS = (
    (SUBVENTIONS, "Les subventions des structures"),
    (ETATS, "Les états de formation des organismes"),
    (TOUT, "Les deux"),
)


class PreparationForm(DsfrForm):
    """Toutes les échéances à verser, ou celles d'un département ; les états de formation validés."""

    autocompletion: ClassVar[dict[str, str]] = {}

    execution_le = forms.DateField(
        label="Date d'exécution demandée à la banque",
        help_text="Un jour ouvré, dans les 60 jours.",
        error_messages={"required": "Saisissez une date.", "invalid": "Saisissez une date qui existe."},
    )
    contenu = forms.ChoiceField(label="Ce que paie le lot", choices=CONTENUS, required=False, initial=SUBVENTIONS)
    departement = forms.ModelChoiceField(
        label="Département",
        help_text="Laissez vide pour tout le pays. Les états de formation n'ont pas de département.",
        queryset=Departement.objects.order_by("pk"),
        empty_label="Tous",
        required=False,
    )


class ApprobationForm(forms.Form):
    """Ce que l'approbateur avait sous les yeux : s'il a changé, il relit."""

    nombre = forms.IntegerField(widget=forms.HiddenInput)
    total = forms.DecimalField(widget=forms.HiddenInput, localize=False)

    def lus(self) -> dict[str, Any]:
        return {"nombre": self.cleaned_data["nombre"], "total": self.cleaned_data["total"]}
