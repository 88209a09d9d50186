"""L'espace du candidat : corriger sa fiche, son CV, son résultat Pix, suspendre, retirer, effacer."""

from typing import Any

from django import forms
from django.utils import timezone

from conum.recrutement.actions.pix import Resultat
from conum.recrutement.actions.profil import Profil
from conum.recrutement.forms.candidature import (
    AUTRE_DATE,
    DateForm,
    IdentiteForm,
    LieuForm,
    MotivationForm,
    SituationForm,
    typographie,
)
from conum.recrutement.models import Candidat
from conum.recrutement.rules import candidature as regles
from conum.recrutement.rules import profil as regles_profil
from conum.ui.forms import DsfrForm
from conum.utilisateurs.models import normaliser_courriel


class ProfilForm(SituationForm, LieuForm, DateForm, MotivationForm, IdentiteForm):
    """Toute la fiche en une page, sauf l'adresse électronique, qui se change dans « Mon compte »."""

    field_order = (
        "prenom", "nom", "telephone", "situations", "nom_diplome", "experience", "commune", "mobilite_km",
        "territoires", "disponibilite", "disponible_le", "motivation", "langues",
    )  # fmt: skip

    def __init__(self, *args: Any, candidat: Candidat, **kwargs: Any) -> None:
        kwargs["initial"] = {
            "prenom": candidat.prenom,
            "nom": candidat.nom,
            "telephone": candidat.telephone,
            "situations": [champ for champ in regles.SITUATIONS if getattr(candidat, champ)],
            "nom_diplome": candidat.nom_diplome,
            "experience": "oui" if candidat.experience else "non",
            "commune": candidat.commune,
            "mobilite_km": candidat.mobilite_km,
            "territoires": candidat.territoires_choisis,
            "disponibilite": AUTRE_DATE,
            "disponible_le": candidat.disponible_le,
            "motivation": candidat.motivation,
            "langues": candidat.langues,
        }
        kwargs["departement"] = candidat.departement_id or ""
        super().__init__(*args, **kwargs)
        self.garde = candidat.disponible_le
        del self.fields["email"]

    def profil(self) -> Profil:
        c = self.cleaned_data
        return Profil(
            prenom=c["prenom"],
            nom=c["nom"],
            telephone=c["telephone"],
            commune=c["commune"],
            situations=tuple(c["situations"]),
            nom_diplome=c["nom_diplome"],
            experience=c["experience"] == "oui",
            mobilite_km=c["mobilite_km"],
            territoires=tuple(c["territoires"]),
            disponible_le=self.jour(),
            motivation=c["motivation"],
            langues=tuple(c["langues"]),
        )


class CvForm(DsfrForm):
    fichier = forms.FileField(
        label="Votre CV",
        help_text="Un fichier PDF, 5 Mo au plus.",
        widget=forms.FileInput(attrs={"accept": "application/pdf,.pdf"}),
        error_messages={
            "required": "Choisissez un fichier PDF.",
            "empty": "Ce fichier est vide.",
            "invalid": "Le fichier n’est pas arrivé. Choisissez-le de nouveau.",
            "max_length": "Le nom de ce fichier est trop long. Renommez-le plus court.",
        },
    )

    def clean_fichier(self) -> Any:
        fichier = self.cleaned_data["fichier"]
        if fichier.size > regles.CV_TAILLE_MAX:
            raise forms.ValidationError(
                "Ce fichier dépasse 5 Mo. Enregistrez-le en qualité « web » ou retirez les images."
            )
        return fichier


class PixForm(DsfrForm):
    palier = forms.TypedChoiceField(
        label="Quel palier avez-vous obtenu ?",
        choices=[(str(n), f"Palier {n} : {libelle.lower()}") for n, libelle in regles.NIVEAUX.items()],
        coerce=int,
        widget=forms.RadioSelect,
        error_messages={"required": "Choisissez un palier."},
    )
    competences = forms.TypedMultipleChoiceField(
        label="Quelles compétences avez-vous validées ?",
        choices=[(str(n), libelle) for n, libelle in regles.COMPETENCES_PIX.items()],
        coerce=int,
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    le = forms.DateField(
        label="Date du test",
        error_messages={"required": "Saisissez la date du test.", "invalid": "Saisissez une date qui existe."},
    )

    def __init__(self, *args: Any, candidat: Candidat, **kwargs: Any) -> None:
        kwargs["initial"] = {
            "palier": candidat.pix_palier,
            "competences": candidat.pix_competences,
            "le": candidat.pix_le,
        }
        super().__init__(*args, **kwargs)

    def clean_le(self) -> Any:
        if self.cleaned_data["le"] > timezone.localdate():
            raise forms.ValidationError("La date du test ne peut pas être à venir.")
        return self.cleaned_data["le"]

    def resultat(self) -> Resultat:
        c = self.cleaned_data
        return Resultat(c["palier"], tuple(c["competences"]), c["le"])


class PauseForm(DsfrForm):
    motif = forms.ChoiceField(
        label="Pourquoi faites-vous une pause ?",
        choices=[("", "Je préfère ne pas le dire"), *((c, t) for c, t in regles_profil.MOTIFS_PAUSE.items())],
        widget=forms.RadioSelect,
        required=False,
    )


class RetraitForm(DsfrForm):
    motif = forms.ChoiceField(
        label="Pourquoi retirez-vous votre candidature ?",
        choices=[(code, typographie(libelle)) for code, libelle in regles.MOTIFS_RETRAIT.items()],
        widget=forms.RadioSelect,
        error_messages={"required": "Choisissez une raison."},
    )
    precision = forms.CharField(
        label="Voulez-vous préciser ?",
        help_text="Lu par l’ANCT seulement. 1 000 caractères au plus.",
        max_length=regles_profil.TEXTE_MAX,
        widget=forms.Textarea(attrs={"rows": 3}),
        required=False,
    )


class EffacementForm(DsfrForm):
    """Taper son adresse : on n'efface pas tout d'un clic de trop."""

    adresse = forms.CharField(
        label="Pour confirmer, tapez votre adresse électronique",
        max_length=254,
        widget=forms.TextInput(attrs={"autocomplete": "off", "inputmode": "email", "spellcheck": "false"}),
        error_messages={"required": "Tapez votre adresse électronique pour confirmer."},
    )

    def __init__(self, *args: Any, candidat: Candidat, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.attendue = candidat.email
        self.fields["adresse"].help_text = f"C’est : {candidat.email}"

    def clean_adresse(self) -> str:
        if normaliser_courriel(self.cleaned_data["adresse"]) != self.attendue:
            raise forms.ValidationError("Ce n’est pas l’adresse de votre candidature.")
        return str(self.cleaned_data["adresse"])
