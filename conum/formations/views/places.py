"""Donner une place, la retirer, la déplacer : depuis la page d'une inscription ou celle d'une session."""

from datetime import date
from typing import Any

from django.db.models import Case, Exists, OuterRef, Q, When
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from conum.comptes.middleware import role_de
from conum.comptes.models import Role, TypeRole
from conum.formations import access
from conum.formations.actions import attente, places
from conum.formations.forms.inscriptions import MotifForm
from conum.formations.forms.places import DeplacerForm, FiltresChoix, InscrireForm
from conum.formations.models import Inscription, Place, SessionFormation
from conum.formations.states import Etat, EtatPlace, EtatSession
from conum.formations.views.blocs_places import PLACENT
from conum.formations.views.commun import lien_inscription, nom_du_parcours
from conum.formations.views.pages import page_formulaire
from conum.formations.views.sessions import lien_session
from conum.formations.views.sessions_listes import annotees, avec_distance
from conum.socle.http import lecture, lecture_ecriture, role_requis
from conum.socle.listes import Colonne, Liste
from conum.socle.sql import SansAccent
from conum.territoires.models import Commune
from conum.territoires.rules import distance_km, territoire_de


def _inscription_a_placer(role: Role, pk: int) -> Inscription:
    """Celle à qui ce rôle peut donner une place ; 404 sinon."""
    inscription = access.get_inscription_ou_404(role, pk)
    if not access.peut_inscrire(role, inscription):
        raise Http404("Inscription inconnue.")
    return inscription


# --- Choisir une session -------------------------------------------------------------------------------------------


def _qui_conviennent(sessions: Any, inscription: Inscription, jour: date) -> Any:
    """À portée ou à distance, quand la personne est libre, avec une place."""
    return sessions.filter(
        Q(a_distance=True) | Q(km__lte=inscription.portee_km), debut__gte=max(inscription.disponible_le, jour),
        restantes__gt=0,
    )  # fmt: skip


def remarques(session: Any, inscription: Inscription, jour: date) -> list[str]:
    """Ce qui ne convient pas, sans rien empêcher : un humain peut en décider."""
    dites = []
    ici, la = inscription.commune, session.commune
    if not session.a_distance and la is not None:
        if territoire_de(ici.pk) != territoire_de(la.pk):
            dites.append("Dans un autre territoire, de l’autre côté de la mer.")
        elif (km := _km(ici, la)) is not None and km > inscription.portee_km:
            dites.append(f"À {km:.0f} km : la personne accepte {inscription.portee_km} km.")
    if session.debut < jour:
        dites.append(f"Déjà commencée le {session.debut:%d/%m/%Y} : les séances passées ne se suivent plus.")
    elif session.debut < inscription.disponible_le:
        dites.append(f"Commence avant que la personne soit libre ({inscription.disponible_le:%d/%m/%Y}).")
    return dites


def _km(a: Commune, b: Commune) -> float | None:
    """À vol d'oiseau ; None quand une des deux communes n'est pas située."""
    if a.latitude is None or a.longitude is None or b.latitude is None or b.longitude is None:
        return None
    return distance_km((a.latitude, a.longitude), (b.latitude, b.longitude))


@role_requis(*PLACENT)
@lecture
def choisir(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Les sessions où inscrire cette personne, de la plus proche dans le temps puis sur la carte."""
    role, jour = role_de(request), timezone.localdate()
    inscription = _inscription_a_placer(role, pk)
    tient = role.type in access.FORMATEURS
    filtres = FiltresChoix(request.GET, tient=tient)
    valeurs = filtres.valeurs()
    sessions: Any = SessionFormation.objects.visibles_par(role).filter(etat=EtatSession.OUVERTE, fin__gte=jour)
    if not valeurs.get("autres"):
        sessions = sessions.filter(parcours=inscription.parcours)
    deja = Place.objects.vivantes().filter(inscription=inscription, session=OuterRef("pk"))
    sessions = avec_distance(annotees(sessions.exclude(Exists(deja))), inscription.commune)
    if not valeurs.get("toutes"):
        sessions = _qui_conviennent(sessions, inscription, jour)
    colonnes = [
        Colonne("reference", "Session", lambda s: s.reference,
                lien=lambda s: reverse("formations:inscrire_place", args=[role.pk, pk, s.pk])),
        Colonne("debut", "Début", lambda s: s.debut, tri="debut"),
        Colonne("fin", "Fin", lambda s: s.fin, tri="fin"),
        Colonne("lieu", "Lieu", lambda s: "à distance" if s.a_distance else str(s.commune)),
        Colonne("km", "Distance (km)", lambda s: None if s.km is None else round(s.km), tri="km"),
        Colonne("restantes", "Places libres", lambda s: max(s.restantes, 0), tri="restantes"),
        Colonne("attente", "En attente", lambda s: s.en_attente),
        Colonne("parcours", "Parcours", lambda s: nom_du_parcours(s.parcours), a_l_ecran=bool(valeurs.get("autres"))),
        Colonne("organisme", "Organisme", lambda s: s.organisme.nom, tri=SansAccent("organisme__nom"),
                a_l_ecran=role.type != TypeRole.ORGANISME),
        Colonne("remarques", "À savoir", lambda s: " ".join(remarques(s, inscription, jour))),
    ]  # fmt: skip
    page = Liste(request, sessions.order_by("debut", "km", "pk"), colonnes, "debut", "sessions-possibles")
    if (fichier := page.export()) is not None:
        return fichier
    contexte = {
        "inscription": inscription,
        "nom_parcours": nom_du_parcours(inscription.parcours),
        "retour": lien_inscription(role, pk),
        "filtres": filtres,
        "liste": page,
    }
    return render(request, "formations/places/choisir.html", contexte)


@role_requis(*PLACENT)
@lecture_ecriture
def inscrire(request: HttpRequest, pk: int, session_id: int) -> HttpResponseBase:
    """Inscrire cette personne dans cette session : ce qui convient, ce qui empêche, puis le geste."""
    role, jour = role_de(request), timezone.localdate()
    inscription = _inscription_a_placer(role, pk)
    session = access.get_session_ou_404(role, session_id)
    if not access.peut_placer(role, session, inscription):
        raise Http404("Session inconnue.")
    complete = attente.siege_libre(session) is None
    autre = session.parcours != inscription.parcours
    form = InscrireForm(
        request.POST if request.method == "POST" else None,
        autre_parcours=autre and access.peut_gerer_session(role, session),
        complete=complete,
    )
    textes: dict[str, Any] = {
        "titre": f"Inscrire {inscription.personne.get_full_name()}",
        "intro": _dire_session(session),
        "points": _a_savoir(session, inscription, jour),
        "bouton": "Mettre sur la liste d’attente" if complete else "Inscrire et convoquer",
    }

    def acte(lues: dict[str, Any]) -> Place:
        place = places.inscrire(session, inscription, par=role, **lues)
        textes["fait"] = _dire_fait(place)
        return place

    retour = lien_inscription(role, pk)
    return page_formulaire(request, form, acte, textes=textes, retour=retour, nom_retour=inscription.reference)


def _a_savoir(session: SessionFormation, inscription: Inscription, jour: date) -> list[str]:
    """Ce qui ne convient pas, puis ce qui empêche."""
    if session.debut is None:
        return []
    return [*remarques(session, inscription, jour), *attente.fautes_de_calendrier(session, inscription)]


def _dire_session(session: SessionFormation) -> str:
    dates = f"du {session.debut:%d/%m/%Y} au {session.fin:%d/%m/%Y}" if session.debut and session.fin else ""
    parcours = nom_du_parcours(session.parcours)
    return f"{session.reference}, {session.intitule}, {dates}, {session.ou}. Parcours : {parcours}."


def _dire_fait(place: Place) -> str:
    if place.etat == EtatPlace.EN_ATTENTE:
        return f"La personne est sur la liste d’attente, au rang {attente.rang(place)}."
    return "La personne est inscrite. Sa convocation part, son employeur la reçoit aussi."


# --- Depuis la session ---------------------------------------------------------------------------------------------


@role_requis(*PLACENT)
@lecture
def attendent(request: HttpRequest, session_id: int) -> HttpResponseBase:
    """Qui attend une session de ce parcours, parmi ceux que ce rôle peut inscrire."""
    role, jour = role_de(request), timezone.localdate()
    session = access.get_session_ou_404(role, session_id)
    if role.type == TypeRole.ORGANISME and not access.peut_gerer_session(role, session):
        raise Http404("Session inconnue.")
    deja = Place.objects.vivantes().filter(session=session, inscription=OuterRef("pk"))
    qui: Any = (
        Inscription.objects.visibles_par(role)
        .filter(etat=Etat.POSITIONNEE, parcours=session.parcours)
        .exclude(Exists(deja))
        .select_related("personne", "contrat", "commune__departement", "organisme")
    )
    colonnes = [
        Colonne("personne", "Personne", lambda i: i.personne.get_full_name(), tri=SansAccent("personne__nom"),
                lien=lambda i: reverse("formations:inscrire_place", args=[role.pk, i.pk, session.pk])),
        Colonne("reference", "Inscription", lambda i: i.reference),
        Colonne("commune", "Exerce à", lambda i: str(i.commune), tri=SansAccent("commune__nom")),
        Colonne("depuis", "Attend depuis le", lambda i: timezone.localdate(i.created_at), tri="created_at"),
        Colonne("libre", "Peut partir le", lambda i: i.disponible_le, tri="disponible_le"),
        Colonne("remarques", "À savoir", lambda i: " ".join(remarques(session, i, jour) if session.debut else [])),
    ]  # fmt: skip
    page = Liste(request, qui, colonnes, "depuis", "personnes-en-attente")
    if (fichier := page.export()) is not None:
        return fichier
    contexte = {
        "session": session,
        "nom_parcours": nom_du_parcours(session.parcours),
        "retour": lien_session(role, session.pk),
        "liste": page,
    }
    return render(request, "formations/places/attendent.html", contexte)


# --- Retirer, déplacer ---------------------------------------------------------------------------------------------


def _retour(request: HttpRequest, role: Role, place: Place) -> str:
    """La page d'où l'on vient : la session si elle est dite, sinon l'inscription."""
    if request.GET.get("de") == "session":
        return lien_session(role, place.session_id)
    return lien_inscription(role, place.inscription_id)


@role_requis(*PLACENT)
@lecture_ecriture
def retirer(request: HttpRequest, place_id: int) -> HttpResponseBase:
    role = role_de(request)
    place = access.get_place_ou_404(role, place_id)
    if not access.peut_retirer_place(role, place):
        raise Http404("Place inconnue.")
    personne = place.inscription.personne.get_full_name()
    return page_formulaire(
        request,
        MotifForm(request.POST or None),
        lambda lues: places.retirer_place(place, par=role, **lues),
        textes={
            "titre": f"Retirer {personne} de la session {place.session.reference}",
            "intro": "La place va au premier de la liste d’attente. La personne et son employeur sont prévenus.",
            "bouton": "Retirer la place",
            "fait": "La place est rendue.",
        },
        retour=_retour(request, role, place),
        nom_retour=place.session.reference if request.GET.get("de") == "session" else place.inscription.reference,
    )


@role_requis(*access.FORMATEURS)
@lecture_ecriture
def deplacer(request: HttpRequest, place_id: int) -> HttpResponseBase:
    role = role_de(request)
    place = access.get_place_ou_404(role, place_id)
    if not access.peut_gerer_place(role, place):
        raise Http404("Place inconnue.")
    personne = place.inscription.personne.get_full_name()
    possibles: Any = SessionFormation.objects.visibles_par(role).filter(
        etat=EtatSession.OUVERTE, fin__gte=timezone.localdate()
    )
    possibles = annotees(possibles.exclude(pk=place.session_id)).filter(restantes__gt=0)
    # Celles du parcours retenu d'abord.
    autre = Case(When(parcours=place.inscription.parcours, then=0), default=1)
    possibles = possibles.order_by(autre, "debut", "pk")
    return page_formulaire(
        request,
        DeplacerForm(request.POST or None, sessions=possibles),
        lambda lues: places.deplacer_place(place, par=role, **lues),
        textes={
            "titre": f"Déplacer {personne} vers une autre session",
            "intro": (
                f"La place dans {place.session.reference} est rendue ; ce qui y est signé reste compté. Une nouvelle "
                "convocation part aussitôt."
            ),
            "bouton": "Déplacer",
            "fait": "La personne a sa place dans la nouvelle session.",
        },
        retour=lien_inscription(role, place.inscription_id),
        nom_retour=place.inscription.reference,
        suite=lambda nouvelle: lien_session(role, nouvelle.session_id),
    )
