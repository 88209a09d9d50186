"""Formulaires de la présence : tenir une séance, signer sur la tablette, dire ou expliquer une absence, annuler."""

from collections import Counter
from collections.abc import Collection, Iterable
from typing import Any, ClassVar

from django import forms

from conum.formations.actions.liens import CHIFFRES
from conum.formations.actions.presence import Absence
from conum.formations.models import Emargement, Place, Seance
from conum.formations.models.presence import MotifAbsence
from conum.ui.forms import DsfrForm

PRESENT, SANS_MOTIF = "present", "sans_motif"
# Une autre raison demande une précision : la personne la donne elle-même.
MOTIFS_DITS = [(code, nom) for code, nom in MotifAbsence.choices if code != MotifAbsence.AUTRE]
PRESENCES = [
    ("", "Choisir"),
    (PRESENT, "Présent"),
    (SANS_MOTIF, "Absent, sans raison connue"),
    *((code, f"Absent : {nom[0].lower()}{nom[1:]}") for code, nom in MOTIFS_DITS),
]


def noms(places: Collection[Place]) -> dict[int, str]:
    """Le nom de chacun ; deux homonymes se distinguent par la référence de leur formation."""
    lus = {p.pk: p.inscription.personne.get_full_name() for p in places}
    nombres = Counter(lus.values())
    references = {p.pk: p.inscription.reference for p in places}
    return {pk: f"{nom} ({references[pk]})" if nombres[nom] > 1 else nom for pk, nom in lus.items()}


class TenueForm(DsfrForm):
    """Une liste par personne qui reste à dire, puis le nom de qui signe."""

    autocompletion: ClassVar[dict[str, str]] = {}

    def __init__(
        self, data: Any = None, *, seance: Seance, places: Iterable[Place], lignes: dict[int, Emargement]
    ) -> None:
        super().__init__(data)
        self.places = list(places)
        titres = noms(self.places)
        for place in self.places:
            ligne = lignes.get(place.pk)
            signe = ligne is not None and ligne.signe_apprenant_le is not None
            self.fields[f"place_{place.pk}"] = forms.ChoiceField(
                label=titres[place.pk],
                help_text="A signé." if signe else "N’a pas encore signé.",
                choices=[c for c in PRESENCES if not signe or c[0] in ("", PRESENT)],
                initial=PRESENT if signe else "",
                error_messages={"required": "Dites si cette personne est là."},
            )
        self.fields["nom"] = forms.CharField(
            label="Prénom et nom du formateur",
            help_text="En signant, vous attestez ce que vous venez de dire. Une signature ne se retire pas.",
            max_length=150,
            initial=seance.formateur_nom,
            error_messages={"required": "Écrivez le prénom et le nom de la personne qui signe."},
        )

    def dit(self) -> dict[str, Any]:
        """Ce qu'attend `tenir_seance` : qui est là, qui ne l'est pas, et le nom."""
        presents, absents = [], {}
        for place in self.places:
            choix = self.cleaned_data[f"place_{place.pk}"]
            if choix == PRESENT:
                presents.append(place.pk)
            else:
                absents[place.pk] = Absence("" if choix == SANS_MOTIF else choix)
        return {"presents": presents, "absents": absents, "nom": self.cleaned_data["nom"]}


class TabletteForm(DsfrForm):
    """Son nom dans la liste, et le code que la personne est seule à connaître."""

    autocompletion: ClassVar[dict[str, str]] = {}

    place = forms.ChoiceField(
        label="Votre nom", error_messages={"required": "Choisissez votre nom.", "invalid_choice": "Choisissez un nom."}
    )
    code = forms.CharField(
        label="Votre code personnel",
        help_text=f"{CHIFFRES} chiffres, dans votre espace, à la page de votre session. Ne le donnez à personne.",
        max_length=12,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off", "spellcheck": "false"}),
        error_messages={"required": "Écrivez votre code."},
    )

    def __init__(self, data: Any = None, *, places: Iterable[Place]) -> None:
        super().__init__(data)
        self.places = {str(p.pk): p for p in places}
        choix = [(str(pk), nom) for pk, nom in noms(self.places.values()).items()]
        self.fields["place"].choices = [("", "Choisir"), *choix]  # type: ignore[attr-defined]


class AbsenceForm(DsfrForm):
    """Le motif, dans une liste ; aucune preuve n'est demandée."""

    autocompletion: ClassVar[dict[str, str]] = {}

    motif = forms.ChoiceField(
        label="Motif de l’absence",
        help_text="Aucune preuve n’est à envoyer.",
        choices=MotifAbsence.choices,
        widget=forms.RadioSelect,
        error_messages={"required": "Choisissez le motif de l’absence."},
    )
    precision = forms.CharField(
        label="Précision",
        help_text="Demandée pour une autre raison. N’écrivez rien sur votre santé.",
        max_length=300,
        required=False,
        error_messages={"max_length": "Trois cents caractères au plus."},
    )


class ConstatForm(AbsenceForm):
    """L'organisme peut ne pas connaître le motif : l'absence donne alors l'alerte."""

    motif = forms.ChoiceField(
        label="Motif de l’absence",
        help_text="Sans motif, la structure, la préfecture et l’ANCT sont alertées le lendemain matin.",
        choices=[("", "Aucun motif connu"), *MotifAbsence.choices],
        widget=forms.RadioSelect,
        required=False,
    )


class MotifForm(DsfrForm):
    """Annuler : pourquoi."""

    autocompletion: ClassVar[dict[str, str]] = {}

    motif = forms.CharField(
        label="Motif",
        help_text="Il reste écrit au journal.",
        max_length=1_000,
        widget=forms.Textarea,
        error_messages={"required": "Écrivez le motif."},
    )
