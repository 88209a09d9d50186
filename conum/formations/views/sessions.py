"""La page d'une session : ses faits, ce que chaque métier y ajoute, son calendrier."""

from collections.abc import Callable, Sequence
from typing import Any

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse

from conum.comptes.middleware import role_de
from conum.comptes.models import Role, TypeRole
from conum.formations.access import FORMATEURS, LECTEURS, get_session_ou_404, peut_gerer_session
from conum.formations.actions.annulation import est_emargee
from conum.formations.actions.calendrier import a_signaler
from conum.formations.actions.sessions import empechements
from conum.formations.models import Place, Seance, SessionFormation
from conum.formations.rules import marches
from conum.formations.rules.assiduite import Nature, en_heures
from conum.formations.states import EtatSession
from conum.formations.views import blocs_places, blocs_presence
from conum.formations.views.commun import nom_du_parcours
from conum.journal.models import Entree
from conum.socle.http import lecture, role_requis

BLOCS: tuple[Callable[[HttpRequest, SessionFormation], str], ...] = (
    blocs_places.bloc_session,
    blocs_presence.bloc_presence,
)
"""Ce que chaque métier montre sous les faits de la session, dans l'ordre ; un bloc vide ne se montre pas."""

NIVEAUX = {EtatSession.BROUILLON: "new", EtatSession.OUVERTE: "success", EtatSession.ANNULEE: "error"}
LIBELLES = {
    "creer_session": "Session créée",
    "modifier_session": "Session modifiée",
    "ouvrir_session": "Session ouverte aux inscriptions",
    "corriger_session": "Session corrigée",
    "annuler_session": "Session annulée",
    "dupliquer_session": "Copiée d’une autre session",
}


def lien_session(role: Role, pk: int) -> str:
    return reverse("formations:session", args=[role.pk, pk])


def niveau(session: SessionFormation) -> str:
    return NIVEAUX.get(EtatSession(session.etat), "neutre")


def totaux(session: SessionFormation, seances: Sequence[Seance]) -> list[dict[str, Any]]:
    """Par nature : les heures prévues au calendrier, celles du parcours."""
    try:
        parcours = marches.parcours(session.parcours)
    except marches.MarcheInconnu:
        return []
    dues = {Nature.COURS: parcours.heures_cours, Nature.STAGE: parcours.heures_stage}
    prevues = {n: sum(s.minutes for s in seances if s.nature == n) for n in dues}
    return [
        {"nature": n.value, "prevues": en_heures(prevues[n]) if prevues[n] else "", "dues": f"{heures} h",
         "manque": en_heures(heures * 60 - prevues[n]) if prevues[n] < heures * 60 else ""}
        for n, heures in dues.items() if heures or prevues[n]
    ]  # fmt: skip


def _retour(role: Role) -> tuple[str, str]:
    """Le titre et le lien de la page d'où vient ce rôle."""
    if role.type == TypeRole.CONSEILLER:
        return "Ma formation", reverse("formations:ma_formation", args=[role.pk])
    if role.type in FORMATEURS:
        titre = "Sessions de formation" if role.type == TypeRole.ANCT else "Nos sessions"
        return titre, reverse("formations:sessions", args=[role.pk])
    return "Sessions ouvertes", reverse("formations:sessions_ouvertes", args=[role.pk])


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
    manques = empechements(lue) if gere and lue.etat == EtatSession.BROUILLON else ()
    titre_liste, lien_liste = _retour(role)
    contexte = {
        "session": lue,
        "niveau": niveau(lue),
        "libelle_parcours": nom_du_parcours(lue.parcours),
        "seances": seances,
        "totaux": totaux(lue, seances),
        "assis": comptees.assis,
        "en_attente": comptees.en_attente,
        "restantes": max(lue.capacite - comptees.assis, 0),
        "gere": gere,
        # Le lien ouvre la salle : il n'est que pour ceux qui y ont une place, ou qui la tiennent.
        "voit_lien": gere or _a_un_siege(role, lue),
        "blocs": [bloc for rendre in BLOCS if (bloc := rendre(request, lue))],
        "gestes": _gestes(role, lue, prete=not manques) if gere else [],
        # Dit avant d'appuyer ce que l'ouverture refuserait.
        "manques": manques,
        "signales": a_signaler(lue) if gere else (),
        "tient_calendrier": gere and lue.etat != EtatSession.ANNULEE,
        "journal": _journal(lue) if role.type in FORMATEURS else [],
        "titre_liste": titre_liste,
        "lien_liste": lien_liste,
    }
    return render(request, "formations/sessions/session.html", contexte)


def _gestes(role: Role, session: SessionFormation, *, prete: bool) -> list[dict[str, Any]]:
    """Ce que l'organisme ou l'ANCT peut faire de la session, dans son état ; `prete` : rien n'empêche de l'ouvrir."""

    def geste(titre: str, nom: str, classe: str = "fr-btn--secondary", *, poste: bool = False) -> dict[str, Any]:
        lien = reverse(f"formations:{nom}", args=[role.pk, session.pk])
        return {"titre": titre, "lien": lien, "classe": classe, "poste": poste}

    gestes = []
    if session.etat == EtatSession.BROUILLON:
        if prete:
            gestes.append(geste("Ouvrir la session", "session_ouvrir", "", poste=True))
        gestes.append(geste("Modifier", "session_modifier"))
    elif session.etat == EtatSession.OUVERTE:
        gestes.append(geste("Corriger", "session_modifier"))
    gestes.append(geste("Copier à d’autres dates", "session_dupliquer"))
    if session.etat != EtatSession.ANNULEE and not est_emargee(session):
        gestes.append(geste("Annuler la session", "session_annuler", "fr-btn--tertiary"))
    return gestes
