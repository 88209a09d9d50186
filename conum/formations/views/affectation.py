"""L'affectation : lancer un passage, lire chaque proposition et ses raisons, confirmer ou écarter."""

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.db.models import Count, Q
from django.db.models.functions import Concat
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse

from conum.comptes.middleware import role_de
from conum.comptes.models import Role, TypeRole
from conum.formations import access
from conum.formations.actions import confirmations
from conum.formations.actions.affectation import inscriptions_a_placer, lancer_passage
from conum.formations.forms.affectation import FiltresPassage
from conum.formations.forms.inscriptions import MotifForm
from conum.formations.models import PassageAffectation, PropositionSession
from conum.formations.states import EtatProposition
from conum.formations.views.commun import nom_du_parcours
from conum.formations.views.pages import acte_direct, page_formulaire
from conum.socle.http import ecriture, lecture, lecture_ecriture, role_requis
from conum.socle.listes import Pages
from conum.socle.sql import SansAccent
from conum.socle.texte import sans_accent

PAR_PAGE = 50
CHIFFRES = 10
"""Un numéro plus long n'est celui de rien."""
CAUSES = {
    "niveau": "aucune session de leur parcours",
    "portee": "aucune session à portée",
    "date": "aucune session quand elles sont libres",
    "places": "sessions complètes",
}
NIVEAUX = {
    EtatProposition.PROPOSEE: "new",
    EtatProposition.CONFIRMEE: "success",
    EtatProposition.ECARTEE: "error",
    EtatProposition.PERIMEE: "neutre",
}


def lien_passage(role: Role, pk: int) -> str:
    return reverse("formations:passage", args=[role.pk, pk])


@role_requis(*access.FORMATEURS)
@lecture
def passages(request: HttpRequest) -> HttpResponseBase:
    role = role_de(request)
    faits: Any = access.passages_visibles(role).select_related("par__utilisateur")
    faits = faits.annotate(
        reste=Count("propositions", filter=Q(propositions__etat="proposee", propositions__session__isnull=False)),
        confirmees=Count("propositions", filter=Q(propositions__etat="confirmee")),
    )
    contexte = {
        "liste": Pages(request, faits.order_by("-pk")),
        "attendent": inscriptions_a_placer(role).count(),
        "pays": role.type == TypeRole.ANCT,
    }
    return render(request, "formations/affectation/passages.html", contexte)


@role_requis(*access.FORMATEURS)
@ecriture
def lancer(request: HttpRequest) -> HttpResponseBase:
    role = role_de(request)
    passage = lancer_passage(par=role)
    messages.success(
        request, f"{passage.placees} personnes ont une proposition, sur {passage.personnes} qui attendent."
    )
    return redirect(lien_passage(role, passage.pk))


# --- Un passage ----------------------------------------------------------------------------------------------------


def _filtrer(passage: PassageAffectation, valeurs: dict[str, Any]) -> Any:
    lues = PropositionSession.objects.filter(passage=passage)
    match valeurs.get("montrer", ""):
        case "":
            lues = lues.filter(etat=EtatProposition.PROPOSEE, session__isnull=False)
        case "sans":
            lues = lues.filter(session=None)
        case etat:
            lues = lues.filter(etat=etat, session__isnull=False)
    if departement := valeurs.get("departement"):
        lues = lues.filter(inscription__commune__departement=departement)
    if parcours := valeurs.get("parcours"):
        lues = lues.filter(inscription__parcours=parcours)
    if saisie := valeurs.get("recherche"):
        lues = _chercher(lues, saisie)
    suivies = (
        "session__organisme", "session__commune", "inscription__personne", "inscription__commune",
        "passage__par",
    )  # fmt: skip
    return lues.select_related(*suivies).order_by("session__debut", "session", "inscription__created_at", "pk")


def _chercher(lues: Any, saisie: str) -> Any:
    """Par le nom, dans un sens ou dans l'autre, ou par un numéro FO ou SF."""
    compact = sans_accent(saisie).lower().replace(" ", "")
    lues = lues.annotate(
        nom_cherche=SansAccent(Concat("inscription__personne__prenom", "inscription__personne__nom")),
        nom_inverse=SansAccent(Concat("inscription__personne__nom", "inscription__personne__prenom")),
    )
    critere = Q(nom_cherche__contains=compact) | Q(nom_inverse__contains=compact)
    for tete, champ in (("fo-", "inscription"), ("sf-", "session")):
        chiffres = compact.removeprefix(tete)
        if chiffres != compact and chiffres.isascii() and chiffres.isdigit() and len(chiffres) < CHIFFRES:
            critere |= Q(**{champ: int(chiffres)})
    return lues.filter(critere)


@role_requis(*access.FORMATEURS)
@lecture
def passage(request: HttpRequest, pk: int) -> HttpResponseBase:
    role = role_de(request)
    lu = access.get_passage_ou_404(role, pk)
    filtres = FiltresPassage(request.GET)
    liste = Pages(request, _filtrer(lu, filtres.valeurs()), PAR_PAGE)
    lignes = [
        {
            "proposition": p,
            "niveau": NIVEAUX[EtatProposition(p.etat)],
            "parcours": nom_du_parcours(p.inscription.parcours),
            "autres": p.explication.get("autres", []),
            "phrase": p.explication.get("phrase", ""),
            "decidable": p.etat == EtatProposition.PROPOSEE and p.session_id is not None,
        }
        for p in liste.page
    ]
    contexte = {
        "passage": lu,
        "filtres": filtres,
        "liste": liste,
        "lignes": lignes,
        "reste": confirmations.a_confirmer(lu).count(),
        "causes": [
            {"nombre": n, "texte": CAUSES.get(cause, cause)} for cause, n in lu.bilan.get("sans_place", {}).items()
        ],
        "bilan": {nom: lu.bilan.get(nom, 0) for nom in ("ecartees", "sur_liste", "sessions_ecartees", "places_libres")},
        "confirmation": _confirmation(lu),
        "cochables": any(ligne["decidable"] for ligne in lignes),
    }
    return render(request, "formations/affectation/passage.html", contexte)


def _confirmation(passage: PassageAffectation) -> dict[str, Any] | None:
    """Où en est la confirmation de tout le passage, si elle a été demandée."""
    compte = passage.bilan.get("confirmation")
    if not compte:
        return None
    finie = compte.get("finie_le", "")
    return {
        "demandee_le": datetime.fromisoformat(compte["demandee_le"]),
        "finie_le": datetime.fromisoformat(finie) if finie else None,
        "a_faire": compte["a_faire"],
        "faites": compte.get("faites", 0),
        "refusees": compte.get("refusees", []),
    }


# --- Décider -------------------------------------------------------------------------------------------------------


@role_requis(*access.FORMATEURS)
@ecriture
def confirmer(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Celles qui sont cochées, ou celle dont on a pressé le bouton ; chaque refus est dit, le reste se fait."""
    role = role_de(request)
    lu = access.get_passage_ou_404(role, pk)
    seule = request.POST.get("seule", "")
    voulues = [seule] if seule else request.POST.getlist("choix")
    demandees = [int(v) for v in voulues if v.isascii() and v.isdigit() and len(v) < CHIFFRES]
    propositions = list(
        PropositionSession.objects.filter(passage=lu, pk__in=demandees)
        .select_related("passage__par", "session", "inscription__personne")
        .order_by("pk")[:PAR_PAGE]
    )
    if not propositions:
        messages.error(request, "Cochez au moins une proposition.")
    lignes = confirmations.confirmer_plusieurs(propositions, par=role)
    if faites := sum(ligne.fait for ligne in lignes):
        pluriel = "s" if faites > 1 else ""
        messages.success(request, f"{faites} personne{pluriel} inscrite{pluriel} et convoquée{pluriel}.")
    for ligne in lignes:
        if not ligne.fait:
            messages.error(request, f"{ligne.personne} ({ligne.reference}) : {ligne.phrase}")
    return redirect(lien_passage(role, pk))


@role_requis(*access.FORMATEURS)
@ecriture
def confirmer_tout(request: HttpRequest, pk: int) -> HttpResponseBase:
    role = role_de(request)
    lu = access.get_passage_ou_404(role, pk)
    return acte_direct(
        request,
        lambda: confirmations.demander_tout(lu, par=role),
        fait="La confirmation commence : cette page dit où elle en est.",
        retour=lien_passage(role, pk),
    )


@role_requis(*access.FORMATEURS)
@lecture_ecriture
def ecarter(request: HttpRequest, pk: int) -> HttpResponseBase:
    role = role_de(request)
    proposition = get_object_or_404(
        PropositionSession.objects.filter(passage__in=access.passages_visibles(role)).select_related(
            "passage__par", "session__organisme", "inscription__personne"
        ),
        pk=pk,
    )
    if not access.peut_decider_proposition(role, proposition):
        raise Http404("Proposition inconnue.")
    return page_formulaire(
        request,
        MotifForm(request.POST or None),
        lambda lues: confirmations.ecarter(proposition, par=role, **lues),
        textes={
            "titre": f"Écarter la proposition pour {proposition.inscription.personne.get_full_name()}",
            "intro": "La personne attend le passage suivant.",
            "bouton": "Écarter",
            "fait": "La proposition est écartée.",
        },
        retour=lien_passage(role, proposition.passage_id),
        nom_retour=f"Passage n° {proposition.passage_id}",
    )
