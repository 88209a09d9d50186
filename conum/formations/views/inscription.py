"""La page d'une inscription : où elle en est, ce qui est attendu et de qui, puis ce que chaque métier y ajoute."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from conum.comptes.middleware import role_de
from conum.comptes.models import Role, TypeRole
from conum.formations import access
from conum.formations.access import LECTEURS, get_inscription_ou_404
from conum.formations.actions import departs
from conum.formations.models import Inscription, Positionnement
from conum.formations.rules import marches
from conum.formations.states import EN_ATTENTE, VIVANTES, Etat
from conum.formations.views import blocs_parcours, blocs_places, blocs_presence, commun, resultat, satisfaction
from conum.postes.models import Contrat
from conum.postes.states import Etat as EtatContrat
from conum.socle.http import lecture, role_requis

Bloc = Callable[[HttpRequest, Inscription], str]
BLOCS: tuple[Bloc, ...] = (
    resultat.bloc,
    blocs_places.bloc_inscription,
    *blocs_presence.BLOCS,
    *blocs_parcours.BLOCS,
    satisfaction.bloc,
)
"""Ce que chaque métier montre sous la fiche, dans l'ordre ; un bloc vide ne se montre pas."""

VOIENT_LE_CONTRAT = (TypeRole.ANCT, TypeRole.PREFECTURE, TypeRole.REGION, TypeRole.STRUCTURE)


def _marche(inscription: Inscription) -> marches.Marche | None:
    try:
        return marches.marche(inscription.marche_code)
    except marches.MarcheInconnu:
        return None


@role_requis(*LECTEURS, TypeRole.CONSEILLER)
@lecture
def inscription(request: HttpRequest, pk: int) -> HttpResponseBase:
    role = role_de(request)
    lue = get_inscription_ou_404(role, pk)
    marche = _marche(lue)
    voit_contrat = role.type in VOIENT_LE_CONTRAT
    contexte = {
        "inscription": lue,
        "structure": lue.contrat.structure,
        "niveau": commun.niveau(lue),
        "a_soi": role.type == TypeRole.CONSEILLER,
        "suite": _suite(lue, marche, a_soi=role.type == TypeRole.CONSEILLER, teste=_teste(lue)),
        "marche": marche,
        "nom_du_parcours": commun.nom_du_parcours(lue.parcours),
        "retard": departs.phrase_de_retard(lue, depart=departs.premier_depart(lue), jour=timezone.localdate()),
        "gestes": _gestes(role, lue),
        "avec_liste": role.type in LECTEURS,
        "lien_contrat": reverse("postes:contrat", args=[role.pk, lue.contrat_id]) if voit_contrat else "",
        "blocs": [bloc for rendre in BLOCS if (bloc := rendre(request, lue))],
        "journal": commun.journal(lue),
    }
    return render(request, "formations/inscriptions/inscription.html", contexte)


def _gestes(role: Role, inscription: Inscription) -> list[dict[str, Any]]:
    """Ce que ce rôle peut régler ici ; `direct` est un bouton, sinon une page."""
    gestes: list[dict[str, Any]] = []

    def ajouter(titre: str, nom: str, *, direct: bool = False) -> None:
        lien = reverse(f"formations:{nom}", args=[role.pk, inscription.pk])
        gestes.append({"titre": titre, "lien": lien, "direct": direct})

    if inscription.etat in EN_ATTENTE and access.peut_dire_disponibilite(role, inscription):
        ajouter("Modifier la distance et la disponibilité", "regler_disponibilite")
    if inscription.etat in EN_ATTENTE and access.peut_administrer(role):
        ajouter("Confier à un autre organisme", "confier")
    if inscription.etat in VIVANTES and access.peut_arreter(role, inscription):
        ajouter("Arrêter cette formation", "arreter_inscription")
    if inscription.etat == Etat.ABANDONNEE and access.peut_ouvrir_inscription(role, inscription):
        ajouter("Rouvrir l’inscription", "rouvrir_inscription", direct=True)
    return gestes


def _teste(inscription: Inscription) -> bool:
    return Positionnement.objects.filter(inscription=inscription, fini_le__isnull=False).exists()


def _suite(inscription: Inscription, marche: marches.Marche | None, *, a_soi: bool, teste: bool) -> str:
    """Ce qui est attendu, et de qui."""
    match inscription.etat:
        case Etat.OUVERTE if not (marche and marche.parcours):
            return "Aucun parcours de formation n’est connu pour la date de ce contrat : l’ANCT doit dire la suite."
        case Etat.OUVERTE if teste:
            return "Le test est fini : l’organisme de formation, ou l’ANCT, retient un parcours."
        case Etat.OUVERTE if a_soi:
            return "Passez le test de positionnement : il dit quel parcours vous convient."
        case Etat.OUVERTE:
            return "La personne passe le test de positionnement, puis l’organisme retient un parcours."
        case Etat.POSITIONNEE:
            return "L’employeur, l’organisme ou l’ANCT donne une place dans une session."
        case Etat.INSCRITE:
            return "La formation commence avec la première séance de la session."
        case Etat.EN_FORMATION:
            return "La personne suit ses séances ; chaque demi-journée est signée par elle et par le formateur."
        case Etat.ATTESTEE:
            return "Rien : la formation est faite et attestée."
        case Etat.DISPENSEE:
            return "Rien : la personne est dispensée de la formation initiale."
        case _:
            return "Rien : cette formation est arrêtée."


@role_requis(TypeRole.CONSEILLER)
@lecture
def ma_formation(request: HttpRequest) -> HttpResponseBase:
    """L'inscription en cours de la personne, sinon la dernière ; sinon, pourquoi elle n'en a pas."""
    role = role_de(request)
    siennes = Inscription.objects.visibles_par(role)
    trouvee = siennes.vivantes().order_by("-pk").first() or siennes.order_by("-pk").first()
    if trouvee is not None:
        return redirect(commun.lien_inscription(role, trouvee.pk))
    return render(request, "formations/inscriptions/aucune.html", {"raison": _pourquoi_aucune(role)})


def _pourquoi_aucune(role: Role) -> str:
    siens = Contrat.objects.filter(personne=role.utilisateur_id)
    etats = set(siens.order_by().values_list("etat", flat=True))
    jour = timezone.localdate()
    if siens.en_cours(jour).exists() or siens.filter(etat=EtatContrat.VALIDE, occupation__startswith__gt=jour).exists():
        return "Votre contrat est validé : votre inscription s’ouvre toute seule, dans les minutes qui viennent."
    if EtatContrat.A_VALIDER in etats:
        return "Votre contrat attend d’être validé par l’ANCT. Votre inscription s’ouvrira ensuite toute seule."
    if etats:
        return "Vous n’avez plus de contrat de conseiller numérique en cours."
    return "Vous n’avez pas de contrat de conseiller numérique : l’inscription s’ouvre quand il est validé."
