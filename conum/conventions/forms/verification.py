"""Formulaires publics : chercher un document par son code, comparer un PDF."""

from typing import ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile

from conum.socle.codes import ALPHABET, LONGUEUR_CODE
from conum.ui.forms import DsfrForm

OCTETS_MAX = 5 * 1024 * 1024


def lire_code(saisi: str) -> str:
    """« abcd-efgh jklm » → « ABCDEFGHJKLM » ; vide si ce ne peut pas être un code."""
    code = "".join(c for c in saisi.upper() if c.isalnum())
    return code if len(code) == LONGUEUR_CODE and set(code) <= set(ALPHABET) else ""


class CodeForm(DsfrForm):
    autocompletion: ClassVar[dict[str, str]] = {}

    code = forms.CharField(
        label="Code de vérification",
        help_text="Douze lettres et chiffres, imprimés au bas de chaque page du document. Exemple : ABCD-EFGH-JKLM",
        max_length=40,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        error_messages={"required": "Écrivez le code imprimé sur le document."},
    )

    def clean_code(self) -> str:
        code = lire_code(self.cleaned_data["code"])
        if not code:
            raise ValidationError(
                "Ce code n’est pas complet, ou contient un caractère qui n’y figure jamais (0, 1, I, O)."
            )
        return code


class FichierForm(DsfrForm):
    autocompletion: ClassVar[dict[str, str]] = {}

    fichier = forms.FileField(
        label="Le PDF à comparer",
        help_text="5 Mo au plus. Le fichier n’est ni gardé ni lu : seule son empreinte est calculée.",
        error_messages={"required": "Choisissez un fichier.", "empty": "Ce fichier est vide."},
    )

    def clean_fichier(self) -> "UploadedFile[bytes]":
        fichier: UploadedFile[bytes] = self.cleaned_data["fichier"]
        if (fichier.size or 0) > OCTETS_MAX:
            raise ValidationError("Ce fichier dépasse 5 Mo : ce n’est pas un de nos documents.")
        return fichier
