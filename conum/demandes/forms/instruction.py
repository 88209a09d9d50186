"""Formulaires de l'instruction : filtres des listes, avis, textes motivés."""

from typing import Any, ClassVar

from django import forms
from django.db.models import Exists, OuterRef

from conum.comptes.models import Role, TypeRole
from conum.demandes import rules
from conum.demandes.models import Avis, Demande, Nature, SensAvis
from conum.demandes.states import AVANT_DEPOT, Etat
from conum.postes.models import Rattachement, TypePoste
from conum.socle.sql import SansAccent
from conum.structures.models import Structure
from conum.territoires.models import Departement, Region
from conum.ui.forms import DsfrForm, FiltresForm
from conum.ui.templatetags.ui import nombre


def _tous(libelle: str, choix: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return [("", libelle), *choix]


class FiltresDemandes(FiltresForm):
    """Filtres d'une liste de demandes ; le territoire n'est proposé qu'à qui en voit plusieurs."""

    onglet = forms.CharField(widget=forms.HiddenInput, max_length=20)
    recherche = forms.CharField(
        label="Rechercher",
        help_text="Structure, SIRET, commune ou référence",
        max_length=100,
    )
    nature = forms.ChoiceField(label="Nature", choices=_tous("Toutes", Nature.choices))
    type_poste = forms.ChoiceField(label="Type de poste", choices=_tous("Tous", TypePoste.choices))
    etat = forms.ChoiceField(
        label="État", choices=_tous("Tous", [(e.value, e.label) for e in Etat if e not in AVANT_DEPOT])
    )
    avis = forms.ChoiceField(label="Avis", choices=_tous("Tous", SensAvis.choices))
    region = forms.ModelChoiceField(label="Région", queryset=Region.objects.none(), empty_label="Toutes")
    departement = forms.ModelChoiceField(label="Département", queryset=Departement.objects.none(), empty_label="Tous")
    retard = forms.ChoiceField(label="Délai d'avis", choices=[("", "Tous"), ("oui", "En retard")])

    def __init__(self, *args: Any, role: Role, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if role.type == TypeRole.PREFECTURE:
            del self.fields["departement"]
        elif role.type == TypeRole.REGION:
            self._choix("departement", Departement.objects.filter(region=role.region_id).order_by("pk"))
        else:
            self._choix("departement", Departement.objects.order_by("pk"))
        if role.type in (TypeRole.PREFECTURE, TypeRole.REGION):
            del self.fields["region"]
        else:
            self._choix("region", Region.objects.order_by(SansAccent("nom")))

    def _choix(self, nom: str, queryset: Any) -> None:
        self.fields[nom].queryset = queryset  # type: ignore[attr-defined]


class FiltresAgenda(FiltresDemandes):
    """Ceux de l'ordre du jour : l'état y est toujours le même."""

    def __init__(self, *args: Any, role: Role, **kwargs: Any) -> None:
        super().__init__(*args, role=role, **kwargs)
        for nom in ("etat", "retard", "onglet"):
            del self.fields[nom]


class AvisForm(DsfrForm):
    """Avis de la préfecture ; `avis_lu` est celui que la personne a sous les yeux quand elle le modifie."""

    autocompletion: ClassVar[dict[str, str]] = {}
    sens = forms.ChoiceField(label="Votre avis", choices=SensAvis.choices, widget=forms.RadioSelect)
    motif = forms.CharField(
        label="Motif",
        help_text=f"De {rules.MOTIF_AVIS_MIN} à {nombre(rules.MOTIF_AVIS_MAX)} caractères, lus par la structure aussi.",
        widget=forms.Textarea,
        min_length=rules.MOTIF_AVIS_MIN,
        max_length=rules.MOTIF_AVIS_MAX,
    )
    transfert_de = forms.ModelChoiceField(
        label="Le poste serait transféré depuis une autre structure",
        help_text="Laissez vide si ce n'est pas un transfert.",
        queryset=Structure.objects.none(),
        required=False,
        empty_label="Ce n'est pas un transfert",
    )
    avis_lu = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, role: Role, demande: Demande, actuel: Avis | None = None, **kwargs: Any) -> None:
        if actuel is not None:
            kwargs.setdefault(
                "initial",
                {
                    "sens": actuel.sens,
                    "motif": actuel.motif,
                    "transfert_de": actuel.transfert_de_id,
                    "avis_lu": actuel.pk,
                },
            )
        super().__init__(*args, **kwargs)
        cedantes = Structure.objects.visibles_par(role).filter(
            Exists(Rattachement.objects.filter(structure=OuterRef("pk")))
        )
        self.fields["transfert_de"].queryset = (  # type: ignore[attr-defined]
            cedantes.exclude(pk=demande.structure_id or 0).order_by(SansAccent("denomination"), "pk")
        )


class TexteForm(DsfrForm):
    """Un texte motivé de 10 à 1 000 caractères."""

    texte = forms.CharField(widget=forms.Textarea, min_length=rules.TEXTE_MIN, max_length=rules.TEXTE_MAX)

    def __init__(self, *args: Any, libelle: str, aide: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["texte"].label = libelle
        self.fields["texte"].help_text = aide or f"De {rules.TEXTE_MIN} à {nombre(rules.TEXTE_MAX)} caractères."
