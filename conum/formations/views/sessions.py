"""La page d'une session : ses faits, ce que chaque métier y ajoute, son calendrier."""

from collections.abc import Callable, Sequence
from typing import Any

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse

from conum.comptes.middleware import role_de
from conum.comptes.models import Role, TypeRole
from conum.formations.access import FORMATEURS, LECTEURS, get_session_ou_404, peut_gerer_session
from conum.formations.models import Place, Seance, SessionFormation
from conum.formations.rules import marches
from conum.formations.rules.assiduite import Nature, en_heures
from conum.formations.states import TRANSITIONS_SESSION, EtatPlace, EtatSession
from conum.journal.models import Entree
from conum.socle.http import lecture, role_requis

BLOCS: tuple[Callable[[HttpRequest, SessionFormation], str], ...] = ()
"""Ce que chaque métier montre sous les faits de la session, dans l'ordre ; un bloc vide ne se montre pas."""

NIVEAUX = {EtatSession.BROUILLON: "new", EtatSession.OUVERTE: "success", EtatSession.ANNULEE: "error"}
LIBELLES = {
    "creer_session": "Session créée",
    "modifier_session": "Session modifiée",
    "ouvrir_session": "Session ouverte aux inscriptions",
    "corriger_session": "Session corrigée",
    "annuler_session": "Session annulée",
}


def lien_session(role: Role, pk: int) -> str:
    return reverse("formations:session", args=[role.pk, pk])


def niveau(session: SessionFormation) -> str:
    return NIVEAUX.get(EtatSession(session.etat), "neutre")


def libelle_parcours(session: SessionFormation) -> str:
    """Le nom du parcours ; son code quand plus aucun marché ne le connaît."""
    try:
        return marches.parcours(session.parcours).libelle
    except marches.MarcheInconnu:
        return session.parcours


def totaux(session: SessionFormation, seances: Sequence[Seance]) -> list[dict[str, Any]]:
    """Par nature : les heures prévues au calendrier, celles du parcours."""
    try:
        parcours = marches.parcours(session.parcours)
    except marches.MarcheInconnu:
        return []
    dues = {Nature.COURS: parcours.heures_cours, Nature.STAGE: parcours.heures_stage}
    prevues = {n: sum(s.minutes for s in seances if s.nature == n) for n in dues}
    return [
        {"nature": n.value, "prevues": en_heures(prevues[n]), "dues": f"{heures} h",
         "manque": en_heures(heures * 60 - prevues[n]) if prevues[n] < heures * 60 else ""}
        for n, heures in dues.items() if heures or prevues[n]
    ]  # fmt: skip


def _retour(role: Role) -> tuple[str, str]:
    """Le titre et le lien de la liste d'où vient ce rôle ; rien pour un conseiller."""
    return "", ""


def _journal(session: SessionFormation) -> list[dict[str, Any]]:
    return [
        {"titre": LIBELLES.get(e.action, e.action), "date": e.created_at, "auteur": e.acteur, "texte": e.motif,
         "etat": "fait"}
        for e in Entree.objects.de_l_objet(session)
    ]  # fmt: skip


def _a_un_siege(role: Role, session: SessionFormation) -> bool:
    return (
        role.type == TypeRole.CONSEILLER
        and Place.objects.assises().filter(session=session, inscription__personne=role.utilisateur_id).exists()
    )


@role_requis(*LECTEURS, TypeRole.CONSEILLER)
@lecture
def session(request: HttpRequest, session_id: int) -> HttpResponseBase:
    role = role_de(request)
    lue = get_session_ou_404(role, session_id)
    seances = list(Seance.objects.filter(session=lue).order_by("jour", "debut"))
    comptees: Any = SessionFormation.objects.avec_places().get(pk=lue.pk)
    gere = peut_gerer_session(role, lue)
    titre_liste, lien_liste = _retour(role)
    contexte = {
        "session": lue,
        "niveau": niveau(lue),
        "libelle_parcours": libelle_parcours(lue),
        "seances": seances,
        "totaux": totaux(lue, seances),
        "assis": comptees.assis,
        "en_attente": comptees.en_attente,
        "restantes": max(lue.capacite - comptees.assis, 0),
        "gere": gere,
        # Le lien ouvre la salle : il n'est que pour ceux qui y ont une place, ou qui la tiennent.
        "voit_lien": gere or _a_un_siege(role, lue),
        "blocs": [bloc for rendre in BLOCS if (bloc := rendre(request, lue))],
        "gestes": _gestes(role, lue) if gere else [],
        "journal": _journal(lue) if role.type in FORMATEURS else [],
        "titre_liste": titre_liste,
        "lien_liste": lien_liste,
    }
    return render(request, "formations/sessions/session.html", contexte)


def _gestes(role: Role, session: SessionFormation) -> list[dict[str, str]]:
    return []
