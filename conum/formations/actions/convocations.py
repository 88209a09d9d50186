"""Convoquer : dire à la personne et à sa structure les jours, les heures, le lieu, avec un calendrier à garder.

Chaque convocation garde au journal les séances qu'elle annonçait : la suivante annule, dans l'agenda de la personne,
celles qui n'y sont plus.
"""

import logging
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import groupby
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Count, Max, Q, QuerySet, Sum
from django.utils import timezone

from conum.courriels.actions import mettre_en_file
from conum.formations import access
from conum.formations.emails import destinataires
from conum.formations.emails.places import Convocation, SurPlace
from conum.formations.models import Inscription, Place, Seance, SessionFormation
from conum.formations.rules import agenda
from conum.formations.rules.calendrier import JOURS
from conum.formations.rules.presence import fuseau_de
from conum.formations.states import ASSISES, TRANSITIONS_PLACE, EtatPlace, EtatSession
from conum.journal.acteurs import SYSTEME, Acteur
from conum.journal.models import Entree
from conum.journal.workflow import TransitionImpossible, transition

logger = logging.getLogger(__name__)
JOURS_AVANT = 15
"""Une personne inscrite est convoquée au plus tard quinze jours avant le début."""
ATTENTE_CORRECTION = timedelta(minutes=10)
"""Plusieurs corrections de suite font une convocation : on attend que l'organisme ait fini."""
DETAIL_MAX = 12
"""Au-delà, le courriel renvoie au calendrier joint."""


@dataclass(frozen=True, slots=True)
class Contexte:
    """Ce qui change d'une convocation à l'autre. `avant` : la place quittée, dont les séances s'annulent."""

    promue: bool = False
    avant: Place | None = None
    motif: str = ""


# --- Le calendrier -------------------------------------------------------------------------------------------------


def version(inscription: int, session: int) -> int:
    """Le SEQUENCE d'une personne dans une session : croît à chaque convocation et à chaque retrait, jamais moins."""
    comptes = Place.objects.filter(inscription=inscription, session=session).aggregate(
        convocations=Sum("convocations"), rendues=Count("pk", filter=Q(siege=None) & ~Q(etat=EtatPlace.EN_ATTENTE))
    )
    return int(comptes["convocations"] or 0) + int(comptes["rendues"])


def _agenda(session: SessionFormation, lien: str = "") -> agenda.Agenda:
    departement = session.commune.departement_id if session.commune and not session.a_distance else ""
    contact = session.contact_email or session.organisme.contact_email
    return agenda.Agenda(
        titre=f"Formation : {session.intitule}",
        lieu=session.ou,
        description=f"{session.reference}, {session.organisme.nom}. {contact}".strip(),
        lien=lien,
        fuseau=fuseau_de(departement),
    )


def _prevues(session: SessionFormation, sequence: int) -> list[agenda.Evenement]:
    seances = Seance.objects.filter(session=session).order_by("jour", "debut")
    return [agenda.Evenement(s.pk, s.jour, s.debut, s.fin, sequence) for s in seances]


def _annoncees(place: Place, sequence: int) -> list[agenda.Evenement]:
    """Les séances de la dernière convocation de cette place, à annuler."""
    derniere = Entree.objects.de_l_objet(place).filter(action="convoquer_place").last()
    lues = derniere.donnees.get("seances", []) if derniere else []
    return [
        agenda.Evenement(n, date.fromisoformat(j), time.fromisoformat(d), time.fromisoformat(f), sequence, annule=True)
        for n, j, d, f in lues
    ]


def calendrier_de(place: Place, *, avec_lien: bool) -> str:
    """Le calendrier d'une place à télécharger ; `avec_lien` : avec la visioconférence, pour qui y a accès.

    Raises:
        TransitionImpossible: la personne n'a pas de siège.
    """
    if place.etat not in ASSISES:
        raise TransitionImpossible("Cette personne n’a pas de siège dans la session : il n’y a pas de calendrier.")
    sequence = version(place.inscription_id, place.session_id)
    return agenda.ecrire(
        _agenda(place.session, place.session.lien if avec_lien else ""), tuple(_prevues(place.session, sequence)),
        personne=place.inscription_id, ecrit_le=timezone.now(),
    )  # fmt: skip


def annulation(place: Place, session: SessionFormation) -> str:
    """Le calendrier qui retire de l'agenda ce que la place rendue annonçait ; vide si rien n'a été annoncé."""
    retirees = _annoncees(place, version(place.inscription_id, place.session_id))
    if not retirees:
        return ""
    return agenda.ecrire(
        _agenda(session), tuple(retirees), personne=place.inscription_id, ecrit_le=timezone.now(),
        methode=agenda.ANNULER,
    )  # fmt: skip


# --- Convoquer -----------------------------------------------------------------------------------------------------


def convoquer(place: Place, *, par: Acteur) -> Place:
    """Envoie la convocation d'une place, ou l'envoie de nouveau.

    Raises:
        PermissionDenied: ni l'organisme de la session, ni l'ANCT, ni le système.
        TransitionImpossible: session pas ouverte ou finie, ou personne sans siège.
    """
    with transaction.atomic():
        session = tenir_session(place.session_id)
        inscription = tenir_inscriptions([place.inscription_id])[place.inscription_id]
        return convoquer_tenue(place, session, inscription, par=par)


def convoquer_session(session: SessionFormation, *, par: Acteur) -> int:
    """Toutes les personnes qui ont un siège, en un acte ; rend leur nombre.

    Raises:
        PermissionDenied, TransitionImpossible: voir `convoquer` ; personne n'est inscrit.
    """
    with transaction.atomic():
        courante = tenir_session(session.pk)
        if not (access.est_systeme(par) or access.peut_gerer_session(par, courante)):
            raise PermissionDenied
        places = list(Place.objects.assises().filter(session=courante).order_by("pk"))
        if not places:
            raise TransitionImpossible("Personne n’est inscrit à cette session.")
        inscriptions = tenir_inscriptions([p.inscription_id for p in places])
        for place in places:
            convoquer_tenue(place, courante, inscriptions[place.inscription_id], par=par)
    return len(places)


def convoquer_tenue(
    place: Place, session: SessionFormation, inscription: Inscription, *, par: Acteur, contexte: Contexte | None = None
) -> Place:
    """La même chose, session et inscription déjà sous verrou."""
    contexte = contexte or Contexte()
    donnees: dict[str, Any] = {}
    with transition(
        place, "convoquer_place", table=TRANSITIONS_PLACE, par=par, peut=access.peut_gerer_place, donnees=donnees
    ) as courante:
        exiger_session_ouverte(session)
        encore = courante.convocations > 0
        sequence = version(courante.inscription_id, session.pk) + 1
        prevues = _prevues(session, sequence)
        parties = {e.numero: e for e in _annoncees(courante, sequence)}
        for evenement in prevues:
            parties.pop(evenement.numero, None)
        if contexte.avant is not None:
            quittee = contexte.avant
            retirees = _annoncees(quittee, version(quittee.inscription_id, quittee.session_id))
            parties |= {e.numero: e for e in retirees}
        courante.convoquee_le = timezone.now()
        courante.convocations += 1
        donnees["seances"] = [[e.numero, *map(date.isoformat, [e.jour]), *_heures(e)] for e in prevues]
        _envoyer(courante, session, inscription, [*prevues, *parties.values()], contexte, encore)
    return courante


def _heures(evenement: agenda.Evenement) -> tuple[str, str]:
    return evenement.debut.isoformat("minutes"), evenement.fin.isoformat("minutes")


def _envoyer(
    place: Place, session: SessionFormation, inscription: Inscription, evenements: list[agenda.Evenement],
    contexte: Contexte, encore: bool,
) -> None:  # fmt: skip
    maintenant = timezone.now()
    jours = _dire_jours([e for e in evenements if not e.annule])
    champs: dict[str, Any] = {
        "jours": tuple(jours[:DETAIL_MAX]),
        "autres_jours": max(len(jours) - DETAIL_MAX, 0),
        "promue": contexte.promue,
        "encore": encore,
        "avant": f"SF-{contexte.avant.session_id:05d}" if contexte.avant else "",
        "motif": contexte.motif,
    }
    joint = agenda.ecrire(
        _agenda(session, session.lien), tuple(evenements), personne=inscription.pk, ecrit_le=maintenant
    )
    prevenir(
        place, session, inscription, Convocation, a_la_personne={"visio": session.lien, "calendrier": joint},
        a_la_structure={"a_soi": False}, **champs,
    )  # fmt: skip


def prevenir(
    place: Place, session: SessionFormation, inscription: Inscription, classe: type[SurPlace], *,
    a_la_personne: dict[str, Any] | None = None, a_la_structure: dict[str, Any] | None = None, **champs: Any,
) -> None:  # fmt: skip
    """Écrit à la personne et à sa structure, chacune avec ce qui lui est propre."""
    communs = classe.faits(session) | champs
    page = "formations:session" if classe is Convocation else "formations:inscription"
    cible = session.pk if classe is Convocation else inscription.pk
    for qui, propres in (
        (destinataires.de_la_personne(inscription, page, cible), a_la_personne or {}),
        (destinataires.de_la_structure(inscription, page, cible), a_la_structure or {}),
    ):
        for chacun in qui:
            message = classe(**classe.base(inscription, chacun.lien), **(communs | propres))
            mettre_en_file(message, a=chacun.email, objet=place)


def _dire_jours(evenements: list[agenda.Evenement]) -> list[str]:
    """« lundi 07/09/2026 : 09:00 à 12:30, 13:30 à 17:00 »."""
    lignes = []
    for jour, du_jour in groupby(evenements, key=lambda e: e.jour):
        heures = ", ".join(f"{e.debut:%H:%M} à {e.fin:%H:%M}" for e in du_jour)
        lignes.append(f"{JOURS[jour.weekday()]} {jour:%d/%m/%Y} : {heures}")
    return lignes


# --- Ce qui se convoque tout seul ----------------------------------------------------------------------------------


def places_a_convoquer(jour: date) -> QuerySet[Place]:
    """Inscrites et pas encore convoquées, dans une session qui commence dans les quinze jours ou court déjà."""
    return Place.objects.filter(
        etat=EtatPlace.INSCRITE, session__etat=EtatSession.OUVERTE, session__fin__gte=jour,
        session__debut__lte=jour + timedelta(days=JOURS_AVANT),
    ).order_by("session", "pk")  # fmt: skip


def places_a_reconvoquer(maintenant: datetime) -> list[Place]:
    """Convoquées avant la dernière correction de leur session, quand l'organisme a fini de corriger."""
    jour = timezone.localdate(maintenant)
    convoquees = Place.objects.filter(
        etat=EtatPlace.CONVOQUEE, session__etat=EtatSession.OUVERTE, session__fin__gte=jour
    )
    sessions = [str(pk) for pk in convoquees.order_by().values_list("session", flat=True).distinct()]
    corrections = (
        Entree.objects.filter(objet_type=SessionFormation._meta.label, objet_id__in=sessions)
        .filter(action="corriger_session")
        .exclude(donnees__changements=[])
        .order_by()
        .values("objet_id")
        .annotate(derniere=Max("created_at"))
        .filter(derniere__lte=maintenant - ATTENTE_CORRECTION)
    )
    filtre = Q()
    for ligne in corrections:
        filtre |= Q(session=int(ligne["objet_id"]), convoquee_le__lt=ligne["derniere"])
    return list(convoquees.filter(filtre).order_by("session", "pk")) if filtre else []


def convoquer_d_office(maintenant: datetime) -> int:
    """Convoque ce qui doit l'être ; rend le nombre de convocations. Une place qui n'y est plus est passée."""
    faites = 0
    for place in (*places_a_convoquer(timezone.localdate(maintenant)), *places_a_reconvoquer(maintenant)):
        try:
            convoquer(place, par=SYSTEME)
        except TransitionImpossible as refus:
            logger.info("Place %s non convoquée : %s", place.pk, refus)
            continue
        faites += 1
    return faites


# --- Verrous, dans l'ordre de toutes les formations ----------------------------------------------------------------


def tenir_sessions(*numeros: int) -> dict[int, SessionFormation]:
    """Sous verrou, de la plus ancienne à la plus récente."""
    lues = (
        SessionFormation.objects.select_for_update(of=("self",), no_key=True)
        .select_related("organisme", "commune__departement")
        .filter(pk__in=numeros)
        .order_by("pk")
    )
    return {session.pk: session for session in lues}


def tenir_session(numero: int) -> SessionFormation:
    return tenir_sessions(numero)[numero]


def tenir_inscriptions(numeros: list[int]) -> dict[int, Inscription]:
    """Sous verrou, dans l'ordre de leur numéro ; après les sessions, avant les places."""
    lues = (
        Inscription.objects.select_for_update(of=("self",), no_key=True)
        .select_related("personne", "contrat", "organisme", "commune__departement")
        .filter(pk__in=numeros)
        .order_by("pk")
    )
    return {inscription.pk: inscription for inscription in lues}


def exiger_session_ouverte(session: SessionFormation) -> None:
    """Raises: TransitionImpossible: la session n'est pas ouverte, ou elle est finie."""
    if session.etat != EtatSession.OUVERTE:
        raise TransitionImpossible(f"La session n’est pas ouverte : elle est « {session.get_etat_display()} ».")
    if session.fin is None or session.fin < timezone.localdate():
        raise TransitionImpossible("La session est finie.")
