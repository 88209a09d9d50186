"""Filtres de la liste, organisme, disponibilité, motif d'arrêt."""

from typing import Any, ClassVar

from django import forms

from conum.formations.actions.reglages import PORTEE_MAX
from conum.formations.models import Organisme
from conum.formations.rules import marches
from conum.formations.states import Etat
from conum.territoires.models import Departement
from conum.ui.forms import DsfrForm, FiltresForm

ATTENTES = ((15, "15 jours"), (30, "un mois"), (60, "deux mois"), (90, "trois mois"))
GROUPES = (
    ("vivantes", "Toutes celles à faire ou à finir"),
    ("en_attente", "Toutes celles sans session"),
    ("a_retenir", "Test fini, parcours à retenir"),
    ("sans_organisme", "Sans organisme désigné"),
)


class FiltresInscriptions(FiltresForm):
    recherche = forms.CharField(label="Personne ou structure", help_text="Nom, SIRET ou numéro FO", max_length=100)
    etat = forms.ChoiceField(label="État", choices=[("", "Tous"), *GROUPES, *Etat.choices])
    departement = forms.ModelChoiceField(
        label="Département", queryset=Departement.objects.order_by("pk"), empty_label="Tous"
    )
    parcours = forms.ChoiceField(label="Parcours retenu")
    organisme = forms.ModelChoiceField(
        label="Organisme", queryset=Organisme.objects.order_by("nom"), empty_label="Tous", to_field_name="code"
    )
    attente = forms.TypedChoiceField(
        label="Sans session depuis plus de", coerce=int, empty_value=None,
        choices=[("", "Peu importe"), *ATTENTES],
    )  # fmt: skip
    retard = forms.BooleanField(label="Départ en retard seulement")

    def __init__(self, *args: Any, sans: tuple[str, ...] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        connus = [
            (p.code, f"{p.libelle} ({m.code})") for m in reversed(marches.catalogue().marches) for p in m.parcours
        ]
        self.fields["parcours"].choices = [  # type: ignore[attr-defined]
            ("", "Tous"), ("aucun", "Pas encore retenu"), *connus,
        ]  # fmt: skip
        for nom in sans:
            del self.fields[nom]


class MotifForm(DsfrForm):
    autocompletion: ClassVar[dict[str, str]] = {}

    motif = forms.CharField(
        label="Motif",
        help_text="La personne, son employeur et l’organisme le lisent. 10 signes au moins.",
        max_length=1_000,
        widget=forms.Textarea,
        error_messages={"required": "Écrivez le motif."},
    )


class ConfierForm(MotifForm):
    organisme = forms.ModelChoiceField(
        label="Organisme de formation",
        queryset=Organisme.objects.none(),
        empty_label="Choisissez un organisme",
        error_messages={
            "required": "Choisissez un organisme.",
            "invalid_choice": "Choisissez un des organismes proposés.",
        },
    )
    field_order = ("organisme", "motif")

    def __init__(self, *args: Any, actuel: Organisme | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        ouverts = Organisme.objects.ouverts().order_by("nom")
        self.fields["organisme"].queryset = (  # type: ignore[attr-defined]
            ouverts.exclude(pk=actuel.pk) if actuel else ouverts
        )


class DisponibiliteForm(DsfrForm):
    autocompletion: ClassVar[dict[str, str]] = {}

    portee_km = forms.IntegerField(
        label="Distance acceptée jusqu’au lieu de formation, en kilomètres",
        help_text="0 : à distance seulement, ou dans la commune.",
        min_value=0,
        max_value=PORTEE_MAX,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
        error_messages={
            "required": "Écrivez une distance.",
            "invalid": "Écrivez un nombre entier de kilomètres.",
            "min_value": "Écrivez une distance positive.",
            "max_value": "Écrivez 2 000 kilomètres au plus.",
        },
    )
    disponible_le = forms.DateField(
        label="Peut partir à compter du",
        error_messages={"required": "Saisissez une date.", "invalid": "Saisissez une date qui existe."},
    )
