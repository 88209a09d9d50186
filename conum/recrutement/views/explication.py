"""Pourquoi cette proposition, pourquoi pas celle-là : à la structure, au candidat, à l'ANCT."""

from typing import Any

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.utils import timezone

from conum.comptes.models import TypeRole
from conum.recrutement import access
from conum.recrutement.actions.explication import autres_postes as postes_alentour
from conum.recrutement.actions.explication import expliquer_absence, expliquer_relation
from conum.recrutement.forms.appariement import PourquoiForm
from conum.recrutement.models import Candidat
from conum.socle.http import lecture, role_requis


@role_requis(TypeRole.STRUCTURE, TypeRole.CANDIDAT, TypeRole.ANCT)
@lecture
def explication(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Le calcul d'une proposition, tel que fait le jour du passage."""
    relation = access.get_relation_ou_404(request.role, pk)  # type: ignore[attr-defined]
    contexte = {"relation": relation, "explication": expliquer_relation(relation)}
    return render(request, "recrutement/appariement/explication.html", contexte)


@role_requis(TypeRole.CANDIDAT)
@lecture
def autres_postes(request: HttpRequest) -> HttpResponseBase:
    """Les postes ouverts autour du candidat, et pourquoi ils ne lui sont pas proposés."""
    candidat = access.candidat_du_role(request.role)  # type: ignore[attr-defined]
    contexte = {"candidat": candidat, "postes": postes_alentour(candidat), "jour": timezone.localdate()}
    return render(request, "recrutement/appariement/autres_postes.html", contexte)


@role_requis(TypeRole.ANCT)
@lecture
def pourquoi(request: HttpRequest) -> HttpResponseBase:
    """Une paire choisie par ses références : ce qui l'a fait proposer, ou non."""
    form = PourquoiForm(request.GET or None)
    contexte: dict[str, Any] = {
        "form": form,
        "absence": None,
        "recrutement": None,
        "candidat": None,
        "jour": timezone.localdate(),
    }
    if form.is_bound and form.is_valid():
        recrutement, candidat = form.cleaned_data["recrutement"], form.cleaned_data["candidat"]
        if recrutement is not None and isinstance(candidat, Candidat):
            contexte |= {
                "absence": expliquer_absence(recrutement, candidat), "recrutement": recrutement, "candidat": candidat,
            }  # fmt: skip
    return render(request, "recrutement/appariement/pourquoi.html", contexte)
