"""Les pages ouvertes à tous."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from conum.socle.http import lecture, publique


@publique
@lecture
def accueil(request: HttpRequest) -> HttpResponse:
    return render(request, "portail/accueil.html")
