"""Bloquer une candidature, la débloquer : l'ANCT, avec un motif écrit que la personne reçoit."""

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone

from conum.courriels.actions import mettre_en_file
from conum.journal.acteurs import Acteur
from conum.journal.workflow import transition
from conum.recrutement.access import peut_bloquer
from conum.recrutement.actions.fermeture import clore_du_candidat
from conum.recrutement.emails import candidature as emails
from conum.recrutement.models import Candidat
from conum.recrutement.rules.profil import DEBLOCAGE, TEXTE_MAX
from conum.recrutement.rules.relation import TEXTE_MIN
from conum.recrutement.states import TRANSITIONS_CANDIDAT


def _motif(texte: str) -> str:
    texte = texte.strip()
    if not TEXTE_MIN <= len(texte) <= TEXTE_MAX:
        raise ValidationError({"motif": f"Écrivez de {TEXTE_MIN} à 1 000 caractères : la personne les lira."})
    return texte


def bloquer(candidat: Candidat, *, motif: str, par: Acteur) -> Candidat:
    """Plus aucune proposition ; les échanges ouverts sont clos, la personne lit le motif.

    Raises:
        ValidationError: motif trop court ou trop long.
        TransitionImpossible: recrutée, déjà bloquée ou effacée.
    """
    motif = _motif(motif)
    if not peut_bloquer(par, candidat):
        raise PermissionDenied
    with transaction.atomic():
        clore_du_candidat(candidat, motif="candidat_bloque")
        # Le motif est sur la ligne, qui s'efface ; le journal, lui, reste.
        with transition(
            candidat, "bloquer_candidat", table=TRANSITIONS_CANDIDAT, par=par, peut=peut_bloquer
        ) as courant:
            courant.motif_blocage = motif
            courant.en_pause_depuis, courant.motif_pause = None, ""
            mettre_en_file(emails.Bloquee.de(courant, motif), a=courant.email, objet=courant)
    return courant


def debloquer(candidat: Candidat, *, motif: str, par: Acteur) -> Candidat:
    """La candidature redevient celle de la personne, en pause : à elle de la reprendre.

    Raises:
        ValidationError, TransitionImpossible: voir `bloquer`.
    """
    motif = _motif(motif)
    with transition(candidat, "debloquer_candidat", table=TRANSITIONS_CANDIDAT, par=par, peut=peut_bloquer) as courant:
        courant.motif_blocage = ""
        courant.motif_retrait = courant.precision_retrait = ""
        courant.en_pause_depuis, courant.motif_pause = timezone.now(), DEBLOCAGE
        mettre_en_file(emails.Debloquee.de(courant, motif), a=courant.email, objet=courant)
    return courant
