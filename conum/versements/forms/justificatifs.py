"""Formulaires des justificatifs : déposer, retenir un montant, refuser, filtrer les files."""

from typing import Any, ClassVar

from django import forms

from conum.postes.forms.contrats import MotifForm
from conum.territoires.models import Departement
from conum.ui.forms import DsfrForm, FiltresForm, MontantField, PieceField

_MONTANT = {"required": "Écrivez un montant.", "min_value": "Le montant est positif, ou nul."}


class DepotJustificatifForm(DsfrForm):
    """Ce qui a été employé et son PDF ; une erreur garde ce qui est saisi, le fichier se choisit de nouveau."""

    autocompletion: ClassVar[dict[str, str]] = {}

    montant = MontantField(
        label="Montant de la subvention employé pendant ce terme, en euros",
        help_text="Rémunération du conseiller payée avec l’aide de l’État. Zéro si rien n’a été employé.",
        error_messages=_MONTANT,
    )
    commentaire = forms.CharField(
        label="Commentaire", required=False, max_length=2_000, widget=forms.Textarea(attrs={"rows": 4})
    )
    fichier = PieceField(
        label="Preuve de l’emploi",
        help_text="Un seul PDF de 5 Mo au plus : bulletins de paie, journal de paie ou compte rendu financier.",
        accepte=".pdf",
    )


class AcceptationForm(DsfrForm):
    """Le montant que la preuve établit ; `sha256_lu` : le fichier que l'agent avait sous les yeux."""

    autocompletion: ClassVar[dict[str, str]] = {}

    montant = MontantField(
        label="Montant prouvé, en euros",
        help_text="Au plus le montant déclaré. Ce qui a été versé pour ce terme et n’est pas prouvé sera demandé.",
        error_messages=_MONTANT,
    )
    sha256_lu = forms.CharField(widget=forms.HiddenInput, required=False, max_length=64)


class RefusJustificatifForm(MotifForm):
    sha256_lu = forms.CharField(widget=forms.HiddenInput, required=False, max_length=64)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["motif"].label = "Ce qui ne va pas, et quoi déposer à la place"
        self.fields["motif"].help_text = "De 10 à 1 000 caractères. La structure le lit."


class FiltresJustificatifs(FiltresForm):
    onglet = forms.CharField(widget=forms.HiddenInput, max_length=20)
    recherche = forms.CharField(label="Rechercher", help_text="Structure ou convention", max_length=100)
    departement = forms.ModelChoiceField(
        label="Département", queryset=Departement.objects.order_by("pk"), empty_label="Tous"
    )
