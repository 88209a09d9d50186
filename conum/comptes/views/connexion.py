"""Entrer et sortir : code reçu par courriel, clé d'accès, second facteur. Aucun GET n'ouvre de session."""

from __future__ import annotations

from typing import Any

from allauth.account import views as compte
from allauth.account.internal.flows.login import perform_login, record_authentication
from allauth.account.internal.flows.logout import logout
from allauth.account.models import Login
from allauth.mfa.base import views as facteur
from allauth.mfa.webauthn import views as cle
from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render, resolve_url
from django.views.decorators.cache import never_cache

from conum.comptes import proconnect
from conum.comptes.emails import CompteInconnu
from conum.comptes.forms import DemandeCodeForm
from conum.courriels.actions import mettre_en_file
from conum.socle.http import lecture, lecture_ecriture, publique
from conum.utilisateurs.models import Utilisateur


class DemanderCode(compte.RequestLoginCodeView):
    template_name = "comptes/connexion.html"

    def form_valid(self, form: DemandeCodeForm) -> HttpResponse:
        if form._user is None:
            # Un courriel part dans les deux cas : même durée de réponse, et la personne sait quoi faire.
            with transaction.atomic():
                mettre_en_file(CompteInconnu(), a=form.cleaned_data["email"])
        return super().form_valid(form)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs) | {"proconnect": proconnect.est_configure()}


class SaisirCode(compte.ConfirmLoginCodeView):
    template_name = "comptes/saisir_code.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        minutes = settings.ACCOUNT_LOGIN_BY_CODE_TIMEOUT // 60
        return super().get_context_data(**kwargs) | {"minutes": minutes}


class PresenterFacteur(facteur.AuthenticateView):
    template_name = "comptes/presenter_facteur.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs) | _facteurs(self.stage.login.user)


def _facteurs(personne: Utilisateur) -> dict[str, bool]:
    types = set(personne.authenticator_set.values_list("type", flat=True))  # type: ignore[attr-defined]
    return {"a_une_application": "totp" in types, "a_une_cle": "webauthn" in types}


demander_code = publique(DemanderCode.as_view())
saisir_code = publique(SaisirCode.as_view())
presenter_facteur = publique(PresenterFacteur.as_view())
entrer_par_cle = publique(cle.LoginWebAuthnView.as_view())


@publique
@lecture
def compte_ferme(request: HttpRequest) -> HttpResponse:
    return render(request, "comptes/compte_ferme.html", status=403)


@publique
@never_cache
@lecture_ecriture
def deconnexion(request: HttpRequest) -> HttpResponse:
    """Ferme la session par POST seulement, puis celle de ProConnect si elle vient de lui.

    La page intermédiaire est voulue : la CSP (form-action) interdit qu'un envoi de formulaire finisse ailleurs.
    """
    if request.method != "POST":
        return render(request, "comptes/deconnexion.html")
    suite = resolve_url(settings.LOGOUT_REDIRECT_URL)
    if request.POST.get("changer_d_adresse"):
        suite = resolve_url(settings.LOGIN_URL)
    id_token = request.session.get(proconnect.CLE_PREUVE)
    logout(request)
    request.session.flush()
    if id_token and (adresse := proconnect.adresse_de_deconnexion(request, id_token)):
        return render(request, "comptes/deconnexion_proconnect.html", {"adresse": adresse})
    return HttpResponseRedirect(suite)


def ouvrir_session(
    request: HttpRequest, personne: Utilisateur, *, methode: str, suite: str | None = None
) -> HttpResponse:
    """Connecte une personne dont l'identité vient d'être prouvée ; le second facteur, s'il existe, reste demandé."""
    if request.user.is_authenticated:
        if request.user.pk == personne.pk:
            return HttpResponseRedirect(suite or resolve_url(settings.LOGIN_REDIRECT_URL))
        logout(request, show_message=False)
    record_authentication(request, personne, method=methode)
    return perform_login(request, Login(user=personne, redirect_url=suite))
