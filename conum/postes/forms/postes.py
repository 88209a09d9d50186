"""Formulaires d'un poste : transférer, retirer, filtrer."""

from typing import Any, ClassVar

from django import forms
from django.db.models import Q
from django.utils import timezone

from conum.postes.forms.contrats import MotifForm
from conum.postes.models import EtatPoste, TypePoste
from conum.structures.models import NOM_TRI, Structure
from conum.territoires.models import Departement
from conum.ui.forms import FiltresForm


class RetraitForm(MotifForm):
    le = forms.DateField(
        label="Premier jour où la structure n'a plus le poste",
        error_messages={"required": "Saisissez une date.", "invalid": "Saisissez une date qui existe."},
    )
    field_order = ("le", "motif")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("initial", {}).setdefault("le", timezone.localdate())
        super().__init__(*args, **kwargs)


class TransfertForm(RetraitForm):
    """Vers une structure active du même département, ou celle qui demeure après une fusion."""

    autocompletion: ClassVar[dict[str, str]] = {}

    vers = forms.ModelChoiceField(
        label="Structure d'arrivée",
        help_text="Un poste ne se transfère que dans son département.",
        queryset=Structure.objects.none(),
        empty_label="Choisir",
        error_messages={"required": "Choisissez la structure d'arrivée."},
    )
    avec_la_personne = forms.BooleanField(
        label="Le contrat en cours suit le poste",
        help_text="La personne garde son contrat et change d'employeur le même jour.",
        required=False,
    )
    field_order = ("vers", "le", "motif", "avec_la_personne")  # type: ignore[assignment]

    def __init__(self, *args: Any, depart: Structure, occupe: bool, **kwargs: Any) -> None:
        kwargs.setdefault("initial", {}).setdefault("vers", depart.fusionnee_dans_id)
        super().__init__(*args, **kwargs)
        self.fields["le"].label = "Premier jour dans la structure d'arrivée"
        ici = Q(commune__departement=depart.commune.departement_id) | Q(pk=depart.fusionnee_dans_id)
        self.fields["vers"].queryset = (  # type: ignore[attr-defined]
            Structure.objects.actives().filter(ici).exclude(pk=depart.pk).order_by(NOM_TRI, "pk")
        )
        if not occupe:
            del self.fields["avec_la_personne"]


class FiltresPostes(FiltresForm):
    recherche = forms.CharField(label="Structure", help_text="Nom, SIRET ou numéro de poste", max_length=100)
    etat = forms.ChoiceField(label="État", choices=[("", "Tous"), *EtatPoste.choices])
    type = forms.ChoiceField(label="Type de poste", choices=[("", "Tous"), *TypePoste.choices])
    departement = forms.ModelChoiceField(
        label="Département", queryset=Departement.objects.order_by("pk"), empty_label="Tous"
    )

    def __init__(self, *args: Any, national: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not national:
            del self.fields["departement"]
