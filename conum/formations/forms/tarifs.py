"""Saisir le prix d'un marché, d'après un acte."""

from typing import ClassVar

from django import forms

from conum.formations.models.etat import NatureCout
from conum.ui.forms import DsfrForm


class TarifForm(DsfrForm):
    autocompletion: ClassVar[dict[str, str]] = {}

    nature = forms.ChoiceField(
        label="Ce que paie ce prix",
        choices=NatureCout.choices,
        widget=forms.RadioSelect,
        error_messages={"required": "Choisissez la formation ou les certifications."},
    )
    montant = forms.DecimalField(
        label="Prix par conseiller, en euros",
        help_text="Pour le parcours entier. Par exemple 4805,00.",
        min_value=1,
        max_digits=9,
        decimal_places=2,
        localize=True,
        widget=forms.TextInput(attrs={"inputmode": "decimal"}),
        error_messages={
            "required": "Écrivez le prix.",
            "invalid": "Écrivez un nombre, par exemple 4805,00.",
            "min_value": "Un prix est d’au moins un euro.",
        },
    )
    depuis = forms.DateField(
        label="À compter du",
        help_text="Les personnes qui commencent ce jour-là, ou après, ont ce prix.",
        error_messages={"required": "Écrivez une date.", "invalid": "Cette date n’existe pas."},
    )
    reference = forms.CharField(
        label="Référence de l’acte",
        help_text="Le marché, le bon de commande ou la décision qui fixe ce prix.",
        max_length=150,
        error_messages={"required": "Écrivez la référence de l’acte."},
    )
