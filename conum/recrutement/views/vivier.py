"""Chercher dans le vivier autour d'un recrutement, lire les résultats, présélectionner."""

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render

from conum.comptes.middleware import role_de
from conum.comptes.models import TypeRole
from conum.journal.workflow import TransitionImpossible
from conum.recrutement.access import get_consultation_ou_404, get_recrutement_ou_404, peut_chercher
from conum.recrutement.actions import vivier as actions
from conum.recrutement.actions.explication import raison_courte
from conum.recrutement.forms.structure import PreselectionForm, RechercheForm
from conum.recrutement.models import Candidat, ConsultationVivier, MiseEnRelation, Recrutement
from conum.recrutement.models.geo import distance_au_point
from conum.recrutement.rules.recherche import RESULTATS_MAX, Criteres
from conum.recrutement.rules.relation import RAYON_RECHERCHE_MAX_KM
from conum.recrutement.states import OUVERTS
from conum.recrutement.views.cartes import carte
from conum.socle.http import lecture, lecture_ecriture, role_requis
from conum.socle.limites import depasse
from conum.socle.listes import Pages
from conum.ui.forms import reporter

PAR_PAGE = 20
RECHERCHES_PAR_HEURE = 60
"""Par membre : de quoi travailler, pas de quoi recopier le vivier."""


@role_requis(TypeRole.STRUCTURE)
@lecture_ecriture
def chercher(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Les critères, puis la recherche (POST) : elle est gardée avant que ses résultats se lisent."""
    role = role_de(request)
    courant = get_recrutement_ou_404(role, pk)
    form = RechercheForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        if depasse(f"vivier:{role.pk}", maximum=RECHERCHES_PAR_HEURE, duree=timedelta(hours=1)):
            messages.error(request, "Trop de recherches en une heure : reprenez un peu plus tard.")
            return redirect("recrutement:recrutement", role.pk, courant.pk)
        try:
            consultation = actions.chercher(
                courant, rayon_km=form.cleaned_data["rayon_km"], criteres=form.criteres(), par=role
            )
            return redirect("recrutement:resultats", role.pk, courant.pk, consultation.pk)
        except TransitionImpossible as erreur:
            messages.error(request, str(erreur))
            return redirect("recrutement:recrutement", role.pk, courant.pk)
        except ValidationError as erreur:
            reporter(form, erreur)
    contexte = {"recrutement": courant, "form": form, "rayon_max": RAYON_RECHERCHE_MAX_KM}
    return render(request, "recrutement/structure/recherche.html", contexte)


def _consultation(request: HttpRequest, pk: int, consultation_pk: int) -> ConsultationVivier:
    """La recherche de ce membre, sur ce recrutement, tant qu'il est de la structure."""
    role = role_de(request)
    consultation = get_consultation_ou_404(role, consultation_pk)
    if consultation.recrutement_id != pk or not peut_chercher(role, consultation.recrutement):
        raise Http404("Cette recherche n’existe pas.")
    return consultation


def _montrables(consultation: ConsultationVivier) -> Any:
    """Ceux de ses résultats qui sont encore au vivier : qui s'est mis en pause depuis ne se montre plus."""
    lieu = consultation.recrutement
    assert lieu.latitude is not None
    assert lieu.longitude is not None
    candidats = Candidat.objects.au_vivier().filter(pk__in=consultation.candidats).select_related("commune")
    return candidats.annotate(distance_km=distance_au_point(lieu.latitude, lieu.longitude))


def _deja(recrutement: Recrutement, candidats: list[int]) -> dict[int, MiseEnRelation]:
    relations = MiseEnRelation.objects.filter(recrutement=recrutement, candidat__in=candidats, etat__in=OUVERTS)
    return {r.candidat_id: r for r in relations.order_by("pk")}


@role_requis(TypeRole.STRUCTURE)
@lecture
def resultats(request: HttpRequest, pk: int, consultation_pk: int) -> HttpResponseBase:
    consultation = _consultation(request, pk, consultation_pk)
    pages = Pages(request, _montrables(consultation).order_by("distance_km", "pk"), PAR_PAGE)
    candidats = list(pages.page.object_list)
    deja = _deja(consultation.recrutement, [c.pk for c in candidats])
    raisons = raison_courte(consultation.recrutement, candidats)
    contexte = {
        "recrutement": consultation.recrutement,
        "consultation": consultation,
        "criteres": Criteres.relire(consultation.criteres).en_mots(),
        "liste": pages,
        "trouves": [
            {"pk": c.pk, "carte": carte(c, c.distance_km), "relation": deja.get(c.pk), "raison": raisons[c.pk]}
            for c in candidats
        ],
        "plafonne": len(consultation.candidats) >= RESULTATS_MAX,
        "maximum": RESULTATS_MAX,
    }
    return render(request, "recrutement/structure/resultats.html", contexte)


@role_requis(TypeRole.STRUCTURE)
@lecture_ecriture
def preselectionner(request: HttpRequest, pk: int, consultation_pk: int, candidat_pk: int) -> HttpResponseBase:
    role = role_de(request)
    consultation = _consultation(request, pk, consultation_pk)
    if candidat_pk not in consultation.candidats:
        raise Http404("Cette personne n’est pas dans vos résultats.")
    candidat = _montrables(consultation).filter(pk=candidat_pk).first()
    form = PreselectionForm(request.POST or None)
    if candidat is None:
        messages.error(request, "Cette personne n’est plus disponible.")
        return redirect("recrutement:resultats", role.pk, pk, consultation_pk)
    if request.method == "POST" and form.is_valid():
        try:
            relation = actions.preselectionner(consultation, candidat_pk, motif=form.cleaned_data["motif"], par=role)
        except TransitionImpossible as erreur:
            messages.error(request, str(erreur))
            return redirect("recrutement:resultats", role.pk, pk, consultation_pk)
        except ValidationError as erreur:
            reporter(form, erreur)
        else:
            messages.success(request, "La personne est prévenue : elle a 14 jours pour accepter votre contact.")
            return redirect("recrutement:relation", role.pk, relation.pk)
    contexte = {
        "recrutement": consultation.recrutement,
        "consultation": consultation,
        "carte": carte(candidat, candidat.distance_km),
        "form": form,
    }
    return render(request, "recrutement/structure/preselectionner.html", contexte)
