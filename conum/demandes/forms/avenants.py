from typing import Any, ClassVar

from django import forms

from conum.demandes import rules
from conum.demandes.models import Nature
from conum.postes.models import TypePoste
from conum.ui.forms import DsfrForm


class AvenantForm(DsfrForm):
    """Demander des postes en plus, ou en rendre. `libres` : postes que la structure peut rendre, par type."""

    autocompletion: ClassVar[dict[str, str]] = {}

    type_poste = forms.ChoiceField(
        label="Type de poste",
        choices=TypePoste.choices,
        widget=forms.RadioSelect,
        error_messages={"required": "Choisissez un type de poste."},
    )
    nombre = forms.IntegerField(
        label="Nombre de postes",
        min_value=rules.POSTES_MIN,
        max_value=rules.POSTES_MAX,
        error_messages={
            "required": "Saisissez le nombre de postes.",
            "invalid": "Saisissez un nombre entier, par exemple 1.",
            "min_value": "Indiquez au moins 1 poste.",
            "max_value": "Indiquez au plus 30 postes.",
        },
    )
    motif_avenant = forms.ChoiceField(
        label="Pourquoi ?", widget=forms.RadioSelect, error_messages={"required": "Choisissez une raison."}
    )
    precisions = forms.CharField(
        label="Précisez votre situation",
        help_text="De 10 à 1 000 caractères.",
        min_length=rules.TEXTE_MIN,
        max_length=rules.TEXTE_MAX,
        widget=forms.Textarea(attrs={"rows": 6, "data-compteur": rules.TEXTE_MAX}),
        error_messages={"required": "Précisez votre situation en quelques phrases."},
    )

    def __init__(self, *args: Any, nature: str, libres: dict[str, int], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["motif_avenant"].choices = list(rules.motifs_avenant(nature).items())  # type: ignore[attr-defined]
        self.fields["nombre"].widget.attrs["inputmode"] = "numeric"
        if nature == Nature.AJOUT:
            self.fields["nombre"].label = "Combien de postes en plus ?"
            self.fields["nombre"].help_text = "De 1 à 30 conseillers. Un seul coordinateur à la fois."
            return
        self.fields["nombre"].label = "Combien de postes rendez-vous ?"
        possibles = [(code, nom) for code, nom in TypePoste.choices if libres.get(code)]
        self.fields["type_poste"].choices = [  # type: ignore[attr-defined]
            (code, f"{nom} : {libres[code]} à rendre au plus") for code, nom in possibles
        ]
        if len(possibles) == 1:
            self.initial.setdefault("type_poste", possibles[0][0])
