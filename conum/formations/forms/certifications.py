"""Formulaires des certifications : un résultat, un fichier de résultats, les filtres de la liste."""

from datetime import date
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.utils import timezone

from conum.formations.models import ResultatCertification
from conum.formations.rules.certification import Resultat, intitule
from conum.formations.rules.marches import CCP1, PIX, TITRE
from conum.socle.tableaux import OCTETS_MAX
from conum.territoires.models import Departement
from conum.ui.forms import DsfrForm, FiltresForm

_RESULTATS = ResultatCertification._meta.get_field("resultat").flatchoices


def _certifications(jour: date) -> list[tuple[str, str]]:
    return [(code, intitule(code, jour)) for code in (CCP1, PIX, TITRE)]


class ResultatForm(DsfrForm):
    autocompletion: ClassVar[dict[str, str]] = {}

    certification = forms.ChoiceField(
        label="Certification",
        widget=forms.RadioSelect,
        choices=lambda: _certifications(timezone.localdate()),
        error_messages={"required": "Choisissez la certification."},
    )
    resultat = forms.ChoiceField(
        label="Résultat",
        widget=forms.RadioSelect,
        choices=_RESULTATS,
        error_messages={"required": "Choisissez le résultat."},
    )
    le = forms.DateField(
        label="Date de la présentation",
        help_text="Le jour de l’examen, ou celui où la personne était attendue.",
        error_messages={"required": "Écrivez la date de l’examen.", "invalid": "Cette date n’existe pas."},
    )
    motif = forms.CharField(
        label="Raison de l’absence",
        help_text="Seulement pour une absence. Sans raison, la structure et l’ANCT sont prévenues.",
        required=False,
        max_length=300,
    )

    def clean(self) -> dict[str, Any] | None:
        saisi = super().clean() or {}
        if saisi.get("motif") and saisi.get("resultat") not in (None, Resultat.ABSENT.value):
            self.add_error("motif", "Seule une absence a une raison : videz ce champ.")
        return saisi


class RaisonForm(DsfrForm):
    """La raison d'une absence, apprise après coup."""

    autocompletion: ClassVar[dict[str, str]] = {}

    motif = forms.CharField(
        label="Raison de l’absence",
        help_text="Par exemple « Arrêt de travail ». 300 caractères au plus.",
        max_length=300,
        error_messages={"required": "Écrivez la raison de l’absence."},
    )


class DepotResultatsForm(DsfrForm):
    autocompletion: ClassVar[dict[str, str]] = {}

    fichier = forms.FileField(
        label="Fichier CSV des résultats",
        help_text="Colonnes : adresse électronique (ou inscription), certification, résultat, date, motif. 5 Mo.",
        widget=forms.FileInput(attrs={"accept": ".csv,.txt,.tsv"}),
        error_messages={
            "required": "Choisissez un fichier.",
            "empty": "Ce fichier est vide.",
            "invalid": "Le fichier n’est pas arrivé. Choisissez-le de nouveau.",
        },
    )

    def clean_fichier(self) -> "UploadedFile[bytes]":
        fichier: UploadedFile[bytes] = self.cleaned_data["fichier"]
        if (fichier.size or 0) > OCTETS_MAX:
            raise ValidationError(f"Le fichier dépasse {OCTETS_MAX // 1_000_000} Mo.")
        return fichier


class FiltresCertifications(FiltresForm):
    onglet = forms.CharField(widget=forms.HiddenInput, max_length=20)
    recherche = forms.CharField(label="Personne ou inscription", help_text="Un nom, ou FO-00042", max_length=100)
    departement = forms.ModelChoiceField(
        label="Département", queryset=Departement.objects.order_by("pk"), empty_label="Tous"
    )
