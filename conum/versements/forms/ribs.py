"""Formulaires des coordonnées bancaires. En cas d'erreur, la saisie reste sous les yeux de qui l'a tapée."""

from typing import Any, ClassVar

from django import forms

from conum.ui.forms import DsfrForm
from conum.versements.rules.iban import CompteInvalide, lire_bic, lire_iban


class RibForm(DsfrForm):
    autocompletion: ClassVar[dict[str, str]] = {}

    titulaire = forms.CharField(
        label="Titulaire du compte",
        help_text="Tel qu'il est écrit sur le relevé d'identité bancaire.",
        max_length=70,
        error_messages={"required": "Écrivez le titulaire du compte."},
    )
    iban = forms.CharField(
        label="IBAN",
        help_text="Les espaces et les minuscules sont admis. Par exemple FR76 3000 6000 0112 3456 7890 189.",
        max_length=50,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "autocapitalize": "characters"}),
        error_messages={"required": "Écrivez l'IBAN."},
    )
    bic = forms.CharField(
        label="BIC",
        help_text="8 ou 11 caractères.",
        max_length=20,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )

    def clean_iban(self) -> str:
        return _lu(lire_iban, self.cleaned_data["iban"])

    def clean_bic(self) -> str:
        return _lu(lire_bic, self.cleaned_data["bic"])


def _lu(lire: Any, saisie: str) -> str:
    try:
        return str(lire(saisie))
    except CompteInvalide as erreur:
        raise forms.ValidationError(str(erreur)) from erreur


class ConfirmationForm(DsfrForm):
    """Ce que la seconde personne atteste, une case par vérification."""

    iban = forms.BooleanField(
        label="J'ai comparé l'IBAN au relevé d'identité bancaire, chiffre par chiffre",
        error_messages={"required": "Comparez l'IBAN au relevé, puis cochez cette case."},
    )
    titulaire = forms.BooleanField(
        label="Le titulaire du relevé est bien la structure ou l'organisme",
        error_messages={"required": "Vérifiez le titulaire, puis cochez cette case."},
    )
