"""Formulaires au DSFR : libellés, aides, erreurs reliées aux champs, champs facultatifs signalés."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.forms.boundfield import BoundField

from conum.socle import fichiers

# Les champs qui décrivent la personne devant l'écran (RGAA 11.13, WCAG 1.3.5).
AUTOCOMPLETION = {
    "email": "email",
    "prenom": "given-name",
    "nom": "family-name",
    "telephone": "tel",
}


class ChampDsfr(BoundField):
    """Choisit le gabarit d'un champ et pose les classes que le DSFR attend sur sa balise."""

    @property
    def type_choix(self) -> str:
        """« radio », « checkbox » pour un groupe de cases, « » sinon."""
        if isinstance(self.field.widget, forms.CheckboxSelectMultiple):
            return "checkbox"
        return "radio" if isinstance(self.field.widget, forms.RadioSelect) else ""

    @property
    def classe_groupe(self) -> str:
        match self.field.widget:
            case forms.Select():
                return "fr-select-group"
            case forms.FileInput():
                return "fr-upload-group"
            case _:
                return "fr-input-group"

    @property
    def template_name(self) -> str:
        if propre := getattr(self.field, "template_name", None):
            return str(propre)
        if self.type_choix:
            return "ui/champs/choix.html"
        if isinstance(self.field.widget, forms.CheckboxInput):
            return "ui/champs/case.html"
        return "ui/champs/saisie.html"

    @property
    def est_facultatif(self) -> bool:
        """Une case à cocher non obligatoire se comprend sans mention ; un filtre aussi."""
        return (
            not self.field.required
            and getattr(self.form, "signaler_facultatifs", True)
            and not isinstance(self.field.widget, forms.CheckboxInput)
        )

    @property
    def ancre(self) -> str:
        """L'identifiant vers lequel mène le résumé des erreurs : le premier bouton d'un groupe."""
        return f"{self.auto_id}_0" if self.type_choix else self.id_for_label

    @property
    def aria_describedby(self) -> str | None:
        # L'aide fait déjà partie du libellé : seule l'erreur est rattachée.
        if self.field.widget.attrs.get("aria-describedby") or not self.errors or not self.auto_id or self.is_hidden:
            return None
        return f"{self.auto_id}_error"

    def build_widget_attrs(self, attrs: dict[str, Any], widget: forms.Widget | None = None) -> dict[str, Any]:
        widget = widget or self.field.widget
        attrs = super().build_widget_attrs(attrs, widget)
        classe = _classe(widget)
        if classe:
            if self.errors:
                classe = f"{classe} {classe}--error"
            attrs["class"] = " ".join(c for c in (widget.attrs.get("class", ""), classe) if c)
        return attrs


def _classe(widget: forms.Widget) -> str:
    match widget:
        case forms.CheckboxInput() | forms.RadioSelect() | forms.CheckboxSelectMultiple() | forms.HiddenInput():
            return ""
        case forms.Select():
            return "fr-select"
        case forms.FileInput():
            return "fr-upload"
        case _:
            return "fr-input"


@dataclass(frozen=True)
class Erreur:
    """Une ligne du résumé ; `ancre` est vide quand l'erreur ne tient pas à un seul champ."""

    ancre: str
    titre: str
    message: str


class _Dsfr:
    """Ce que DsfrForm et DsfrModelForm ont en commun.

    `autocompletion` : nom de champ → valeur HTML. Un formulaire qui parle d'une autre personne la vide : `{}`.
    """

    template_name = "ui/form.html"
    autocompletion: ClassVar[dict[str, str]] = AUTOCOMPLETION
    signaler_facultatifs: ClassVar[bool] = True

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("label_suffix", "")
        super().__init__(*args, **kwargs)
        for nom, champ in self.fields.items():  # type: ignore[attr-defined]
            _preparer(nom, champ, self.autocompletion)

    @property
    def a_des_champs_obligatoires(self) -> bool:
        return any(champ.field.required for champ in self.visible_fields())  # type: ignore[attr-defined]

    @property
    def erreurs_resume(self) -> list[Erreur]:
        if not self.is_bound:  # type: ignore[attr-defined]
            return []
        erreurs = [Erreur("", "", str(message)) for message in self.non_field_errors()]  # type: ignore[attr-defined]
        for champ in self:  # type: ignore[attr-defined]
            visible = not champ.is_hidden
            erreurs += [
                Erreur(champ.ancre if visible else "", str(champ.label), str(message)) for message in champ.errors
            ]
        return erreurs


def _preparer(nom: str, champ: forms.Field, autocompletion: dict[str, str]) -> None:
    widget = champ.widget
    if isinstance(champ, forms.DateField) and type(widget) is forms.DateInput:
        _en_date(widget)
    if nom == "telephone" and type(widget) is forms.TextInput:
        widget.input_type = "tel"
    if isinstance(champ, forms.EmailField):
        widget.attrs.setdefault("spellcheck", "false")
    if nom in autocompletion:
        widget.attrs.setdefault("autocomplete", autocompletion[nom])
    if isinstance(widget, forms.Textarea):
        widget.attrs.setdefault("rows", "5")


def reporter(
    form: forms.BaseForm,
    erreur: Exception,
    *,
    noms: Mapping[str, str] | None = None,
    repli: str | None = None,
    dire: Callable[[str], str] = str,
) -> None:
    """Le refus d'un acte : chaque phrase près de son champ s'il est à l'écran, sinon sur `repli` ou en tête.

    `noms` : le nom à l'écran d'un champ que l'acte nomme autrement. Une erreur d'une autre sorte se dit en tête.
    """
    if not isinstance(erreur, ValidationError):
        form.add_error(None, dire(str(erreur)))
        return
    par_champ = erreur.message_dict if hasattr(erreur, "error_dict") else {"": erreur.messages}
    for champ, phrases in par_champ.items():
        nom = (noms or {}).get(champ, champ)
        # Sans nom, l'erreur porte sur l'envoi entier : jamais sur le champ de repli.
        ou = nom if nom in form.fields else (repli if champ and repli in form.fields else None)
        form.add_error(ou, [dire(p) for p in phrases])  # type: ignore[arg-type]


def _en_date(widget: forms.DateInput) -> forms.DateInput:
    widget.input_type = "date"
    widget.format = "%Y-%m-%d"  # seul format qu'un champ HTML de date accepte
    return widget


def champ_date(label: str, aide: str = "", *, required: bool = False, **options: Any) -> forms.DateField:
    """Un champ de date ajouté à un formulaire déjà construit, prêt comme ceux que sa classe déclare."""
    widget = _en_date(forms.DateInput())
    return forms.DateField(label=label, help_text=aide, required=required, widget=widget, **options)


class MontantField(forms.DecimalField):
    """Un montant en euros tel qu'on l'écrit : « 1 950,50 € », espaces de toute sorte compris ; rend un `Decimal`."""

    widget = forms.TextInput(attrs={"inputmode": "decimal"})
    default_error_messages = {"invalid": "Écrivez un montant, par exemple 1950,00."}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"max_digits": 10, "decimal_places": 2, "localize": True, **kwargs})

    def to_python(self, value: Any) -> Any:
        if isinstance(value, str):
            value = "".join(value.replace("€", "").split())
        return super().to_python(value)


class DsfrForm(_Dsfr, forms.Form):
    bound_field_class = ChampDsfr


class DsfrModelForm(_Dsfr, forms.ModelForm):
    bound_field_class = ChampDsfr


class FiltresForm(DsfrForm):
    """Filtres d'une liste, en GET : rien n'est obligatoire, une valeur inconnue est ignorée."""

    autocompletion: ClassVar[dict[str, str]] = {}
    signaler_facultatifs: ClassVar[bool] = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for champ in self.fields.values():
            champ.required = False

    def valeurs(self) -> dict[str, Any]:
        """Les seules valeurs saisies et valides."""
        self.is_valid()
        return {nom: valeur for nom, valeur in self.cleaned_data.items() if valeur not in (None, "", [])}


class PieceField(forms.FileField):
    """Une pièce de 5 Mo au plus : PDF, ou photo JPEG ou PNG ; ce qu'elle contient vraiment est vérifié par l'acte."""

    default_error_messages = {
        "required": "Choisissez un fichier.",
        "empty": "Ce fichier est vide.",
        "invalid": "Le fichier n’est pas arrivé. Choisissez-le de nouveau.",
        "max_length": "Le nom de ce fichier est trop long. Renommez-le plus court.",
    }

    def __init__(self, *, accepte: str = ".pdf,.jpg,.jpeg,.png", **kwargs: Any) -> None:
        defauts = {
            "help_text": "Un PDF, ou une photo JPEG ou PNG, de 5 Mo au plus.",
            "max_length": 200,
            "widget": forms.FileInput(attrs={"accept": accepte}),
        }
        super().__init__(**{**defauts, **kwargs})

    def clean(self, data: Any, initial: Any = None) -> Any:
        fichier = super().clean(data, initial)
        if fichier and (fichier.size or 0) > fichiers.TAILLE_MAX:
            raise ValidationError("Ce fichier dépasse 5 Mo. Enregistrez-le en qualité « web », ou en plusieurs fois.")
        return fichier
