"""Connexion par ProConnect. Rien n'est créé : une identité inconnue trouve une page qui dit quoi faire."""

from __future__ import annotations

import logging

from allauth.account.utils import get_next_redirect_url
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache

from conum.comptes import actions, proconnect
from conum.comptes.views.connexion import ouvrir_session
from conum.journal.acteurs import anonyme
from conum.socle.http import lecture, publique

logger = logging.getLogger(__name__)


def _exiger_configure() -> None:
    if not proconnect.est_configure():
        raise Http404("ProConnect n'est pas configuré.")


@publique
@never_cache
@lecture
def depart(request: HttpRequest) -> HttpResponse:
    """Un lien et non un envoi : la CSP (form-action) couperait les redirections de ProConnect."""
    _exiger_configure()
    try:
        return HttpResponseRedirect(proconnect.adresse_d_autorisation(request, get_next_redirect_url(request) or ""))
    except proconnect.EchecProConnect as echec:
        return _echec(request, echec)


@publique
@never_cache
@lecture
def retour(request: HttpRequest) -> HttpResponse:
    _exiger_configure()
    try:
        identite = proconnect.lire_retour(request)
    except proconnect.EchecProConnect as echec:
        return _echec(request, echec)
    try:
        personne = actions.personne_de_proconnect(
            identite.emetteur, identite.sujet, identite.email, par=anonyme("proconnect", "ProConnect")
        )
    except actions.CompteRefuse as refus:
        contexte = {"message": str(refus), "aucun_compte": isinstance(refus, actions.AucunCompte)}
        # Gardé pour que « Se déconnecter de ProConnect » permette d'y choisir une autre identité.
        request.session[proconnect.CLE_PREUVE] = identite.id_token
        return render(request, "comptes/proconnect_refus.html", contexte, status=403)
    response = ouvrir_session(request, personne, methode="proconnect", suite=identite.suite or None)
    request.session[proconnect.CLE_PREUVE] = identite.id_token
    return response


def _echec(request: HttpRequest, echec: proconnect.EchecProConnect) -> HttpResponse:
    logger.warning("ProConnect : %s", echec)
    return render(request, "comptes/proconnect_echec.html", status=400)


@publique
@never_cache
@lecture
def retour_deconnexion(request: HttpRequest) -> HttpResponse:
    if proconnect.est_configure() and proconnect.retour_de_deconnexion_attendu(request):
        messages.success(request, "Vous êtes déconnecté, de ProConnect aussi.")
    return redirect("portail:accueil")
