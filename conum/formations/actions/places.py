"""Les places d'une session : inscrire, retirer, déplacer, rendre.

Session, puis inscriptions, puis places : tout acte prend ses verrous dans cet ordre. Deux employeurs qui prennent le
dernier siège se suivent ; le second apprend que la session est complète.
"""

from collections.abc import Iterable
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone

from conum.formations import access
from conum.formations.actions.attente import (
    PLACABLES,
    a_un_siege,
    asseoir,
    exiger_calendrier,
    inscriptions_en_attente,
    laisser_autres_attentes,
    promouvoir_tenue,
    rang,
    retirer_tenue,
    siege_libre,
)
from conum.formations.actions.convocations import (
    Contexte,
    convoquer_tenue,
    exiger_session_ouverte,
    prevenir,
    tenir_inscriptions,
    tenir_session,
    tenir_sessions,
)
from conum.formations.actions.messages import LISTE, prevenir_organisme
from conum.formations.emails.inscriptions import ConfieeAilleurs
from conum.formations.emails.places import ListeAttente
from conum.formations.models import Emargement, Inscription, Place, SessionFormation
from conum.formations.rules.affectation import MOTIF_MIN
from conum.formations.states import ASSISES, TRANSITIONS, TRANSITIONS_PLACE, Etat, EtatPlace
from conum.journal.acteurs import SYSTEME, Acteur
from conum.journal.actions import noter
from conum.journal.workflow import TransitionImpossible, transition
from conum.postes.actions.gardes import exiger_texte
from conum.socle.enregistrement import enregistrer

COMPLETE = "La session est complète."


def inscrire(
    session: SessionFormation,
    inscription: Inscription,
    *,
    par: Acteur,
    motif_niveau: str = "",
    en_attente: bool = False,
    convoquer: bool = True,
    proposition: int | None = None,
) -> Place:
    """Donne le plus petit siège libre, et convoque. Complète : la liste d'attente, si `en_attente` le demande.

    `motif_niveau` : pourquoi cette session n'est pas du parcours retenu ; seuls l'organisme et l'ANCT le donnent.
    `proposition` : celle d'un passage d'affectation que cet acte confirme.

    Raises:
        PermissionDenied: cette personne, ou cette session, n'est pas à cet acteur.
        TransitionImpossible: session pas ouverte, finie ou complète ; personne qui n'attend pas de place.
        ValidationError: autre parcours sans motif ; séances qui se croisent ou heures en trop, une phrase chacune.
    """
    with transaction.atomic():
        courante = tenir_session(session.pk)
        attente = inscriptions_en_attente(courante)
        inscriptions = tenir_inscriptions([inscription.pk, *attente])
        courant = inscriptions[inscription.pk]
        if not access.peut_placer(par, courante, courant):
            raise PermissionDenied
        exiger_session_ouverte(courante)
        _exiger_placable(courant)
        _exiger_absente(courante, courant)
        motif_niveau = _exiger_niveau(courante, courant, motif_niveau, par)
        exiger_calendrier(courante, courant)
        # Un siège libre va d'abord à qui attend déjà.
        promouvoir_tenue(courante, inscriptions)
        place = Place(
            session=courante, inscription=courant, motif_niveau=motif_niveau, inscrite_par_id=par.role_id,
            siege=siege_libre(courante),
        )  # fmt: skip
        if place.siege is None:
            if not en_attente:
                raise TransitionImpossible(COMPLETE)
            return _mettre_en_attente(place, courante, courant, par)
        return _donner(place, courante, courant, par, Contexte() if convoquer else None, proposition)


def _exiger_placable(inscription: Inscription) -> None:
    if inscription.etat not in PLACABLES:
        raise TransitionImpossible(
            f"Cette personne n’attend pas de session : sa formation est « {inscription.get_etat_display()} »."
        )


def _exiger_absente(session: SessionFormation, inscription: Inscription) -> None:
    deja = Place.objects.vivantes().filter(session=session, inscription=inscription).first()
    if deja is not None:
        ou = "sur la liste d’attente de" if deja.etat == EtatPlace.EN_ATTENTE else "inscrite à"
        raise TransitionImpossible(f"Cette personne est déjà {ou} cette session.")


def _exiger_niveau(session: SessionFormation, inscription: Inscription, motif: str, par: Acteur) -> str:
    """Le motif d'un autre parcours, vide quand la session est du parcours retenu."""
    if session.parcours == inscription.parcours:
        return ""
    if not access.peut_gerer_session(par, session):
        raise TransitionImpossible(
            "La session n’est pas du parcours retenu pour cette personne. Seuls l’organisme et l’ANCT peuvent l’y "
            "inscrire, avec un motif."
        )
    motif = motif.strip()
    if len(motif) < MOTIF_MIN:
        raise ValidationError(
            {"motif_niveau": f"La session n’est pas du parcours retenu : dites pourquoi, en {MOTIF_MIN} signes."}
        )
    return motif


def _mettre_en_attente(place: Place, session: SessionFormation, inscription: Inscription, par: Acteur) -> Place:
    place.etat = EtatPlace.EN_ATTENTE
    enregistrer(place)
    noter(place, "attendre_une_place", par=par, vers=place.etat, donnees=_faits(place))
    prevenir(place, session, inscription, ListeAttente, rang=rang(place))
    return place


def _donner(
    place: Place, session: SessionFormation, inscription: Inscription, par: Acteur, contexte: Contexte | None,
    proposition: int | None = None,
) -> Place:  # fmt: skip
    """Écrit la place assise, fait avancer l'inscription, la rattache à l'organisme de la session, convoque."""
    place.etat = EtatPlace.INSCRITE
    enregistrer(place)
    noter(place, "inscrire_place", par=par, vers=place.etat, donnees=_faits(place), motif=place.motif_niveau)
    ancien = inscription.organisme
    asseoir(inscription, session, par=par, confirmee=proposition)
    if ancien is not None and ancien != session.organisme:
        motif = f"La personne est inscrite à une session de {session.organisme.nom}."
        prevenir_organisme(inscription, ConfieeAilleurs, organisme=ancien, page=LISTE, motif=motif)
    laisser_autres_attentes(inscription, place)
    if contexte is None:
        return place
    # L'employeur inscrit, il ne convoque pas : la convocation qui suit son acte est celle du système.
    qui = par if access.peut_gerer_session(par, session) else SYSTEME
    return convoquer_tenue(place, session, inscription, par=qui, contexte=contexte)


def _faits(place: Place) -> dict[str, Any]:
    return {"session": place.session_id, "inscription": place.inscription_id, "siege": place.siege}


# --- Rendre une place ----------------------------------------------------------------------------------------------


def retirer_place(place: Place, *, motif: str, par: Acteur) -> Place:
    """Rend le siège, qui va au premier de la liste d'attente. Sans autre siège, la personne attend de nouveau.

    Raises:
        PermissionDenied: ni l'organisme de la session, ni l'employeur, ni l'ANCT, ni le système.
        TransitionImpossible: place déjà rendue, formation attestée, ou demi-journée signée (pour l'employeur).
        ValidationError: motif trop court.
    """
    motif = exiger_texte("motif", motif)
    with transaction.atomic():
        session = tenir_session(place.session_id)
        inscriptions = tenir_inscriptions([place.inscription_id, *inscriptions_en_attente(session)])
        inscription = inscriptions[place.inscription_id]
        rendue = retirer_tenue(
            place, session, inscription, motif=motif, par=par,
            garde=lambda courante: _exiger_retirable(courante, session, inscription, par),
        )  # fmt: skip
        _perdre_sa_place(inscription, motif, par)
        promouvoir_tenue(session, inscriptions)
    return rendue


def _exiger_retirable(place: Place, session: SessionFormation, inscription: Inscription, par: Acteur) -> None:
    if inscription.etat == Etat.ATTESTEE:
        raise TransitionImpossible("La formation est attestée : la place reste.")
    if access.peut_gerer_place(par, place):
        return
    if session.fin is not None and session.fin < timezone.localdate():
        raise TransitionImpossible("La session est finie : seul l’organisme peut encore retirer une place.")
    if Emargement.objects.valables().filter(place=place, signe_apprenant_le__isnull=False).exists():
        raise TransitionImpossible("Une demi-journée est signée : seul l’organisme peut retirer cette place.")


def _perdre_sa_place(inscription: Inscription, motif: str, par: Acteur) -> None:
    """Sans autre siège, la personne attend de nouveau une session."""
    if inscription.etat in TRANSITIONS["perdre_sa_place"].depuis and not a_un_siege(inscription):
        with transition(
            inscription, "perdre_sa_place", table=TRANSITIONS, par=par, peut=lambda _a, _i: True, motif=motif
        ) as courant:
            # Le droit est celui de la place, vérifié avec elle.
            pass
        inscription.etat = courant.etat


def rendre_places(inscription: Inscription, *, motif: str, par: Acteur) -> int:
    """Le contrat s'arrête : rend les places qui restent à suivre, sans changer l'état de l'inscription.

    À appeler avant de verrouiller l'inscription, dans la transaction de l'arrêt. Une session finie garde la sienne.

    Raises:
        PermissionDenied: ni le système, ni l'ANCT.
    """
    if not access.peut_arreter(par, inscription):
        raise PermissionDenied
    with transaction.atomic():
        vivantes = Place.objects.vivantes().filter(inscription=inscription).order_by("session", "pk")
        sessions = tenir_sessions(*vivantes.values_list("session", flat=True))
        attente = [pk for s in sessions.values() for pk in inscriptions_en_attente(s)]
        inscriptions = tenir_inscriptions([inscription.pk, *attente])
        jour, rendues = timezone.localdate(), 0
        for place in vivantes.filter(session__in=sessions):
            session = sessions[place.session_id]
            if place.etat in ASSISES and session.fin is not None and session.fin < jour:
                continue
            retirer_tenue(place, session, inscriptions[inscription.pk], motif=motif, par=par)
            rendues += 1
        if vivantes.exclude(session__in=sessions).exists():
            raise TransitionImpossible("Une place vient d’être donnée à cette personne : recommencez.")
        # L'inscription s'arrête : elle n'est plus de celles qu'une liste d'attente fait avancer.
        for session in sessions.values():
            promouvoir_tenue(session, inscriptions)
    return rendues


def vider_session(session: SessionFormation, *, motif: str, par: Acteur) -> int:
    """La session s'annule : chacun rend sa place et attend de nouveau. Dans la transaction de l'annulation.

    Raises:
        PermissionDenied: ni l'organisme de la session, ni l'ANCT.
        TransitionImpossible: une demi-journée est signée.
    """
    with transaction.atomic():
        courante = tenir_session(session.pk)
        if not access.peut_gerer_session(par, courante):
            raise PermissionDenied
        if Emargement.objects.valables().filter(place__session=courante).exists():
            raise TransitionImpossible("Une demi-journée est émargée : la session ne s’annule plus.")
        places = list(Place.objects.vivantes().filter(session=courante).order_by("pk"))
        inscriptions = tenir_inscriptions([p.inscription_id for p in places])
        for place in places:
            inscription = inscriptions[place.inscription_id]
            retirer_tenue(place, courante, inscription, motif=motif, par=par, annulee=True)
            _perdre_sa_place(inscription, motif, par)
    return len(places)


# --- Déplacer ------------------------------------------------------------------------------------------------------


def deplacer_place(place: Place, vers: SessionFormation, *, motif: str, par: Acteur) -> Place:
    """Une place dans une autre session ; ce qui est déjà signé reste compté. Rend la nouvelle place, convoquée.

    Le motif vaut aussi pour un autre parcours que celui retenu.

    Raises:
        PermissionDenied: l'une des deux sessions n'est pas à cet acteur.
        TransitionImpossible: place déjà rendue ; autre session pas ouverte, finie ou complète.
        ValidationError: motif trop court ; séances qui se croisent ou heures en trop, une phrase chacune.
    """
    motif = exiger_texte("motif", motif)
    if vers.pk == place.session_id:
        raise TransitionImpossible("La personne a déjà sa place dans cette session.")
    with transaction.atomic():
        sessions = tenir_sessions(place.session_id, vers.pk)
        depart, arrivee = sessions[place.session_id], sessions[vers.pk]
        attente = _tous(inscriptions_en_attente(s) for s in sessions.values())
        inscriptions = tenir_inscriptions([place.inscription_id, *attente])
        inscription = inscriptions[place.inscription_id]
        if not access.peut_gerer_session(par, arrivee):
            raise PermissionDenied
        with transition(
            place, "deplacer_place", table=TRANSITIONS_PLACE, par=par, peut=access.peut_gerer_place, motif=motif,
            donnees={"vers": arrivee.pk},
        ) as ancienne:  # fmt: skip
            _exiger_placable(inscription)
            exiger_session_ouverte(arrivee)
            _exiger_absente(arrivee, inscription)
            exiger_calendrier(arrivee, inscription, sauf=ancienne)
            ancienne.siege, ancienne.motif = None, motif
        promouvoir_tenue(arrivee, inscriptions)
        siege = siege_libre(arrivee)
        if siege is None:
            raise TransitionImpossible(COMPLETE)
        autre_niveau = motif if arrivee.parcours != inscription.parcours else ""
        nouvelle = Place(
            session=arrivee, inscription=inscription, siege=siege, motif_niveau=autre_niveau,
            inscrite_par_id=par.role_id,
        )  # fmt: skip
        nouvelle = _donner(nouvelle, arrivee, inscription, par, Contexte(avant=ancienne, motif=motif))
        promouvoir_tenue(depart, inscriptions)
    return nouvelle


def _tous(listes: Iterable[list[int]]) -> list[int]:
    return [pk for liste in listes for pk in liste]
