"""Les listes de sessions : celles que tient un organisme ou l'ANCT, celles qui sont ouvertes aux structures."""

from datetime import date, timedelta
from typing import Any

from django.db.models import Case, F, FloatField, Q, Value, When
from django.db.models.functions import ASin, Cos, Least, Power, Radians, Sin, Sqrt
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from conum.comptes.middleware import role_de
from conum.comptes.models import Role, TypeRole
from conum.formations.access import FORMATEURS
from conum.formations.forms.sessions import FiltresSessions
from conum.formations.models import SessionFormation
from conum.formations.models.session import SessionQuerySet
from conum.formations.states import EtatSession
from conum.formations.views.commun import nom_du_parcours
from conum.formations.views.sessions import lien_session
from conum.socle.http import lecture, role_requis
from conum.socle.listes import Colonne, Liste
from conum.socle.sql import SansAccent
from conum.structures.access import structure_du_role
from conum.territoires.models import Commune
from conum.territoires.rules import RAYON_TERRE_KM

NIVEAUX = {"En préparation": "new", "À venir": "success", "En cours": "info", "Annulée": "error"}


def moment_de(session: SessionFormation, jour: date) -> str:
    """Ce que disent l'état et les dates, ce jour-là."""
    if session.etat != EtatSession.OUVERTE:
        return str(EtatSession(session.etat).label)
    if session.debut is None or session.debut > jour:
        return "À venir"
    return "En cours" if session.fin is None or session.fin >= jour else "Passée"


def _du_moment(moment: str, jour: date) -> Q:
    ouverte = Q(etat=EtatSession.OUVERTE)
    return {
        "brouillon": Q(etat=EtatSession.BROUILLON),
        "annulees": Q(etat=EtatSession.ANNULEE),
        "a_venir": ouverte & Q(debut__gt=jour),
        "en_cours": ouverte & Q(debut__lte=jour, fin__gte=jour),
        "passees": ouverte & Q(fin__lt=jour),
    }[moment]


def _filtrer(sessions: SessionQuerySet, valeurs: dict[str, Any], jour: date) -> SessionQuerySet:
    if moment := valeurs.get("moment"):
        sessions = sessions.filter(_du_moment(moment, jour))
    if mois := valeurs.get("mois"):
        premier = date.fromisoformat(f"{mois}-01")
        suivant = (premier + timedelta(days=32)).replace(day=1)
        sessions = sessions.filter(debut__gte=premier, debut__lt=suivant)
    if region := valeurs.get("region"):
        sessions = sessions.filter(commune__departement__region=region)
    if presence := valeurs.get("presence"):
        sessions = sessions.filter(a_distance=presence == "oui")
    for champ in ("organisme", "parcours"):
        if champ in valeurs:
            sessions = sessions.filter(**{champ: valeurs[champ]})
    return sessions


def annotees(sessions: SessionQuerySet) -> Any:
    """Ce que les colonnes lisent, en une requête."""
    return (
        sessions.avec_places()
        .select_related("organisme", "commune__departement__region")
        .annotate(restantes=F("capacite") - F("assis"))
    )


def avec_distance(sessions: Any, commune: Commune | None) -> Any:
    """Annote `km`, à vol d'oiseau (haversine) ; vide à distance, ou quand un des deux lieux n'est pas situé."""
    if commune is None or commune.latitude is None or commune.longitude is None:
        return sessions.annotate(km=Value(None, output_field=FloatField()))
    lat, lon = Radians(F("commune__latitude")), Radians(F("commune__longitude"))
    ici_lat, ici_lon = Radians(Value(commune.latitude)), Radians(Value(commune.longitude))
    h = Power(Sin((lat - ici_lat) / 2), 2) + Cos(lat) * Cos(ici_lat) * Power(Sin((lon - ici_lon) / 2), 2)
    # `least` ignore le vide : sans ce cas, une session sans lieu serait aux antipodes.
    km = Value(2 * RAYON_TERRE_KM) * ASin(Sqrt(Least(h, Value(1.0))))
    return sessions.annotate(km=Case(When(commune__latitude__isnull=False, then=km), output_field=FloatField()))


def colonnes(role: Role, jour: date) -> list[Colonne]:
    de_l_organisme = role.type == TypeRole.ORGANISME
    de_la_structure = role.type == TypeRole.STRUCTURE
    tient = role.type in FORMATEURS

    def region(s: Any) -> str:
        return s.commune.departement.region.nom if s.commune else ""

    return [
        Colonne("reference", "Session", lambda s: s.reference, tri="pk", lien=lambda s: lien_session(role, s.pk)),
        Colonne("intitule", "Intitulé", lambda s: s.intitule, tri=SansAccent("intitule")),
        Colonne("organisme", "Organisme", lambda s: s.organisme.nom, tri=SansAccent("organisme__nom"),
                a_l_ecran=not de_l_organisme),
        Colonne("parcours", "Parcours", lambda s: nom_du_parcours(s.parcours), tri="parcours", a_l_ecran=False),
        Colonne("debut", "Début", lambda s: s.debut, tri="debut"),
        Colonne("fin", "Fin", lambda s: s.fin, tri="fin"),
        Colonne("lieu", "Lieu", lambda s: "à distance" if s.a_distance else str(s.commune or "à préciser"),
                tri=SansAccent("commune__nom")),
        Colonne("adresse", "Adresse", lambda s: s.ou, a_l_ecran=False),
        Colonne("region", "Région", region, tri=SansAccent("commune__departement__region__nom"), a_l_ecran=False),
        *([Colonne("km", "Distance (km)", lambda s: None if s.km is None else round(s.km), tri="km")]
          if de_la_structure else []),
        Colonne("restantes", "Places libres", lambda s: max(s.restantes, 0), tri="restantes"),
        Colonne("capacite", "Places", lambda s: s.capacite, tri="capacite", a_l_ecran=tient),
        Colonne("inscrits", "Inscrits", lambda s: s.assis, tri="assis", a_l_ecran=tient),
        Colonne("attente", "En attente", lambda s: s.en_attente, tri="en_attente"),
        Colonne("etat", "État", lambda s: moment_de(s, jour), tri="etat",
                niveau=lambda s: NIVEAUX.get(moment_de(s, jour), "neutre")),
    ]  # fmt: skip


@role_requis(*FORMATEURS)
@lecture
def tenues(request: HttpRequest) -> HttpResponseBase:
    """Toutes les sessions d'un organisme ; toutes celles du pays pour l'ANCT."""
    role = role_de(request)
    jour = timezone.localdate()
    sans = ("organisme",) if role.type == TypeRole.ORGANISME else ()
    filtres = FiltresSessions(request.GET, jour=jour, sans=sans)
    visibles = SessionFormation.objects.visibles_par(role)
    page = Liste(
        request, annotees(_filtrer(visibles, filtres.valeurs(), jour)), colonnes(role, jour), "-debut", "sessions"
    )
    if (fichier := page.export()) is not None:
        return fichier
    contexte = {
        "liste": page,
        "filtres": filtres,
        "titre": "Sessions de formation" if role.type == TypeRole.ANCT else "Nos sessions",
        "lien_creer": reverse("formations:session_creer", args=[role.pk]),
        "vide": "Aucune session ne répond à ces critères.",
        "situee": False,
        "commune": None,
    }
    return render(request, "formations/sessions/liste.html", contexte)


@role_requis(TypeRole.STRUCTURE, TypeRole.PREFECTURE, TypeRole.REGION)
@lecture
def ouvertes(request: HttpRequest) -> HttpResponseBase:
    """Les sessions ouvertes et pas encore commencées ; pour une structure, de la plus proche à la plus lointaine."""
    role = role_de(request)
    jour = timezone.localdate()
    filtres = FiltresSessions(request.GET, jour=jour, sans=("moment",))
    visibles = SessionFormation.objects.visibles_par(role).a_venir(jour)
    sessions = annotees(_filtrer(visibles, filtres.valeurs(), jour))
    structure = structure_du_role(role) if role.type == TypeRole.STRUCTURE else None
    commune = structure.commune if structure else None
    page = Liste(request, avec_distance(sessions, commune), colonnes(role, jour), "debut", "sessions-ouvertes")
    if (fichier := page.export()) is not None:
        return fichier
    contexte = {
        "liste": page,
        "filtres": filtres,
        "titre": "Sessions ouvertes",
        "lien_creer": "",
        "vide": "Aucune session ouverte ne répond à ces critères.",
        "situee": commune is not None,
        "commune": commune,
    }
    return render(request, "formations/sessions/liste.html", contexte)
