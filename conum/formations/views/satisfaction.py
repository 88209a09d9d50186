"""Donner son avis, dans son espace ou par son lien ; lire les résultats, à partir de cinq réponses."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache

from conum.comptes.middleware import role_de
from conum.comptes.models import TypeRole
from conum.formations.access import REPONDANT, get_invitation_ou_404, get_organisme_ou_404
from conum.formations.actions import satisfaction as actes
from conum.formations.forms.satisfaction import AvisForm
from conum.formations.models import Inscription, InvitationSatisfaction, Organisme
from conum.formations.models.satisfaction import Moment
from conum.formations.rules import satisfaction as regles
from conum.journal.acteurs import Acteur, anonyme
from conum.journal.workflow import TransitionImpossible
from conum.socle.http import lecture, lecture_ecriture, publique, role_requis
from conum.ui.forms import reporter

PERIME = 410
MERCI = "Merci ! Votre avis est enregistré, sans votre nom."


def _questionner(
    request: HttpRequest, invitation: InvitationSatisfaction, par: Acteur, *, gabarit: str, suite: Callable[[], str]
) -> HttpResponseBase:
    """Le questionnaire, ou ce qui empêche d'y répondre."""
    jour = timezone.localdate()
    questionnaire = regles.questionnaire_au(jour)
    form = AvisForm(request.POST or None, questionnaire=questionnaire, moment=invitation.moment)
    if request.method == "POST" and form.is_valid():
        try:
            actes.repondre(invitation, par=par, **form.reponse())
        except (TransitionImpossible, ValidationError) as erreur:
            invitation.refresh_from_db()
            reporter(form, erreur)
        else:
            messages.success(request, MERCI)
            return redirect(suite())
    perimee = not invitation.repondue and jour > actes.dernier_jour(invitation)
    contexte = {
        "form": form,
        "invitation": invitation,
        "apres_trois_mois": invitation.moment == Moment.TROIS_MOIS,
        "questionnaire": questionnaire,
        "dernier_jour": actes.dernier_jour(invitation),
        "perimee": perimee,
        "minimum": regles.MINIMUM,
    }
    return render(request, gabarit, contexte, status=PERIME if perimee else 200)


@publique
@never_cache
@lecture_ecriture
def avis(request: HttpRequest, jeton: str) -> HttpResponseBase:
    """Par le lien du courriel, sans compte : il sert une fois."""
    numero = actes.lire_lien(jeton)
    connues = InvitationSatisfaction.objects.select_related("organisme")
    invitation = connues.filter(pk=numero).first() if numero is not None else None
    if invitation is None:
        raise Http404("Lien inconnu.")
    par = anonyme(REPONDANT, "Personne formée, par son lien", invitation.pk)
    ici = reverse("formations:avis", args=[jeton])
    return _questionner(request, invitation, par, gabarit="formations/satisfaction/avis_lien.html", suite=lambda: ici)


@role_requis(TypeRole.CONSEILLER)
@never_cache
@lecture_ecriture
def mon_avis(request: HttpRequest, pk: int) -> HttpResponseBase:
    role = role_de(request)
    invitation = get_invitation_ou_404(role, pk)
    ici = reverse("formations:mon_avis", args=[role.pk, pk])
    return _questionner(request, invitation, role, gabarit="formations/satisfaction/avis.html", suite=lambda: ici)


def bloc(request: HttpRequest, inscription: Inscription) -> str:
    """Sur la page de sa formation, à la personne seule : l'avis que l'on attend d'elle."""
    role = role_de(request)
    if role.type != TypeRole.CONSEILLER:
        return ""
    attendues = actes.en_attente(timezone.localdate()).filter(inscription=inscription).order_by("pk")
    liens = [
        {"moment": i.get_moment_display(), "lien": reverse("formations:mon_avis", args=[role.pk, i.pk])}
        for i in attendues
    ]
    return render_to_string("formations/satisfaction/bloc.html", {"liens": liens}, request=request) if liens else ""


# --- Résultats ------------------------------------------------------------------------------------------------------


def _ligne(resultat: actes.DeLOrganisme) -> dict[str, Any]:
    return {"organisme": resultat.organisme, "par_moment": [resultat.par_moment.get(m) for m in Moment]}


@role_requis(TypeRole.ANCT, TypeRole.ORGANISME)
@lecture
def resultats(request: HttpRequest) -> HttpResponseBase:
    """Tous les organismes pour l'ANCT ; le sien pour un organisme."""
    role = role_de(request)
    visibles = Organisme.objects.visibles_par(role)
    if role.type == TypeRole.ORGANISME:
        organisme = visibles.first()
        if organisme is None:
            raise Http404("Organisme inconnu.")
        return redirect("formations:satisfaction_organisme", role.pk, organisme.pk)
    lues = actes.resultats(visibles, timezone.localdate())
    contexte = {
        "lignes": [_ligne(r) for r in lues],
        "moments": [m.label for m in Moment],
        "minimum": regles.MINIMUM,
        "montres": any(r.par_moment for r in lues),
    }
    return render(request, "formations/satisfaction/organismes.html", contexte)


@role_requis(TypeRole.ANCT, TypeRole.ORGANISME)
@lecture
def resultats_organisme(request: HttpRequest, organisme_id: int) -> HttpResponseBase:
    role = role_de(request)
    organisme = get_organisme_ou_404(role, organisme_id)
    lu = actes.resultats(Organisme.objects.filter(pk=organisme.pk), timezone.localdate())[0]
    textes = regles.textes()
    rangs = {code: rang for rang, code in enumerate(textes)}
    parts = [
        {
            "moment": moment,
            "titre": moment.label,
            "ensemble": ensemble,
            "annees": (annees := [c for c in lu.cases if c.moment == moment]),
            "questions": [
                {
                    "texte": textes.get(code, code),
                    "note": note,
                    "annees": [c.resultat.moyennes.get(code) for c in annees],
                }
                for code, note in sorted(ensemble.moyennes.items(), key=lambda question: rangs.get(question[0], 0))
            ],
        }
        for moment, ensemble in lu.par_moment.items()
    ]
    contexte = {
        "organisme": organisme,
        "parts": parts,
        "attend": lu.attend,
        "minimum": regles.MINIMUM,
        "avec_liste": role.type == TypeRole.ANCT,
    }
    return render(request, "formations/satisfaction/organisme.html", contexte)
