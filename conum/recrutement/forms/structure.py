"""Formulaires d'une structure qui recrute : répondre, inviter, offrir, enregistrer un contrat, chercher, sa fiche."""

from datetime import datetime, timedelta
from typing import Any, ClassVar

from django import forms
from django.utils import timezone

from conum.recrutement.models import MiseEnRelation, Recrutement
from conum.recrutement.rules import offre as regles_offre
from conum.recrutement.rules import relation as regles
from conum.recrutement.rules.candidature import LANGUES, METROPOLE, NIVEAUX
from conum.recrutement.rules.recherche import Criteres
from conum.territoires.forms import CommuneField
from conum.ui.forms import DsfrForm, MontantField
from conum.ui.templatetags.ui import nombre

RAYONS = (10, 20, 40, 60, regles.RAYON_RECHERCHE_MAX_KM)
_RAYON_PAR_DEFAUT = 40
_AIDE_TEXTE = f"De {regles.TEXTE_MIN} à {nombre(regles.TEXTE_MAX)} caractères."

# Ces raisons supposent qu'on a pu joindre la personne.
_APRES_CONTACT = frozenset({"entretien", "injoignable"})


class _Form(DsfrForm):
    # Ces formulaires parlent d'une autre personne que celle qui les remplit.
    autocompletion: ClassVar[dict[str, str]] = {}


def _texte_libre(libelle: str, aide: str, *, obligatoire: bool = False) -> forms.CharField:
    return forms.CharField(
        label=libelle,
        help_text=aide,
        required=obligatoire,
        min_length=regles.TEXTE_MIN if obligatoire else None,
        max_length=regles.TEXTE_MAX,
        widget=forms.Textarea(attrs={"rows": 4}),
    )


class EcarterForm(_Form):
    motif = forms.ChoiceField(
        label="Pourquoi ne donnez-vous pas suite ?",
        help_text="Le candidat lit cette raison.",
        choices=list(regles.MOTIFS_ECART.items()),
        widget=forms.RadioSelect,
        error_messages={"required": "Choisissez une raison."},
    )
    precision = _texte_libre("Un mot pour le candidat", "Il le lit tel quel : restez bienveillant.")

    def __init__(self, *args: Any, relation: MiseEnRelation, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not relation.identite_ouverte:
            choix = [c for c in regles.MOTIFS_ECART.items() if c[0] not in _APRES_CONTACT]
            self.fields["motif"].choices = choix  # type: ignore[attr-defined]


class InviterForm(_Form):
    jour = forms.DateField(label="Jour", error_messages={"required": "Indiquez le jour de l’entretien."})
    heure = forms.TimeField(
        label="Heure",
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
        error_messages={"required": "Indiquez l’heure de l’entretien.", "invalid": "Écrivez l’heure ainsi : 14:30."},
    )
    mode = forms.ChoiceField(
        label="Comment se passe l’entretien ?",
        choices=list(regles.MODES_ENTRETIEN.items()),
        widget=forms.RadioSelect,
        error_messages={"required": "Choisissez comment se passe l’entretien."},
    )
    lieu = forms.CharField(
        label="Adresse, lien de la visioconférence ou numéro à appeler",
        help_text="Par téléphone, laissez vide si vous appelez le candidat.",
        required=False,
        max_length=regles_offre.LIEU_MAX,
    )
    message = _texte_libre("Message au candidat", "Qui il rencontrera, ce qu’il peut apporter.")

    def __init__(self, *args: Any, relation: MiseEnRelation, **kwargs: Any) -> None:
        if relation.entretien_le is not None:
            local = timezone.localtime(relation.entretien_le)
            kwargs.setdefault(
                "initial",
                {
                    "jour": local.date(),
                    "heure": local.time(),
                    "mode": relation.entretien_mode,
                    "lieu": relation.entretien_lieu,
                    "message": relation.entretien_message,
                },
            )
        super().__init__(*args, **kwargs)
        if relation.recrutement.territoire != METROPOLE:
            self.fields["heure"].help_text = "Heure de Paris."

    def champs(self) -> dict[str, Any]:
        saisi = self.cleaned_data
        le = timezone.make_aware(datetime.combine(saisi["jour"], saisi["heure"]))
        return {"le": le, "mode": saisi["mode"], "lieu": saisi["lieu"], "message": saisi["message"]}


class OffreForm(_Form):
    type_contrat = forms.ChoiceField(
        label="Type de contrat",
        choices=list(regles.TYPES_CONTRAT.items()),
        widget=forms.RadioSelect,
        error_messages={"required": "Choisissez un type de contrat."},
    )
    salaire = MontantField(
        label="Salaire brut mensuel, en euros",
        help_text="Par exemple 1950.",
        max_digits=8,
        error_messages={"required": "Indiquez le salaire."},
    )
    debut = forms.DateField(label="Début du contrat", error_messages={"required": "Indiquez la date de début."})
    fin = forms.DateField(label="Fin du contrat", help_text="Laissez vide pour un CDI.", required=False)
    jusqu_au = forms.DateField(
        label="Dernier jour pour répondre",
        help_text=f"De {regles.OFFRE_JOURS_MIN} à {regles.OFFRE_JOURS_MAX} jours. Ensuite, l’offre tombe d’elle-même.",
        error_messages={"required": "Indiquez le dernier jour pour répondre."},
    )
    message = _texte_libre("Message au candidat", "Horaires, lieux de permanence, avantages : ce qui aide à décider.")

    def __init__(self, *args: Any, relation: MiseEnRelation, **kwargs: Any) -> None:
        jour = timezone.localdate()
        initial = {"debut": max(relation.recrutement.debut, jour), "jusqu_au": jour + timedelta(days=7)}
        kwargs.setdefault("initial", initial)
        super().__init__(*args, **kwargs)


class RetirerOffreForm(_Form):
    motif = _texte_libre("Pourquoi retirez-vous l’offre ?", f"{_AIDE_TEXTE} Le candidat le lit.", obligatoire=True)


class RecruterForm(_Form):
    signe_le = forms.DateField(
        label="Date de signature du contrat",
        help_text="Le jour où la dernière des deux parties a signé.",
        error_messages={"required": "Indiquez la date de signature."},
    )


class PreselectionForm(_Form):
    motif = _texte_libre(
        "Pourquoi cette personne ?",
        f"{_AIDE_TEXTE} Cette raison est gardée ; l’ANCT peut la relire.",
        obligatoire=True,
    )


def _criteres_de(palier: str, langue: str, saisi: dict[str, Any]) -> Criteres:
    return Criteres(
        experience=saisi["experience"],
        diplome=saisi["diplome"],
        palier=int(palier) if palier else None,
        avec_cv=saisi["avec_cv"],
        disponible_au=saisi["disponible_au"],
        langues=(langue,) if langue else (),
    )


class RechercheForm(_Form):
    rayon_km = forms.TypedChoiceField(
        label="Autour de votre poste, jusqu’à",
        choices=[(r, f"{r} km") for r in RAYONS],
        coerce=int,
        initial=_RAYON_PAR_DEFAUT,
    )
    disponible_au = forms.DateField(label="Disponible au plus tard le", required=False)
    palier = forms.ChoiceField(
        label="Niveau Pix, au moins",
        help_text="Parmi les candidats qui ont choisi de le montrer.",
        choices=[("", "Indifférent"), *NIVEAUX.items()],
        required=False,
    )
    langue = forms.ChoiceField(
        label="Langue parlée, en plus du français", choices=[("", "Indifférent"), *LANGUES.items()], required=False
    )
    experience = forms.BooleanField(label="Avec une expérience de médiation numérique", required=False)
    diplome = forms.BooleanField(label="Avec un diplôme ou une certification", required=False)
    avec_cv = forms.BooleanField(label="Avec un CV", required=False)

    def criteres(self) -> Criteres:
        return _criteres_de(self.cleaned_data["palier"], self.cleaned_data["langue"], self.cleaned_data)


class FicheForm(_Form):
    commune = CommuneField(label="Commune où la personne travaillera")
    debut = forms.DateField(label="Début souhaité", error_messages={"required": "Indiquez la date de début."})
    niveau = forms.TypedChoiceField(
        label="Niveau demandé",
        help_text="Un niveau demandé oriente l’appariement, sans exclure personne.",
        choices=[(0, "Indifférent"), *NIVEAUX.items()],
        coerce=int,
    )
    precisions = forms.CharField(
        label="Ce que les candidats doivent savoir",
        help_text="Lieux de permanence, déplacements, horaires. Au plus 1 000 caractères.",
        required=False,
        max_length=1000,
        widget=forms.Textarea,
    )

    def __init__(self, *args: Any, recrutement: Recrutement, **kwargs: Any) -> None:
        kwargs.setdefault(
            "initial",
            {
                "commune": recrutement.commune,
                "debut": recrutement.debut,
                "niveau": recrutement.niveau,
                "precisions": recrutement.precisions,
            },
        )
        super().__init__(*args, **kwargs)


class SeparerForm(_Form):
    nombre = forms.IntegerField(
        label="Combien de postes vacants ?",
        min_value=1,
        error_messages={"required": "Indiquez un nombre de postes.", "min_value": "Indiquez au moins un poste."},
    )
    commune = CommuneField(label="Commune où la personne travaillera")
    debut = forms.DateField(label="Début souhaité", error_messages={"required": "Indiquez la date de début."})


class SuspendreForm(_Form):
    motif = _texte_libre("Pourquoi suspendez-vous ce recrutement ?", _AIDE_TEXTE, obligatoire=True)


def fiche_lue(form: FicheForm) -> dict[str, Any]:
    """Ce que la fiche corrigée demande à `modifier_fiche`."""
    return {cle: form.cleaned_data[cle] for cle in ("commune", "debut", "niveau", "precisions")}
