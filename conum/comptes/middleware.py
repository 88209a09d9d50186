"""Le rôle qui agit est dans l'adresse : deux onglets, deux rôles. Il est vérifié à chaque requête."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django_htmx.http import HttpResponseClientRedirect

from conum.comptes.models import Role
from conum.comptes.second_facteur import adresse_du_facteur, session_verifiee

GetResponse = Callable[[HttpRequest], HttpResponse]


def role_de(request: HttpRequest) -> Role:
    """Le rôle qui agit ; à appeler sous `role_requis`, qui garantit qu'il y en a un."""
    role: Role = request.role  # type: ignore[attr-defined]
    return role


class RoleMiddleware:
    """Pour une adresse qui porte `role_id`, pose `request.role` ou répond 404 : le rôle d'un autre n'existe pas.

    Un rôle qui exige un second facteur mène d'abord à l'activer, ou à le présenter dans cette session.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, _vue: Any, _args: Any, kwargs: dict[str, Any]) -> HttpResponse | None:
        request.role = None  # type: ignore[attr-defined]
        role_id = kwargs.pop("role_id", None)
        if role_id is None or not request.user.is_authenticated:
            return None
        role = (
            Role.objects.actifs()
            .select_related("utilisateur", "departement", "region")
            .filter(pk=role_id, utilisateur=request.user.pk)
            .first()
        )
        if role is None:
            raise Http404("Ce rôle n'est pas le vôtre.")
        if role.exige_second_facteur and not session_verifiee(request):
            return _demander_second_facteur(request, role)
        request.role = role  # type: ignore[attr-defined]
        return None


def _demander_second_facteur(request: HttpRequest, role: Role) -> HttpResponse:
    adresse = adresse_du_facteur(role.utilisateur, _ou_revenir(request))
    # Une requête partielle d'htmx suivrait la redirection et collerait la page dans un morceau de la précédente.
    return HttpResponseClientRedirect(adresse) if request.headers.get("HX-Request") else HttpResponseRedirect(adresse)


def _ou_revenir(request: HttpRequest) -> str:
    """La page demandée ; pour un envoi ou une requête partielle, celle d'où il vient : son brouillon y est encore."""
    if request.method in {"GET", "HEAD"} and not request.headers.get("HX-Request"):
        return request.get_full_path()
    page = request.headers.get("HX-Current-URL") or request.headers.get("Referer", "")
    if url_has_allowed_host_and_scheme(page, {request.get_host()}):
        morceaux = urlsplit(page)
        return f"{morceaux.path}?{morceaux.query}" if morceaux.query else morceaux.path
    return reverse("comptes:espaces")
