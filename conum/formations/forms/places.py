"""Choisir une session pour une personne, l'y inscrire, la déplacer."""

from typing import Any, ClassVar

from django import forms

from conum.formations.models import SessionFormation
from conum.formations.rules import marches
from conum.formations.rules.affectation import MOTIF_MIN
from conum.ui.forms import DsfrForm, FiltresForm


class FiltresChoix(FiltresForm):
    toutes = forms.BooleanField(label="Voir aussi les sessions trop loin, trop tôt ou complètes")
    autres = forms.BooleanField(label="Voir aussi les autres parcours")

    def __init__(self, *args: Any, tient: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Seuls l'organisme et l'ANCT inscrivent dans un autre parcours.
        if not tient:
            del self.fields["autres"]


class InscrireForm(DsfrForm):
    autocompletion: ClassVar[dict[str, str]] = {}

    motif_niveau = forms.CharField(
        label="Pourquoi un autre parcours que celui retenu",
        help_text=f"{MOTIF_MIN} signes au moins.",
        max_length=1_000,
        widget=forms.Textarea,
        error_messages={"required": "Dites pourquoi la session n’est pas du parcours retenu."},
    )
    en_attente = forms.BooleanField(
        label="Mettre sur la liste d’attente",
        help_text="La session est complète : le premier siège rendu va au premier de la liste.",
        error_messages={"required": "La session est complète : cochez la case pour attendre une place."},
    )

    def __init__(self, *args: Any, autre_parcours: bool, complete: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not autre_parcours:
            del self.fields["motif_niveau"]
        if not complete:
            del self.fields["en_attente"]


class ChoixSession(forms.ModelChoiceField):
    def label_from_instance(self, obj: Any) -> str:
        libres = max(obj.capacite - obj.assis, 0)
        ou = "à distance" if obj.a_distance else str(obj.commune)
        places = f"{libres} place{'s' if libres > 1 else ''}"
        return f"{obj.reference}, du {obj.debut:%d/%m/%Y}, {ou}, {places}, {_parcours(obj.parcours)}"


def _parcours(code: str) -> str:
    try:
        return marches.parcours(code).libelle
    except marches.MarcheInconnu:
        return code


class DeplacerForm(DsfrForm):
    autocompletion: ClassVar[dict[str, str]] = {}

    vers = ChoixSession(
        label="Nouvelle session",
        queryset=SessionFormation.objects.none(),
        empty_label="Choisir une session",
        error_messages={
            "required": "Choisissez la nouvelle session.",
            "invalid_choice": "Cette session n’est plus dans la liste : elle est complète, finie ou annulée.",
        },
    )
    motif = forms.CharField(
        label="Motif",
        help_text="La personne et son employeur le lisent. 10 signes au moins.",
        max_length=1_000,
        widget=forms.Textarea,
        error_messages={"required": "Écrivez le motif."},
    )

    def __init__(self, *args: Any, sessions: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["vers"].queryset = sessions  # type: ignore[attr-defined]
