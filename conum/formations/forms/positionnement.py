"""Un domaine du test, une page : ses questions en boutons radio. Et le choix du parcours."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from django import forms

from conum.formations.rules.affectation import MOTIF_MIN
from conum.formations.rules.marches import Parcours
from conum.formations.rules.positionnement import Item
from conum.ui.forms import DsfrForm

PREFIXE = "q-"
"""Devant le code d'une question, pour ne la confondre avec aucun autre champ."""


class QuestionField(forms.ChoiceField):
    """`enregistrer` : l'adresse où la réponse part dès qu'elle est choisie."""

    widget = forms.RadioSelect

    def __init__(self, *, enregistrer: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.template_name = "formations/positionnement/question.html"
        self.enregistrer = enregistrer


class DomaineForm(DsfrForm):
    """Rien n'est obligatoire : on enregistre ce qui est répondu, la fin du test dira ce qui manque."""

    signaler_facultatifs: ClassVar[bool] = False
    autocompletion: ClassVar[dict[str, str]] = {}

    def __init__(self, *args: Any, items: Sequence[Item], reponses: Mapping[str, str], enregistrer: str, **kw: Any):
        super().__init__(*args, initial={PREFIXE + code: choix for code, choix in reponses.items()}, **kw)
        for item in items:
            self.fields[PREFIXE + item.code] = QuestionField(
                enregistrer=enregistrer,
                label=item.question,
                choices=[(r.code, r.texte) for r in item.reponses],
                required=False,
                error_messages={"invalid_choice": "Choisissez une des réponses proposées."},
            )

    def reponses(self) -> dict[str, str]:
        """Question → réponse, pour les seules questions répondues."""
        return {nom.removeprefix(PREFIXE): choix for nom, choix in self.cleaned_data.items() if choix}


def reponses_envoyees(donnees: Mapping[str, Any]) -> dict[str, str]:
    """Ce qu'une requête partielle envoie : une question, sa réponse ; l'action vérifie qu'elles existent."""
    return {
        nom.removeprefix(PREFIXE): str(choix) for nom, choix in donnees.items() if nom.startswith(PREFIXE) and choix
    }


class RetenirForm(DsfrForm):
    autocompletion: ClassVar[dict[str, str]] = {}

    parcours = forms.ChoiceField(
        label="Parcours retenu",
        widget=forms.RadioSelect,
        error_messages={
            "required": "Choisissez un parcours.",
            "invalid_choice": "Choisissez un des parcours proposés.",
        },
    )
    motif = forms.CharField(
        label="Motif",
        help_text="Obligatoire pour un autre parcours que celui que le test recommande. La personne et son employeur "
        f"le lisent. {MOTIF_MIN} signes au moins.",
        required=False,
        max_length=1_000,
        widget=forms.Textarea,
    )

    def __init__(self, *args: Any, parcours: Sequence[Parcours], recommande: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["parcours"].choices = [  # type: ignore[attr-defined]
            (p.code, f"{p.libelle}{' – recommandé par le test' if p.code == recommande else ''}") for p in parcours
        ]
        if len(parcours) == 1:  # il n'y a pas de choix à justifier
            del self.fields["motif"]
