"""Formulaires des organismes : leur fiche, leurs agents, leur fermeture."""

from typing import Any, ClassVar

from django import forms

from conum.formations.models import Organisme
from conum.socle.telephone import lire_telephone
from conum.structures.rules import IdentifiantInvalide, TypeIdentifiant, lire_identifiant
from conum.ui.forms import DsfrForm


class ContactsForm(DsfrForm):
    """Ce qu'un organisme tient lui-même à jour."""

    autocompletion: ClassVar[dict[str, str]] = {}

    adresse = forms.CharField(label="Adresse", max_length=250, required=False)
    contact_nom = forms.CharField(label="Nom du contact", max_length=150, required=False)
    contact_email = forms.EmailField(
        label="Adresse électronique du contact",
        help_text="Les conseillers et leurs structures y écrivent. Format attendu : nom@exemple.fr",
        required=False,
    )
    contact_telephone = forms.CharField(label="Téléphone du contact", max_length=30, required=False)
    site = forms.URLField(
        label="Site", help_text="Par exemple https://www.exemple.fr", required=False, assume_scheme="https"
    )
    capacite_mensuelle = forms.IntegerField(
        label="Conseillers qui peuvent commencer chaque mois",
        help_text="Ce que vous annoncez ; comparé, mois par mois, aux places de vos sessions ouvertes.",
        min_value=0,
        max_value=10_000,
        required=False,
    )

    @classmethod
    def de(cls, organisme: Organisme) -> dict[str, Any]:
        """Valeurs de départ."""
        return {nom: getattr(organisme, nom) for nom in cls.base_fields}

    def clean_contact_telephone(self) -> str:
        saisie = self.cleaned_data["contact_telephone"]
        if not saisie:
            return ""
        lu = lire_telephone(saisie)
        if lu is None:
            raise forms.ValidationError("Ce numéro de téléphone n’existe pas. Écrivez-le par exemple 03 26 00 00 00.")
        return lu


class OrganismeForm(ContactsForm):
    """La fiche entière, pour l'ANCT."""

    nom = forms.CharField(
        label="Nom",
        help_text="Tel que le marché l’écrit : c’est par ce nom que ses lots et ses régions sont retrouvés.",
        max_length=200,
    )
    siret = forms.CharField(label="SIRET", help_text="14 chiffres, espaces admises.", max_length=20, required=False)
    field_order = ("nom", "siret")

    def clean_siret(self) -> str:
        saisie = self.cleaned_data["siret"]
        if not saisie:
            return ""
        try:
            lu = lire_identifiant(saisie)
        except IdentifiantInvalide as erreur:
            raise forms.ValidationError(str(erreur)) from erreur
        if lu.type is not TypeIdentifiant.SIRET:
            raise forms.ValidationError("Un SIRET compte 14 chiffres.")
        return lu.valeur


class InviterAgentForm(DsfrForm):
    autocompletion: ClassVar[dict[str, str]] = {}

    email = forms.EmailField(
        label="Adresse électronique de la personne",
        help_text="Une adresse professionnelle et nominative. Format attendu : nom@exemple.fr",
        max_length=254,
    )
