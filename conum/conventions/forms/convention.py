"""Filtres de la liste, préparation et correction d'une convention."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any, ClassVar

from django import forms
from django.forms.boundfield import BoundField

from conum.conventions import rules
from conum.conventions.actions import Preparation
from conum.conventions.actions.preparation import charger, sans
from conum.conventions.models import Convention
from conum.conventions.models.convention import DUREE_MAX_MOIS, Phase
from conum.conventions.rules.prevision import Hypothese, Suite
from conum.conventions.states import Etat
from conum.postes.models import Poste
from conum.structures.models import Structure
from conum.territoires.models import Departement
from conum.ui.forms import DsfrForm, FiltresForm, champ_date

SUITES = [
    (Suite.POURVU.value, "Le poste reste pourvu jusqu’à la fin"),
    (Suite.NON_POURVU.value, "Le poste n’est plus pourvu : seuls les contrats comptent"),
]
DATE_FAUSSE = {"required": "Saisissez une date.", "invalid": "Saisissez une date qui existe."}


class FiltresConventions(FiltresForm):
    recherche = forms.CharField(label="Structure", help_text="Nom, SIRET ou numéro de convention", max_length=100)
    etat = forms.ChoiceField(label="État", choices=[("", "Tous"), *Etat.choices])
    phase = forms.ChoiceField(label="Phase", choices=[("", "Toutes"), *Phase.choices])
    departement = forms.ModelChoiceField(
        label="Département", queryset=Departement.objects.order_by("pk"), empty_label="Tous"
    )

    def __init__(self, *args: Any, departemental: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if departemental:
            del self.fields["departement"]


class MotifConventionForm(DsfrForm):
    autocompletion: ClassVar[dict[str, str]] = {}

    motif = forms.CharField(
        label="Motif",
        help_text="La structure le lit.",
        max_length=2000,
        widget=forms.Textarea,
        error_messages={"required": "Écrivez le motif."},
    )


class PosteField(forms.ModelMultipleChoiceField):
    """`prises` : ce qui prend déjà chaque poste, à dire à côté de son nom."""

    widget = forms.CheckboxSelectMultiple
    prises: Mapping[int, Sequence[tuple[Any, Convention]]] = {}

    def label_from_instance(self, obj: Any) -> str:
        deja = self.prises.get(obj.pk, ())
        suite = f" (dans {deja[-1][1].reference}, {deja[-1][1].libelle_periode})" if deja else ""
        return f"{obj.reference}, {obj.get_type_display().lower()}{suite}"


class PreparationForm(DsfrForm):
    """Quels postes, quelles dates, et ce que l'on suppose de chacun après ses contrats."""

    autocompletion: ClassVar[dict[str, str]] = {}

    postes = PosteField(
        label="Postes de la convention",
        queryset=Poste.objects.none(),
        error_messages={"required": "Choisissez au moins un poste."},
    )
    phase = forms.ChoiceField(label="Phase", choices=Phase.choices, widget=forms.RadioSelect)
    debut = forms.DateField(label="Début de la convention", error_messages=DATE_FAUSSE)
    fin = forms.DateField(
        label="Dernier jour de la convention",
        help_text=f"La convention dure au plus {DUREE_MAX_MOIS} mois.",
        error_messages=DATE_FAUSSE,
    )
    financement_debut = forms.DateField(
        label="Premier jour financé",
        help_text="Laissez vide s’il est celui du début de la convention.",
        required=False,
        error_messages=DATE_FAUSSE,
    )
    financeur = forms.ChoiceField(label="Financeur", required=False)
    etalement_mois = forms.IntegerField(
        label="Étalement de l’aide, en mois",
        help_text="Laissez vide pour la durée normale. Certaines aides s’étalent jusqu’à 36 mois.",
        required=False,
        min_value=1,
        max_value=DUREE_MAX_MOIS,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
        error_messages={
            "invalid": "Écrivez un nombre entier de mois.",
            "min_value": "Écrivez un nombre de mois positif.",
            "max_value": f"Une convention dure au plus {DUREE_MAX_MOIS} mois.",
        },
    )
    zones = PosteField(
        label="Postes en quartier prioritaire (QPV) ou en zone de revitalisation rurale (ZRR)",
        queryset=Poste.objects.none(),
        required=False,
    )

    def __init__(self, *args: Any, structure: Structure, sauf: Convention | None = None, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.structure = structure
        siens = Poste.objects.filter(rattachements__structure=structure).distinct().order_by("numero")
        self.possibles: list[Poste] = list(siens)
        faits = charger(self.possibles)
        self.fields["postes"].prises = (sans(faits, sauf) if sauf else faits).prises  # type: ignore[attr-defined]
        self.fields["postes"].queryset = self.fields["zones"].queryset = siens  # type: ignore[attr-defined]
        financeurs = sorted({f for r in rules.catalogue().regles for f in r.financeurs})
        self.fields["financeur"].choices = [  # type: ignore[attr-defined]
            ("", "Celui de la règle (le premier s’il y en a plusieurs)"), *((f, f) for f in financeurs),
        ]  # fmt: skip
        for poste in self.possibles:
            self._ajouter_hypothese(poste, faits.contrats.get(poste.pk, []))

    def _ajouter_hypothese(self, poste: Poste, contrats: Iterable[rules.Contrat]) -> None:
        suite = forms.ChoiceField(
            label=f"{poste.reference} : après les contrats connus",
            help_text=_dire_contrats(list(contrats)),
            choices=SUITES,
        )
        reprise = champ_date(
            f"{poste.reference} : occupé de nouveau à partir du",
            "Laissez vide pour le lendemain du dernier contrat.",
            error_messages=DATE_FAUSSE,
        )
        self.fields |= {f"suite_{poste.pk}": suite, f"reprise_{poste.pk}": reprise}

    @property
    def principaux(self) -> Iterator[BoundField]:
        return (champ for champ in self.visible_fields() if not champ.name.startswith(("suite_", "reprise_")))

    @property
    def hypotheses(self) -> Iterator[tuple[Poste, BoundField, BoundField]]:
        """Par poste : la suite supposée et la date de reprise."""
        return ((p, self[f"suite_{p.pk}"], self[f"reprise_{p.pk}"]) for p in self.possibles)

    def clean(self) -> dict[str, Any]:
        saisi = super().clean() or self.cleaned_data
        choisis = {p.pk for p in saisi.get("postes", ())}
        for poste in self.possibles:
            reprise: date | None = saisi.get(f"reprise_{poste.pk}")
            if reprise and poste.pk in choisis and saisi.get(f"suite_{poste.pk}") == Suite.NON_POURVU:
                self.add_error(f"reprise_{poste.pk}", "Un poste non pourvu n’a pas de date de reprise.")
        if autres := [z for z in saisi.get("zones", ()) if z.pk not in choisis]:
            self.add_error("zones", f"{autres[0].reference} n’est pas dans la convention : cochez-le d’abord.")
        return saisi

    def valeurs(self) -> dict[str, Any]:
        """Les arguments de `preparer_convention` et de `corriger_convention` ; le formulaire est valide."""
        saisi = self.cleaned_data
        postes: list[Poste] = list(saisi["postes"])
        return {
            "postes": postes,
            "debut": saisi["debut"],
            "fin": saisi["fin"],
            "phase": saisi["phase"],
            "financement_debut": saisi["financement_debut"],
            "etalement_mois": saisi["etalement_mois"],
            "financeur": saisi["financeur"],
            "zones": [p.pk for p in saisi["zones"]],
            "suites": {p.pk: Hypothese(Suite(saisi[f"suite_{p.pk}"]), saisi[f"reprise_{p.pk}"]) for p in postes},
        }

    def preparation(self) -> Preparation:
        valeurs = self.valeurs()
        return Preparation(self.structure, hypotheses=valeurs.pop("suites"), **valeurs)


def _dire_contrats(contrats: list[rules.Contrat]) -> str:
    if not contrats:
        return "Aucun contrat : le poste est supposé pourvu dès le premier jour financé."
    dernier = contrats[-1]
    if dernier.fin is None:
        return f"Contrat sans terme depuis le {dernier.debut:%d/%m/%Y}."
    nombre = len(contrats)
    return f"{nombre} contrat{'s' if nombre > 1 else ''} ; le dernier finit avant le {dernier.fin:%d/%m/%Y}."
