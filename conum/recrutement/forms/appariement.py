"""Formulaires de l'appariement : réglages datés, et la question « pourquoi pas cette paire ? »."""

import re
from typing import Any

from django import forms
from django.utils import timezone

from conum.recrutement.models import Candidat, Recrutement
from conum.recrutement.rules import relation as regles
from conum.ui.forms import DsfrForm, FiltresForm

PLAFOND_MIN, PLAFOND_MAX = 1, 20


class ReglageForm(DsfrForm):
    a_partir_du = forms.DateField(
        label="À partir du", help_text="Aujourd’hui ou plus tard. Les passages déjà faits ne changent pas."
    )
    max_par_poste = forms.IntegerField(
        label="Propositions par poste vacant", min_value=PLAFOND_MIN, max_value=PLAFOND_MAX, help_text="De 1 à 20."
    )
    max_par_candidat = forms.IntegerField(
        label="Propositions ouvertes par candidat", min_value=PLAFOND_MIN, max_value=PLAFOND_MAX, help_text="De 1 à 20."
    )
    motif = forms.CharField(
        label="Pourquoi ce réglage",
        help_text="Ce motif est publié sur la page de l’algorithme.",
        widget=forms.Textarea(attrs={"rows": "3"}),
        min_length=regles.TEXTE_MIN,
        max_length=regles.TEXTE_MAX,
    )

    def clean_a_partir_du(self) -> Any:
        jour = self.cleaned_data["a_partir_du"]
        if jour < timezone.localdate():
            raise forms.ValidationError("Choisissez aujourd’hui ou un jour à venir.")
        return jour


def _numero(saisie: str, lettre: str) -> int | None:
    """« R-00042 », « r42 » ou « 42 »."""
    lu = re.fullmatch(rf"(?:{lettre}[-\s]?)?(\d{{1,9}})", saisie.strip().upper())
    return int(lu[1]) if lu else None


class PourquoiForm(FiltresForm):
    """Une paire, par ses deux références."""

    recrutement = forms.CharField(label="Recrutement", help_text="Par exemple R-00042.", max_length=20)
    candidat = forms.CharField(label="Candidat", help_text="Par exemple C-00042.", max_length=20)

    def clean_recrutement(self) -> Recrutement | None:
        return self._lire("recrutement", "R", Recrutement.objects.select_related("structure", "commune__departement"))

    def clean_candidat(self) -> Candidat | None:
        return self._lire("candidat", "C", Candidat.objects.select_related("commune__departement"))

    def _lire(self, champ: str, lettre: str, objets: Any) -> Any:
        saisie = self.cleaned_data[champ]
        if not saisie:
            return None
        numero = _numero(saisie, lettre)
        trouve = objets.filter(pk=numero).first() if numero is not None else None
        if trouve is None:
            raise forms.ValidationError(f"Aucun {champ} ne porte la référence « {saisie} ».")
        return trouve
