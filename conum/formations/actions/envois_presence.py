"""Les liens de la présence : le matin au formateur et à l'apprenant à distance, le lendemain à qui n'a pas signé.

Rejoué, un travail n'écrit rien de plus : chaque courriel a sa clé. En retard, il part de ce qui reste à signer.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from conum.courriels.actions import Envoi, mettre_en_file_en_masse
from conum.formations.access import peut_gerer_session
from conum.formations.actions.liens import lien_apprenant, lien_formateur
from conum.formations.emails.presence import SignerSaJournee, TenirSeance
from conum.formations.models import Emargement, Place, Seance
from conum.formations.rules import presence as regles
from conum.formations.states import EtatSession
from conum.journal.acteurs import Acteur
from conum.journal.actions import noter
from conum.journal.workflow import TransitionImpossible
from conum.socle import limites

RELANCE_JOURS = 3
"""Au-delà, une relance manquée (travail arrêté) ne part plus."""
ENVOIS_PAR_HEURE = 5


@dataclass(frozen=True)
class Envoye:
    formateurs: int
    apprenants: int


def _seances(jours: Iterable[date]) -> QuerySet[Seance]:
    ouvertes = Seance.objects.filter(jour__in=list(jours), session__etat=EtatSession.OUVERTE)
    return ouvertes.select_related("session__organisme", "session__commune").order_by("jour", "debut", "pk")


def _heures(seances: Iterable[Seance]) -> list[str]:
    return [f"de {s.debut:%H:%M} à {s.fin:%H:%M}" for s in seances]


def _aux_formateurs(seances: Iterable[Seance], cle: str, *, relance: bool = False) -> Iterator[Envoi]:
    """Un courriel par session, jour et formateur."""
    groupes: dict[tuple[int, date, str], list[Seance]] = defaultdict(list)
    for seance in seances:
        if seance.formateur_email:
            groupes[(seance.session_id, seance.jour, seance.formateur_email.lower())].append(seance)
    for (session, jour, email), siennes in groupes.items():
        premiere = siennes[0]
        message = TenirSeance(
            jour=f"{jour:%d/%m/%Y}",
            session=premiere.session.reference,
            intitule=premiere.session.intitule,
            heures=_heures(siennes),
            lien=lien_formateur(premiere),
            dernier_jour=f"{jour + timedelta(days=regles.JOURS_POUR_SIGNER):%d/%m/%Y}",
            relance=relance,
        )
        yield Envoi(message, email, premiere.session, f"{cle}:formateur:{session}:{jour.isoformat()}:{email}")


def _aux_apprenants(
    places: Iterable[tuple[Place, list[Seance]]], cle: str, aujourd_hui: date, *, relance: bool = False
) -> Iterator[Envoi]:
    """Un courriel par place et par jour ; passé le lendemain, il ne porte plus de lien personnel."""
    for place, seances in places:
        jour = seances[0].jour
        vaut = regles.lien_valable(jour, aujourd_hui)
        message = SignerSaJournee(
            jour=f"{jour:%d/%m/%Y}",
            heures=_heures(seances),
            lien=lien_apprenant(place, jour) if vaut else f"{settings.SITE_URL}/",
            dernier_jour=f"{jour + timedelta(days=1):%d/%m/%Y}",
            relance=relance,
            personnel=vaut,
        )
        email = place.inscription.personne.email
        yield Envoi(message, email, place.inscription, f"{cle}:apprenant:{place.pk}:{jour.isoformat()}")


def _a_signer(seances: Iterable[Seance]) -> Iterator[tuple[Place, list[Seance]]]:
    """Par place et par jour, les séances que l'apprenant n'a ni signées ni manquées."""
    seances = list(seances)
    par_session: dict[int, list[Place]] = defaultdict(list)
    assises = Place.objects.assises().filter(session__in={s.session_id for s in seances})
    for place in assises.select_related("inscription__personne").order_by("pk"):
        par_session[place.session_id].append(place)
    lignes = Emargement.objects.valables().filter(seance__in=seances)
    dites = {
        (e.place_id, e.seance_id) for e in lignes if e.absent or e.signe_apprenant_le is not None
    }  # fmt: skip
    restes: dict[tuple[int, date], tuple[Place, list[Seance]]] = {}
    for seance in seances:
        for place in par_session[seance.session_id]:
            if (place.pk, seance.pk) not in dites:
                restes.setdefault((place.pk, seance.jour), (place, []))[1].append(seance)
    yield from restes.values()


def a_tenir(seances: Iterable[Seance]) -> list[Seance]:
    """Les séances dont le formateur n'a pas tout dit : il y reste une personne sans sa signature ni absence."""
    seances = list(seances)
    sessions = {s.session_id for s in seances}
    assises: dict[int, set[int]] = defaultdict(set)
    for place, session in Place.objects.assises().filter(session__in=sessions).values_list("pk", "session_id"):
        assises[session].add(place)
    dites: dict[int, set[int]] = defaultdict(set)
    for ligne in Emargement.objects.valables().filter(seance__in=seances):
        if ligne.absent or ligne.signe_formateur_le is not None:
            dites[ligne.seance_id].add(ligne.place_id)
    return [s for s in seances if assises[s.session_id] - dites[s.pk]]


def envoyer_liens_du_jour(jour: date) -> int:
    """Le matin : au formateur sa feuille, à l'apprenant d'une session à distance son lien. Rend le nombre d'envois."""
    seances = list(_seances([jour]))
    a_distance = [s for s in seances if s.session.a_distance]
    with transaction.atomic():
        return mettre_en_file_en_masse(
            [*_aux_formateurs(seances, "presence"), *_aux_apprenants(_a_signer(a_distance), "presence", jour)]
        )


def relancer_signatures(jour: date) -> int:
    """Le lendemain : à l'apprenant et au formateur qui n'ont pas signé, une seule fois. Rend le nombre d'envois."""
    jours = [jour - timedelta(days=n) for n in range(1, RELANCE_JOURS + 1)]
    seances = list(_seances(jours))
    with transaction.atomic():
        return mettre_en_file_en_masse(
            [
                *_aux_formateurs(a_tenir(seances), "presence-relance", relance=True),
                *_aux_apprenants(_a_signer(seances), "presence-relance", jour, relance=True),
            ]
        )


def envoyer_liens(seance: Seance, *, par: Acteur) -> Envoye:
    """À la demande de l'organisme : leur lien au formateur, et aux apprenants qui n'ont pas signé.

    Raises:
        PermissionDenied: ni l'organisme de la session ni l'ANCT.
        TransitionImpossible: un autre jour que celui de la demi-journée ou le lendemain ; trop d'envois.
    """
    if not peut_gerer_session(par, seance.session):
        raise PermissionDenied
    aujourd_hui = timezone.localdate()
    if not seance.jour <= aujourd_hui <= seance.jour + timedelta(days=regles.JOURS_POUR_SIGNER):
        raise TransitionImpossible("Les liens s’envoient le jour même, et dans les sept jours qui suivent.")
    if limites.depasse(f"presence-liens:{seance.pk}", maximum=ENVOIS_PAR_HEURE, duree=timedelta(hours=1)):
        raise TransitionImpossible("Les liens viennent d’être envoyés plusieurs fois. Réessayez dans une heure.")
    # À la seconde : deux clics sont un envoi.
    cle = f"presence-demande:{seance.pk}:{timezone.now():%Y%m%d%H%M%S}"
    with transaction.atomic():
        formateurs = mettre_en_file_en_masse(_aux_formateurs([seance], cle))
        apprenants = mettre_en_file_en_masse(_aux_apprenants(_a_signer([seance]), cle, aujourd_hui))
        noter(seance, "envoyer_liens", par=par, donnees={"formateurs": formateurs, "apprenants": apprenants})
    return Envoye(formateurs, apprenants)
