"""Formulaires des sessions : les préparer, les corriger, les copier, les filtrer."""

from datetime import date
from typing import Any, ClassVar

from django import forms

from conum.formations.models import Organisme, SessionFormation
from conum.formations.models.session import CAPACITE_MAX
from conum.formations.rules import marches
from conum.formations.states import EtatSession
from conum.socle.sql import SansAccent
from conum.territoires.forms import CommuneField
from conum.territoires.models import Region
from conum.ui.forms import DsfrForm, FiltresForm

MOTIF_AIDE = "Écrit aux inscrits et à leurs structures si les jours, les heures ou le lieu changent."
PRESENCE = [("non", "Sur place"), ("oui", "À distance")]


def champ_motif() -> forms.CharField:
    """Demandé quand la session est ouverte ; l'acte l'exige si le changement regarde les inscrits."""
    return forms.CharField(
        label="Pourquoi ce changement", help_text=MOTIF_AIDE, max_length=1_000, required=False, widget=forms.Textarea
    )


def choix_parcours(jour: date, retenu: str = "") -> list[tuple[str, Any]]:
    """Ceux du marché du jour d'abord, puis des autres : un contrat à venir relève déjà du suivant."""
    catalogue = marches.catalogue()
    courant = catalogue.regle_au(jour)
    autres = [m for m in reversed(catalogue.marches) if m.code != courant.code]
    ranges = [m for m in (courant, *autres) if m.parcours]
    groupes: list[tuple[str, Any]] = [(m.titre, [(p.code, p.libelle) for p in m.parcours]) for m in ranges]
    if retenu and not any(retenu == code for _, lot in groupes for code, _libelle in lot):
        groupes.append(("Autre", [(retenu, retenu)]))
    return [("", "Choisir"), *groupes]


class SessionForm(DsfrForm):
    """Les faits d'une session, sauf son calendrier."""

    autocompletion: ClassVar[dict[str, str]] = {}

    organisme = forms.ModelChoiceField(
        label="Organisme", queryset=Organisme.objects.none(), empty_label="Choisir",
        error_messages={"required": "Choisissez l’organisme."},
    )  # fmt: skip
    intitule = forms.CharField(
        label="Intitulé", help_text="Ce que liront les conseillers, par exemple « Reims, automne ».", max_length=150
    )
    parcours = forms.ChoiceField(label="Parcours", choices=())
    capacite = forms.IntegerField(
        label="Places", min_value=1, max_value=CAPACITE_MAX, initial=15, help_text=f"De 1 à {CAPACITE_MAX}."
    )
    a_distance = forms.ChoiceField(
        label="Où se tient la session", choices=PRESENCE, initial="non", widget=forms.RadioSelect
    )
    lieu = forms.CharField(label="Nom du lieu", help_text="Sur place.", max_length=150, required=False)
    adresse = forms.CharField(label="Adresse", help_text="Sur place : numéro et voie.", max_length=250, required=False)
    commune = CommuneField(label="Commune", help_text="Sur place.", required=False)
    lien = forms.URLField(
        label="Lien de la visioconférence",
        help_text="À distance. Il n’est montré qu’à ceux qui ont une place.",
        max_length=500,
        required=False,
        assume_scheme="https",
    )
    contact_email = forms.EmailField(label="Adresse électronique pour toute question", required=False)

    def __init__(
        self, *args: Any, jour: date, session: SessionFormation | None = None, choix_organisme: bool, **kwargs: Any
    ) -> None:
        if session is not None:
            kwargs["initial"] = _de(session) | (kwargs.get("initial") or {})
        super().__init__(*args, **kwargs)
        retenu = session.parcours if session else ""
        self.fields["parcours"].choices = choix_parcours(jour, retenu)  # type: ignore[attr-defined]
        if choix_organisme:
            self.fields["organisme"].queryset = Organisme.objects.ouverts().order_by(SansAccent("nom"), "pk")  # type: ignore[attr-defined]
        else:
            del self.fields["organisme"]
        if session is not None and session.etat == EtatSession.OUVERTE:
            del self.fields["parcours"]
            self.fields["motif"] = champ_motif()

    def clean_a_distance(self) -> bool:
        return bool(self.cleaned_data["a_distance"] == "oui")


def _de(session: SessionFormation) -> dict[str, Any]:
    champs = ("intitule", "parcours", "capacite", "lieu", "adresse", "commune", "lien", "contact_email")
    return {nom: getattr(session, nom) for nom in champs} | {"a_distance": "oui" if session.a_distance else "non"}


class DupliquerForm(DsfrForm):
    premier = forms.DateField(
        label="Premier jour de la nouvelle session",
        help_text="Chaque séance garde son écart au premier jour. Un même jour de la semaine garde les mêmes jours.",
        error_messages={"required": "Saisissez une date.", "invalid": "Saisissez une date qui existe."},
    )
    avec_formateurs = forms.BooleanField(label="Garder les mêmes formateurs", required=False, initial=True)


MOMENTS = [
    ("", "Toutes"),
    ("brouillon", "En préparation"),
    ("a_venir", "À venir"),
    ("en_cours", "En cours"),
    ("passees", "Passées"),
    ("annulees", "Annulées"),
]


class FiltresSessions(FiltresForm):
    """`mois` : celui du début, « 2026-09 »."""

    moment = forms.ChoiceField(label="Moment", choices=MOMENTS)
    mois = forms.RegexField(
        r"^[0-9]{4}-(0[1-9]|1[0-2])$", label="Mois du début", widget=forms.TextInput(attrs={"type": "month"}),
        help_text="Format attendu : 2026-09",
    )  # fmt: skip
    region = forms.ModelChoiceField(
        label="Région", queryset=Region.objects.order_by(SansAccent("nom"), "pk"), empty_label="Toutes"
    )
    presence = forms.ChoiceField(label="Présence", choices=[("", "Toutes"), *PRESENCE])
    organisme = forms.ModelChoiceField(
        label="Organisme", queryset=Organisme.objects.order_by(SansAccent("nom"), "pk"), empty_label="Tous"
    )
    parcours = forms.ChoiceField(label="Parcours", choices=())

    def __init__(self, *args: Any, jour: date, sans: tuple[str, ...] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choix = choix_parcours(jour)
        self.fields["parcours"].choices = [("", "Tous"), *choix[1:]]  # type: ignore[attr-defined]
        for nom in sans:
            del self.fields[nom]
