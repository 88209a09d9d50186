"""Le rôle qui agit est dans l'adresse : deux onglets, deux rôles. Il est vérifié à chaque requête."""

from collections.abc import Callable
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse

from conum.comptes.models import Role

GetResponse = Callable[[HttpRequest], HttpResponse]


class RoleMiddleware:
    """Pour une adresse qui porte `role_id`, pose `request.role` ou répond 404 : le rôle d'un autre n'existe pas."""

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
        request.role = role  # type: ignore[attr-defined]
        return None
