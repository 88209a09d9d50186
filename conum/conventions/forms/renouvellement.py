"""Renouveler une convention, ou dire qu'on ne le souhaite pas."""

from typing import Any, ClassVar

from django import forms

from conum.comptes.rules import ajouter_mois
from conum.conventions import rules
from conum.conventions.actions.renouvellement import postes_a_renouveler, premier_jour
from conum.conventions.forms.convention import DATE_FAUSSE, PosteField
from conum.conventions.models import Convention, MotifNonRenouvellement
from conum.conventions.models.convention import DUREE_MAX_MOIS
from conum.postes.models import Poste
from conum.postes.models.poste import UN_JOUR
from conum.ui.forms import DsfrForm, FiltresForm


class RenouvellementForm(DsfrForm):
    """Les postes gardés, les dates, les zones et le financeur de la nouvelle convention."""

    autocompletion: ClassVar[dict[str, str]] = {}

    postes = PosteField(
        label="Postes gardés",
        help_text="Avec la même personne ou une autre.",
        queryset=Poste.objects.none(),
        error_messages={"required": "Choisissez au moins un poste."},
    )
    debut = forms.DateField(
        label="Début de la nouvelle convention",
        help_text="Après la fin de la précédente, et trois mois au plus après le dernier contrat de chaque poste.",
        error_messages=DATE_FAUSSE,
    )
    fin = forms.DateField(label="Dernier jour", help_text=f"{DUREE_MAX_MOIS} mois au plus.", error_messages=DATE_FAUSSE)
    financeur = forms.ChoiceField(label="Financeur", required=False)
    zones = PosteField(
        label="Postes en quartier prioritaire (QPV) ou en zone de revitalisation rurale (ZRR)",
        help_text="La bonification n’est publiée que pour les structures publiques.",
        queryset=Poste.objects.none(),
        required=False,
    )

    def __init__(self, *args: Any, convention: Convention, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        de_la_convention = Poste.objects.filter(conventions__convention=convention, conventions__retenu=True)
        self.fields["postes"].queryset = self.fields["zones"].queryset = de_la_convention.order_by("numero")  # type: ignore[attr-defined]
        financeurs = sorted({f for r in rules.catalogue().regles if r.phase == rules.Phase.V2 for f in r.financeurs})
        self.fields["financeur"].choices = [  # type: ignore[attr-defined]
            ("", "Celui de la règle (le premier s’il y en a plusieurs)"), *((f, f) for f in financeurs),
        ]  # fmt: skip

    @classmethod
    def depart(cls, convention: Convention) -> dict[str, Any]:
        """Les postes que la structure a encore, 36 mois dès le lendemain de la fin."""
        debut = premier_jour(convention)
        zones = convention.postes.filter(zone_prioritaire=True).values_list("poste_id", flat=True)
        return {
            "postes": [p.pk for p in postes_a_renouveler(convention, debut)],
            "debut": debut,
            "fin": ajouter_mois(debut, DUREE_MAX_MOIS) - UN_JOUR,
            "zones": list(zones),
        }

    def clean(self) -> dict[str, Any]:
        saisi = super().clean() or self.cleaned_data
        choisis = {p.pk for p in saisi.get("postes", ())}
        if autres := [z for z in saisi.get("zones", ()) if z.pk not in choisis]:
            self.add_error("zones", f"{autres[0].reference} n’est pas gardé : cochez-le d’abord.")
        return saisi

    def valeurs(self) -> dict[str, Any]:
        """Les arguments de `renouveler_convention` ; le formulaire est valide."""
        saisi = self.cleaned_data
        return {**saisi, "postes": list(saisi["postes"]), "zones": [p.pk for p in saisi["zones"]]}


class NonRenouvellementForm(DsfrForm):
    autocompletion: ClassVar[dict[str, str]] = {}

    motif = forms.ChoiceField(
        label="Pourquoi ?",
        choices=MotifNonRenouvellement.choices,
        widget=forms.RadioSelect,
        error_messages={"required": "Choisissez un motif."},
    )


class FiltresRenouvellements(FiltresForm):
    reponse = forms.ChoiceField(
        label="Réponse de la structure",
        choices=[("", "Toutes"), ("attendue", "Pas de réponse"), ("declinee", "Ne souhaite pas renouveler")],
    )
