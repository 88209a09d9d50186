"""Formulaires d'un contrat : le papier, la personne, la prolongation, la rupture et ses pièces."""

from typing import Any, ClassVar

from django import forms

from conum.postes.models import Contrat, TypeContrat
from conum.postes.rules import contrat as regles
from conum.postes.states import Etat
from conum.territoires.models import Departement
from conum.ui.forms import DsfrForm, FiltresForm


class MontantField(forms.DecimalField):
    """Un montant écrit à la française ou non : « 1 823,03 », « 1823.03 »."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_digits=8, decimal_places=2, min_value=0, widget=forms.TextInput, **kwargs)
        self.error_messages |= {
            "required": "Saisissez le salaire mensuel brut.",
            "invalid": "Saisissez un montant, par exemple 1 950,50.",
            "max_decimal_places": "Deux chiffres au plus après la virgule.",
            "max_digits": "Saisissez un salaire mensuel.",
            "max_whole_digits": "Saisissez un salaire mensuel.",
            "min_value": "Le salaire est positif.",
        }

    def to_python(self, value: Any) -> Any:
        if isinstance(value, str):
            value = value.replace("\u202f", "").replace("\xa0", "").replace(" ", "").replace("€", "")
            value = value.replace(",", ".")
        return super().to_python(value)

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        return {"inputmode": "decimal", "autocomplete": "off"}


def _date(label: str, aide: str = "", *, obligatoire: bool = True) -> forms.DateField:
    return forms.DateField(
        label=label,
        help_text=aide,
        required=obligatoire,
        error_messages={"required": "Saisissez une date.", "invalid": "Saisissez une date qui existe."},
    )


def _salaire() -> MontantField:
    return MontantField(
        label="Salaire mensuel brut à temps plein, en euros",
        help_text="Au moins le SMIC du jour où commence le contrat.",
    )


class ContratForm(DsfrForm):
    """Le papier d'un contrat ; la fin est le dernier jour, vide pour un CDI."""

    autocompletion: ClassVar[dict[str, str]] = {}

    type = forms.ChoiceField(
        label="Type de contrat",
        choices=TypeContrat.choices,
        widget=forms.RadioSelect,
        error_messages={"required": "Choisissez un type de contrat."},
    )
    debut = _date("Début du contrat", "Premier jour de travail.")
    fin = _date("Fin du contrat", "Dernier jour du contrat. Laissez vide pour un CDI.", obligatoire=False)
    salaire = _salaire()

    @staticmethod
    def initial_de(contrat: Contrat) -> dict[str, Any]:
        return {"type": contrat.type, "debut": contrat.debut, "fin": contrat.fin, "salaire": contrat.salaire}


class RectificationForm(ContratForm):
    motif = forms.CharField(
        label="Pourquoi rectifier ce contrat validé",
        help_text="De 10 à 1 000 caractères. La structure le lit.",
        widget=forms.Textarea(attrs={"rows": 4}),
        error_messages={"required": "Écrivez pourquoi."},
    )


class SaisieForm(ContratForm):
    """Un contrat et la personne qui le signe ; l'ANCT peut motiver un remplacement hors délai."""

    email = forms.EmailField(
        label="Adresse électronique personnelle",
        help_text="La personne se connectera avec cette adresse : pas de boîte qui ferme avec le contrat.",
        error_messages={"required": "Saisissez l'adresse.", "invalid": "Saisissez une adresse, nom@exemple.fr."},
    )
    prenom = forms.CharField(label="Prénom", max_length=100, error_messages={"required": "Saisissez le prénom."})
    nom = forms.CharField(label="Nom", max_length=100, error_messages={"required": "Saisissez le nom."})
    motif = forms.CharField(
        label="Pourquoi accepter un remplacement hors délai",
        help_text="À remplir seulement si le délai de remplacement est passé.",
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    field_order = ("prenom", "nom", "email", "type", "debut", "fin", "salaire", "motif")

    def __init__(self, *args: Any, pour_anct: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not pour_anct:
            del self.fields["motif"]


class ProlongationForm(DsfrForm):
    autocompletion: ClassVar[dict[str, str]] = {}

    fin = _date("Nouvelle fin du contrat", "Dernier jour du contrat prolongé.")
    salaire = _salaire()


class RuptureForm(DsfrForm):
    autocompletion: ClassVar[dict[str, str]] = {}

    date_rupture = _date("Dernier jour du contrat", "Passé, ou à venir dans les deux mois.")
    motif = forms.ChoiceField(
        label="Motif",
        choices=list(regles.MOTIFS_RUPTURE.items()),
        widget=forms.RadioSelect,
        error_messages={"required": "Choisissez un motif."},
    )


class PieceForm(DsfrForm):
    autocompletion: ClassVar[dict[str, str]] = {}

    nature = forms.ChoiceField(
        label="Nature du document",
        choices=list(regles.PIECES.items()),
        error_messages={"required": "Choisissez la nature du document."},
    )
    fichier = forms.FileField(
        label="Document",
        help_text="PDF ou photo JPEG, 5 Mo au plus.",
        error_messages={"required": "Choisissez un fichier.", "empty": "Ce fichier est vide."},
        widget=forms.FileInput(attrs={"accept": ".pdf,.jpg,.jpeg"}),
    )


class MotifForm(DsfrForm):
    """Un texte motivé, de 10 à 1 000 caractères."""

    autocompletion: ClassVar[dict[str, str]] = {}

    motif = forms.CharField(
        label="Motif",
        help_text="De 10 à 1 000 caractères.",
        min_length=regles.MOTIF_MIN,
        max_length=regles.MOTIF_MAX,
        widget=forms.Textarea(attrs={"rows": 5}),
        error_messages={"required": "Écrivez pourquoi.", "min_length": "Écrivez au moins 10 caractères."},
    )


class FiltresContrats(FiltresForm):
    onglet = forms.CharField(widget=forms.HiddenInput, max_length=20)
    recherche = forms.CharField(label="Rechercher", help_text="Nom, structure ou référence", max_length=100)
    etat = forms.ChoiceField(label="État", choices=[("", "Tous"), *Etat.choices])
    type = forms.ChoiceField(label="Type de contrat", choices=[("", "Tous"), *TypeContrat.choices])
    departement = forms.ModelChoiceField(
        label="Département", queryset=Departement.objects.order_by("pk"), empty_label="Tous"
    )

    def __init__(self, *args: Any, national: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not national:
            del self.fields["departement"]
