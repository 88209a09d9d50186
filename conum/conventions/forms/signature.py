"""Formulaires de la signature : dans l'outil, et la vérification d'un exemplaire papier."""

from typing import Any, ClassVar

from django import forms

from conum.conventions.actions.signature import LONGUEUR_MAX, LONGUEUR_MIN
from conum.ui.forms import DsfrForm

_LONGUEURS: dict[str, Any] = {"min_length": LONGUEUR_MIN, "max_length": LONGUEUR_MAX}
_TROP_LONG = {
    "min_length": f"Écrivez au moins {LONGUEUR_MIN} caractères.",
    "max_length": f"Écrivez au plus {LONGUEUR_MAX} caractères.",
}


class SignatureForm(DsfrForm):
    autocompletion: ClassVar[dict[str, str]] = {"qualite": "organization-title"}

    qualite = forms.CharField(
        label="Votre qualité",
        help_text="À quel titre vous signez : maire, présidente, directeur par délégation…",
        error_messages={"required": "Écrivez à quel titre vous signez.", **_TROP_LONG},
        **_LONGUEURS,
    )
    lu = forms.BooleanField(
        label="J’ai lu le document, et je suis habilité à le signer",
        error_messages={"required": "Lisez le document, puis cochez cette case."},
    )
    sha256_lu = forms.CharField(widget=forms.HiddenInput, max_length=64)


class VerificationForm(DsfrForm):
    """Ce que l'agent lit sur l'exemplaire signé : tout est à recopier, rien n'est prérempli."""

    autocompletion: ClassVar[dict[str, str]] = {}

    code = forms.CharField(
        label="Code de vérification imprimé sur l’exemplaire",
        help_text="Douze lettres et chiffres au bas de chaque page, par exemple ABCD-EFGH-JKLM.",
        max_length=40,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        error_messages={"required": "Recopiez le code imprimé au bas des pages."},
    )
    nom = forms.CharField(
        label="Prénom et nom du signataire",
        error_messages={"required": "Recopiez le nom du signataire.", **_TROP_LONG},
        **_LONGUEURS,
    )
    qualite = forms.CharField(
        label="Qualité du signataire",
        help_text="Telle qu’écrite sur l’exemplaire : maire, présidente…",
        error_messages={"required": "Recopiez la qualité du signataire.", **_TROP_LONG},
        **_LONGUEURS,
    )
    signee_le = forms.DateField(
        label="Date écrite près de la signature",
        error_messages={"required": "Recopiez la date.", "invalid": "Saisissez une date qui existe."},
    )
    sha256_lu = forms.CharField(widget=forms.HiddenInput, required=False, max_length=64)
