"""Ce qui entoure chaque requête, sans rien savoir du métier."""

import re
from collections.abc import Callable

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse

from conum.socle.contexte import sous_request_id

GetResponse = Callable[[HttpRequest], HttpResponse]
_IDENTIFIANT = re.compile(r"[A-Za-z0-9-]{8,64}")


class RequestIdMiddleware:
    """Donne un identifiant à la requête, ou reprend celui du mandataire s'il a une forme saine."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        recu = request.headers.get("X-Request-Id", "")
        with sous_request_id(recu if _IDENTIFIANT.fullmatch(recu) else "") as valeur:
            response = self.get_response(request)
            response["X-Request-Id"] = valeur
            return response


class LimiteCorpsMiddleware:
    """Refuse un corps trop lourd avant de le lire, fichiers compris (Django ne borne que les champs)."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if int(request.META.get("CONTENT_LENGTH") or 0) > settings.CORPS_MAXIMAL:
            raise RequestDataTooBig("Le fichier envoyé est trop lourd (10 Mo au plus).")
        return self.get_response(request)
