"""Les candidats vus par l'ANCT : filtres, motif d'un blocage, fichier de Pix."""

from typing import Any, ClassVar

from django import forms

from conum.recrutement.rules import profil as regles_profil
from conum.recrutement.rules import relation as regles
from conum.recrutement.states import AVANT_CONFIRMATION, EtatCandidat
from conum.socle.tableaux import OCTETS_MAX
from conum.territoires.models import Departement
from conum.ui.forms import DsfrForm, FiltresForm

_ETATS = [e for e in EtatCandidat if e not in AVANT_CONFIRMATION | {EtatCandidat.ANONYMISE}]


class FiltresCandidats(FiltresForm):
    recherche = forms.CharField(label="Rechercher", help_text="Nom, adresse électronique ou référence", max_length=100)
    etat = forms.ChoiceField(label="État", choices=[("", "Tous"), *((e.value, e.label) for e in _ETATS)])
    departement = forms.ModelChoiceField(label="Département", queryset=Departement.objects.none(), empty_label="Tous")
    cv = forms.ChoiceField(label="CV", choices=[("", "Tous"), ("oui", "Déposé"), ("non", "Absent")])

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["departement"].queryset = Departement.objects.order_by("pk")  # type: ignore[attr-defined]


class MotifForm(DsfrForm):
    motif = forms.CharField(
        label="Motif",
        help_text="De 10 à 1 000 caractères. La personne le lira.",
        min_length=regles.TEXTE_MIN,
        max_length=regles_profil.TEXTE_MAX,
        widget=forms.Textarea,
        error_messages={"required": "Écrivez le motif : la personne le lira."},
    )


class FichierPixForm(DsfrForm):
    autocompletion: ClassVar[dict[str, str]] = {}

    fichier = forms.FileField(
        label="Fichier CSV de Pix",
        help_text="Colonnes : email, palier, competence_1, competence_2, competence_3, date. 5 Mo au plus.",
        widget=forms.FileInput(attrs={"accept": "text/csv,.csv"}),
        error_messages={"required": "Choisissez un fichier CSV.", "empty": "Ce fichier est vide."},
    )

    def clean_fichier(self) -> Any:
        fichier = self.cleaned_data["fichier"]
        if fichier.size > OCTETS_MAX:
            raise forms.ValidationError("Ce fichier dépasse 5 Mo.")
        return fichier
