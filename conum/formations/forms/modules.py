"""Formulaires de la formation continue : demander un module, filtrer la liste."""

from typing import Any, ClassVar

from django import forms

from conum.formations.models import Organisme
from conum.formations.rules.droits import offres
from conum.formations.states import EtatModule
from conum.ui.forms import DsfrForm, FiltresForm


class ModuleForm(DsfrForm):
    """`averti` : la personne a lu que l'État ne paie pas ce module ; la case ne se montre qu'alors."""

    autocompletion: ClassVar[dict[str, str]] = {}

    jour = forms.DateField(
        label="Le module commence le",
        help_text="La date convenue avec l’organisme.",
        error_messages={"required": "Écrivez la date du module.", "invalid": "Cette date n’existe pas."},
    )
    organisme = forms.ModelChoiceField(
        label="Organisme qui le donne",
        queryset=Organisme.objects.none(),
        empty_label="Choisissez",
        error_messages={"required": "Choisissez l’organisme.", "invalid_choice": "Cet organisme n’accueille plus."},
    )
    sans_prise_en_charge = forms.BooleanField(label="J’ai compris : l’État ne prend pas tout en charge", required=False)

    def __init__(self, *args: Any, averti: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["organisme"].queryset = Organisme.objects.ouverts().order_by("nom")  # type: ignore[attr-defined]
        self.averti = averti

    @property
    def sans_case(self) -> bool:
        """Rien à accepter : ni avertissement, ni case déjà cochée."""
        return not (self.averti or self.errors.get("sans_prise_en_charge") or self.data.get("sans_prise_en_charge"))


def _modules() -> list[tuple[str, str]]:
    """Tous les modules des catalogues successifs, par nom."""
    connus = {m.code: m.libelle for offre in offres() for m in offre.modules}
    return [("", "Tous"), *sorted(connus.items(), key=lambda c: c[1])]


class FiltresModules(FiltresForm):
    recherche = forms.CharField(label="Personne", help_text="Un nom", max_length=100)
    etat = forms.ChoiceField(label="État", choices=[("", "Tous"), *EtatModule.choices])
    code = forms.ChoiceField(label="Module", choices=_modules)
