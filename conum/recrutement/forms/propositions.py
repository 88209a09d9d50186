"""Dire non à une proposition : une raison de la liste, et un mot si on le veut."""

from typing import ClassVar

from django import forms

from conum.recrutement.rules import relation as regles
from conum.ui.forms import DsfrForm
from conum.ui.templatetags.ui import nombre


class DeclinForm(DsfrForm):
    autocompletion: ClassVar[dict[str, str]] = {}
    motif = forms.ChoiceField(
        label="Votre raison",
        choices=list(regles.MOTIFS_DECLIN.items()),
        widget=forms.RadioSelect,
        error_messages={"required": "Choisissez une raison.", "invalid_choice": "Choisissez une raison de la liste."},
    )
    precision = forms.CharField(
        label="Un mot de plus",
        help_text=f"La structure le lira. {nombre(regles.TEXTE_MAX)} caractères au plus.",
        widget=forms.Textarea(attrs={"rows": 4}),
        max_length=regles.TEXTE_MAX,
        required=False,
    )
