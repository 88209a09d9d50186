"""Les filtres d'un passage d'affectation."""

from typing import Any

from django import forms

from conum.formations.rules import marches
from conum.territoires.models import Departement
from conum.ui.forms import FiltresForm

MONTREES = (
    ("", "À confirmer"),
    ("sans", "Sans session"),
    ("confirmee", "Confirmées"),
    ("ecartee", "Écartées"),
    ("perimee", "Périmées"),
)


class FiltresPassage(FiltresForm):
    montrer = forms.ChoiceField(label="Montrer", choices=MONTREES)
    recherche = forms.CharField(label="Personne ou session", help_text="Nom, numéro FO ou SF", max_length=100)
    departement = forms.ModelChoiceField(
        label="Département d’exercice", queryset=Departement.objects.order_by("pk"), empty_label="Tous"
    )
    parcours = forms.ChoiceField(label="Parcours retenu")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        connus = [(p.code, p.libelle) for m in reversed(marches.catalogue().marches) for p in m.parcours]
        self.fields["parcours"].choices = [("", "Tous"), *connus]  # type: ignore[attr-defined]
