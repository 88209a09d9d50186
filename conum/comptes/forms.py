from __future__ import annotations

from typing import Any, ClassVar

from allauth.account.forms import ConfirmLoginCodeForm, RequestLoginCodeForm
from allauth.mfa.base.forms import AuthenticateForm, ReauthenticateForm
from allauth.mfa.totp.forms import ActivateTOTPForm
from allauth.mfa.webauthn.forms import AddWebAuthnForm
from django import forms

from conum.comptes.models import Role, TypeRole
from conum.comptes.rules import QUI_INVITE_QUI
from conum.socle.sql import SansAccent
from conum.territoires.models import Departement, Region
from conum.ui.forms import DsfrForm, FiltresForm
from conum.utilisateurs.models import Utilisateur, normaliser_courriel

SAISIE_DE_CODE = {"autocomplete": "one-time-code", "inputmode": "numeric", "spellcheck": "false"}


class DemandeCodeForm(DsfrForm, RequestLoginCodeForm):
    email = forms.EmailField(
        label="Adresse électronique",
        help_text="Celle de votre compte. Format attendu : nom@exemple.fr",
        max_length=254,
        error_messages={"required": "Saisissez votre adresse électronique."},
    )

    def clean_email(self) -> str:
        self.cleaned_data["email"] = normaliser_courriel(self.cleaned_data["email"])
        return super().clean_email()


class SaisieCodeForm(DsfrForm, ConfirmLoginCodeForm):
    code = forms.CharField(
        label="Code reçu par courriel",
        help_text="Huit chiffres, par exemple 1234-5678. Le tiret est facultatif.",
        max_length=20,
        widget=forms.TextInput(attrs=SAISIE_DE_CODE),
        error_messages={"required": "Saisissez le code reçu par courriel."},
    )


def _code_du_second_facteur() -> forms.CharField:
    return forms.CharField(
        label="Code de l'application, ou code de secours",
        help_text="Six chiffres affichés par votre application, ou huit chiffres d'un code de secours.",
        max_length=20,
        widget=forms.TextInput(attrs=SAISIE_DE_CODE),
        error_messages={"required": "Saisissez un code."},
    )


class VerifierCodeForm(DsfrForm, AuthenticateForm):
    code = _code_du_second_facteur()


class ReverifierCodeForm(DsfrForm, ReauthenticateForm):
    code = _code_du_second_facteur()


class ActiverApplicationForm(DsfrForm, ActivateTOTPForm):
    code = forms.CharField(
        label="Code affiché par l'application",
        help_text="Six chiffres.",
        max_length=10,
        widget=forms.TextInput(attrs=SAISIE_DE_CODE),
        error_messages={"required": "Saisissez le code affiché par l'application."},
    )


class AjouterCleForm(DsfrForm, AddWebAuthnForm):
    name = forms.CharField(
        label="Nom de la clé", help_text="Pour la reconnaître, par exemple « Ordinateur du bureau ».", max_length=60,
        required=False,
    )  # fmt: skip
    passwordless = forms.BooleanField(
        label="Me connecter avec cette clé seule",
        help_text="Sans code par courriel : la clé vérifie votre empreinte, votre visage ou son code.",
        required=False,
        initial=True,
    )


class IdentiteForm(DsfrForm):
    prenom = forms.CharField(label="Prénom", max_length=100)
    nom = forms.CharField(label="Nom", max_length=100)
    telephone = forms.CharField(label="Téléphone", max_length=20, required=False)

    @classmethod
    def de(cls, personne: Utilisateur) -> IdentiteForm:
        return cls(initial={"prenom": personne.prenom, "nom": personne.nom, "telephone": personne.telephone})


class AdresseForm(DsfrForm):
    email = forms.EmailField(
        label="Nouvelle adresse électronique",
        help_text="Un lien y sera envoyé. Format attendu : nom@exemple.fr",
        max_length=254,
    )


class AccepterForm(DsfrForm):
    """Demandé à une personne dont le nom n'est pas encore connu."""

    prenom = forms.CharField(label="Votre prénom", max_length=100)
    nom = forms.CharField(label="Votre nom", max_length=100)


class MotifForm(DsfrForm):
    motif = forms.CharField(
        label="Motif", help_text="Il sera écrit à la personne.", max_length=500, required=False, widget=forms.Textarea
    )


class InvitationForm(DsfrForm):
    """Le périmètre n'est demandé que si le rôle qui invite en a le choix."""

    autocompletion: ClassVar[dict[str, str]] = {}
    # Le périmètre dépend du rôle choisi : « facultatif » serait faux, l'aide dit quand le remplir.
    signaler_facultatifs: ClassVar[bool] = False

    email = forms.EmailField(
        label="Adresse électronique de la personne",
        help_text="Une adresse professionnelle et nominative. Format attendu : nom@exemple.fr",
        max_length=254,
    )
    type = forms.ChoiceField(label="Rôle", choices=(), widget=forms.RadioSelect)
    departement = forms.ModelChoiceField(
        label="Département", help_text="Pour une préfecture de département.", queryset=Departement.objects.none(),
        required=False,
    )  # fmt: skip
    region = forms.ModelChoiceField(
        label="Région", help_text="Pour une préfecture de région.", queryset=Region.objects.none(), required=False
    )
    code = forms.CharField(
        label="Réseau ou hub", help_text="Pour un grand réseau ou un hub, son nom court.", max_length=50, required=False
    )

    PERIMETRE_DU_TYPE: ClassVar[dict[str, str]] = {
        TypeRole.PREFECTURE: "departement", TypeRole.REGION: "region", TypeRole.RESEAU: "code", TypeRole.HUB: "code",
    }  # fmt: skip

    def __init__(self, *args: Any, role: Role, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.role = role
        if role.type == TypeRole.ANCT:
            # Les agents d'un organisme s'invitent depuis sa page : son code ne s'écrit pas à la main.
            types = [t for t in QUI_INVITE_QUI[role.type] if t != TypeRole.ORGANISME]
            self.fields["type"].choices = [(t, TypeRole(t).label) for t in types]  # type: ignore[attr-defined]
            self.fields["departement"].queryset = Departement.objects.order_by("code")  # type: ignore[attr-defined]
            self.fields["region"].queryset = Region.objects.order_by(SansAccent("nom"))  # type: ignore[attr-defined]
        else:
            for champ in ("type", "departement", "region", "code"):
                del self.fields[champ]

    def clean(self) -> dict[str, Any]:
        donnees = super().clean() or self.cleaned_data
        if self.role.type != TypeRole.ANCT:
            return {
                **donnees, "type": self.role.type, "departement": self.role.departement,
                "region": self.role.region, "code": self.role.code,
            }  # fmt: skip
        voulu = self.PERIMETRE_DU_TYPE.get(donnees.get("type", ""))
        if voulu and not donnees.get(voulu) and voulu not in self.errors:
            self.add_error(voulu, f"Ce rôle demande de préciser : {str(self.fields[voulu].label).lower()}.")
        for champ, vide in (("departement", None), ("region", None), ("code", "")):
            if champ != voulu:
                donnees[champ] = vide
        return donnees


class FiltresAgents(FiltresForm):
    q = forms.CharField(label="Nom ou adresse", max_length=100)
    type = forms.ChoiceField(label="Rôle", choices=())
    departement = forms.ModelChoiceField(
        label="Département", queryset=Departement.objects.none(), empty_label="Tous les départements"
    )

    def __init__(self, *args: Any, role: Role, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        types = QUI_INVITE_QUI[role.type]
        if len(types) > 1:
            self.fields["type"].choices = [("", "Tous les rôles"), *((t, TypeRole(t).label) for t in types)]  # type: ignore[attr-defined]
            self.fields["departement"].queryset = Departement.objects.order_by("code")  # type: ignore[attr-defined]
        else:
            del self.fields["type"], self.fields["departement"]
