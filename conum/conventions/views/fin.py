"""Ce qui est dû à une date, et la résiliation."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone

from conum.comptes.middleware import role_de
from conum.comptes.models import TypeRole
from conum.conventions.access import LECTEURS, get_convention_ou_404
from conum.conventions.actions import fin
from conum.conventions.forms.fin import DateArreteForm, ResiliationForm
from conum.conventions.states import Etat
from conum.conventions.views import commun
from conum.journal.workflow import TransitionImpossible
from conum.socle.http import lecture, lecture_ecriture, role_requis
from conum.ui.forms import reporter


@role_requis(*LECTEURS)
@lecture
def arrete(request: HttpRequest, convention_id: int) -> HttpResponseBase:
    """Ce qui est dû au soir d'un jour, sur les seuls contrats vécus, avec la trace de chaque montant."""
    role = role_de(request)
    convention = get_convention_ou_404(role, convention_id)
    depart = DateArreteForm.depart(convention)
    form = DateArreteForm(request.GET or depart)
    le = {**depart, **form.valeurs()}["le"]
    retour = commun.lien_convention(role, convention.pk)
    try:
        lu = fin.arreter(convention, le)
    except TransitionImpossible as erreur:
        messages.error(request, str(erreur))
        return redirect(retour)
    contexte = {"convention": convention, "form": form, "arrete": lu, "retour": retour}
    return render(request, "conventions/fin/arrete.html", contexte)


@role_requis(TypeRole.ANCT)
@lecture_ecriture
def resilier(request: HttpRequest, convention_id: int) -> HttpResponseBase:
    role = role_de(request)
    convention = get_convention_ou_404(role, convention_id)
    retour = commun.lien_convention(role, convention.pk)
    form = ResiliationForm(request.POST or None, initial={"le": timezone.localdate()})
    if request.method == "POST" and form.is_valid():
        try:
            fin.resilier_convention(convention, par=role, **form.cleaned_data)
        except (TransitionImpossible, ValidationError) as erreur:
            reporter(form, erreur)
        else:
            messages.success(request, "La convention est résiliée. La structure est prévenue.")
            return redirect(retour)
    contexte = {
        "convention": convention,
        "form": form,
        "retour": retour,
        "active": convention.etat == Etat.ACTIVE,
        "arrete": fin.arreter(convention, timezone.localdate()) if convention.etat == Etat.ACTIVE else None,
    }
    return render(request, "conventions/fin/resilier.html", contexte)
