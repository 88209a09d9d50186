"""Formulaires des dispenses : le certificat, le refus, les filtres de la file."""

from typing import Any, ClassVar

from django import forms

from conum.formations.rules.certification import titres
from conum.formations.rules.marches import CCP1, CERTIFICATIONS, TITRE
from conum.postes.forms.contrats import MotifForm
from conum.territoires.models import Departement
from conum.ui.forms import DsfrForm, FiltresForm, PieceField

_CERTIFICATIONS = [(code, CERTIFICATIONS[code][0].upper() + CERTIFICATIONS[code][1:]) for code in (CCP1, TITRE)]


def _titres() -> list[tuple[str, str]]:
    connus = sorted(titres(), key=lambda t: t.depuis, reverse=True)
    return [("", "Choisissez")] + [(t.code, t.intitule) for t in connus]


class DispenseForm(DsfrForm):
    autocompletion: ClassVar[dict[str, str]] = {}

    certification = forms.ChoiceField(
        label="Certificat obtenu",
        choices=_CERTIFICATIONS,
        widget=forms.RadioSelect,
        error_messages={"required": "Choisissez le certificat obtenu."},
    )
    titre = forms.ChoiceField(
        label="De quel titre professionnel",
        help_text="Celui qui est écrit sur le certificat.",
        choices=_titres,
        error_messages={"required": "Choisissez le titre écrit sur le certificat."},
    )
    obtenue_le = forms.DateField(
        label="Obtenu le",
        help_text="La date écrite sur le certificat.",
        error_messages={"required": "Écrivez la date du certificat.", "invalid": "Cette date n’existe pas."},
    )
    fichier = PieceField(label="Le certificat", error_messages={"required": "Joignez le certificat."})


class RefusDispenseForm(MotifForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["motif"].label = "Ce qui ne va pas, et quoi faire"
        self.fields["motif"].help_text = "De 10 à 1 000 caractères. La personne et sa structure le lisent."


class FiltresDispenses(FiltresForm):
    recherche = forms.CharField(label="Personne ou inscription", help_text="Un nom, ou FO-00042", max_length=100)
    etat = forms.ChoiceField(
        label="État", choices=[("", "À examiner"), ("traitees", "Déjà traitées"), ("toutes", "Toutes")]
    )
    departement = forms.ModelChoiceField(
        label="Département", queryset=Departement.objects.order_by("pk"), empty_label="Tous"
    )
