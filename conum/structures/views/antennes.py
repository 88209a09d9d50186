from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from conum.comptes.middleware import role_de
from conum.comptes.models import TypeRole
from conum.journal.workflow import TransitionImpossible
from conum.socle.http import ecriture, lecture_ecriture, role_requis
from conum.structures import access, actions
from conum.structures.forms import AntenneForm
from conum.ui.forms import reporter

_ADMIS = (TypeRole.ANCT, TypeRole.PREFECTURE, TypeRole.STRUCTURE)


@role_requis(*_ADMIS)
@lecture_ecriture
def ajouter(request: HttpRequest, pk: int) -> HttpResponse:
    role = role_de(request)
    structure = access.get_structure_geree_ou_404(role, pk)
    form = AntenneForm(request.POST or None, initial={"commune": structure.commune})
    if request.method == "POST" and form.is_valid():
        try:
            antenne = actions.ajouter_antenne(structure, **form.cleaned_data, par=role)
        except (ValidationError, TransitionImpossible) as erreur:
            reporter(form, erreur)
        else:
            messages.success(request, f"L'antenne {antenne.nom} est ajoutée.")
            return redirect("structures:fiche", role.pk, structure.pk)
    return render(request, "structures/antenne.html", {"form": form, "structure": structure, "antenne": None})


@role_requis(*_ADMIS)
@lecture_ecriture
def modifier(request: HttpRequest, pk: int, antenne_pk: int) -> HttpResponse:
    role = role_de(request)
    structure = access.get_structure_geree_ou_404(role, pk)
    antenne = access.get_antenne_ou_404(role, structure, antenne_pk)
    initial = {champ: getattr(antenne, champ) for champ in ("nom", "adresse", "code_postal", "commune")}
    form = AntenneForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            actions.modifier_antenne(antenne, **form.cleaned_data, par=role)
        except (ValidationError, TransitionImpossible) as erreur:
            reporter(form, erreur)
        else:
            messages.success(request, "L'antenne est modifiée.")
            return redirect("structures:fiche", role.pk, structure.pk)
    return render(request, "structures/antenne.html", {"form": form, "structure": structure, "antenne": antenne})


@role_requis(*_ADMIS)
@ecriture
def fermer(request: HttpRequest, pk: int, antenne_pk: int) -> HttpResponse:
    role = role_de(request)
    structure = access.get_structure_geree_ou_404(role, pk)
    antenne = access.get_antenne_ou_404(role, structure, antenne_pk)
    try:
        actions.fermer_antenne(antenne, par=role)
        messages.success(request, f"L'antenne {antenne.nom} est fermée.")
    except TransitionImpossible as erreur:
        messages.error(request, str(erreur))
    return redirect("structures:fiche", role.pk, structure.pk)
