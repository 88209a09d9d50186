"""Le résultat du test, à la personne, à son employeur et à l'organisme ; et le parcours que l'organisme retient."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse

from conum.comptes.middleware import role_de
from conum.comptes.models import Role, TypeRole
from conum.formations.access import (
    FORMATEURS,
    est_la_personne,
    forme,
    get_inscription_ou_404,
    peut_retenir_parcours,
    peut_se_positionner,
)
from conum.formations.actions.parcours import parcours_possibles, retenir_parcours
from conum.formations.actions.positionnement import questionnaire_de
from conum.formations.forms.positionnement import RetenirForm
from conum.formations.models import Inscription, Positionnement
from conum.formations.rules import positionnement as regles
from conum.formations.states import Etat
from conum.formations.views import commun
from conum.formations.views.pages import page_formulaire
from conum.socle.http import lecture, lecture_ecriture, role_requis

VOIENT_LE_RESULTAT = (TypeRole.CONSEILLER, TypeRole.STRUCTURE, TypeRole.ORGANISME, TypeRole.ANCT)
"""Le résultat va à la personne et à son employeur (facts-and-asks § 2) ; la préfecture n'en a pas l'usage."""
A_RETENIR = frozenset({Etat.OUVERTE, Etat.POSITIONNEE})


def _test(inscription: Inscription) -> Positionnement | None:
    return Positionnement.objects.filter(inscription=inscription).first()


def peut_retenir_maintenant(role: Role, inscription: Inscription, test: Positionnement | None) -> bool:
    return (
        test is not None
        and bool(test.recommandation.get("parcours"))
        and inscription.etat in A_RETENIR
        and peut_retenir_parcours(role, inscription)
    )


def _reponses(role: Role, inscription: Inscription, test: Positionnement) -> list[dict[str, Any]]:
    """Par domaine, les réponses, à la personne et à l'organisme seulement, tant qu'elles sont gardées."""
    if test.efface_le is not None or not (est_la_personne(role, inscription) or forme(role, inscription)):
        return []
    questionnaire = questionnaire_de(test)
    return [
        {"libelle": libelle, "lignes": [_ligne(item, test.reponses) for item in questionnaire.du_domaine(code)]}
        for code, libelle in questionnaire.domaines.items()
    ]


def _ligne(item: regles.Item, reponses: dict[str, str]) -> dict[str, str]:
    choix = reponses.get(item.code)
    return {"question": item.question, "reponse": item.reponse(choix).texte if choix else "Sans réponse"}


@role_requis(*VOIENT_LE_RESULTAT)
@lecture
def resultat(request: HttpRequest, pk: int) -> HttpResponseBase:
    role = role_de(request)
    inscription = get_inscription_ou_404(role, pk)
    test = _test(inscription)
    if test is None or test.fini_le is None:
        raise Http404("Le test n’est pas fini.")
    recommandation = test.recommandation
    contexte = {
        "inscription": inscription,
        "test": test,
        "recommandation": recommandation,
        "tableaux": [
            {"legende": "Scores par domaine", "entete": "Domaine", "lignes": recommandation["domaines"]},
            {"legende": "Scores par dimension", "entete": "Dimension", "lignes": recommandation["dimensions"]},
        ],
        "retenu": commun.nom_du_parcours(inscription.parcours),
        "lien_retenir": reverse("formations:retenir_parcours", args=[role.pk, pk])
        if peut_retenir_maintenant(role, inscription, test) else "",
        "reponses": _reponses(role, inscription, test),
        "a_soi": role.type == TypeRole.CONSEILLER,
        "nom_retour": commun.nom_de_retour(role, inscription),
        "lien_retour": commun.lien_inscription(role, pk),
    }  # fmt: skip
    return render(request, "formations/positionnement/resultat.html", contexte)


@role_requis(*FORMATEURS)
@lecture_ecriture
def retenir(request: HttpRequest, pk: int) -> HttpResponseBase:
    """L'organisme a le dernier mot ; s'écarter du test demande un motif."""
    role = role_de(request)
    inscription = get_inscription_ou_404(role, pk)
    test = _test(inscription)
    if test is None or test.fini_le is None or not test.recommandation.get("parcours"):
        raise Http404("Aucun parcours à retenir : le test n’est pas fini, ou le marché n’a pas de parcours.")
    recommande = test.recommandation["parcours"]
    form = RetenirForm(
        request.POST or None,
        parcours=parcours_possibles(inscription),
        recommande=recommande,
        initial={"parcours": inscription.parcours or recommande, "motif": inscription.parcours_motif},
    )
    return page_formulaire(
        request,
        form,
        lambda lues: retenir_parcours(inscription, par=role, **lues),
        textes={
            "titre": "Retenir un parcours",
            "intro": f"{inscription.personne.get_full_name()}, {inscription.reference}. Le test recommande : "
            f"{test.recommandation['libelle']}.",
            "points": test.recommandation["raisons"],
            "bouton": "Retenir ce parcours",
            "fait": "Le parcours est retenu. La personne et son employeur sont prévenus.",
        },
        retour=reverse("formations:inscription", args=[role.pk, pk]),
        nom_retour=commun.nom_de_retour(role, inscription),
    )


def bloc(request: HttpRequest, inscription: Inscription) -> str:
    """Où en est le test, et le geste de celui qui lit la page."""
    role = role_de(request)
    if role.type not in VOIENT_LE_RESULTAT:
        return ""
    test = _test(inscription)
    fini = test is not None and test.fini_le is not None
    if not fini and inscription.etat != Etat.OUVERTE:
        return ""
    a_soi = peut_se_positionner(role, inscription)
    contexte = {
        "role": role,
        "inscription": inscription,
        "test": test,
        "fini": fini,
        "a_soi": a_soi,
        "recommandation": test.recommandation if test and fini else {},
        "avancement": regles.avancement(questionnaire_de(test), test.reponses) if test and not fini else None,
        "peut_retenir": fini and peut_retenir_maintenant(role, inscription, test),
    }
    return render_to_string("formations/positionnement/bloc.html", contexte, request=request)
