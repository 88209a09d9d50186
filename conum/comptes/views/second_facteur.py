"""Application d'authentification, clés d'accès, codes de secours. `?next=` suit la personne d'un bout à l'autre."""

from __future__ import annotations

from typing import Any

from allauth.account.internal.flows.reauthentication import raise_if_reauthentication_required
from allauth.account.utils import get_next_redirect_url, passthrough_next_redirect_url
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base import views as base
from allauth.mfa.base.internal.flows import post_authentication
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes import views as secours
from allauth.mfa.totp import views as application
from allauth.mfa.webauthn import views as cle
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache

from conum.comptes.models import SECOND_FACTEUR_OBLIGATOIRE, Role
from conum.comptes.second_facteur import a_un_facteur
from conum.socle.http import lecture


def _suite(request: HttpRequest) -> str:
    """L'adresse où la personne voulait aller, si elle est de ce site ; vide sinon."""
    return get_next_redirect_url(request) or ""


def _vers(request: HttpRequest, vue: str) -> str:
    return passthrough_next_redirect_url(request, reverse(vue), "next")


@never_cache
@lecture
def index(request: HttpRequest) -> HttpResponse:
    """Les facteurs de la personne ; s'il n'y en a pas, pourquoi et comment en activer un."""
    exigeants = Role.objects.actifs().filter(utilisateur=request.user.pk, type__in=SECOND_FACTEUR_OBLIGATOIRE)
    facteurs = Authenticator.objects.filter(user=request.user.pk).order_by("created_at")
    contexte = {
        "application": next((f for f in facteurs if f.type == Authenticator.Type.TOTP), None),
        "cles": [f for f in facteurs if f.type == Authenticator.Type.WEBAUTHN],
        "secours": next((f for f in facteurs if f.type == Authenticator.Type.RECOVERY_CODES), None),
        "roles_exigeants": list(exigeants.order_by("pk")),
        "suite": _suite(request),
    }
    return render(request, "comptes/second_facteur/index.html", contexte)


class _Activation:
    """Un facteur activé vient d'être présenté : la session n'a pas à le redemander."""

    request: HttpRequest
    type_facteur: Authenticator.Type
    did_generate_recovery_codes: bool

    def get_success_url(self) -> str:
        if self.did_generate_recovery_codes:
            return _vers(self.request, "mfa_view_recovery_codes")
        return _suite(self.request) or reverse("mfa_index")

    def form_valid(self, form: Any) -> HttpResponse:
        response = super().form_valid(form)  # type: ignore[misc]
        neuf = Authenticator.objects.filter(user=self.request.user.pk, type=self.type_facteur).latest("pk")
        post_authentication(self.request, neuf, reauthenticated=True)
        return response

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs) | {"suite": _suite(self.request)}  # type: ignore[misc]


class ActiverApplication(_Activation, application.ActivateTOTPView):
    type_facteur = Authenticator.Type.TOTP
    template_name = "comptes/second_facteur/application.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        contexte = super().get_context_data(**kwargs)
        # Par quatre, un secret se recopie sans se perdre.
        secret = contexte["form"].secret
        return contexte | {"secret": " ".join(secret[i : i + 4] for i in range(0, len(secret), 4))}


class RetirerApplication(application.DeactivateTOTPView):
    template_name = "comptes/second_facteur/retirer_application.html"


class AjouterCle(_Activation, cle.AddWebAuthnView):
    type_facteur = Authenticator.Type.WEBAUTHN
    template_name = "comptes/second_facteur/cle.html"


class RetirerCle(cle.RemoveWebAuthnView):
    template_name = "comptes/second_facteur/retirer_cle.html"
    context_object_name = "cle"

    def get_success_url(self) -> str:
        return reverse("mfa_index")

    def form_valid(self, form: Any) -> HttpResponse:
        adaptateur = get_adapter()
        if not adaptateur.can_delete_authenticator(self.get_object()):
            messages.error(self.request, adaptateur.error_messages["cannot_delete_authenticator"])
            return HttpResponseRedirect(reverse("mfa_index"))
        return super().form_valid(form)


def _codes_de_secours(request: HttpRequest) -> list[str]:
    """Les codes encore bons ; demande d'abord de présenter un facteur.

    Raises:
        Http404: la personne n'a pas de codes.
    """
    codes = Authenticator.objects.filter(user=request.user.pk, type=Authenticator.Type.RECOVERY_CODES).first()
    if codes is None:
        raise Http404("Vous n'avez pas de codes de secours.")
    raise_if_reauthentication_required(request, app="allauth.mfa")
    return codes.wrap().get_unused_codes()


@never_cache
@lecture
def codes_de_secours(request: HttpRequest) -> HttpResponse:
    contexte = {"codes": _codes_de_secours(request), "suite": _suite(request)}
    return render(request, "comptes/second_facteur/codes.html", contexte)


@never_cache
@lecture
def telecharger_codes(request: HttpRequest) -> HttpResponse:
    lignes = ["Codes de secours. Chacun sert une fois. À garder en lieu sûr.", "", *_codes_de_secours(request), ""]
    response = HttpResponse("\n".join(lignes), content_type="text/plain; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="codes-de-secours.txt"'
    return response


class RenouvelerCodes(secours.GenerateRecoveryCodesView):
    template_name = "comptes/second_facteur/renouveler_codes.html"


class _Reverifier:
    request: HttpRequest

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        if not a_un_facteur(request.user):  # type: ignore[arg-type]
            return HttpResponseRedirect(_vers(request, "mfa_index"))
        return super().dispatch(request, *args, **kwargs)  # type: ignore[misc]


class ReverifierCode(_Reverifier, base.ReauthenticateView):
    template_name = "comptes/second_facteur/reverifier.html"


class ReverifierCle(_Reverifier, cle.ReauthenticateWebAuthnView):
    template_name = "comptes/second_facteur/reverifier_cle.html"

    def form_invalid(self, form: Any) -> HttpResponse:
        for message in form.errors.get("credential", []):
            messages.error(self.request, message)
        return HttpResponseRedirect(_vers(self.request, "mfa_reauthenticate_webauthn"))


activer_application = ActiverApplication.as_view()
retirer_application = RetirerApplication.as_view()
ajouter_cle = AjouterCle.as_view()
retirer_cle = RetirerCle.as_view()
renouveler_codes = RenouvelerCodes.as_view()
reverifier_code = ReverifierCode.as_view()
reverifier_cle = ReverifierCle.as_view()
