"""Fusionner deux fiches : choisir, voir ce qui bougera, confirmer."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from conum.comptes.middleware import role_de
from conum.journal.workflow import TransitionImpossible
from conum.socle.http import lecture, lecture_ecriture, role_requis
from conum.structures import access, actions
from conum.structures.forms import FusionForm
from conum.structures.models import Structure
from conum.ui.forms import reporter


@role_requis(*access.AGENTS)
@lecture
def choisir(request: HttpRequest, pk: int) -> HttpResponse:
    """Les fiches qui ressemblent, ou celles que l'agent cherche."""
    role = role_de(request)
    structure = access.get_structure_geree_ou_404(role, pk)
    recherche = request.GET.get("q", "").strip()[:100]
    visibles = Structure.objects.visibles_par(role).actives().exclude(pk=structure.pk)
    if recherche:
        candidates = list(visibles.rechercher(recherche).select_related("commune__departement").order_by("pk")[:20])
    else:
        candidates = list(actions.quasi_doublons(structure).filter(pk__in=visibles.values("pk"))[:20])
    contexte = {"structure": structure, "candidates": candidates, "recherche": recherche}
    return render(request, "structures/fusion_choisir.html", contexte)


@role_requis(*access.AGENTS)
@lecture_ecriture
def fusionner(request: HttpRequest, pk: int, cible_pk: int) -> HttpResponse:
    """Aperçu en GET, fusion en POST."""
    role = role_de(request)
    source = access.get_structure_geree_ou_404(role, pk)
    cible = access.get_structure_geree_ou_404(role, cible_pk)
    if source.pk == cible.pk:
        raise Http404("Deux fiches différentes.")
    form = FusionForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            actions.fusionner(source, cible, par=role, motif=form.cleaned_data["motif"])
        except TransitionImpossible as erreur:
            reporter(form, erreur)
        else:
            messages.success(request, f"La fiche de {source.nom} est réunie à celle-ci.")
            return redirect("structures:fiche", role.pk, cible.pk)
    apercu = actions.apercu_fusion(source, cible)
    return render(request, "structures/fusion.html", {"apercu": apercu, "form": form})
