"""Le test de positionnement, sur un téléphone : une page par domaine, chaque réponse gardée, la fin qui fige."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from conum.comptes.middleware import role_de
from conum.comptes.models import Role, TypeRole
from conum.formations.access import get_inscription_ou_404
from conum.formations.actions import positionnement as actions
from conum.formations.forms.positionnement import PREFIXE, DomaineForm, reponses_envoyees
from conum.formations.models import Inscription, Positionnement
from conum.formations.rules import positionnement as regles
from conum.formations.states import Etat
from conum.formations.views import commun
from conum.journal.workflow import TransitionImpossible
from conum.socle.http import ecriture, lecture, lecture_ecriture, role_requis
from conum.ui.forms import reporter

MINUTES_PAR_QUESTION = 0.5
PEU = 12
"""Au plus tant de questions sans réponse : la page les nomme toutes."""


def _le_sien(request: HttpRequest, pk: int) -> tuple[Role, Inscription, Positionnement | None]:
    role = role_de(request)
    inscription = get_inscription_ou_404(role, pk)
    return role, inscription, Positionnement.objects.filter(inscription=inscription).first()


def lien_etape(role: Role, pk: int, numero: int, question: str = "") -> str:
    ancre = f"#id_{PREFIXE}{question}" if question else ""
    return reverse("formations:positionnement_etape", args=[role.pk, pk, numero]) + ancre


def numero_du_domaine(questionnaire: regles.Questionnaire, domaine: str) -> int:
    return list(questionnaire.domaines).index(domaine) + 1


def lien_reprise(role: Role, pk: int, questionnaire: regles.Questionnaire, avancement: regles.Avancement) -> str:
    """La première question sans réponse ; le début s'il n'en manque pas."""
    if avancement.prochaine is None:
        return lien_etape(role, pk, 1)
    item = questionnaire.item(avancement.prochaine)
    return lien_etape(role, pk, numero_du_domaine(questionnaire, item.domaine), item.code)


@role_requis(TypeRole.CONSEILLER)
@lecture
def accueil(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Avant : de quoi il s'agit. Pendant : ce qui est fait et ce qui manque. Après : le résultat."""
    role, inscription, test = _le_sien(request, pk)
    if test is not None and test.fini_le is not None:
        return redirect("formations:resultat_positionnement", role.pk, pk)
    contexte: dict[str, Any] = {
        "inscription": inscription,
        "lien_retour": commun.lien_inscription(role, pk),
        "ouverte": inscription.etat == Etat.OUVERTE,
        "test": test,
    }
    if test is None:
        contexte["questionnaire"] = version = regles.questionnaire_au(timezone.localdate())
        contexte["minutes"] = round(len(version.items) * MINUTES_PAR_QUESTION)
    else:
        contexte |= _ou_en_est(role, pk, test)
    return render(request, "formations/positionnement/accueil.html", contexte)


def _ou_en_est(role: Role, pk: int, test: Positionnement) -> dict[str, Any]:
    questionnaire = actions.questionnaire_de(test)
    avancement = regles.avancement(questionnaire, test.reponses)
    domaines = []
    peu = len(avancement.manquantes) <= PEU
    for numero, (code, libelle) in enumerate(questionnaire.domaines.items(), start=1):
        items = questionnaire.du_domaine(code)
        manquantes = [i for i in items if i.code not in test.reponses]
        domaines.append({
            "numero": numero, "libelle": libelle, "total": len(items), "repondues": len(items) - len(manquantes),
            "lien": lien_etape(role, pk, numero),
            # D'un domaine pas encore ouvert, le nombre suffit : le téléphone n'a pas à porter cinquante questions.
            "manquantes": [{"question": i.question, "lien": lien_etape(role, pk, numero, i.code)} for i in manquantes]
            if peu or len(manquantes) < len(items) else [],
            "complet": not manquantes,
        })  # fmt: skip
    return {
        "questionnaire": questionnaire,
        "avancement": avancement,
        "domaines": domaines,
        "manque": any(d["manquantes"] for d in domaines),
        "lien_reprise": lien_reprise(role, pk, questionnaire, avancement),
    }


@role_requis(TypeRole.CONSEILLER)
@ecriture
def commencer(request: HttpRequest, pk: int) -> HttpResponseBase:
    role, inscription, _ = _le_sien(request, pk)
    try:
        test = actions.commencer_positionnement(inscription, par=role)
    except TransitionImpossible as erreur:
        messages.error(request, str(erreur))
        return redirect("formations:positionnement", role.pk, pk)
    if test.fini_le is not None:
        return redirect("formations:resultat_positionnement", role.pk, pk)
    questionnaire = actions.questionnaire_de(test)
    return redirect(lien_reprise(role, pk, questionnaire, regles.avancement(questionnaire, test.reponses)))


@role_requis(TypeRole.CONSEILLER)
@lecture_ecriture
def etape(request: HttpRequest, pk: int, numero: int) -> HttpResponseBase:
    """Un domaine : ses questions, déjà cochées si elles l'ont été."""
    role, inscription, test = _le_sien(request, pk)
    if test is None or test.fini_le is not None:
        # Un vieil onglet, un lien gardé : la page d'accueil du test dit où l'on en est.
        if request.method == "POST":
            messages.error(request, actions.FINI if test else "Le test n’est pas commencé.")
        return redirect("formations:positionnement", role.pk, pk)
    questionnaire = actions.questionnaire_de(test)
    codes = list(questionnaire.domaines)
    if not 1 <= numero <= len(codes):
        raise Http404("Cette étape n’existe pas.")
    form = DomaineForm(
        request.POST if request.method == "POST" else None,
        items=questionnaire.du_domaine(codes[numero - 1]),
        reponses=test.reponses,
        enregistrer=reverse("formations:positionnement_reponse", args=[role.pk, pk]),
    )
    if request.method == "POST" and form.is_valid():
        try:
            actions.repondre(test, form.reponses(), par=role)
        except (TransitionImpossible, ValidationError) as erreur:
            reporter(form, erreur)
        else:
            return _suite(request, role, pk, numero, len(codes))
    contexte = {
        "form": form,
        "inscription": inscription,
        "numero": numero,
        "total": len(codes),
        "domaine": questionnaire.domaines[codes[numero - 1]],
        "suivant": questionnaire.domaines[codes[numero]] if numero < len(codes) else "",
        "lien_accueil": reverse("formations:positionnement", args=[role.pk, pk]),
        "lien_formation": commun.lien_inscription(role, pk),
    }
    return render(request, "formations/positionnement/etape.html", contexte)


def _suite(request: HttpRequest, role: Role, pk: int, numero: int, total: int) -> HttpResponseBase:
    voulu = request.POST.get("suite", "")
    if voulu == "plus_tard":
        messages.success(request, "Vos réponses sont gardées. Reprenez quand vous voulez.")
        return redirect(commun.lien_inscription(role, pk))
    if voulu == "precedent" and numero > 1:
        return redirect(lien_etape(role, pk, numero - 1))
    if voulu == "precedent" or numero == total:
        return redirect("formations:positionnement", role.pk, pk)
    return redirect(lien_etape(role, pk, numero + 1))


@role_requis(TypeRole.CONSEILLER)
@ecriture
def reponse(request: HttpRequest, pk: int) -> HttpResponse:
    """Une réponse, dès qu'elle est choisie ; rend la phrase à montrer, que le refus soit lu lui aussi."""
    role, _, test = _le_sien(request, pk)
    refus = "" if test else "Le test n’est pas commencé."
    if test is not None:
        try:
            actions.repondre(test, reponses_envoyees(request.POST), par=role)
        except TransitionImpossible as erreur:
            refus = str(erreur)
        except ValidationError as erreur:
            refus = " ".join(erreur.messages)
    return render(request, "formations/positionnement/enregistre.html", {"refus": refus})


@role_requis(TypeRole.CONSEILLER)
@ecriture
def terminer(request: HttpRequest, pk: int) -> HttpResponseBase:
    role, inscription, test = _le_sien(request, pk)
    try:
        actions.terminer_positionnement(inscription, par=role)
    except TransitionImpossible as erreur:
        # Un second clic trouve le test fini : le résultat est là, il n'y a rien à dire de plus.
        if test is None or test.fini_le is None:
            messages.error(request, str(erreur))
        return redirect("formations:positionnement", role.pk, pk)
    messages.success(request, "Votre test est terminé. Voici votre résultat.")
    return redirect("formations:resultat_positionnement", role.pk, pk)
