"""Filtres de la liste du suivi, réglages de la prévision."""

from typing import Any

from django import forms

from conum.formations.actions.suivi import POINTS, libelles_des_niveaux
from conum.formations.rules import marches
from conum.formations.rules.prevision import DELAI_MAX
from conum.socle.sql import SansAccent
from conum.territoires.models import Departement, Region
from conum.ui.forms import FiltresForm

ATTENTE = "attente"
QUOI = ((ATTENTE, "Sans session"), *((p.cle, p.titre) for p in POINTS.values()))


class FiltresSuivi(FiltresForm):
    quoi = forms.ChoiceField(label="Ce que l’on cherche", choices=QUOI)
    departement = forms.ModelChoiceField(
        label="Département", queryset=Departement.objects.order_by("pk"), empty_label="Tous"
    )
    niveau = forms.ChoiceField(label="Niveau")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        connus = libelles_des_niveaux(p.code for m in marches.catalogue().marches for p in m.parcours)
        self.fields["niveau"].choices = [("", "Tous"), *connus.items()]  # type: ignore[attr-defined]


class FiltresPrevision(FiltresForm):
    region = forms.ModelChoiceField(
        label="Région", queryset=Region.objects.order_by(SansAccent("nom")), empty_label="Toutes"
    )
    delai = forms.IntegerField(
        label="Mois pour recruter sur un poste vacant",
        help_text=f"De 0 à {DELAI_MAX}.",
        min_value=0,
        max_value=DELAI_MAX,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
    )

    def __init__(self, *args: Any, national: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not national:
            del self.fields["region"]
