"""Les pages ouvertes à tous : accueil et pages légales."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from conum.portail import chiffres
from conum.socle import conservation
from conum.socle.http import lecture, publique


@publique
@lecture
def accueil(request: HttpRequest) -> HttpResponse:
    return render(request, "portail/accueil.html", {"chiffres": chiffres.nationaux()})


@publique
@lecture
def mentions_legales(request: HttpRequest) -> HttpResponse:
    return render(request, "portail/mentions_legales.html", {"hebergeur": settings.HEBERGEUR})


@publique
@lecture
def donnees_personnelles(request: HttpRequest) -> HttpResponse:
    return render(
        request,
        "portail/donnees_personnelles.html",
        {"regles": conservation.regles()},
    )


@publique
@lecture
def cookies(request: HttpRequest) -> HttpResponse:
    return render(request, "portail/cookies.html")


@publique
@lecture
def plan_du_site(request: HttpRequest) -> HttpResponse:
    return render(request, "portail/plan_du_site.html")


@publique
@lecture
def accessibilite(request: HttpRequest) -> HttpResponse:
    return render(request, "portail/accessibilite.html", {"contact": settings.COURRIELS_REPONDRE_A})


@publique
@lecture
def contact(request: HttpRequest) -> HttpResponse:
    return render(request, "portail/contact.html", {"contact": settings.COURRIELS_REPONDRE_A})
