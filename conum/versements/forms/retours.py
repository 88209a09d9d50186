"""Formulaires du retour de banque : déposer, chercher de quoi parle une ligne."""

from typing import ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile

from conum.ui.forms import DsfrForm, FiltresForm
from conum.versements.rules.retours import OCTETS_MAX


class DepotRetourForm(DsfrForm):
    """Un fichier ; ce qu'il contient est lu par l'acte."""

    autocompletion: ClassVar[dict[str, str]] = {}

    fichier = forms.FileField(
        label="Fichier rendu par la banque",
        help_text=(
            "XML (pain.002, camt.053 ou camt.054) ou CSV aux colonnes Référence, Statut, Montant, Date de valeur et "
            "Motif. 10 Mo au plus."
        ),
        widget=forms.FileInput(attrs={"accept": ".xml,.csv,.txt"}),
        error_messages={
            "required": "Choisissez un fichier.",
            "empty": "Ce fichier est vide.",
            "invalid": "Le fichier n’est pas arrivé. Choisissez-le de nouveau.",
        },
    )

    def clean_fichier(self) -> "UploadedFile[bytes]":
        fichier: UploadedFile[bytes] = self.cleaned_data["fichier"]
        if (fichier.size or 0) > OCTETS_MAX:
            raise ValidationError(f"Le fichier dépasse {OCTETS_MAX // 1_000_000} Mo : demandez un fichier par jour.")
        return fichier


class RechercheForm(FiltresForm):
    recherche = forms.CharField(
        label="Rechercher", help_text="Structure, convention ou référence du virement", max_length=100
    )
