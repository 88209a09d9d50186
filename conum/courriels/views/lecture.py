"""La boîte de lecture d'un poste de développement : tous les courriels, sans compte. N'existe pas en production."""

import re
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.templatetags.static import static

from conum.courriels.models import Courriel
from conum.socle.http import lecture, publique

PAR_PAGE = 50
_STYLE = re.compile(r"<style>.*?</style>", re.DOTALL)


def _lisible(vue: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    @wraps(vue)
    def enveloppe(request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        if not settings.COURRIELS_LISIBLES:
            raise Http404
        return vue(request, **kwargs)

    return enveloppe


@publique
@lecture
@_lisible
def boite(request: HttpRequest) -> HttpResponseBase:
    courriels = Courriel.objects.defer("texte", "html").order_by("-pk")
    page = Paginator(courriels, PAR_PAGE).get_page(request.GET.get("page"))
    return render(request, "courriels/boite.html", {"page": page, "sans_serveur": not settings.EMAIL_HOST})


@publique
@lecture
@_lisible
def boite_courriel(request: HttpRequest, pk: int) -> HttpResponseBase:
    return render(request, "courriels/boite_courriel.html", {"courriel": get_object_or_404(Courriel, pk=pk)})


@publique
@lecture
@_lisible
def boite_html(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Le courriel mis en page. Sa feuille de style, écrite dedans, devient un lien : la CSP ne s'assouplit pas."""
    courriel = get_object_or_404(Courriel, pk=pk)
    lien = f'<link rel="stylesheet" href="{static("courriels/courriel.css")}">'
    return HttpResponse(_STYLE.sub(lien, courriel.html))
