"""Les places, sur la page d'une inscription et sur celle d'une session."""

from typing import Any

from django.http import HttpRequest
from django.template.loader import render_to_string

from conum.comptes.middleware import role_de
from conum.comptes.models import Role, TypeRole
from conum.formations import access
from conum.formations.actions.assiduite import assiduite_de
from conum.formations.actions.attente import PLACABLES, attente_de
from conum.formations.models import Inscription, Place, SessionFormation
from conum.formations.states import ASSISES, PLACES_VIVANTES, Etat, EtatPlace, EtatSession

PLACENT = (TypeRole.ANCT, TypeRole.ORGANISME, TypeRole.STRUCTURE)
NIVEAUX = {
    EtatPlace.EN_ATTENTE: "warning",
    EtatPlace.INSCRITE: "info",
    EtatPlace.CONVOQUEE: "success",
    EtatPlace.RETIREE: "neutre",
    EtatPlace.DEPLACEE: "neutre",
}


def _ligne(place: Place, role: Role, rangs: dict[int, int]) -> dict[str, Any]:
    vivante = place.etat in PLACES_VIVANTES
    attestee = place.inscription.etat == Etat.ATTESTEE
    gere = vivante and access.peut_gerer_place(role, place)
    return {
        "place": place,
        "session": place.session,
        "niveau": NIVEAUX[EtatPlace(place.etat)],
        "rang": rangs.get(place.pk, 0),
        "agenda": place.etat in ASSISES,
        "convoquer": gere and place.etat in ASSISES,
        "deplacer": gere and not attestee,
        "retirer": vivante and not attestee and role.type in PLACENT and access.peut_retirer_place(role, place),
    }


def bloc_inscription(request: HttpRequest, inscription: Inscription) -> str:
    """Les sessions de la personne, ce qu'on peut y changer, et comment lui en donner une."""
    role = role_de(request)
    places = list(
        Place.objects.filter(inscription=inscription)
        .select_related("session__organisme", "session__commune")
        .order_by("-pk")
    )
    for place in places:
        place.inscription = inscription
    rangs: dict[int, int] = {}
    for place in places:
        if place.etat == EtatPlace.EN_ATTENTE:
            rangs |= {p.pk: k for k, p in enumerate(attente_de(place.session), start=1)}
    rattraper = inscription.etat != Etat.POSITIONNEE
    choisir = inscription.etat in PLACABLES and access.peut_inscrire(role, inscription)
    if choisir and rattraper:
        # Qui a une place n'en cherche une autre que s'il lui manque des heures que rien ne prévoit.
        choisir = assiduite_de(inscription).a_reprogrammer > 0
    if not places and not choisir:
        return ""
    contexte = {
        "inscription": inscription,
        "lignes": [_ligne(place, role, rangs) for place in places],
        "a_soi": role.type == TypeRole.CONSEILLER,
        "choisir": choisir,
        "rattraper": rattraper,
    }
    return render_to_string("formations/places/bloc_inscription.html", contexte, request=request)


def bloc_session(request: HttpRequest, session: SessionFormation) -> str:
    """Les inscrits et la liste d'attente : tous pour qui tient la session, les siens pour un employeur."""
    role = role_de(request)
    if role.type == TypeRole.CONSEILLER or session.etat == EtatSession.BROUILLON:
        return ""
    tient = access.peut_gerer_session(role, session)
    ouverte = session.etat == EtatSession.OUVERTE
    visibles = Place.objects.filter(session=session)
    if not tient:
        visibles = visibles.visibles_par(role)
    suivies = ("session__organisme", "inscription__personne", "inscription__contrat", "inscription__commune")
    places = list(visibles.select_related(*suivies).order_by("siege", "created_at", "pk"))
    rangs = {p.pk: k for k, p in enumerate(attente_de(session), start=1)}
    lignes = [_ligne(place, role, rangs) for place in places]
    assises = [ligne for ligne in lignes if ligne["agenda"]]
    contexte = {
        "session": session,
        "assises": assises,
        "attente": sorted((x for x in lignes if x["rang"]), key=lambda x: x["rang"]),
        "rendues": [x for x in lignes if x["place"].etat not in PLACES_VIVANTES],
        "tient": tient,
        "inscrire": ouverte and (tient or role.type == TypeRole.STRUCTURE),
        "convoquer": tient and ouverte and bool(assises),
        "agents": not tient and role.type != TypeRole.STRUCTURE,
    }
    return render_to_string("formations/places/bloc_session.html", contexte, request=request)
