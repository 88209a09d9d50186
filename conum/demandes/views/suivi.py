"""Le suivi d'une demande par sa structure."""

from django.http import HttpRequest, HttpResponse

from conum.comptes.models import TypeRole
from conum.demandes.access import get_demande_ou_404
from conum.socle.http import lecture, role_requis


@role_requis(TypeRole.STRUCTURE)
@lecture
def suivre(request: HttpRequest, pk: int) -> HttpResponse:
    return HttpResponse(str(get_demande_ou_404(request.role, pk)))  # type: ignore[attr-defined]
