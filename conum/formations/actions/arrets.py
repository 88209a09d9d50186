"""Arrêter, garder ou rouvrir une formation selon ce que devient le contrat."""

import logging
from datetime import date

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from conum.formations import access
from conum.formations.actions.inscriptions import ENGAGEES, court_encore, ouvrir_role_conseiller
from conum.formations.actions.messages import prevenir_organisme, prevenir_personne, prevenir_structure
from conum.formations.actions.places import rendre_places
from conum.formations.actions.reglages import retouche
from conum.formations.emails import inscriptions as emails
from conum.formations.models import Inscription
from conum.formations.states import TRANSITIONS, VIVANTES, Etat
from conum.journal.acteurs import SYSTEME, Acteur
from conum.journal.workflow import TransitionImpossible, transition
from conum.postes.actions.gardes import exiger_texte
from conum.postes.models import Contrat
from conum.postes.states import Etat as EtatContrat

logger = logging.getLogger(__name__)
ROMPU, ANNULE, FINI = "Le contrat est rompu.", "Le contrat est annulé.", "Le contrat a pris fin."
"""Les arrêts que le système décide d'après le contrat : eux seuls se rouvrent tout seuls s'il court de nouveau."""
_DU_CONTRAT = (ROMPU, ANNULE, FINI)


def arreter_inscription(inscription: Inscription, *, motif: str, par: Acteur) -> Inscription:
    """Arrête une formation, avec un motif : ses places sont rendues, l'organisme l'apprend ; tous, si c'est l'ANCT."""
    motif = exiger_texte("motif", motif)
    with transaction.atomic():
        # Les sessions se verrouillent avant l'inscription ; un état qui ne permet plus l'arrêt défait le tout.
        rendre_places(inscription, motif=motif, par=par)
        with transition(
            inscription, "abandonner", table=TRANSITIONS, par=par, peut=access.peut_arreter, motif=motif
        ) as courant:
            courant.arret_motif = motif
            prevenir_organisme(courant, emails.FormationArretee, motif=motif)
            if par is not SYSTEME:
                prevenir_personne(courant, emails.FormationArretee, motif=motif)
                prevenir_structure(courant, emails.FormationArretee, motif=motif)
    return courant


def arreter_sans_contrat(jour: date) -> int:
    """Arrête les formations dont le contrat ne court plus ; un renouvellement les garde. Rend le nombre d'arrêts."""
    finies = Inscription.objects.vivantes().exclude(court_encore(jour, "contrat__"))
    arretees = 0
    for inscription in finies.select_related("contrat").order_by("pk"):
        try:
            if suivre_renouvellement(inscription, par=SYSTEME) is None:
                arreter_inscription(inscription, motif=_pourquoi(inscription.contrat), par=SYSTEME)
                arretees += 1
        except (TransitionImpossible, ValidationError) as refus:
            logger.warning("Formation %s non arrêtée : %s", inscription.reference, refus)
    return arretees


def _pourquoi(contrat: Contrat) -> str:
    if contrat.etat == EtatContrat.ANNULE:
        return ANNULE
    return ROMPU if contrat.etat in (EtatContrat.ROMPU, EtatContrat.RUPTURE_NOTIFIEE) else FINI


def suivre_renouvellement(inscription: Inscription, *, par: Acteur) -> Contrat | None:
    """Passe une formation en cours au contrat renouvelé de la personne ; la règle figée à l'ouverture ne change pas.

    Rend le nouveau contrat, ou None s'il n'y en a pas.
    """
    if not access.peut_arreter(par, inscription):
        raise PermissionDenied
    with transaction.atomic():
        suite = (
            Contrat.objects.filter(court_encore(timezone.localdate()), remplace=inscription.contrat_id)
            .filter(personne=inscription.personne_id, inscription_formation=None)
            .order_by("pk")
            .first()
        )
        if suite is None:
            return None
        with retouche(
            inscription, "suivre_renouvellement", par=par, peut=access.peut_arreter, depuis=VIVANTES,
            donnees={"de": inscription.contrat_id, "a": suite.pk},
        ) as courant:  # fmt: skip
            courant.contrat = suite
    return suite


def rouvrir_inscription(inscription: Inscription, *, par: Acteur) -> Inscription:
    """Reprend une formation arrêtée : le contrat court de nouveau. Le test déjà passé reste, le parcours est à retenir.

    Raises:
        TransitionImpossible: le contrat ne court pas.
        ValidationError: la personne a une autre formation en cours ou faite.
    """
    with transition(
        inscription, "rouvrir_inscription", table=TRANSITIONS, par=par, peut=access.peut_ouvrir_inscription
    ) as courant:
        if not Contrat.objects.filter(court_encore(timezone.localdate()), pk=courant.contrat_id).exists():
            raise TransitionImpossible("Le contrat de cette personne ne court pas : sa formation ne se rouvre pas.")
        courant.arret_motif = courant.parcours = courant.parcours_motif = ""
        ouvrir_role_conseiller(courant.personne, par=par)
        prevenir_organisme(courant, emails.NouvellePersonne)
    return courant


def rouvrir_avec_contrat(jour: date) -> int:
    """Rouvre les formations arrêtées avec leur contrat, quand il court de nouveau (rupture retirée, prolongation)."""
    engagees = Inscription.objects.filter(personne=OuterRef("personne"), etat__in=ENGAGEES)
    arretees = (
        Inscription.objects.filter(court_encore(jour, "contrat__"), etat=Etat.ABANDONNEE, arret_motif__in=_DU_CONTRAT)
        .exclude(Exists(engagees))
        .order_by("pk")
    )
    rouvertes = 0
    for inscription in arretees:
        try:
            rouvrir_inscription(inscription, par=SYSTEME)
        except (TransitionImpossible, ValidationError) as refus:
            logger.info("Formation %s non rouverte : %s", inscription.reference, refus)
            continue
        rouvertes += 1
    return rouvertes
