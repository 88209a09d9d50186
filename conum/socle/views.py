from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache

from conum.socle.http import lecture, publique


@publique
@lecture
@never_cache
def sante(request: HttpRequest) -> HttpResponse:
    """« ok » si le processus répond et lit la base, 503 sinon : pour le répartiteur de charge."""
    try:
        with connection.cursor() as curseur:
            curseur.execute("SELECT 1")
    except DatabaseError:
        return HttpResponse("base injoignable", status=503, content_type="text/plain; charset=utf-8")
    return HttpResponse("ok", content_type="text/plain; charset=utf-8")
