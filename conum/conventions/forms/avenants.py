"""Ouvrir ou corriger un avenant : un formulaire, ses champs selon l'objet."""

from collections.abc import Collection
from datetime import date
from functools import partial
from typing import Any, ClassVar

from django import forms
from django.utils import timezone

from conum.conventions.actions.calcul import Hypotheses, hypotheses_de
from conum.conventions.actions.changement import Ajout
from conum.conventions.actions.regularisation import Proposition
from conum.conventions.forms.convention import DATE_FAUSSE, SUITES, PosteField
from conum.conventions.models import Acte, Convention, ObjetAvenant, PosteConventionne
from conum.conventions.rules.prevision import Hypothese, Suite
from conum.postes.models import Contrat, Poste
from conum.postes.models.poste import UN_JOUR
from conum.postes.rules import contrat as regles
from conum.ui.forms import DsfrForm
from conum.ui.forms import champ_date as champ_date_du_dsfr

champ_date = partial(champ_date_du_dsfr, error_messages=DATE_FAUSSE)


class AvenantForm(DsfrForm):
    """Les champs communs, puis ceux de l'objet. `concernes` : les postes dont on demande la suite."""

    autocompletion: ClassVar[dict[str, str]] = {}

    effet_le = forms.DateField(
        label="L’avenant prend effet le",
        help_text="Un jour de la convention, passé ou à venir.",
        error_messages=DATE_FAUSSE,
    )
    expose = forms.CharField(
        label="Exposé des motifs",
        help_text="Imprimé dans l’avenant : ce qui a changé, et quand.",
        max_length=regles.MOTIF_MAX,
        widget=forms.Textarea(attrs={"rows": 4}),
        error_messages={"required": "Écrivez ce qui a changé."},
    )

    def __init__(
        self, *args: Any, convention: Convention, objet: str, concernes: Collection[int] = (), **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.convention, self.objet = convention, ObjetAvenant(objet)
        self.siens = list(convention.postes.filter(retenu=True).select_related("poste").order_by("poste__numero"))
        match self.objet:
            case ObjetAvenant.RUPTURE | ObjetAvenant.CONTRATS:
                for poste in self.siens:
                    if poste.poste_id in concernes:
                        self._ajouter_suite(poste)
            case ObjetAvenant.RETRAIT:
                for poste in self.siens:
                    self.fields[f"fin_{poste.poste_id}"] = champ_date(
                        f"{poste.poste.reference} : dernier jour dans la convention",
                        f"Laissez vide s’il reste jusqu’au {poste.periode.upper - UN_JOUR:%d/%m/%Y}.",
                    )
            case ObjetAvenant.AJOUT:
                self._ajouter_postes()
            case ObjetAvenant.DATES:
                self.fields["fin"] = champ_date(
                    "Nouveau dernier jour de la convention",
                    f"À ce jour le {convention.fin:%d/%m/%Y} ; 36 mois au plus depuis le {convention.debut:%d/%m/%Y}.",
                    required=True,
                )

    def _ajouter_suite(self, poste: PosteConventionne) -> None:
        reference = poste.poste.reference
        self.fields[f"suite_{poste.poste_id}"] = forms.ChoiceField(
            label=f"{reference} : après les contrats connus", choices=SUITES
        )
        self.fields[f"reprise_{poste.poste_id}"] = champ_date(
            f"{reference} : occupé de nouveau à partir du",
            "Si le poste reste pourvu. Vide : aujourd’hui s’il est vacant, sinon la fin du dernier contrat.",
        )

    def _ajouter_postes(self) -> None:
        aujourdhui = timezone.localdate()
        rattaches = Poste.objects.rattaches_a(self.convention.structure, aujourdhui)
        libres = rattaches.exclude(pk__in=[p.poste_id for p in self.siens]).order_by("numero")
        self.fields["ajouts"] = PosteField(
            label="Postes à ajouter",
            queryset=libres,
            error_messages={"required": "Choisissez au moins un poste."},
        )
        self.fields["debut"] = champ_date("Premier jour dans la convention", required=True)
        self.fields["zones"] = PosteField(
            label="Dont en quartier prioritaire (QPV) ou en zone de revitalisation rurale (ZRR)",
            queryset=libres,
            required=False,
        )

    def clean(self) -> dict[str, Any]:
        saisi = super().clean() or self.cleaned_data
        for poste in self.siens:
            nom = f"reprise_{poste.poste_id}"
            if saisi.get(nom) and saisi.get(f"suite_{poste.poste_id}") == Suite.NON_POURVU:
                self.add_error(nom, "Un poste non pourvu n’a pas de date de reprise.")
        choisis = {p.pk for p in saisi.get("ajouts", ())}
        if autres := [z for z in saisi.get("zones", ()) if z.pk not in choisis]:
            self.add_error("zones", f"{autres[0].reference} n’est pas ajouté : cochez-le d’abord.")
        return saisi

    def valeurs(self) -> dict[str, Any]:
        """Les arguments d'`ouvrir_avenant` et de `corriger_avenant` ; le formulaire est valide."""
        saisi = self.cleaned_data
        zones = {p.pk for p in saisi.get("zones", ())}
        return {
            "objet": str(self.objet),
            "effet_le": saisi["effet_le"],
            "expose": saisi["expose"],
            "suites": {
                p.poste_id: Hypothese(Suite(suite), saisi.get(f"reprise_{p.poste_id}"))
                for p in self.siens
                if (suite := saisi.get(f"suite_{p.poste_id}"))
            },
            "retraits": {p.poste_id: le for p in self.siens if (le := saisi.get(f"fin_{p.poste_id}"))},
            "ajouts": [Ajout(p, saisi["debut"], p.pk in zones) for p in saisi.get("ajouts", ())],
            "fin": saisi.get("fin"),
        }


def concernes(convention: Convention, acte: Acte, proposes: Collection[int] = ()) -> set[int]:
    """Les postes dont la suite se demande : vacants aujourd'hui, dits non pourvus par l'acte, ou proposés."""
    cles = list(convention.postes.filter(retenu=True).values_list("poste_id", flat=True))
    occupes = Contrat.objects.en_cours(timezone.localdate()).filter(poste__in=cles)
    non_pourvus = {p for p, h in hypotheses_de(acte).items() if h.suite == Suite.NON_POURVU}
    return set(proposes) | non_pourvus | (set(cles) - set(occupes.values_list("poste_id", flat=True)))


def initial_de_proposition(proposition: Proposition) -> dict[str, Any]:
    """Le formulaire rempli de ce que les faits demandent."""
    initial: dict[str, Any] = {"effet_le": proposition.effet_le, "expose": proposition.expose}
    initial |= _initial_des_suites(proposition.suites)
    initial |= {f"fin_{poste}": le for poste, le in proposition.retraits.items()}
    if proposition.ajouts:
        initial["ajouts"] = [a.poste.pk for a in proposition.ajouts]
        initial["debut"] = min(a.debut for a in proposition.ajouts)
    return initial


def initial_d_avenant(acte: Acte) -> dict[str, Any]:
    """Le formulaire rempli de ce qui a déjà été saisi pour cet avenant."""
    gardees = acte.donnees["avenant"]
    initial: dict[str, Any] = {"effet_le": acte.effet_le, "expose": acte.expose}
    initial |= _initial_des_suites(hypotheses_de(acte))
    initial |= {f"fin_{poste}": date.fromisoformat(le) for poste, le in gardees["retraits"].items()}
    if gardees["ajouts"]:
        initial["ajouts"] = [poste for poste, _, _ in gardees["ajouts"]]
        initial["zones"] = [poste for poste, _, zone in gardees["ajouts"] if zone]
        initial["debut"] = min(debut for _, debut, _ in gardees["ajouts"])
    if gardees["fin"]:
        initial["fin"] = date.fromisoformat(gardees["fin"])
    return initial


def _initial_des_suites(suites: Hypotheses) -> dict[str, Any]:
    initial: dict[str, Any] = {}
    for poste, hypothese in suites.items():
        initial[f"suite_{poste}"] = hypothese.suite.value
        initial[f"reprise_{poste}"] = hypothese.reprise_le
    return initial
