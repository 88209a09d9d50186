"""Le formulaire public."""

from django.http import HttpRequest, HttpResponse

from conum.socle.http import lecture_ecriture, publique


@publique
@lecture_ecriture
def confirmer(request: HttpRequest, jeton: str) -> HttpResponse:
    return HttpResponse("confirmer")


@publique
@lecture_ecriture
def reprendre(request: HttpRequest, jeton: str) -> HttpResponse:
    return HttpResponse("reprendre")
