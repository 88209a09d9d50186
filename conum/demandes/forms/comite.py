"""Formulaires du comité : session, décision seule ou en lot, dépôt d'un tableau, enveloppes."""

from typing import Any, ClassVar

from django import forms
from django.core.validators import FileExtensionValidator

from conum.demandes import rules
from conum.demandes.actions.comite import DecisionVoulue
from conum.demandes.actions.enveloppes import POSTES_MAX
from conum.demandes.models import Demande, SensDecision
from conum.ui.forms import DsfrForm
from conum.ui.templatetags.ui import nombre

LAISSER = ""


class SessionForm(DsfrForm):
    numero = forms.CharField(label="Numéro", help_text="Par exemple 64, ou 62BIS.", max_length=15)
    date = forms.DateField(
        label="Date de la session",
        help_text="Les décisions se saisissent à partir de ce jour, sur les enveloppes de cette année.",
    )


class _Decision(DsfrForm):
    """Ce qu'ont en commun la décision seule et la ligne d'un lot."""

    signaler_facultatifs: ClassVar[bool] = False
    sens = forms.ChoiceField(label="Décision")
    postes = forms.IntegerField(label="Postes accordés", min_value=1, max_value=rules.POSTES_MAX, required=False)
    motif_libre = forms.CharField(
        label="Précision du motif",
        widget=forms.Textarea(attrs={"rows": "2"}),
        max_length=rules.TEXTE_MAX,
        required=False,
    )
    observations = forms.CharField(
        label="Observations", widget=forms.Textarea(attrs={"rows": "2"}), max_length=rules.TEXTE_MAX, required=False
    )
    prioritaire = forms.BooleanField(label="Demande prioritaire", required=False)

    def __init__(self, *args: Any, demande: Demande, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.demande = demande
        verbe = "Accepter le rendu" if demande.nature == "rendu" else "Attribuer"
        self.choix_sens = [(SensDecision.ATTRIBUEE.value, verbe), (SensDecision.REFUSEE.value, "Refuser")]
        self.fields["sens"].choices = self.choix_sens  # type: ignore[attr-defined]
        if demande.nature == "rendu":
            self.fields["postes"].label = "Postes rendus"

    def clean(self) -> dict[str, Any]:
        donnees: dict[str, Any] = super().clean() or {}
        if donnees.get("sens") == SensDecision.ATTRIBUEE and "postes" in donnees and donnees["postes"] is None:
            self.add_error("postes", "Indiquez combien de postes.")
        if donnees.get("sens") == SensDecision.REFUSEE and not donnees.get("motifs"):
            self.add_error("motifs", "Choisissez au moins un motif de refus.")
        return donnees

    def ajouter_erreurs(self, erreurs: list[rules.Erreur]) -> None:
        for erreur in erreurs:
            self.add_error(erreur.champ if erreur.champ in self.fields else None, erreur.message)

    def voulue(self) -> DecisionVoulue:
        """La décision saisie ; à n'appeler que sur un formulaire valide qui en porte une."""
        d = self.cleaned_data
        attribuee = d["sens"] == SensDecision.ATTRIBUEE
        motifs = d["motifs"] if isinstance(d["motifs"], list) else [d["motifs"]]
        return DecisionVoulue(
            demande=self.demande.pk,
            sens=d["sens"],
            postes=d["postes"] if attribuee else 0,
            motifs=() if attribuee else tuple(motifs),
            motif_libre="" if attribuee else d["motif_libre"],
            observations=d["observations"],
            prioritaire=d["prioritaire"],
        )


class DecisionForm(_Decision):
    """Décision d'une demande ; hors session, elle est justifiée."""

    motifs = forms.MultipleChoiceField(
        label="Motifs de refus",
        help_text="Au moins un pour un refus.",
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    justification = forms.CharField(
        label="Pourquoi cette décision est prise hors session",
        help_text=f"De {rules.TEXTE_MIN} à {nombre(rules.TEXTE_MAX)} caractères, gardés au journal.",
        widget=forms.Textarea(attrs={"rows": "3"}),
        min_length=rules.TEXTE_MIN,
        max_length=rules.TEXTE_MAX,
    )
    field_order = ("sens", "postes", "motifs", "motif_libre", "observations", "prioritaire", "justification")

    def __init__(self, *args: Any, demande: Demande, hors_session: bool, **kwargs: Any) -> None:
        super().__init__(*args, demande=demande, **kwargs)
        self.fields["sens"].widget = forms.RadioSelect(choices=self.choix_sens)
        self.fields["motifs"].choices = list(rules.motifs_refus(demande.type_poste).items())  # type: ignore[attr-defined]
        if not hors_session:
            del self.fields["justification"]


class LigneDecisionForm(_Decision):
    """Une ligne du lot : laissée, attribuée ou refusée. Une ligne laissée n'est pas vérifiée."""

    motifs = forms.ChoiceField(label="Motif de refus", required=False)
    field_order = ("sens", "postes", "motifs", "motif_libre", "observations", "prioritaire")

    def __init__(self, *args: Any, demande: Demande, **kwargs: Any) -> None:
        super().__init__(*args, demande=demande, prefix=f"d{demande.pk}", **kwargs)
        self.fields["sens"].required = False
        self.fields["sens"].choices = [(LAISSER, "Laisser"), *self.choix_sens]  # type: ignore[attr-defined]
        motifs = rules.motifs_refus(demande.type_poste).items()
        self.fields["motifs"].choices = [("", "Aucun"), *motifs]  # type: ignore[attr-defined]

    @property
    def est_laissee(self) -> bool:
        return self.is_bound and self.data.get(self.add_prefix("sens"), LAISSER) == LAISSER


class ClasseurForm(DsfrForm):
    classeur = forms.FileField(
        label="Tableau rempli",
        help_text="Format XLSX, 5 Mo et 5 000 lignes au plus. Partez du modèle à télécharger.",
        validators=[FileExtensionValidator(["xlsx"], "Choisissez un fichier « .xlsx », sans macro.")],
        widget=forms.FileInput(attrs={"accept": ".xlsx"}),
    )


class EnveloppeForm(DsfrForm):
    postes = forms.IntegerField(label="Nombre de postes", min_value=0, max_value=POSTES_MAX)
    motif = forms.CharField(
        label="Motif",
        help_text="Par exemple la référence de la notification.",
        min_length=rules.TEXTE_MIN,
        max_length=rules.TEXTE_MAX,
    )


class FichierEnveloppesForm(DsfrForm):
    """Premier temps : un fichier. Second temps : son contenu, gardé dans la page et relu."""

    fichier = forms.FileField(
        label="Fichier CSV",
        help_text=(
            "Deux colonnes séparées par un point-virgule : le code du département (ou « national »), "
            "puis le nombre de postes."
        ),
        validators=[FileExtensionValidator(["csv", "txt"], "Choisissez un fichier « .csv ».")],
        widget=forms.FileInput(attrs={"accept": ".csv,.txt"}),
    )


class AppliquerEnveloppesForm(DsfrForm):
    contenu = forms.CharField(widget=forms.HiddenInput, max_length=50_000, strip=False)
    motif = forms.CharField(
        label="Motif",
        help_text="Par exemple la référence de la notification.",
        min_length=rules.TEXTE_MIN,
        max_length=rules.TEXTE_MAX,
    )
