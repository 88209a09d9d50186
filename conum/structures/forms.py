"""Formulaires des structures."""

from typing import Any, ClassVar

from django import forms
from django.core.validators import RegexValidator

from conum.socle.telephone import lire_telephone
from conum.structures import rules
from conum.structures.actions import DonneesStructure, Identification, Personne
from conum.structures.models import Membre, StatutJuridique, Structure, StructureQuerySet
from conum.territoires.forms import CommuneField
from conum.territoires.models import Departement
from conum.ui.forms import DsfrForm, FiltresForm

CODE_POSTAL = RegexValidator(r"^[0-9]{5}$", "Un code postal compte cinq chiffres.")


def telephone_existant(saisie: str) -> None:
    if lire_telephone(saisie) is None:
        raise forms.ValidationError("Ce numéro de téléphone n'existe pas. Écrivez-le par exemple 03 26 00 00 00.")


class NumeroForm(DsfrForm):
    """Première étape d'une inscription : le numéro, en GET."""

    numero = forms.CharField(
        label="SIRET ou RIDET",
        max_length=40,
        help_text="14 chiffres pour un SIRET ; 6 ou 7 pour un RIDET de Nouvelle-Calédonie. Les espaces sont admises.",
    )


def _choix(categories: tuple[rules.Categorie, ...]) -> list[tuple[str, Any]]:
    groupes = ((titre, [c for c in categories if c.statut is statut]) for titre, statut in _STATUTS)
    return [(titre, [(c.code, c.libelle) for c in lot]) for titre, lot in groupes if lot]


_STATUTS = (("Structure publique", rules.Statut.PUBLIC), ("Structure privée", rules.Statut.PRIVE))


class _Inscription(DsfrForm):
    """Ce qu'on demande toujours : la catégorie, et de dire que ce n'est pas un doublon quand on en soupçonne un."""

    autocompletion: ClassVar[dict[str, str]] = {}

    categorie = forms.ChoiceField(label="Catégorie")
    distincte = forms.BooleanField(
        label="Ce n'est aucune des structures ci-dessus : je veux bien en inscrire une nouvelle.", required=False
    )

    def __init__(self, *args: Any, identification: Identification, **kwargs: Any) -> None:
        self.identification = identification
        eligibilite = identification.eligibilite
        possibles = eligibilite.possibles if eligibilite else rules.CATEGORIES
        if eligibilite and eligibilite.proposee:
            kwargs["initial"] = {"categorie": eligibilite.proposee.code} | (kwargs.get("initial") or {})
        super().__init__(*args, **kwargs)
        self.fields["categorie"].choices = [("", "Choisissez"), *_choix(possibles)]  # type: ignore[attr-defined]

    def demander_si_distincte(self) -> None:
        self.fields["distincte"].required = True

    @property
    def visibles(self) -> list[forms.BoundField]:
        return [c for c in self.visible_fields() if c.name != "distincte" or c.field.required]


class ConfirmationForm(_Inscription):
    """Identité donnée par le registre : la personne la confirme et choisit la catégorie."""

    field_order = ("categorie", "nom_usage", "distincte")
    nom_usage = forms.CharField(
        label="Nom d'usage", max_length=300, required=False, help_text="S'il diffère de la dénomination du registre."
    )

    def donnees(self) -> DonneesStructure:
        lue = DonneesStructure.du_registre(self.identification, categorie=self.cleaned_data["categorie"])
        champs = {nom: getattr(lue, nom) for nom in lue.__slots__}
        return DonneesStructure(**(champs | {"nom_usage": self.cleaned_data["nom_usage"]}))


class SaisieForm(_Inscription):
    """Le registre n'a pas répondu : la personne saisit l'identité."""

    field_order = ("denomination", "nom_usage", "categorie", "adresse", "code_postal", "commune", "distincte")
    denomination = forms.CharField(label="Dénomination", max_length=300)
    nom_usage = forms.CharField(label="Nom d'usage", max_length=300, required=False)
    adresse = forms.CharField(label="Adresse", max_length=250, help_text="Numéro et voie.")
    code_postal = forms.CharField(label="Code postal", max_length=5, validators=[CODE_POSTAL])
    commune = CommuneField(label="Commune")

    def donnees(self) -> DonneesStructure:
        champs = {nom: valeur for nom, valeur in self.cleaned_data.items() if nom != "distincte"}
        lu = self.identification.etablissement
        return DonneesStructure(
            identifiant=self.identification.identifiant,
            categorie_juridique=lu.categorie_juridique if lu else "",
            **champs,
        )


class CorrectionForm(DsfrForm):
    """Corriger l'identité d'une structure inscrite."""

    autocompletion: ClassVar[dict[str, str]] = {}
    PROPRES: ClassVar[tuple[str, ...]] = (
        "denomination",
        "nom_usage",
        "categorie",
        "categorie_juridique",
        "adresse",
        "code_postal",
        "commune",
        "reseau",
        "hub",
    )

    numero = forms.CharField(label="SIRET ou RIDET", max_length=40, required=False)
    garder_ancien = forms.BooleanField(
        label="L'ancien numéro était bien le sien (déménagement, transformation) : il doit encore mener à cette fiche.",
        required=False,
    )
    denomination = forms.CharField(label="Dénomination", max_length=300)
    nom_usage = forms.CharField(label="Nom d'usage", max_length=300, required=False)
    categorie = forms.ChoiceField(label="Catégorie", choices=lambda: _choix(rules.CATEGORIES))
    categorie_juridique = forms.CharField(
        label="Catégorie juridique de l'INSEE",
        required=False,
        max_length=4,
        validators=[RegexValidator(r"^[0-9]{4}$", "Une catégorie juridique compte quatre chiffres.")],
    )
    adresse = forms.CharField(label="Adresse", max_length=250, required=False)
    code_postal = forms.CharField(label="Code postal", max_length=5, required=False, validators=[CODE_POSTAL])
    commune = CommuneField(label="Commune")
    reseau = forms.CharField(label="Grand réseau", max_length=50, required=False)
    hub = forms.CharField(label="Hub", max_length=50, required=False)
    motif = forms.CharField(label="Pourquoi cette correction ?", max_length=500, widget=forms.Textarea)

    @classmethod
    def de(cls, structure: Structure) -> dict[str, Any]:
        """Valeurs de départ."""
        return {"numero": structure.identifiant} | {champ: getattr(structure, champ) for champ in cls.PROPRES}

    def clean_numero(self) -> rules.Identifiant | None:
        if not self.cleaned_data["numero"]:
            return None
        try:
            return rules.lire_identifiant(self.cleaned_data["numero"])
        except rules.IdentifiantInvalide as erreur:
            raise forms.ValidationError(erreur.message) from erreur

    def donnees(self, structure: Structure) -> DonneesStructure:
        hors = ("numero", "garder_ancien", "motif")
        champs = {nom: valeur for nom, valeur in self.cleaned_data.items() if nom not in hors}
        return DonneesStructure(
            identifiant=self.cleaned_data["numero"], identite_verifiee=structure.identite_verifiee, **champs
        )


class AntenneForm(DsfrForm):
    autocompletion: ClassVar[dict[str, str]] = {}

    nom = forms.CharField(label="Nom de l'antenne", max_length=200)
    adresse = forms.CharField(label="Adresse", max_length=250, required=False)
    code_postal = forms.CharField(label="Code postal", max_length=5, required=False, validators=[CODE_POSTAL])
    commune = CommuneField(label="Commune")


class RejoindreForm(DsfrForm):
    """Demande publique à rejoindre une structure : la personne parle d'elle-même."""

    prenom = forms.CharField(label="Prénom", max_length=100)
    nom = forms.CharField(label="Nom", max_length=100)
    email = forms.EmailField(
        label="Adresse électronique professionnelle", help_text="Format attendu : nom@domaine.fr", max_length=254
    )
    fonction = forms.CharField(label="Votre fonction dans la structure", max_length=100)
    telephone = forms.CharField(label="Téléphone", max_length=20, required=False, validators=[telephone_existant])
    message = forms.CharField(
        label="Message", max_length=1000, required=False, widget=forms.Textarea, help_text="1 000 caractères au plus."
    )

    def personne(self) -> Personne:
        champs = ("email", "prenom", "nom", "fonction", "telephone")
        return Personne(**{champ: self.cleaned_data[champ] for champ in champs})


class RefusForm(DsfrForm):
    motif = forms.CharField(
        label="Pourquoi refuser ?", max_length=1000, widget=forms.Textarea, help_text="La personne lira ce motif."
    )


class InvitationForm(DsfrForm):
    autocompletion: ClassVar[dict[str, str]] = {}

    email = forms.EmailField(
        label="Adresse électronique de la personne", max_length=254, help_text="Format attendu : nom@domaine.fr"
    )


class AccepterInvitationForm(DsfrForm):
    prenom = forms.CharField(label="Prénom", max_length=100)
    nom = forms.CharField(label="Nom", max_length=100)
    fonction = forms.CharField(label="Votre fonction dans la structure", max_length=100, required=False)
    telephone = forms.CharField(label="Téléphone", max_length=20, required=False, validators=[telephone_existant])


class MembreForm(DsfrForm):
    autocompletion: ClassVar[dict[str, str]] = {}

    fonction = forms.CharField(label="Fonction", max_length=100, required=False)
    telephone = forms.CharField(label="Téléphone", max_length=20, required=False, validators=[telephone_existant])


class ContactForm(DsfrForm):
    """Choisir le futur contact principal parmi les autres membres."""

    entrant = forms.ModelChoiceField(
        label="Nouveau contact principal", queryset=Membre.objects.none(), widget=forms.RadioSelect, empty_label=None
    )
    sortant_injoignable = forms.CharField(
        label="Si le contact actuel ne peut pas confirmer, dites pourquoi",
        help_text="Par exemple : a quitté la structure. Seul le nouveau contact aura alors à confirmer.",
        max_length=500,
        required=False,
    )

    def __init__(self, *args: Any, structure: Structure, par_un_agent: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        membres = Membre.objects.actifs().select_related("role__utilisateur").filter(structure=structure)
        self.fields["entrant"].queryset = membres.filter(contact_principal=False).order_by("pk")  # type: ignore[attr-defined]
        if not par_un_agent:
            del self.fields["sortant_injoignable"]


class FusionForm(DsfrForm):
    motif = forms.CharField(label="Pourquoi cette fusion ?", max_length=500, widget=forms.Textarea)


class StructuresFiltres(FiltresForm):
    q = forms.CharField(label="Nom, SIRET ou SIREN", max_length=100)
    statut = forms.ChoiceField(label="Statut", choices=[("", "Tous"), *StatutJuridique.choices])
    categorie = forms.ChoiceField(label="Catégorie", choices=[("", "Toutes"), *_choix(rules.CATEGORIES)])
    departement = forms.ModelChoiceField(
        label="Département", queryset=Departement.objects.order_by("code"), empty_label="Tous"
    )
    identite = forms.ChoiceField(
        label="Identité", choices=[("", "Toutes"), ("a_verifier", "À vérifier"), ("verifiee", "Vérifiée")]
    )

    def __init__(self, *args: Any, avec_departement: bool = True, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not avec_departement:
            del self.fields["departement"]

    def appliquer(self, structures: StructureQuerySet) -> StructureQuerySet:
        valeurs = self.valeurs()
        if "q" in valeurs:
            structures = structures.rechercher(valeurs["q"])
        for champ in ("statut", "categorie"):
            if champ in valeurs:
                structures = structures.filter(**{champ: valeurs[champ]})
        if "departement" in valeurs:
            structures = structures.filter(commune__departement=valeurs["departement"])
        if "identite" in valeurs:
            structures = structures.filter(identite_verifiee=valeurs["identite"] == "verifiee")
        return structures
