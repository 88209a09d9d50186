"""Joue la formation du récit par les vraies actions : organisme, inscription, test, session, place, signatures."""

from collections.abc import Mapping
from datetime import date, time, timedelta
from typing import Any

from allauth.mfa.totp.internal.auth import TOTP
from django.utils import timezone

from conum.comptes.models import Role, TypeRole
from conum.formations.actions import calendrier, organismes, parcours, places, positionnement, presence, sessions
from conum.formations.actions.inscriptions import ouvrir_inscriptions
from conum.formations.models import Emargement, Inscription, Organisme, Place, SessionFormation
from conum.formations.models.presence import VoieSignature
from conum.formations.rules import marches
from conum.formations.rules.assiduite import Nature
from conum.formations.rules.calendrier import Rythme
from conum.portail import demo_formations as recit
from conum.territoires.models import Commune
from conum.utilisateurs.models import Utilisateur

SEMAINE = timedelta(days=7)
JOURS_OUVRES = frozenset(range(5))
MATIN, APRES_MIDI = (time(9), time(12, 30)), (time(13, 30), time(17))


def former(*, anct: Role, secret: str) -> None:
    """Les organismes, leur agente, les inscriptions qu'ouvrent les contrats du récit, deux sessions."""
    fabrik, *_ = [organismes.inscrire_organisme(par=anct, **champs) for champs in recit.ORGANISMES]
    agente = _agente(fabrik, secret)
    ouvrir_inscriptions(timezone.localdate())
    aujourdhui = timezone.localdate()
    lundi = aujourdhui - timedelta(days=aujourdhui.weekday())
    commencee = _session(fabrik, recit.COMMENCEE, lundi - 3 * SEMAINE, par=agente)
    _session(fabrik, recit.A_VENIR, lundi + 3 * SEMAINE, par=agente)
    for inscription in Inscription.objects.select_related("personne").order_by("pk"):
        personne = inscription.personne
        if (personne.prenom, personne.nom) == recit.EN_FORMATION:
            _suivre(inscription, commencee, par=agente)
        else:
            _commencer_le_test(inscription)


def _agente(organisme: Organisme, secret: str) -> Role:
    compte = Utilisateur.objects.create_user(recit.AGENTE.email, prenom=recit.AGENTE.prenom, nom=recit.AGENTE.nom)
    TOTP.activate(compte, secret)
    libelle = organismes.libelle_d_agent(organisme)
    return Role.objects.create(utilisateur=compte, type=TypeRole.ORGANISME, code=organisme.code, libelle=libelle)


def _session(organisme: Organisme, donnees: Mapping[str, Any], premier: date, *, par: Role) -> SessionFormation:
    """Ouverte, les cours puis le stage, du lundi au vendredi, jours fériés sautés."""
    commune = Commune.objects.get(pk=donnees["commune"])
    session = sessions.creer_session(
        organisme, par=par, intitule=donnees["intitule"], parcours=marches.marche_au(premier).parcours[0].code,
        capacite=donnees.get("places", 15), a_distance=False, lieu=donnees["lieu"], commune=commune,
        contact_email=organisme.contact_email,
    )  # fmt: skip
    for nature in Nature:
        rythme = Rythme(premier, premier + 52 * SEMAINE, JOURS_OUVRES, (MATIN, APRES_MIDI), nature)
        remplissage = calendrier.remplir(session, rythme)
        nom, email = recit.FORMATEUR
        calendrier.ajouter_seances(
            session,
            [
                calendrier.SeanceVoulue.de(d, formateur_nom=nom, formateur_email=email)
                for d in remplissage.demi_journees
            ],
            par=par,
        )
        premier = remplissage.demi_journees[-1].jour + timedelta(days=1)
    return sessions.ouvrir_session(session, par=par)


def _conseiller(inscription: Inscription) -> Role:
    return Role.objects.get(utilisateur=inscription.personne, type=TypeRole.CONSEILLER)


def _commencer_le_test(inscription: Inscription) -> None:
    soi = _conseiller(inscription)
    test = positionnement.commencer_positionnement(inscription, par=soi)
    items = positionnement.questionnaire_de(test).items[: recit.DEJA_REPONDU]
    positionnement.repondre(test, {i.code: i.reponses[1].code for i in items}, par=soi)


def _suivre(inscription: Inscription, session: SessionFormation, *, par: Role) -> None:
    """Le test fini, le parcours retenu, la place ; les jours passés signés, ceux d'hier et d'aujourd'hui à signer."""
    soi = _conseiller(inscription)
    test = positionnement.commencer_positionnement(inscription, par=soi)
    items = positionnement.questionnaire_de(test).items
    positionnement.repondre(test, {i.code: i.reponses[-2].code for i in items}, par=soi)
    fini = positionnement.terminer_positionnement(inscription, par=soi)
    inscription.refresh_from_db()
    parcours.retenir_parcours(inscription, parcours=fini.recommandation["parcours"], par=par)
    inscription.refresh_from_db()
    place = places.inscrire(session, inscription, par=par)
    _signer_le_passe(place, soi, par=par)


def _signer_le_passe(place: Place, soi: Role, *, par: Role) -> None:
    hier = timezone.localdate() - timedelta(days=1)
    passees = list(place.session.seances.filter(jour__lt=hier).order_by("jour", "debut"))
    recentes = [s for s in passees if s.jour > hier - timedelta(days=6)]
    # On ne signe plus au-delà de sept jours : les plus anciennes s'écrivent comme une reprise le ferait.
    Emargement.objects.bulk_create(
        Emargement(
            seance=seance, place=place, signe_apprenant_le=place.created_at, apprenant_voie=VoieSignature.ESPACE,
            signe_formateur_le=place.created_at, formateur_voie=VoieSignature.LIEN, formateur_nom=seance.formateur_nom,
        )
        for seance in passees if seance not in recentes
    )  # fmt: skip
    for seance in recentes:
        presence.signer(seance, place, voie=VoieSignature.ESPACE, par=soi)
        presence.tenir_seance(
            seance, nom=seance.formateur_nom, presents=[place.pk], absents={}, voie=VoieSignature.ORGANISME, par=par
        )
