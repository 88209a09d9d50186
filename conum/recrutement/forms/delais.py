"""Filtres des retards et de la page publique des délais."""

from datetime import date, timedelta
from typing import Any

from django import forms

from conum.comptes.models import Role, TypeRole
from conum.postes.models import TypePoste
from conum.recrutement.rules.service import ENGAGEMENTS
from conum.socle.sql import SansAccent
from conum.territoires.models import Departement, Region
from conum.ui.forms import FiltresForm

PERIODES = {"30": "30 derniers jours", "90": "3 derniers mois", "365": "12 derniers mois"}
PERIODE_PAR_DEFAUT = "90"


class FiltresRetards(FiltresForm):
    """Le territoire n'est proposé qu'à qui en voit plusieurs."""

    recherche = forms.CharField(label="Rechercher", help_text="Structure ou SIRET", max_length=100)
    engagement = forms.ChoiceField(label="Engagement en retard", choices=[("", "Tous"), *ENGAGEMENTS.items()])
    type_poste = forms.ChoiceField(label="Type de poste", choices=[("", "Tous"), *TypePoste.choices])
    region = forms.ModelChoiceField(label="Région", queryset=Region.objects.none(), empty_label="Toutes")
    departement = forms.ModelChoiceField(label="Département", queryset=Departement.objects.none(), empty_label="Tous")

    def __init__(self, *args: Any, role: Role, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        departements = Departement.objects.order_by("pk")
        if role.type == TypeRole.PREFECTURE:
            del self.fields["departement"]
        else:
            visibles = departements.filter(region=role.region_id) if role.type == TypeRole.REGION else departements
            self.fields["departement"].queryset = visibles  # type: ignore[attr-defined]
        if role.type == TypeRole.ANCT:
            self.fields["region"].queryset = Region.objects.order_by(SansAccent("nom"))  # type: ignore[attr-defined]
        else:
            del self.fields["region"]


class PeriodeForm(FiltresForm):
    periode = forms.ChoiceField(label="Propositions faites pendant les", choices=list(PERIODES.items()))

    def jours(self) -> int:
        return int(self.valeurs().get("periode", PERIODE_PAR_DEFAUT))

    def debut(self, aujourdhui: date) -> date:
        return aujourdhui - timedelta(days=self.jours())
