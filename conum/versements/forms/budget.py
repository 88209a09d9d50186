"""Filtres du budget : ce par quoi l'on range, on peut aussi le choisir."""

from typing import Any

from django import forms
from django.db.models import QuerySet
from django.db.models.functions import ExtractYear

from conum.comptes.models import Role, TypeRole
from conum.conventions.models import Convention
from conum.conventions.models.convention import Phase
from conum.structures.models import Structure
from conum.territoires.models import Departement, Region
from conum.ui.forms import FiltresForm
from conum.versements.models.budget import NOMS, SANS_DATE, Axe, Quand

# Ce qu'un périmètre d'un seul territoire n'a pas à choisir.
INUTILES = {TypeRole.PREFECTURE: ("departement", "region"), TypeRole.REGION: ("region",)}
MONTANTS = (*NOMS, "reste")


def axes_de(role: Role) -> list[Axe]:
    return [axe for axe in Axe if axe.value not in INUTILES.get(TypeRole(role.type), ())]


class FiltresBudget(FiltresForm):
    """Un champ par axe, de même nom ; les choix sont ceux des conventions que le rôle voit."""

    axe = forms.ChoiceField(choices=Axe.choices, widget=forms.HiddenInput)
    exercice = forms.TypedChoiceField(label="Exercice de financement", coerce=int)
    financeur = forms.ChoiceField(label="Financeur")
    region = forms.ModelChoiceField(label="Région", queryset=Region.objects.order_by("nom"), empty_label="Toutes")
    departement = forms.ModelChoiceField(
        label="Département", queryset=Departement.objects.order_by("pk"), empty_label="Tous"
    )
    phase = forms.ChoiceField(label="Phase", choices=[("", "Toutes"), *Phase.choices])
    structure = forms.ModelChoiceField(queryset=Structure.objects.none(), widget=forms.HiddenInput)

    def __init__(self, *args: Any, role: Role, conventions: QuerySet[Convention], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        lues = conventions.order_by().values_list(ExtractYear("financement_debut"), "financeur").distinct()
        exercices, financeurs = {e for e, _ in lues}, {f for _, f in lues}
        self.fields["exercice"].choices = [("", "Tous"), *((e, str(e)) for e in sorted(exercices))]  # type: ignore[attr-defined]
        self.fields["financeur"].choices = [("", "Tous"), *((f, f) for f in sorted(financeurs))]  # type: ignore[attr-defined]
        self.fields["structure"].queryset = Structure.objects.visibles_par(role)  # type: ignore[attr-defined]
        for nom in INUTILES.get(TypeRole(role.type), ()):
            del self.fields[nom]

    def filtrer(self, conventions: QuerySet[Convention]) -> QuerySet[Convention]:
        """Les conventions choisies ; une valeur inconnue n'en écarte aucune."""
        champs = {"exercice": "financement_debut__year", "region": "departement__region"}
        voulus = {nom: valeur for nom, valeur in self.valeurs().items() if nom in Axe.values}
        return conventions.filter(**{champs.get(nom, nom): valeur for nom, valeur in voulus.items()})


class FiltresDetail(FiltresBudget):
    """Les mêmes, et le chiffre d'où l'on vient : son montant, son année."""

    montant = forms.ChoiceField(choices=[(nom, nom) for nom in MONTANTS], widget=forms.HiddenInput)
    annee = forms.CharField(max_length=10, widget=forms.HiddenInput)

    def quand(self) -> Quand:
        annee = self.valeurs().get("annee", "")
        if annee == SANS_DATE:
            return SANS_DATE
        # Une année d'un autre siècle n'est pas une année.
        return int(annee) if annee.isascii() and annee.isdigit() and len(annee) == len("2027") else None
