"""Filtres de la carte des sessions : région, niveau, mois du début."""

from datetime import date
from typing import Any

from django import forms
from django.utils.formats import date_format

from conum.formations.forms.sessions import choix_parcours
from conum.formations.rules.prevision import HORIZON, mois_suivant
from conum.socle.sql import SansAccent
from conum.territoires.models import Region
from conum.ui.forms import FiltresForm


class FiltresCarte(FiltresForm):
    region = forms.ModelChoiceField(
        label="Région", queryset=Region.objects.order_by(SansAccent("nom"), "pk"), empty_label="Toutes"
    )
    niveau = forms.ChoiceField(label="Niveau")
    mois = forms.ChoiceField(label="Mois du début")

    def __init__(self, *args: Any, jour: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["niveau"].choices = [("", "Tous"), *choix_parcours(jour)[1:]]  # type: ignore[attr-defined]
        mois = [mois_suivant(jour.replace(day=1), k) for k in range(HORIZON)]
        self.fields["mois"].choices = [  # type: ignore[attr-defined]
            ("", "Tous"), *((f"{m:%Y-%m}", date_format(m, "F Y")) for m in mois),
        ]  # fmt: skip
