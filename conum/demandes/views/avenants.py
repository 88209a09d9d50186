"""Demander des postes en plus, ou en rendre, depuis l'espace de la structure."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone

from conum.comptes.middleware import role_de
from conum.comptes.models import TypeRole
from conum.demandes.actions import avenants
from conum.demandes.forms.avenants import AvenantForm
from conum.demandes.models import Nature
from conum.journal.workflow import TransitionImpossible
from conum.postes.models import Poste, TypePoste
from conum.socle.http import lecture_ecriture, role_requis
from conum.structures.access import structure_du_role
from conum.ui.forms import reporter


@role_requis(TypeRole.STRUCTURE)
@lecture_ecriture
def demander_des_postes(request: HttpRequest) -> HttpResponseBase:
    return _demander(request, Nature.AJOUT)


@role_requis(TypeRole.STRUCTURE)
@lecture_ecriture
def rendre_des_postes(request: HttpRequest) -> HttpResponseBase:
    return _demander(request, Nature.RENDU)


def _demander(request: HttpRequest, nature: Nature) -> HttpResponseBase:
    role = role_de(request)
    structure = structure_du_role(role)
    if structure is None:
        raise Http404("Ce rôle n’a pas de structure.")
    libres = {code: avenants.postes_libres(structure, code) for code in TypePoste.values}
    form = AvenantForm(request.POST or None, nature=nature, libres=libres)
    if request.method == "POST" and form.is_valid():
        lues = form.cleaned_data
        try:
            demande = avenants.demander_avenant(
                structure,
                nature=nature,
                nombre=lues["nombre"],
                type_poste=lues["type_poste"],
                motif_code=lues["motif_avenant"],
                precisions=lues["precisions"],
                par=role,
            )
        except (TransitionImpossible, ValidationError) as erreur:
            reporter(form, erreur)
        else:
            messages.success(request, f"Votre demande {demande.reference} est transmise.")
            return redirect("demandes:suivre", role.pk, demande.pk)
    contexte = {
        "form": form,
        "ajout": nature == Nature.AJOUT,
        "ouvert": avenants.avenant_ouvert(structure),
        "possible": avenants.derniere_attribution(structure) is not None,
        "libres": sum(libres.values()),
        "postes": Poste.objects.rattaches_a(structure, timezone.localdate()).count(),
    }
    return render(request, "demandes/avenants/demander.html", contexte)
