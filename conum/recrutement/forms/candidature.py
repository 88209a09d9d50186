"""Le formulaire de candidature, étape par étape ; les mêmes champs servent à corriger sa fiche."""

from datetime import date, timedelta
from typing import Any, ClassVar

from django import forms
from django.utils import timezone
from django.utils.formats import date_format

from conum.comptes.rules import ajouter_mois
from conum.recrutement.actions.profil import Profil
from conum.recrutement.rules import candidature as regles
from conum.recrutement.rules import profil as regles_profil
from conum.socle.telephone import lire_telephone
from conum.territoires.forms import CommuneField
from conum.ui.forms import DsfrForm

AUTRE_DATE = "autre"
OUI_NON = (("oui", "Oui"), ("non", "Non"))


def typographie(texte: str) -> str:
    """Les règles écrivent l'apostrophe droite ; à l'écran, elle est courbe."""
    return texte.replace("'", "’")


def _choix(table: dict[Any, str]) -> list[tuple[str, str]]:
    return [(str(code), typographie(libelle)) for code, libelle in table.items()]


class CasesRepliees(forms.MultipleChoiceField):
    """Des cases nombreuses, que peu de personnes cochent : repliées derrière une ligne, ouvertes si l'une l'est."""

    widget = forms.CheckboxSelectMultiple

    def __init__(self, *, resume: str, **kwargs: Any) -> None:
        super().__init__(template_name="recrutement/candidature/cases_repliees.html", **kwargs)  # type: ignore[call-arg]
        self.resume = resume


def _reporter(form: forms.Form, erreurs: list[regles_profil.Erreur]) -> None:
    for erreur in erreurs:
        form.add_error(erreur.champ if erreur.champ in form.fields else None, typographie(erreur.message))


class SituationForm(DsfrForm):
    situations = forms.MultipleChoiceField(
        label="Quelle est votre situation ?",
        help_text="Cochez tout ce qui vous correspond.",
        choices=_choix(regles.SITUATIONS),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Cochez au moins une situation."},
    )
    nom_diplome = forms.CharField(
        label="Nom du diplôme ou de la certification",
        help_text="Seulement si vous avez coché la dernière case. Par exemple\u00a0: titre REMN, BTS, certificat CléA.",
        max_length=regles_profil.DIPLOME_MAX,
        required=False,
    )
    experience = forms.ChoiceField(
        label="Avez-vous déjà aidé des personnes à utiliser le numérique ?",
        help_text="Dans un emploi, un stage, un service civique ou une association.",
        choices=OUI_NON,
        widget=forms.RadioSelect,
        error_messages={"required": "Répondez par oui ou par non."},
    )

    def clean(self) -> dict[str, Any]:
        donnees = super().clean() or {}
        if "situations" in donnees and "nom_diplome" in donnees:
            erreurs = regles_profil.verifier_situations(donnees["situations"], donnees["nom_diplome"])
            _reporter(self, erreurs)
        return donnees


class LieuForm(DsfrForm):
    autocompletion: ClassVar[dict[str, str]] = {}

    commune = CommuneField(
        label="Dans quelle commune habitez-vous ?",
        help_text="Tapez son nom ou son code postal, puis choisissez-la.",
        error_messages={"required": "Choisissez votre commune."},
    )
    mobilite_km = forms.TypedChoiceField(
        label="Jusqu’où pouvez-vous aller travailler ?",
        help_text="À vol d’oiseau, depuis votre commune.",
        choices=_choix(regles.MOBILITES),
        coerce=int,
        widget=forms.RadioSelect,
        error_messages={"required": "Choisissez une distance."},
    )
    territoires = CasesRepliees(
        resume="Partir de l’autre côté de la mer",
        label="J’accepte aussi de partir :",
        help_text="Sans case cochée, seuls les postes de votre territoire vous sont proposés.",
        choices=_choix(regles.TERRITOIRES),
        required=False,
    )

    def clean_commune(self) -> Any:
        commune = self.cleaned_data["commune"]
        if commune.latitude is None or commune.longitude is None:
            raise forms.ValidationError(
                "Nous ne savons pas placer cette commune sur la carte. Choisissez une commune voisine."
            )
        return commune


def choix_de_date(aujourdhui: date) -> list[tuple[str, str, date]]:
    """(code, libellé, jour) des réponses toutes prêtes."""
    proposees = [
        ("demain", "Dès demain", aujourdhui + timedelta(days=1)),
        ("semaine", "Dans une semaine", aujourdhui + timedelta(days=7)),
        ("quinzaine", "Dans deux semaines", aujourdhui + timedelta(days=14)),
        ("mois", "Dans un mois", ajouter_mois(aujourdhui, 1)),
        ("trimestre", "Dans trois mois", ajouter_mois(aujourdhui, 3)),
    ]
    return [(code, f"{titre} : le {date_format(jour, 'j F Y')}", jour) for code, titre, jour in proposees]


class DateForm(DsfrForm):
    """`garde` : la date déjà enregistrée, qu'on peut laisser même passée."""

    disponibilite = forms.ChoiceField(
        label="Quand pouvez-vous commencer ?",
        widget=forms.RadioSelect,
        error_messages={"required": "Choisissez une date."},
    )
    disponible_le = forms.DateField(
        label="Autre date",
        help_text="À remplir seulement si vous avez choisi «\u00a0À une autre date\u00a0». Pas de date passée.",
        required=False,
        error_messages={"invalid": "Saisissez une date qui existe, par exemple 15/03/2027."},
    )
    garde: date | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.dates = choix_de_date(timezone.localdate())
        self.fields["disponibilite"].choices = [  # type: ignore[attr-defined]
            *((code, libelle) for code, libelle, _ in self.dates),
            (AUTRE_DATE, "À une autre date"),
        ]

    def clean(self) -> dict[str, Any]:
        donnees = super().clean() or {}
        if donnees.get("disponibilite") == AUTRE_DATE and "disponible_le" not in self.errors:
            jour = donnees.get("disponible_le")
            if jour is None:
                self.add_error("disponible_le", "Saisissez la date.")
            else:
                _reporter(self, regles_profil.verifier_disponibilite(jour, timezone.localdate(), garde=self.garde))
        return donnees

    def jour(self) -> date:
        choisi = self.cleaned_data["disponibilite"]
        return next((j for code, _, j in self.dates if code == choisi), self.cleaned_data["disponible_le"])


class IdentiteForm(DsfrForm):
    prenom = forms.CharField(
        label="Prénom", max_length=regles_profil.NOM_MAX, error_messages={"required": "Saisissez votre prénom."}
    )
    nom = forms.CharField(
        label="Nom", max_length=regles_profil.NOM_MAX, error_messages={"required": "Saisissez votre nom."}
    )
    email = forms.EmailField(
        label="Adresse électronique",
        help_text="Une adresse personnelle, que vous lisez souvent. Format attendu : nom@domaine.fr",
        max_length=254,
        error_messages={
            "required": "Saisissez votre adresse électronique.",
            "invalid": "Cette adresse électronique n’est pas complète. Format attendu : nom@domaine.fr.",
        },
    )
    telephone = forms.CharField(
        label="Téléphone",
        help_text="Par exemple 06 12 34 56 78, ou +262 692 12 34 56.",
        max_length=30,
        required=False,
    )

    def __init__(self, *args: Any, departement: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.departement = departement

    def clean_email(self) -> str:
        adresse = str(self.cleaned_data["email"]).strip().lower()
        if refus := regles_profil.adresse_refusee(adresse):
            raise forms.ValidationError(typographie(refus))
        return adresse

    def clean_telephone(self) -> str:
        saisi = self.cleaned_data["telephone"]
        if not saisi:
            return ""
        numero = lire_telephone(saisi, self.departement)
        if numero is None:
            raise forms.ValidationError(
                "Ce numéro de téléphone n’existe pas. Vérifiez-le, ou laissez la case vide. Depuis l’étranger, "
                "commencez par + et l’indicatif du pays."
            )
        return numero

    def clean(self) -> dict[str, Any]:
        donnees = super().clean() or {}
        if "prenom" in donnees and "nom" in donnees:
            _reporter(self, regles_profil.verifier_identite(donnees["prenom"], donnees["nom"]))
        return donnees


class MotivationForm(DsfrForm):
    motivation = forms.CharField(
        label="Pourquoi voulez-vous devenir conseiller numérique ?",
        help_text=(
            "Quelques phrases suffisent. Les structures les lisent avant de vous connaître : n’y écrivez ni votre nom "
            "ni votre numéro. De 10 à 2 500 caractères."
        ),
        widget=forms.Textarea(attrs={"rows": 8, "data-compteur": regles.MOTIVATION_MAX}),
        error_messages={"required": "Dites en quelques phrases pourquoi ce métier vous intéresse."},
    )
    langues = CasesRepliees(
        resume="Langues que vous parlez, en plus du français",
        label="Je peux accompagner quelqu’un en :",
        choices=sorted(_choix(regles.LANGUES), key=lambda choix: (choix[0] != "lsf", choix[1])),
        required=False,
    )

    def clean_motivation(self) -> str:
        # Un navigateur compte une fin de ligne pour un caractère et l'envoie pour deux.
        texte = str(self.cleaned_data["motivation"]).replace("\r\n", "\n").strip()
        for erreur in regles_profil.verifier_motivation(texte):
            raise forms.ValidationError(erreur.message)
        return texte


class AdresseForm(DsfrForm):
    """Où envoyer un lien : pour finir plus tard, ou pour confirmer."""

    email = IdentiteForm.base_fields["email"]
    clean_email = IdentiteForm.clean_email


def profil_des_formulaires(
    situation: SituationForm, lieu: LieuForm, quand: DateForm, identite: IdentiteForm, motivation: MotivationForm
) -> Profil:
    """Le profil que disent cinq formulaires valides."""
    s, i, m = situation.cleaned_data, identite.cleaned_data, motivation.cleaned_data
    return Profil(
        prenom=i["prenom"],
        nom=i["nom"],
        telephone=i["telephone"],
        commune=lieu.cleaned_data["commune"],
        situations=tuple(s["situations"]),
        nom_diplome=s["nom_diplome"],
        experience=s["experience"] == "oui",
        mobilite_km=lieu.cleaned_data["mobilite_km"],
        territoires=tuple(lieu.cleaned_data["territoires"]),
        disponible_le=quand.jour(),
        motivation=m["motivation"],
        langues=tuple(m["langues"]),
    )
