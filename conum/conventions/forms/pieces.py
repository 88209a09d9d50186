"""Formulaires des pièces : déposer, refuser, demander, filtrer la file de l'ANCT."""

from typing import Any, ClassVar

from django import forms

from conum.conventions.models import TypePiece
from conum.postes.forms.contrats import MotifForm
from conum.territoires.models import Departement
from conum.ui.forms import DsfrForm, FiltresForm, PieceField

DU_DOSSIER = [choix for choix in TypePiece.choices if choix[0] != TypePiece.EXEMPLAIRE]


class DepotForm(DsfrForm):
    """Un fichier ; ce qu'il contient vraiment est vérifié par l'acte."""

    autocompletion: ClassVar[dict[str, str]] = {}

    fichier = PieceField(label="Fichier")


class RefusForm(MotifForm):
    """Le motif d'un refus ; `sha256_lu` : le fichier que l'agent avait sous les yeux."""

    sha256_lu = forms.CharField(widget=forms.HiddenInput, required=False, max_length=64)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["motif"].label = "Ce qui ne va pas, et quoi déposer à la place"
        self.fields["motif"].help_text = "De 10 à 1 000 caractères. La structure le lit."


class DemandeForm(DsfrForm):
    """Une pièce de plus, parmi celles qui ne sont pas déjà demandées."""

    autocompletion: ClassVar[dict[str, str]] = {}

    type = forms.ChoiceField(
        label="Pièce à demander",
        widget=forms.RadioSelect,
        error_messages={"required": "Choisissez une pièce.", "invalid_choice": "Cette pièce est déjà demandée."},
    )

    def __init__(self, *args: Any, deja: set[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["type"].choices = [c for c in DU_DOSSIER if c[0] not in deja]  # type: ignore[attr-defined]


class FiltresPieces(FiltresForm):
    recherche = forms.CharField(label="Structure ou convention", help_text="Un nom, ou CV-00042", max_length=100)
    type = forms.ChoiceField(label="Pièce", choices=[("", "Toutes"), *TypePiece.choices])
    departement = forms.ModelChoiceField(
        label="Département", queryset=Departement.objects.order_by("pk"), empty_label="Tous"
    )
