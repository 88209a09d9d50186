"""Le questionnaire de satisfaction, bâti sur les questions de sa version ; le choix d'un organisme."""

from typing import Any, ClassVar

from django import forms

from conum.formations.models.satisfaction import NOTE_MAX, NOTE_MIN
from conum.formations.rules.satisfaction import Questionnaire
from conum.ui.forms import DsfrForm

COMMENTAIRE_MAX = 1_000
MANQUE = "Choisissez une note de 1 à 5."


class AvisForm(DsfrForm):
    autocompletion: ClassVar[dict[str, str]] = {}

    def __init__(self, *args: Any, questionnaire: Questionnaire, moment: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.codes = [q.code for q in questionnaire.questions[moment]]
        bornes = {NOTE_MIN: f" – {questionnaire.bas}", NOTE_MAX: f" – {questionnaire.haut}"}
        notes = [(n, f"{n}{bornes.get(n, '')}") for n in range(NOTE_MIN, NOTE_MAX + 1)]
        for question in questionnaire.questions[moment]:
            self.fields[question.code] = forms.TypedChoiceField(
                label=question.texte, choices=notes, coerce=int, widget=forms.RadioSelect,
                error_messages={"required": MANQUE, "invalid_choice": MANQUE},
            )  # fmt: skip
        self.fields["commentaire"] = forms.CharField(
            label="Une remarque",
            help_text="Lue telle quelle : n’écrivez ni votre nom ni celui d’une autre personne. 1 000 signes au plus.",
            required=False, max_length=COMMENTAIRE_MAX, widget=forms.Textarea(attrs={"rows": "4"}),
            error_messages={"max_length": "Écrivez 1 000 signes au plus."},
        )  # fmt: skip

    def reponse(self) -> dict[str, Any]:
        """Les arguments de l'acte."""
        return {
            "notes": {code: self.cleaned_data[code] for code in self.codes},
            "commentaire": self.cleaned_data["commentaire"],
        }
