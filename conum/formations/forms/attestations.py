"""Choisir à qui délivrer son attestation."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from django import forms

from conum.formations.models import Inscription
from conum.ui.forms import DsfrForm


class DelivranceForm(DsfrForm):
    """Une case par personne dont toutes les heures sont signées."""

    autocompletion: ClassVar[dict[str, str]] = {}

    personnes = forms.MultipleChoiceField(
        label="Personnes à qui délivrer l’attestation",
        widget=forms.CheckboxSelectMultiple,
        error_messages={
            "required": "Cochez au moins une personne.",
            "invalid_choice": "La liste a changé depuis : relisez-la, puis recommencez.",
        },
    )

    def __init__(self, data: Any = None, *, inscriptions: Sequence[Inscription], heures: Mapping[int, str]) -> None:
        super().__init__(data)
        self.inscriptions = {str(i.pk): i for i in inscriptions}
        self.fields["personnes"].choices = [  # type: ignore[attr-defined]
            (pk, f"{i.personne.get_full_name()}, {heures[i.pk]}") for pk, i in self.inscriptions.items()
        ]

    def choisies(self) -> list[Inscription]:
        return [self.inscriptions[pk] for pk in self.cleaned_data["personnes"]]
