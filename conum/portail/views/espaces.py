"""Le tableau de bord de chaque rôle : ce qui est attendu de lui aujourd'hui."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from conum.comptes.models import TypeRole
from conum.socle.http import lecture, role_requis


@lecture
def tableau_de_bord(request: HttpRequest) -> HttpResponse:
    """Après la connexion : le seul rôle de la personne, ou le choix entre ses rôles."""
    assert request.user.is_authenticated
    roles = list(request.user.roles.actifs().order_by("pk")[:2])
    if len(roles) == 1:
        return redirect("portail:espace", roles[0].pk)
    return redirect("comptes:espaces")


@role_requis(*TypeRole)
@lecture
def espace(request: HttpRequest) -> HttpResponse:
    return render(request, "portail/espace.html")
