"""Les absences : annoncées par la personne, constatées par l'organisme, expliquées ensuite ; sans motif, l'alerte.

La preuve (arrêt de travail) n'est pas demandée : conum n'a pas à la connaître. Un motif, choisi dans une liste, suffit.
"""

from datetime import date, timedelta
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from conum.courriels.actions import mettre_en_file
from conum.formations.access import est_employeur, peut_emarger, peut_tenir_seance
from conum.formations.actions import messages
from conum.formations.actions.presence import exiger_fenetre, fenetre_de, verifier_motif, verrouiller
from conum.formations.emails import destinataires
from conum.formations.emails.presence import AbsenceSansMotif
from conum.formations.models import Emargement, Place, Seance
from conum.formations.rules.presence import JOURS_POUR_SIGNER
from conum.formations.states import ASSISES
from conum.journal.acteurs import Acteur
from conum.journal.actions import noter
from conum.journal.workflow import TransitionImpossible
from conum.socle.enregistrement import enregistrer


def dire_absence(seance: Seance, place: Place, *, motif: str, precision: str = "", par: Acteur) -> Emargement:
    """Enregistre une absence. La personne la motive, et peut l'annoncer ; l'organisme peut n'en pas savoir le motif.

    Raises:
        PermissionDenied: ni la personne ni l'organisme de la session.
        TransitionImpossible: déjà signée ou déjà absente, place rendue, trop tard ; sans motif, trop tôt.
        ValidationError: pas de motif, ou « autre » sans dire lequel.
    """
    maintenant = timezone.now()
    with verrouiller(seance, [place.pk]) as verrous:
        tenue = verrous.places.get(place.pk)
        soi = tenue is not None and peut_emarger(par, tenue)
        if tenue is None or not (soi or peut_tenir_seance(par, verrous.seance)):
            raise PermissionDenied
        verifier_motif(motif, precision, exiger=soi)
        if maintenant >= fenetre_de(verrous.seance).fermeture or not motif:
            exiger_fenetre(verrous.seance, maintenant)
        ligne = verrous.ligne(tenue)
        if ligne.absent:
            raise TransitionImpossible("Cette absence est déjà enregistrée.")
        if ligne.signe_apprenant_le is not None:
            raise TransitionImpossible("Cette demi-journée est signée : l’émargement doit d’abord être annulé.")
        if tenue.etat not in ASSISES:
            raise TransitionImpossible("Cette place n’est plus occupée.")
        ligne.absent, ligne.absence_motif, ligne.absence_precision = True, motif, precision.strip()
        enregistrer(ligne)
        noter(ligne, "dire_absence", par=par, donnees={"seance": seance.pk, "motif": motif})
    return ligne


def retirer_absence(emargement: Emargement, *, par: Acteur) -> Emargement:
    """La personne retire une absence qu'elle avait annoncée et que le formateur n'a pas constatée."""
    with verrouiller(emargement.seance, [emargement.place_id]) as verrous:
        ligne = verrous.lignes.get(emargement.place_id)
        if not peut_emarger(par, verrous.places[emargement.place_id]):
            raise PermissionDenied
        if ligne is None or ligne.pk != emargement.pk or not ligne.absent:
            raise TransitionImpossible("Cette absence n’est plus enregistrée.")
        if ligne.signe_formateur_le is not None:
            raise TransitionImpossible("Le formateur a constaté cette absence : seul l’organisme peut l’annuler.")
        ligne.annule_le, ligne.annule_motif = timezone.now(), "Absence retirée par la personne."
        enregistrer(ligne)
        noter(ligne, "retirer_absence", par=par)
    return ligne


def motiver_absence(emargement: Emargement, *, motif: str, precision: str = "", par: Acteur) -> Emargement:
    """Donne sa raison à une absence qui n'en avait pas : la personne, son employeur ou l'organisme.

    Raises:
        PermissionDenied: un autre.
        TransitionImpossible: elle a déjà un motif, ou n'est plus enregistrée.
    """
    with verrouiller(emargement.seance, [emargement.place_id]) as verrous:
        tenue = verrous.places[emargement.place_id]
        siens = peut_emarger(par, tenue) or est_employeur(par, tenue.inscription)
        if not (siens or peut_tenir_seance(par, verrous.seance)):
            raise PermissionDenied
        verifier_motif(motif, precision, exiger=True)
        ligne = verrous.lignes.get(emargement.place_id)
        if ligne is None or not ligne.absent:
            raise TransitionImpossible("Cette absence n’est plus enregistrée.")
        if ligne.absence_motif:
            raise TransitionImpossible("Cette absence a déjà un motif.")
        ligne.absence_motif, ligne.absence_precision = motif, precision.strip()
        enregistrer(ligne)
        noter(ligne, "motiver_absence", par=par, donnees={"motif": motif})
    return ligne


def sans_motif(acteur: Acteur) -> QuerySet[Emargement]:
    """Les absences sans motif que ce rôle voit, les plus récentes d'abord."""
    visibles = Place.objects.visibles_par(acteur).order_by().values("pk")
    absences = Emargement.objects.valables().filter(absent=True, absence_motif="", place__in=visibles)
    return absences.select_related("seance__session", "place__inscription__personne").order_by("-seance__jour", "-pk")


def alerter_absences(jour: date) -> int:
    """Le matin : une absence de la veille restée sans motif se dit, une fois par personne et par jour, à tous.

    Rejouée, elle n'écrit rien de plus (clé du courriel) ; en retard, elle reprend la semaine.
    """
    depuis = jour - timedelta(days=JOURS_POUR_SIGNER)
    absences = (
        Emargement.objects.valables()
        .filter(absent=True, absence_motif="", seance__jour__gte=depuis, seance__jour__lt=jour)
        .select_related(
            "seance__session__organisme", "place__inscription__personne", "place__inscription__contrat__poste"
        )
        .order_by("seance__jour", "seance__debut")
    )
    par_personne: dict[tuple[int, date], list[Emargement]] = {}
    for absence in absences:
        par_personne.setdefault((absence.place.inscription_id, absence.seance.jour), []).append(absence)
    ecrits = 0
    for (numero, du), siennes in par_personne.items():
        inscription = siennes[0].place.inscription
        champs: dict[str, Any] = {
            "jour": f"{du:%d/%m/%Y}",
            "heures": [f"de {a.seance.debut:%H:%M} à {a.seance.fin:%H:%M}" for a in siennes],
            "session": siennes[0].seance.session.reference,
            "organisme": siennes[0].seance.session.organisme.nom,
        }
        cle = f"formation-absence:{numero}:{du.isoformat()}"
        with transaction.atomic():
            ecrits += messages.prevenir_structure(inscription, AbsenceSansMotif, cle=cle, **champs)
            ecrits += messages.prevenir_prefecture(inscription, AbsenceSansMotif, cle=cle, **champs)
            for agent in destinataires.de_l_anct(messages.PAGE, inscription.pk):
                message = AbsenceSansMotif(**AbsenceSansMotif.base(inscription, agent.lien), **champs)
                mettre_en_file(message, a=agent.email, objet=inscription, cle=f"{cle}:{agent.lien}")
                ecrits += 1
    return ecrits
