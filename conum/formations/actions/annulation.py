"""Annuler une session : ses inscrits rendent leur place, attendent de nouveau, et savent pourquoi."""

from conum.formations.access import peut_gerer_session
from conum.formations.actions.places import vider_session
from conum.formations.models import Emargement, Seance, SessionFormation
from conum.formations.states import TRANSITIONS_SESSION
from conum.journal.acteurs import Acteur
from conum.journal.workflow import TransitionImpossible, transition
from conum.postes.actions.gardes import exiger_texte


def est_emargee(session: SessionFormation) -> bool:
    """Une de ses demi-journées porte une signature ou une absence."""
    return Emargement.objects.valables().filter(seance__session=session).exists()


def annuler_session(session: SessionFormation, *, motif: str, par: Acteur) -> SessionFormation:
    """La session n'aura pas lieu.

    Raises:
        PermissionDenied: ni l'organisme de la session, ni l'ANCT.
        TransitionImpossible: déjà annulée ; une demi-journée est déjà émargée.
        ValidationError: motif trop court.
    """
    motif = exiger_texte("motif", motif)
    with transition(
        session, "annuler_session", table=TRANSITIONS_SESSION, par=par, peut=peut_gerer_session, motif=motif
    ) as courante:
        # Une signature en cours d'écriture tient la séance : on l'attend avant de conclure qu'il n'y en a pas.
        list(Seance.objects.select_for_update(of=("self",)).filter(session=courante).order_by("pk"))
        if est_emargee(courante):
            raise TransitionImpossible("Des demi-journées sont déjà émargées : retirez plutôt les séances à venir.")
        courante.motif_annulation = motif
        vider_session(courante, motif=motif, par=par)
    return courante
