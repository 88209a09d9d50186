"""Champ de formulaire « commune » : une liste qui se filtre à la frappe, et un simple texte sans JavaScript."""

from typing import Any, NamedTuple

from django import forms
from django.core.exceptions import ValidationError
from django.urls import reverse_lazy

from conum.territoires.models import Commune

PROPOSITIONS = 5
CANDIDATS_MAXIMUM = 20


class Saisie(NamedTuple):
    """Ce que le navigateur envoie : le code posé par la liste, le texte visible, le choix fait parmi des candidats."""

    code: str
    texte: str
    choix: str


def libelle(commune: Commune) -> str:
    return f"{commune.nom} ({commune.departement_id})"


def detail(commune: Commune) -> str:
    """« 35000, 35200… Ille-et-Vilaine » : ce qui distingue deux communes du même nom."""
    codes = ", ".join(commune.codes_postaux[:2]) + ("…" if len(commune.codes_postaux) > 2 else "")
    departement = getattr(commune, "nom_departement", None) or commune.departement.nom
    return " · ".join(partie for partie in (codes, departement) if partie)


class CommuneWidget(forms.Widget):
    """Trois champs : `<nom>` (code, caché), `<nom>_texte` (visible), `<nom>_choix` (radio, s'il y a des candidats)."""

    template_name = "territoires/champ_commune.html"

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs)
        self.candidats: list[Commune] = []

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Saisie:
        return Saisie(*((data.get(cle) or "").strip() for cle in (name, f"{name}_texte", f"{name}_choix")))

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:
        return name not in data and f"{name}_texte" not in data

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        saisie = _saisie(value)
        contexte = super().get_context(name, None, attrs)
        contexte["widget"] |= {
            "code": saisie.code,
            "texte": saisie.texte,
            "choix": saisie.choix,
            "adresse": reverse_lazy("territoires:communes"),
            "candidats": [(c.code, libelle(c), detail(c)) for c in self.candidats],
        }
        return contexte


def _saisie(value: Any) -> Saisie:
    if isinstance(value, Saisie):
        return value
    commune = value if isinstance(value, Commune) else Commune.objects.resoudre(str(value)) if value else None
    return Saisie(commune.code, libelle(commune), "") if commune else Saisie("", "", "")


class CommuneField(forms.Field):
    """Rend une `Commune` d'aujourd'hui. Le texte tapé fait foi : le code caché ne compte que s'il lui correspond."""

    widget: Any = CommuneWidget
    default_error_messages = {
        "plusieurs": "Plusieurs communes correspondent à « %(texte)s » : choisissez la vôtre.",
        "proche": "Nous ne connaissons pas « %(texte)s ». Choisissez une commune proche ou corrigez le nom.",
        "inconnue": "Aucune commune ne correspond à « %(texte)s ». Vérifiez le nom, ou saisissez le code postal.",
    }

    def clean(self, value: Any) -> Commune | None:
        saisie = _saisie(value)
        self.widget.candidats = []
        if not saisie.texte and not saisie.choix:
            if self.required:
                raise ValidationError(self.error_messages["required"], code="required")
            return None
        return self._designee(saisie) or self._resoudre(saisie)

    def _designee(self, saisie: Saisie) -> Commune | None:
        """La commune choisie dans la liste, si le texte n'a pas changé depuis."""
        commune = Commune.objects.resoudre(saisie.code) if saisie.code else None
        return commune if commune and libelle(commune) == saisie.texte else None

    def _resoudre(self, saisie: Saisie) -> Commune:
        exactes = Commune.objects.designees_par(saisie.texte, CANDIDATS_MAXIMUM)
        candidats = exactes or Commune.objects.rechercher(saisie.texte, PROPOSITIONS)
        if choisie := next((c for c in candidats if c.code == saisie.choix), None):
            return choisie
        if len(exactes) == 1:
            return exactes[0]
        self.widget.candidats = candidats
        code = "plusieurs" if exactes else "proche" if candidats else "inconnue"
        raise ValidationError(self.error_messages[code], code=code, params={"texte": saisie.texte})

    def has_changed(self, initial: Any, data: Any) -> bool:
        return _saisie(initial)[:2] != _saisie(data)[:2]
