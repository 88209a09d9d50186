"""Formulaires du calendrier d'une session : remplir, une séance, un formateur, retirer, importer."""

from datetime import time, timedelta
from typing import Any, ClassVar

from django import forms

from conum.formations.forms.sessions import champ_motif
from conum.formations.models import Seance, SessionFormation
from conum.formations.models.session import NatureSeance
from conum.formations.rules.assiduite import Nature
from conum.formations.rules.calendrier import JOURS, Horaires, Rythme
from conum.formations.states import EtatSession
from conum.socle.tableaux import OCTETS_MAX
from conum.ui.forms import DsfrForm

SEMAINES_MAX = 104
_DATE = {"required": "Saisissez une date.", "invalid": "Saisissez une date qui existe."}
_HEURE = {"required": "Saisissez une heure.", "invalid": "Saisissez une heure, par exemple 09:00."}


def _champ_heure(label: str, *, initial: time | None = None, required: bool = False) -> forms.TimeField:
    widget = forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
    return forms.TimeField(label=label, required=required, initial=initial, widget=widget, error_messages=_HEURE)


class _SurSession(DsfrForm):
    """Une session ouverte demande pourquoi ; le motif part aux inscrits."""

    autocompletion: ClassVar[dict[str, str]] = {}

    def __init__(self, *args: Any, session: SessionFormation, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if session.etat == EtatSession.OUVERTE:
            self.fields["motif"] = champ_motif()


class SeanceForm(_SurSession):
    jour = forms.DateField(label="Jour", error_messages=_DATE)
    debut = _champ_heure("Début", required=True)
    fin = _champ_heure("Fin", required=True)
    nature = forms.ChoiceField(label="Nature", choices=NatureSeance.choices, widget=forms.RadioSelect, initial="cours")
    theme = forms.CharField(label="Thème", max_length=200, required=False)
    formateur_nom = forms.CharField(label="Nom du formateur, ou du tuteur de stage", max_length=150, required=False)
    formateur_email = forms.EmailField(
        label="Son adresse électronique", help_text="Il y reçoit le lien pour signer.", required=False
    )

    @classmethod
    def de(cls, seance: Seance) -> dict[str, Any]:
        """Valeurs de départ."""
        return {nom: getattr(seance, nom) for nom in cls.base_fields}


class RemplirForm(_SurSession):
    """Un rythme de semaine, jusqu'aux heures du parcours."""

    nature = forms.ChoiceField(label="Nature", choices=NatureSeance.choices, widget=forms.RadioSelect, initial="cours")
    premier = forms.DateField(label="Premier jour", error_messages=_DATE)
    semaines = forms.IntegerField(
        label="Nombre de semaines, au plus",
        help_text="Ou donnez le dernier jour. Le remplissage s’arrête aux heures du parcours.",
        min_value=1,
        max_value=SEMAINES_MAX,
        required=False,
    )
    dernier = forms.DateField(label="Dernier jour, au plus", required=False, error_messages=_DATE)
    jours = forms.MultipleChoiceField(
        label="Jours de la semaine",
        choices=[(str(i), nom.capitalize()) for i, nom in enumerate(JOURS)],
        widget=forms.CheckboxSelectMultiple,
        initial=["0", "1", "2", "3", "4"],
        error_messages={"required": "Choisissez au moins un jour de la semaine."},
    )
    matin_debut = _champ_heure("Matin, début", initial=time(9))
    matin_fin = _champ_heure("Matin, fin", initial=time(12, 30))
    apres_midi_debut = _champ_heure("Après-midi, début", initial=time(13, 30))
    apres_midi_fin = _champ_heure("Après-midi, fin", initial=time(17))
    theme = forms.CharField(label="Thème", max_length=200, required=False)
    formateur_nom = forms.CharField(label="Nom du formateur, ou du tuteur de stage", max_length=150, required=False)
    formateur_email = forms.EmailField(
        label="Son adresse électronique", help_text="Il y reçoit le lien pour signer.", required=False
    )

    def clean(self) -> dict[str, Any]:
        lues = super().clean() or self.cleaned_data
        if not lues.get("semaines") and not lues.get("dernier") and not {"semaines", "dernier"} & set(self.errors):
            self.add_error("semaines", "Donnez un nombre de semaines ou un dernier jour.")
        for moment in ("matin", "apres_midi"):
            debut, fin = lues.get(f"{moment}_debut"), lues.get(f"{moment}_fin")
            if bool(debut) != bool(fin) and not {f"{moment}_debut", f"{moment}_fin"} & set(self.errors):
                manque = f"{moment}_{'fin' if debut else 'debut'}"
                self.add_error(manque, "Donnez le début et la fin, ou laissez les deux vides.")
        return lues

    def rythme(self) -> Rythme:
        lues = self.cleaned_data
        bornes = [d for d in (lues["dernier"],) if d]
        if lues["semaines"]:
            bornes.append(lues["premier"] + timedelta(days=7 * lues["semaines"] - 1))
        moments = ((lues[f"{m}_debut"], lues[f"{m}_fin"]) for m in ("matin", "apres_midi"))
        horaires: tuple[Horaires, ...] = tuple((debut, fin) for debut, fin in moments if debut and fin)
        jours = frozenset(int(j) for j in lues["jours"])
        return Rythme(lues["premier"], min(bornes), jours, horaires, Nature(lues["nature"]))

    def propres(self) -> dict[str, str]:
        """Ce que chaque séance porte en plus de son horaire."""
        return {nom: self.cleaned_data[nom] for nom in ("theme", "formateur_nom", "formateur_email")}


class _Plage(DsfrForm):
    autocompletion: ClassVar[dict[str, str]] = {}

    du = forms.DateField(label="Du", error_messages=_DATE)
    au = forms.DateField(label="Au", help_text="Ce jour compris.", error_messages=_DATE)

    def clean(self) -> dict[str, Any]:
        lues = super().clean() or self.cleaned_data
        if lues.get("du") and lues.get("au") and lues["au"] < lues["du"]:
            self.add_error("au", "Ce jour précède le premier.")
        return lues


class FormateurForm(_Plage):
    nature = forms.ChoiceField(label="Séances", choices=[("", "Cours et stage"), *NatureSeance.choices], required=False)
    nom = forms.CharField(label="Nom du formateur, ou du tuteur de stage", max_length=150)
    email = forms.EmailField(
        label="Son adresse électronique", help_text="Il y reçoit le lien pour signer.", required=False
    )


class RetirerSeancesForm(_SurSession, _Plage):
    pass


class RetraitForm(_SurSession):
    """Confirmer le retrait d'une séance."""


class ImportForm(DsfrForm):
    autocompletion: ClassVar[dict[str, str]] = {}

    fichier = forms.FileField(
        label="Fichier CSV",
        help_text="UTF-8 ou Windows, colonnes séparées par des points-virgules ou des virgules. 5 Mo au plus.",
        widget=forms.FileInput(attrs={"accept": "text/csv,.csv"}),
        error_messages={"required": "Choisissez un fichier CSV.", "empty": "Ce fichier est vide."},
    )

    def clean_fichier(self) -> Any:
        fichier = self.cleaned_data["fichier"]
        if fichier.size > OCTETS_MAX:
            raise forms.ValidationError("Ce fichier dépasse 5 Mo.")
        return fichier


class MotifImportForm(_SurSession):
    """Le motif demandé quand on importe dans une session ouverte."""
