"""La liste d'attente d'une session et ses sièges : premier arrivé, premier servi. Tout se fait sous les verrous.

Les fonctions « tenues » supposent la session et les inscriptions déjà sous verrou, dans cet ordre.
"""

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from conum.formations import access
from conum.formations.actions.convocations import (
    Contexte,
    annulation,
    convoquer_tenue,
    prevenir,
    tenir_inscriptions,
    tenir_session,
)
from conum.formations.emails.places import PlaceRetiree
from conum.formations.models import Emargement, Inscription, Place, PropositionSession, Seance, SessionFormation
from conum.formations.rules import marches
from conum.formations.rules.assiduite import DemiJournee, verifier_calendrier
from conum.formations.rules.presence import JOURS_POUR_SIGNER
from conum.formations.states import (
    ASSISES,
    TRANSITIONS,
    TRANSITIONS_PLACE,
    TRANSITIONS_PROPOSITION,
    Etat,
    EtatPlace,
    EtatSession,
)
from conum.journal.acteurs import SYSTEME, Acteur
from conum.journal.workflow import transition

PLACABLES = frozenset({Etat.POSITIONNEE, Etat.INSCRITE, Etat.EN_FORMATION})
"""Qui attend une session, ou en suit une et doit rattraper des heures."""


# --- Sièges et rangs -----------------------------------------------------------------------------------------------


def siege_libre(session: SessionFormation) -> int | None:
    """Le plus petit numéro de siège libre ; None si la session est complète."""
    pris = set(Place.objects.assises().filter(session=session).order_by().values_list("siege", flat=True))
    return next((k for k in range(1, session.capacite + 1) if k not in pris), None)


def attente_de(session: SessionFormation) -> list[Place]:
    """La liste d'attente, dans l'ordre des demandes."""
    return list(Place.objects.filter(session=session, etat=EtatPlace.EN_ATTENTE).order_by("created_at", "pk"))


def inscriptions_en_attente(session: SessionFormation) -> list[int]:
    return [place.inscription_id for place in attente_de(session)]


def rang(place: Place) -> int:
    """Le rang d'une place sur la liste d'attente, à partir de 1 ; 0 si elle n'y est pas."""
    if place.etat != EtatPlace.EN_ATTENTE:
        return 0
    avant = Q(created_at__lt=place.created_at) | Q(created_at=place.created_at, pk__lt=place.pk)
    return Place.objects.filter(avant, session=place.session_id, etat=EtatPlace.EN_ATTENTE).count() + 1


def a_un_siege(inscription: Inscription) -> bool:
    return Place.objects.assises().filter(inscription=inscription).exclude(session__etat=EtatSession.ANNULEE).exists()


# --- Le calendrier d'une personne ----------------------------------------------------------------------------------


def demi_journees_prises(inscription: Inscription, jour: date, sauf: Place | None = None) -> list[DemiJournee]:
    """Ce qu'une personne a signé, ou peut encore signer, sur toutes ses sessions ; une absence est à rattraper."""
    places = {p.pk: p for p in Place.objects.filter(inscription=inscription).exclude(etat=EtatPlace.EN_ATTENTE)}
    sessions = {p.session_id for p in places.values()}
    gardes = {
        (place, seance): (absent, signe is not None)
        for place, seance, absent, signe in Emargement.objects.valables()
        .filter(place__in=places)
        .values_list("place_id", "seance_id", "absent", "signe_apprenant_le")
    }
    seances = list(
        Seance.objects.filter(session__in=sessions).exclude(session__etat=EtatSession.ANNULEE).order_by("jour", "debut")
    )
    limite = jour - timedelta(days=JOURS_POUR_SIGNER)
    prises = []
    for place in places.values():
        assise = place.etat in ASSISES and (sauf is None or sauf.pk != place.pk)
        for seance in seances:
            if seance.session_id != place.session_id:
                continue
            absent, signee = gardes.get((place.pk, seance.pk), (False, False))
            if not absent and (signee or (assise and seance.jour >= limite)):
                prises.append(seance.demi_journee)
    return prises


def fautes_de_calendrier(
    session: SessionFormation, inscription: Inscription, sauf: Place | None = None
) -> tuple[str, ...]:
    """Ce qui empêche cette personne de suivre cette session, une phrase chacun : séances qui se croisent, heures."""
    jour = timezone.localdate()
    a_suivre = Seance.objects.filter(session=session, jour__gte=jour).order_by("jour", "debut")
    try:
        parcours = marches.parcours(session.parcours)
    except marches.MarcheInconnu as erreur:
        return (str(erreur),)
    return verifier_calendrier(
        [*demi_journees_prises(inscription, jour, sauf), *(s.demi_journee for s in a_suivre)], parcours
    )


def exiger_calendrier(session: SessionFormation, inscription: Inscription, sauf: Place | None = None) -> None:
    """Raises: ValidationError: voir `fautes_de_calendrier`."""
    if fautes := fautes_de_calendrier(session, inscription, sauf):
        raise ValidationError(list(fautes))


# --- Donner et rendre un siège, sous verrou ------------------------------------------------------------------------


def asseoir(inscription: Inscription, session: SessionFormation, *, par: Acteur, confirmee: int | None = None) -> None:
    """La personne a un siège : son inscription avance, et va à l'organisme de la session.

    Ce qu'un passage lui proposait ne vaut plus, sauf la proposition que cet acte confirme.
    """
    perimer = TRANSITIONS_PROPOSITION["perimer_proposition"]
    PropositionSession.objects.filter(inscription=inscription, etat__in=sorted(perimer.depuis)).exclude(
        pk=confirmee or 0
    ).update(etat=perimer.vers)
    if inscription.etat == Etat.POSITIONNEE:
        # Le droit est celui de la place, vérifié par l'acte qui la donne.
        with transition(
            inscription, "inscrire_en_session", table=TRANSITIONS, par=par, peut=lambda _a, _i: True,
            donnees={"session": session.pk},
        ) as courant:  # fmt: skip
            courant.organisme = session.organisme
        inscription.etat = courant.etat
    elif inscription.organisme_id != session.organisme_id:
        Inscription.objects.filter(pk=inscription.pk).update(organisme=session.organisme)
    inscription.organisme = session.organisme


def retirer_tenue(
    place: Place, session: SessionFormation, inscription: Inscription, *, motif: str, par: Acteur,
    annulee: bool = False, garde: Callable[[Place], None] | None = None,
) -> Place:  # fmt: skip
    """Rend une place et le dit, sans toucher à l'inscription ni à la liste d'attente."""
    with transition(
        place, "retirer_place", table=TRANSITIONS_PLACE, par=par, peut=access.peut_retirer_place, motif=motif,
        donnees={"siege": place.siege},
    ) as courante:  # fmt: skip
        if garde is not None:
            garde(courante)
        attendait = courante.etat == EtatPlace.EN_ATTENTE
        courante.siege, courante.motif = None, motif
    prevenir(
        courante, session, inscription, PlaceRetiree, a_la_personne={"calendrier": annulation(courante, session)},
        motif=motif, annulee=annulee, attendait=attendait,
    )  # fmt: skip
    return courante


def laisser_autres_attentes(inscription: Inscription, obtenue: Place) -> None:
    """Une place obtenue : les listes d'attente que le calendrier ne permet plus sont quittées."""
    autres = Place.objects.filter(inscription=inscription, etat=EtatPlace.EN_ATTENTE).exclude(pk=obtenue.pk)
    for place in autres.select_related("session__organisme", "session__commune").order_by("pk"):
        if fautes_de_calendrier(place.session, inscription):
            motif = f"Une place est obtenue dans la session SF-{obtenue.session_id:05d}."
            retirer_tenue(place, place.session, inscription, motif=motif, par=SYSTEME)


def promouvoir(session: SessionFormation) -> int:
    """Donne les sièges libres à la liste d'attente : plus de places, ou ce qu'un acte n'a pas su donner."""
    with transaction.atomic():
        courante = tenir_session(session.pk)
        return promouvoir_tenue(courante, tenir_inscriptions(inscriptions_en_attente(courante)))


def promouvoir_tenue(session: SessionFormation, inscriptions: Mapping[int, Inscription]) -> int:
    """La même chose, sous verrou. Une personne qui ne peut plus suivre la session quitte la liste."""
    if session.etat != EtatSession.OUVERTE or session.fin is None or session.fin < timezone.localdate():
        return 0
    promues = 0
    for place in attente_de(session):
        siege = siege_libre(session)
        if siege is None:
            break
        inscription = inscriptions.get(place.inscription_id)
        if inscription is None:
            continue
        promues += _promouvoir(place, siege, session, inscription)
    return promues


def _promouvoir(place: Place, siege: int, session: SessionFormation, inscription: Inscription) -> bool:
    fautes = fautes_de_calendrier(session, inscription)
    if inscription.etat not in PLACABLES or fautes:
        motif = " ".join(fautes) or f"La formation est « {inscription.get_etat_display()} »."
        retirer_tenue(place, session, inscription, motif=motif, par=SYSTEME)
        return False
    with transition(
        place, "promouvoir_place", table=TRANSITIONS_PLACE, par=SYSTEME, peut=access.peut_gerer_place,
        donnees={"siege": siege},
    ) as courante:  # fmt: skip
        courante.siege = siege
    asseoir(inscription, session, par=SYSTEME)
    laisser_autres_attentes(inscription, courante)
    convoquer_tenue(courante, session, inscription, par=SYSTEME, contexte=Contexte(promue=True))
    return True


def promouvoir_partout() -> int:
    """Les sessions ouvertes qui ont à la fois des sièges libres et une liste d'attente."""
    comptees: Any = SessionFormation.objects.avec_places()
    candidates = comptees.filter(etat=EtatSession.OUVERTE, fin__gte=timezone.localdate(), en_attente__gt=0)
    return sum(promouvoir(session) for session in candidates.filter(assis__lt=F("capacite")).order_by("pk"))
