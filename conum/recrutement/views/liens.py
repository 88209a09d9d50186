"""Le lien personnel d'un membre de structure : lire une proposition et y répondre, sans se connecter."""

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache

from conum.journal.workflow import TransitionImpossible
from conum.recrutement.access import get_lien_ou_404, lien_valable, titulaire
from conum.recrutement.actions import relations as actions
from conum.recrutement.forms.structure import EcarterForm
from conum.recrutement.models import LienPersonnel, Partie
from conum.recrutement.states import Etat
from conum.recrutement.views.cartes import attente, carte
from conum.socle.http import lecture_ecriture, publique
from conum.ui.forms import reporter


def _repondre(request: HttpRequest, lien: LienPersonnel, form: EcarterForm) -> str | None:
    """Agit pour le membre ; rend la phrase qui dit pourquoi rien n'a changé, None si c'est fait ou à corriger."""
    relation, par = lien.mise_en_relation, titulaire(lien)
    try:
        if request.POST.get("reponse") == "retenir":
            actions.retenir(relation, par=par)
        elif form.is_valid():
            actions.ecarter(relation, **form.cleaned_data, par=par)
    except TransitionImpossible as erreur:
        return str(erreur)
    except ValidationError as erreur:
        reporter(form, erreur)
    return None


@publique
@never_cache
@lecture_ecriture
def lien_structure(request: HttpRequest, jeton: str) -> HttpResponseBase:
    """Ouvrir le lien ne fait rien : un bouton confirme. Jamais ici le nom, les coordonnées ou le CV du candidat."""
    lien = get_lien_ou_404(jeton, Partie.STRUCTURE)
    relation, role = lien.mise_en_relation, lien.role
    assert role is not None
    if not lien_valable(lien):
        return render(
            request, "recrutement/structure/lien_perime.html", {"relation": relation, "membre": role}, status=410
        )
    veut_retenir = request.method == "POST" and request.POST.get("reponse") == "retenir"
    form = EcarterForm(request.POST if request.method == "POST" and not veut_retenir else None, relation=relation)
    refus = None
    if request.method == "POST":
        refus = _repondre(request, lien, form)
        if refus is None and not form.errors:
            return redirect("recrutement:lien_structure", jeton)
        relation.refresh_from_db()
    contexte = {
        "relation": relation,
        "recrutement": relation.recrutement,
        "carte": carte(relation.candidat, relation.distance_km),
        "attente": attente(relation),
        "peut_repondre": relation.etat == Etat.PROPOSEE,
        "peut_ecarter": relation.etat in {Etat.PROPOSEE, Etat.RETENUE},
        "form": form,
        "refus": refus,
        "membre": role,
    }
    return render(request, "recrutement/structure/lien.html", contexte, status=409 if refus else 200)
