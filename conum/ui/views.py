"""Pages d'erreur en langage courant. Celles de la panne (500, 503) ne touchent ni à la base ni à la session."""

from django.conf import settings
from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string

from conum.socle.contexte import request_id
from conum.socle.http import lecture, publique

RETENTER_APRES = "600"  # secondes


def _motif(exception: Exception | None) -> str:
    """La phrase écrite par nos vues pour l'usager ; rien pour les messages techniques de Django."""
    texte = str(exception.args[0]) if exception is not None and exception.args else ""
    return texte if texte.endswith(".") and " " in texte else ""


def erreur_400(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    if isinstance(exception, RequestDataTooBig):
        return erreur_413(request)
    return _autonome("ui/400.html", 400)


def erreur_403(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    motif = _motif(exception) if isinstance(exception, PermissionDenied) else ""
    return render(request, "ui/403.html", {"motif": motif}, status=403)


def erreur_404(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return render(request, "ui/404.html", status=404)


def erreur_413(request: HttpRequest) -> HttpResponse:
    return _autonome("ui/413.html", 413)


def erreur_500(request: HttpRequest) -> HttpResponse:
    return _autonome("ui/500.html", 500)


def erreur_503(request: HttpRequest) -> HttpResponse:
    response = _autonome("ui/503.html", 503)
    response["Retry-After"] = RETENTER_APRES
    return response


def erreur_csrf(request: HttpRequest, reason: str = "") -> HttpResponse:
    return _autonome("ui/csrf.html", 403)


def _autonome(gabarit: str, statut: int) -> HttpResponse:
    """Sans les processeurs de contexte : ils liraient la session, donc la base."""
    contexte = {"nom_du_service": settings.NOM_DU_SERVICE, "reference": request_id()}
    return HttpResponse(render_to_string(gabarit, contexte), status=statut)


@publique
@lecture
def robots(request: HttpRequest) -> HttpResponse:
    lignes = (
        "User-agent: *",
        "Disallow: /espace/",
        "Disallow: /connexion/",
        "Disallow: /mon-compte/",
        "Disallow: /demande/",
    )
    return HttpResponse("\n".join(lignes) + "\n", content_type="text/plain; charset=utf-8")
