from typing import Any, cast

from django.http import HttpRequest, JsonResponse

from conum.socle.http import lecture, publique
from conum.territoires.forms import PROPOSITIONS, detail, libelle
from conum.territoires.models import Commune

LONGUEUR_MAXIMALE = 80


@publique
@lecture
def communes(request: HttpRequest) -> JsonResponse:
    """Les communes que `?q=` désigne le mieux, pour la liste du champ « commune »."""
    texte = request.GET.get("q", "")[:LONGUEUR_MAXIMALE]
    resultats = [
        {"code": c.code, "libelle": libelle(c), "detail": detail(c), "ancien_nom": cast(Any, c).via}
        for c in Commune.objects.rechercher(texte, PROPOSITIONS)
    ]
    response = JsonResponse({"resultats": resultats})
    response["Cache-Control"] = "public, max-age=300"
    return response
