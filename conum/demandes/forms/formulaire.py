"""Le formulaire de demande, étape par étape. Chaque étape se relit depuis ce qui a été gardé (`Demande.saisie`)."""

from dataclasses import asdict
from datetime import date, timedelta
from typing import Any, ClassVar

from django import forms
from django.core.validators import RegexValidator
from django.utils import timezone
from django.utils.formats import date_format

from conum.demandes import rules
from conum.demandes.actions.depot import Besoin
from conum.demandes.models import Demande, TempsCoordination
from conum.passerelles.entreprises import Etablissement
from conum.postes.models import TypePoste
from conum.socle.telephone import lire_telephone
from conum.structures import rules as structures
from conum.structures.actions import DonneesStructure, Identification, Issue, Personne, identifier
from conum.structures.actions.identite import MESSAGES
from conum.structures.rules import Identifiant, IdentifiantInvalide, lire_identifiant
from conum.territoires.forms import CommuneField
from conum.territoires.models import resoudre_commune
from conum.ui.forms import DsfrForm

AUTRE_DATE = "autre"
OUI_NON = (("oui", "Oui"), ("non", "Non"))


class NumeroForm(DsfrForm):
    """Le numéro de la structure, cherché au registre public. `piege` : champ caché que seuls les robots remplissent."""

    autocompletion: ClassVar[dict[str, str]] = {}

    numero = forms.CharField(
        label="Numéro SIRET de la structure",
        max_length=40,
        help_text="14 chiffres, par exemple 213 105 554 00017. En Nouvelle-Calédonie : le RIDET, 6 ou 7 chiffres.",
        error_messages={"required": "Saisissez le numéro SIRET de la structure, ou son RIDET en Nouvelle-Calédonie."},
    )
    identification: Identification | None = None

    def clean_numero(self) -> str:
        self.identification = identifier(self.cleaned_data["numero"])
        if self.identification.issue in (Issue.INVALIDE, Issue.NON_ELIGIBLE, Issue.FERMEE):
            raise forms.ValidationError(self.identification.message)
        return str(self.cleaned_data["numero"])


def garder_identification(lue: Identification) -> dict[str, Any]:
    """Ce que le registre a répondu, en JSON : la suite ne l'interroge plus."""
    return {
        "numero": lue.identifiant.valeur if lue.identifiant else "",
        "issue": lue.issue.value,
        "etablissement": asdict(lue.etablissement) if lue.etablissement else None,
    }


def relire_identification(gardee: dict[str, Any]) -> Identification | None:
    """L'identification gardée ; None si la personne n'a pas encore donné de numéro valable."""
    try:
        identifiant: Identifiant = lire_identifiant(str(gardee.get("numero", "")))
        issue = Issue(str(gardee.get("issue", "")))
    except (IdentifiantInvalide, ValueError):
        return None
    if not gardee.get("etablissement"):
        return Identification(issue, MESSAGES.get(issue, ""), identifiant=identifiant)
    etablissement = Etablissement(**gardee["etablissement"])
    return Identification(
        issue,
        MESSAGES.get(issue, "Complétez ce que le registre ne dit pas : un agent vérifiera."),
        identifiant=identifiant,
        etablissement=etablissement,
        eligibilite=structures.eligibilite(
            etablissement.categorie_juridique,
            est_ess=etablissement.est_ess,
            est_association=etablissement.est_association,
        ),
        commune=resoudre_commune(etablissement.code_insee) if etablissement.code_insee else None,
    )


_STATUTS = (("Structure publique", structures.PUBLIQUES), ("Structure privée", structures.PRIVEES))


class _IdentiteForm(DsfrForm):
    """La catégorie n'est demandée que si le registre en laisse plusieurs possibles."""

    autocompletion: ClassVar[dict[str, str]] = {}

    categorie = forms.ChoiceField(
        label="Catégorie de la structure",
        help_text="Choisissez celle qui lui correspond le mieux : la préfecture pourra la corriger.",
        error_messages={"required": "Choisissez la catégorie de la structure."},
    )

    def __init__(self, *args: Any, identification: Identification, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.identification = identification
        lue = identification.eligibilite
        self.possibles = lue.possibles if lue else structures.CATEGORIES
        groupes = [(titre, [(c.code, c.libelle) for c in lot if c in self.possibles]) for titre, lot in _STATUTS]
        self.fields["categorie"].choices = [  # type: ignore[attr-defined]
            ("", "Choisissez une catégorie"),
            *((titre, choix) for titre, choix in groupes if choix),
        ]
        if lue and lue.proposee:
            self.initial.setdefault("categorie", lue.proposee.code)
        if len(self.possibles) == 1:
            del self.fields["categorie"]

    @property
    def categorie_seule(self) -> structures.Categorie | None:
        return self.possibles[0] if len(self.possibles) == 1 else None

    def _categorie(self) -> str:
        return self.categorie_seule.code if self.categorie_seule else str(self.cleaned_data["categorie"])


class IdentiteRegistreForm(_IdentiteForm):
    """Nom et adresse viennent du registre : la personne dit que c'est bien elle."""

    confirmee = forms.BooleanField(
        label="C’est bien ma structure.",
        error_messages={"required": "Cochez la case si c’est bien votre structure, sinon changez de numéro."},
    )

    def donnees(self) -> DonneesStructure:
        return DonneesStructure.du_registre(self.identification, categorie=self._categorie())


class IdentiteLibreForm(_IdentiteForm):
    """Le registre n'a pas répondu, ou ne connaît pas ce numéro : un agent vérifiera."""

    field_order = ("denomination", "adresse", "code_postal", "commune", "categorie")
    denomination = forms.CharField(
        label="Nom officiel de la structure",
        max_length=300,
        error_messages={"required": "Saisissez le nom officiel de la structure."},
    )
    adresse = forms.CharField(
        label="Adresse",
        help_text="Numéro et voie.",
        max_length=250,
        error_messages={"required": "Saisissez l’adresse de la structure."},
    )
    code_postal = forms.CharField(
        label="Code postal",
        max_length=5,
        validators=[RegexValidator(r"^[0-9]{5}$", "Un code postal compte cinq chiffres.")],
        error_messages={"required": "Saisissez le code postal."},
    )
    commune = CommuneField(
        label="Commune du siège",
        help_text="Tapez son nom ou son code postal, puis choisissez-la.",
        error_messages={"required": "Choisissez la commune du siège."},
    )

    def donnees(self) -> DonneesStructure:
        lu = self.identification.etablissement
        champs = {nom: self.cleaned_data[nom] for nom in ("denomination", "adresse", "code_postal", "commune")}
        return DonneesStructure(
            identifiant=self.identification.identifiant,
            categorie=self._categorie(),
            categorie_juridique=lu.categorie_juridique if lu else "",
            **champs,
        )


class ContactForm(DsfrForm):
    """La personne qui suivra la demande."""

    prenom = forms.CharField(label="Prénom", max_length=100, error_messages={"required": "Saisissez votre prénom."})
    nom = forms.CharField(label="Nom", max_length=100, error_messages={"required": "Saisissez votre nom."})
    fonction = forms.CharField(
        label="Fonction dans la structure",
        help_text="Par exemple : maire, directrice, secrétaire général.",
        max_length=100,
        error_messages={"required": "Saisissez votre fonction dans la structure."},
    )
    email = forms.EmailField(
        label="Adresse électronique",
        help_text="Format attendu : nom@domaine.fr. Nous y enverrons un lien de confirmation, puis chaque étape.",
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

    def __init__(self, *args: Any, departement: str = "", adresse_prouvee: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.departement = departement
        self.fields["fonction"].widget.attrs["autocomplete"] = "organization-title"
        if adresse_prouvee:
            # Le compte de la personne connectée : la changer se fait dans « Mon compte ».
            self.fields["email"].disabled = True
            self.fields["email"].help_text = "C’est celle de votre compte."

    def clean_email(self) -> str:
        return str(self.cleaned_data["email"]).strip().lower()

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

    def personne(self) -> Personne:
        return Personne(**self.cleaned_data)


POSTES = (
    (TypePoste.CONSEILLER.value, "Un ou plusieurs conseillers numériques"),
    (f"{TypePoste.COORDINATEUR.value}-{TempsCoordination.PLEIN.value}", "Un coordinateur, à plein temps"),
    (
        f"{TypePoste.COORDINATEUR.value}-{TempsCoordination.PARTIEL.value}",
        "Un coordinateur, qui accompagne aussi le public",
    ),
)


def choix_de_debut(aujourdhui: date) -> list[tuple[str, str, date]]:
    """(code, libellé, jour) des dates proposées."""
    proposees = [
        ("quinzaine", "Dans deux semaines", aujourdhui + timedelta(days=14)),
        ("mois", "Dans un mois", rules.dans_mois(aujourdhui, 1)),
        ("trimestre", "Dans trois mois", rules.dans_mois(aujourdhui, 3)),
    ]
    return [(code, f"{titre} : le {date_format(jour, 'j F Y')}", jour) for code, titre, jour in proposees]


class _BesoinForm(DsfrForm):
    """Ce qui se corrige encore après le dépôt ; le type de poste, lui, ne change pas."""

    autocompletion: ClassVar[dict[str, str]] = {}

    postes = forms.IntegerField(
        label="Combien de postes demandez-vous ?",
        help_text=f"De {rules.POSTES_MIN} à {rules.POSTES_MAX}.",
        min_value=rules.POSTES_MIN,
        max_value=rules.POSTES_MAX,
        error_messages={
            "required": "Saisissez le nombre de postes demandés.",
            "invalid": "Saisissez un nombre entier, par exemple 2.",
            "min_value": "Demandez au moins 1 poste.",
            "max_value": "Demandez au plus 30 postes.",
        },
    )
    commune = CommuneField(
        label="Commune d’exercice",
        help_text="La commune où il travaillera le plus. Tapez son nom ou son code postal, puis choisissez-la.",
        error_messages={"required": "Choisissez la commune d’exercice."},
    )
    debut = forms.ChoiceField(
        label="Quand souhaitez-vous commencer ?",
        widget=forms.RadioSelect,
        error_messages={"required": "Choisissez une date de début."},
    )
    debut_autre = forms.DateField(
        label="Autre date de début",
        help_text="À remplir seulement si vous avez choisi « À une autre date ». Pas de date passée.",
        required=False,
        error_messages={"invalid": "Saisissez une date qui existe, par exemple 15/03/2027."},
    )
    candidat = forms.ChoiceField(
        label="Avez-vous déjà quelqu’un en vue pour ce poste ?",
        help_text="Si oui, cette personne devra aussi s’inscrire comme candidate.",
        choices=OUI_NON,
        widget=forms.RadioSelect,
        error_messages={"required": "Répondez par oui ou par non."},
    )
    debut_garde: date | None = None
    """Date déjà enregistrée : la garder reste permis même si elle est passée depuis."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["postes"].widget.attrs["inputmode"] = "numeric"
        self.dates = choix_de_debut(timezone.localdate())
        self.fields["debut"].choices = [  # type: ignore[attr-defined]
            *((code, libelle) for code, libelle, _ in self.dates),
            (AUTRE_DATE, "À une autre date"),
        ]

    def clean(self) -> dict[str, Any]:
        donnees = super().clean() or {}
        if donnees.get("debut") == AUTRE_DATE:
            jour = donnees.get("debut_autre")
            if jour is None and "debut_autre" not in self.errors:
                self.add_error("debut_autre", "Saisissez la date de début.")
            elif jour and jour < timezone.localdate() and jour != self.debut_garde:
                self.add_error("debut_autre", "La date de début ne peut pas être passée.")
        return donnees

    def jour(self) -> date:
        choisi = self.cleaned_data["debut"]
        return next((j for code, _, j in self.dates if code == choisi), self.cleaned_data["debut_autre"])

    def besoin(self, *, type_poste: str, temps: str, motivation: str) -> Besoin:
        return Besoin(
            type_poste=type_poste,
            temps_coordination=temps,
            postes=1 if type_poste == TypePoste.COORDINATEUR else self.cleaned_data["postes"],
            commune=self.cleaned_data["commune"],
            debut=self.jour(),
            candidat_identifie=self.cleaned_data["candidat"] == "oui",
            motivation=motivation,
        )


class BesoinForm(_BesoinForm):
    field_order = ("poste", "postes")
    poste = forms.ChoiceField(
        label="Que demandez-vous ?",
        help_text="Le conseiller accompagne les habitants. Le coordinateur anime le réseau des conseillers.",
        choices=POSTES,
        widget=forms.RadioSelect,
        error_messages={"required": "Choisissez un type de poste."},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["postes"].help_text += " Pour un coordinateur, c’est toujours 1."
        if self._coordinateur_saisi():
            self.fields["postes"].required = False

    def _coordinateur_saisi(self) -> bool:
        return self.is_bound and str(self.data.get("poste", "")).startswith(TypePoste.COORDINATEUR.value)

    def clean_postes(self) -> int | None:
        return 1 if self._coordinateur_saisi() else self.cleaned_data["postes"]

    @property
    def type_poste(self) -> str:
        return str(self.cleaned_data["poste"]).partition("-")[0]

    @property
    def temps(self) -> str:
        return str(self.cleaned_data["poste"]).partition("-")[2]


class MotivationForm(DsfrForm):
    motivation = forms.CharField(
        label="Pourquoi demandez-vous ce poste ?",
        help_text=(
            "Dites à qui il servira, où, et ce qui existe déjà près de chez vous. "
            f"De {rules.MOTIVATION_MIN} à 2 500 caractères."
        ),
        widget=forms.Textarea(attrs={"rows": 10, "data-compteur": rules.MOTIVATION_MAX}),
        error_messages={"required": "Dites pourquoi vous demandez ce poste, en quelques phrases."},
    )

    def clean_motivation(self) -> str:
        # Un navigateur compte une fin de ligne pour un caractère et l'envoie pour deux.
        texte = str(self.cleaned_data["motivation"]).replace("\r\n", "\n").strip()
        for erreur in rules.verifier_longueur("motivation", texte, rules.MOTIVATION_MIN, rules.MOTIVATION_MAX):
            raise forms.ValidationError(erreur.message)
        return texte


class EngagementsForm(DsfrForm):
    """Une case par engagement, aucune cochée d'avance. Changer de type de poste fait cocher à nouveau : le nom des
    cases en dépend, leurs phrases aussi."""

    def __init__(self, *args: Any, type_poste: str, **kwargs: Any) -> None:
        super().__init__(*args, prefix=type_poste, **kwargs)
        self.codes = tuple(rules.engagements(type_poste))
        for code, phrase in rules.engagements(type_poste).items():
            self.fields[code] = forms.BooleanField(
                label=phrase, error_messages={"required": "Cet engagement est nécessaire : cochez-le."}
            )


class AdresseForm(DsfrForm):
    """Où envoyer un lien : pour finir plus tard, ou pour confirmer."""

    email = forms.EmailField(
        label="Adresse électronique",
        help_text="Format attendu : nom@domaine.fr",
        max_length=254,
        error_messages={
            "required": "Saisissez votre adresse électronique.",
            "invalid": "Cette adresse électronique n’est pas complète. Format attendu : nom@domaine.fr.",
        },
    )


class CorrectionForm(_BesoinForm):
    """Corriger une demande déposée : tout, sauf le type de poste et les engagements."""

    motivation = MotivationForm.base_fields["motivation"]
    clean_motivation = MotivationForm.clean_motivation

    def __init__(self, *args: Any, demande: Demande, **kwargs: Any) -> None:
        kwargs["initial"] = {
            "postes": demande.postes_demandes,
            "commune": demande.commune,
            "debut": AUTRE_DATE,
            "debut_autre": demande.debut_souhaite,
            "candidat": "oui" if demande.candidat_identifie else "non",
            "motivation": demande.motivation,
        }
        super().__init__(*args, **kwargs)
        self.demande = demande
        self.debut_garde = demande.debut_souhaite
        if demande.type_poste == TypePoste.COORDINATEUR:
            del self.fields["postes"]

    def corrige(self) -> Besoin:
        return self.besoin(
            type_poste=self.demande.type_poste,
            temps=self.demande.temps_coordination,
            motivation=self.cleaned_data["motivation"],
        )


class AbandonForm(DsfrForm):
    motif = forms.CharField(
        label="Pourquoi retirez-vous cette demande ?",
        help_text="La préfecture lira votre réponse. 1 000 caractères au plus.",
        max_length=rules.TEXTE_MAX,
        required=False,
        widget=forms.Textarea,
    )


class ReponseForm(DsfrForm):
    reponse = forms.CharField(
        label="Votre réponse",
        help_text="De 10 à 1 000 caractères. L’ANCT et la préfecture la liront.",
        max_length=rules.TEXTE_MAX,
        min_length=rules.TEXTE_MIN,
        widget=forms.Textarea(attrs={"rows": 8, "data-compteur": rules.TEXTE_MAX}),
        error_messages={"required": "Écrivez votre réponse."},
    )
