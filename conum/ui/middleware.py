from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from conum.ui.views import erreur_503

GetResponse = Callable[[HttpRequest], HttpResponse]
OUVERTES = ("/sante/", "/static/", "/robots.txt")


class MaintenanceMiddleware:
    """Pendant une maintenance, répond 503 avec une explication, avant toute lecture de la base."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if settings.MAINTENANCE and not request.path.startswith(OUVERTES):
            return erreur_503(request)
        return self.get_response(request)
