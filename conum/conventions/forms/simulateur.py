"""Le formulaire du simulateur, en GET : l'adresse suffit à refaire la simulation, et ne dit rien de personne."""

from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils import timezone

from conum.comptes.rules import ajouter_mois
from conum.conventions.rules import Contrat, Phase, Poste, Statut
from conum.conventions.rules.simulation import TAUX_PAR_DEFAUT, Hypotheses
from conum.postes.models import TypePoste
from conum.postes.rules import smic
from conum.postes.rules.contrat import CDD, CDI, MOIS_PROJET_MAX, MOIS_PROJET_MIN, PROJET, SALAIRE_MAX, TYPES
from conum.socle.texte import euros
from conum.territoires.forms import CommuneField, libelle
from conum.territoires.models import Commune
from conum.ui.forms import DsfrForm

STATUTS = {
    Statut.PUBLIC: "Publique (collectivité, établissement public, GIP…)",
    Statut.PRIVE: "Privée (association, entreprise de l’économie sociale et solidaire…)",
}
PHASES = {
    Phase.V1: "Une première convention",
    Phase.V2: "Un renouvellement, après une première convention",
}
TAUX_MAX = Decimal(100)
ANNEES_A_VENIR = 5
PREMIER_JOUR = date(2021, 1, 1)


class NombreField(forms.DecimalField):
    """Un nombre écrit à la française : « 1 867,02 », « 42 % », « 1867.02 € »."""

    widget = forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"})

    def to_python(self, value: Any) -> Any:
        if isinstance(value, str):
            value = "".join(value.split()).rstrip("€%").replace(",", ".")
        try:
            return super().to_python(value)
        except InvalidOperation:
            raise ValidationError(self.error_messages["invalid"], code="invalid") from None


class SimulateurForm(DsfrForm):
    autocompletion: ClassVar[dict[str, str]] = {}

    statut = forms.ChoiceField(label="Votre structure est", choices=list(STATUTS.items()), widget=forms.RadioSelect)
    commune = CommuneField(label="Commune du poste", help_text="Nom ou code postal")
    type_poste = forms.ChoiceField(label="Poste", choices=TypePoste.choices)
    phase = forms.ChoiceField(label="Vous préparez", choices=list(PHASES.items()), widget=forms.RadioSelect)
    zone = forms.BooleanField(
        label="Le poste est en quartier prioritaire (QPV) ou en zone de revitalisation rurale (ZRR)", required=False
    )
    debut = forms.DateField(label="Début du contrat")
    contrat = forms.ChoiceField(label="Type de contrat", choices=list(TYPES.items()))
    duree = forms.IntegerField(
        label="Durée du contrat, en mois",
        help_text="Laissez vide pour un CDI",
        required=False,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
        error_messages={"invalid": "Écrivez un nombre entier de mois, par exemple 24."},
    )
    salaire = NombreField(
        label="Salaire mensuel brut, à temps plein",
        help_text="En euros ; au moins le SMIC",
        max_value=SALAIRE_MAX,
        decimal_places=2,
        error_messages={
            "invalid": "Écrivez une somme en euros, par exemple 1 900 ou 1 867,02.",
            "max_value": f"Au-delà de {euros(SALAIRE_MAX)} par mois, c’est sans doute un salaire annuel.",
            "max_decimal_places": "Écrivez une somme au centime près.",
        },
    )
    taux = NombreField(
        label="Cotisations patronales, en % du salaire brut",
        help_text=f"{TAUX_PAR_DEFAUT} % est une hypothèse, avant allègements : remplacez-la par votre taux",
        min_value=Decimal(0),
        max_value=TAUX_MAX,
        decimal_places=2,
        error_messages={
            "invalid": "Écrivez un pourcentage, par exemple 42 ou 41,5.",
            "min_value": "Le taux est compris entre 0 et 100 %%.",
            "max_value": "Le taux est compris entre 0 et 100 %%.",
            "max_decimal_places": "Écrivez un taux à deux décimales au plus.",
        },
    )

    @classmethod
    def depart(cls, aujourdhui: date) -> dict[str, Any]:
        """Les valeurs proposées : le mois prochain, au SMIC, deux ans."""
        debut = ajouter_mois(aujourdhui.replace(day=1), 1)
        return {
            "type_poste": TypePoste.CONSEILLER,
            "phase": Phase.V1,
            "debut": debut,
            "contrat": CDD,
            "duree": 24,
            "salaire": f"{_smic(debut, smic.METROPOLE)}".replace(".", ","),
            "taux": TAUX_PAR_DEFAUT,
        }

    def clean_debut(self) -> date:
        debut: date = self.cleaned_data["debut"]
        dernier = date(timezone.localdate().year + ANNEES_A_VENIR, 12, 31)
        if not PREMIER_JOUR <= debut <= dernier:
            raise ValidationError(f"Le contrat commence entre le {PREMIER_JOUR:%d/%m/%Y} et le {dernier:%d/%m/%Y}.")
        return debut

    def clean(self) -> dict[str, Any]:
        saisi = super().clean() or self.cleaned_data
        for champ, faute in (("duree", _faute_de_duree(saisi)), ("contrat", _faute_de_contrat(saisi)),
                             ("salaire", _faute_de_salaire(saisi))):  # fmt: skip
            if faute and champ in saisi:
                self.add_error(champ, faute)
        return saisi

    def hypotheses(self) -> Hypotheses:
        """Ce que la personne demande de simuler ; le formulaire est valide."""
        saisi = self.cleaned_data
        commune: Commune = saisi["commune"]
        debut, duree = saisi["debut"], saisi["duree"]
        return Hypotheses(
            poste=Poste(Statut(saisi["statut"]), commune.departement_id, saisi["type_poste"], saisi["zone"]),
            phase=Phase(saisi["phase"]),
            contrat=Contrat(debut, ajouter_mois(debut, duree) if duree else None, saisi["contrat"]),
            salaire=saisi["salaire"],
            taux=saisi["taux"],
        )

    def parametres(self) -> str:
        """Les paramètres d'une adresse à partager ; le formulaire est valide."""
        saisi = self.cleaned_data
        adresse = QueryDict(mutable=True)
        commune: Commune = saisi["commune"]
        adresse.update(
            {
                "statut": saisi["statut"],
                "commune": commune.code,
                "commune_texte": libelle(commune),
                "type_poste": saisi["type_poste"],
                "phase": saisi["phase"],
                "debut": saisi["debut"].isoformat(),
                "contrat": saisi["contrat"],
                "duree": str(saisi["duree"] or ""),
                "salaire": str(saisi["salaire"]),
                "taux": str(saisi["taux"]),
            }
        )
        if saisi["zone"]:
            adresse["zone"] = "on"
        return adresse.urlencode()


def _smic(jour: date, territoire: str) -> Decimal:
    """Le SMIC de ce jour, ou le dernier connu : il n'a jamais baissé."""
    return smic.smic_mensuel(min(jour, smic.table().tenu_jusqu_au), territoire)


def _faute_de_duree(saisi: dict[str, Any]) -> str:
    duree, contrat = saisi.get("duree"), saisi.get("contrat")
    if contrat == CDI:
        return "Un CDI n’a pas de fin : laissez la durée vide." if duree else ""
    if duree is None:
        return "Écrivez la durée du contrat, en mois." if contrat else ""
    if contrat == PROJET and MOIS_PROJET_MIN > duree > 0:
        return "Un contrat de projet dure un an au moins."
    return "" if 1 <= duree <= MOIS_PROJET_MAX else f"Écrivez une durée de 1 à {MOIS_PROJET_MAX} mois."


def _faute_de_contrat(saisi: dict[str, Any]) -> str:
    prive = saisi.get("statut") == Statut.PRIVE
    return (
        "Le contrat de projet est réservé aux structures publiques." if prive and saisi.get("contrat") == PROJET else ""
    )


def _faute_de_salaire(saisi: dict[str, Any]) -> str:
    """Le SMIC dépend de la date et, à Mayotte, du territoire. Ailleurs inconnu, c'est la règle qui refuse le cas."""
    commune, debut, salaire = saisi.get("commune"), saisi.get("debut"), saisi.get("salaire")
    if commune is None or debut is None or salaire is None:
        return ""
    try:
        minimum = _smic(debut, smic.territoire_du_departement(commune.departement_id))
    except smic.SmicInconnu:
        return ""
    if salaire >= minimum:
        return ""
    return f"Le salaire est inférieur au SMIC du {debut:%d/%m/%Y} : {euros(minimum)} brut par mois à temps plein."
