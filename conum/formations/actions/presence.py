"""Émarger : l'apprenant et le formateur signent chacun de leur côté la même demi-journée.

Les deux peuvent signer à la même seconde, dans deux onglets ou deux fois : la session, l'inscription et la place sont
verrouillées dans cet ordre, et la ligne d'une demi-journée est unique. Une signature ne se retire pas : une ligne
fausse s'annule, avec un motif.
"""

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone

from conum.formations.access import peut_constater, peut_emarger, peut_gerer_session, peut_tenir_seance
from conum.formations.models import (
    Attestation,
    Emargement,
    Inscription,
    LigneEmargement,
    Place,
    Seance,
    SessionFormation,
)
from conum.formations.models.presence import MotifAbsence, VoieSignature
from conum.formations.rules import presence as regles
from conum.formations.states import ASSISES, TRANSITIONS, Etat, EtatRecap, EtatSession
from conum.journal.acteurs import SYSTEME, Acteur
from conum.journal.actions import noter
from conum.journal.workflow import TransitionImpossible, transition
from conum.postes.access import est_anct
from conum.socle.enregistrement import enregistrer

PARTIE = "Cette demi-journée n’est plus au calendrier. Rechargez la page."
ABSENTE = (
    "Une absence est enregistrée pour cette demi-journée. Si c’est une erreur, l’organisme peut l’annuler, "
    "avec un motif ; vous pourrez alors signer."
)


@dataclass(frozen=True)
class Absence:
    """Une absence dite par le formateur ; sans motif, elle donne l'alerte."""

    motif: str = ""
    precision: str = ""


@dataclass(frozen=True)
class Tenue:
    """Ce qu'un formateur vient de dire d'une demi-journée : le nombre de personnes de chaque sorte."""

    presents: int
    absents: int


@dataclass
class Verrous:
    """Ce qui est verrouillé le temps d'un acte : la séance relue, et les places par numéro."""

    seance: Seance
    places: dict[int, Place] = field(default_factory=dict)
    lignes: dict[int, Emargement] = field(default_factory=dict)

    def ligne(self, place: Place) -> Emargement:
        """La ligne valable de cette place, ou une nouvelle."""
        return self.lignes.get(place.pk) or Emargement(seance=self.seance, place=place)


def fenetre_de(seance: Seance) -> regles.Fenetre:
    """Le temps où elle se signe, à l'heure du lieu ; `session.commune` doit être chargée."""
    commune = seance.session.commune
    return regles.fenetre(seance.jour, seance.debut, commune.departement_id if commune else "")


@contextmanager
def verrouiller(seance: Seance, places: Collection[int]) -> Iterator[Verrous]:
    """Session, puis inscriptions, puis places, puis émargements : l'ordre de toutes les formations.

    Raises:
        TransitionImpossible: la demi-journée n'est plus au calendrier, ou la session est annulée.
    """
    with transaction.atomic():
        session = (
            SessionFormation.objects.select_for_update(of=("self",), no_key=True)
            .select_related("organisme", "commune")
            .get(pk=seance.session_id)
        )
        relue = Seance.objects.filter(pk=seance.pk).first()
        if relue is None or session.etat == EtatSession.ANNULEE:
            raise TransitionImpossible(PARTIE)
        relue.session = session
        numeros = Place.objects.filter(pk__in=places, session=session).values_list("inscription_id", flat=True)
        inscriptions = {
            i.pk: i
            for i in Inscription.objects.select_for_update(of=("self",), no_key=True)
            .select_related("personne", "contrat")
            .filter(pk__in=list(numeros))
            .order_by("pk")
        }
        verrous = Verrous(relue)
        tenues = Place.objects.select_for_update(of=("self",), no_key=True).filter(pk__in=places, session=session)
        for place in tenues.order_by("pk"):
            place.session, place.inscription = session, inscriptions[place.inscription_id]
            verrous.places[place.pk] = place
        valables = Emargement.objects.valables().select_for_update(of=("self",), no_key=True)
        for ligne in valables.filter(seance=relue, place__in=verrous.places).order_by("pk"):
            ligne.place, ligne.seance = verrous.places[ligne.place_id], relue
            verrous.lignes[ligne.place_id] = ligne
        yield verrous


def exiger_fenetre(seance: Seance, maintenant: datetime) -> None:
    if refus := fenetre_de(seance).refus(maintenant):
        raise TransitionImpossible(refus)


def _exiger_siege(place: Place, ligne: Emargement) -> None:
    """Une place retirée ou déplacée n'ouvre plus rien, sauf ce qui y était commencé."""
    if place.etat not in ASSISES and ligne.pk is None:
        raise TransitionImpossible("Cette place n’est plus occupée : la demi-journée ne se signe plus.")


def _commencer(inscription: Inscription) -> None:
    """La première demi-journée signée des deux mains commence la formation."""
    if inscription.etat == Etat.INSCRITE:
        with transition(inscription, "commencer_formation", table=TRANSITIONS, par=SYSTEME, peut=peut_constater):
            pass
        inscription.etat = Etat.EN_FORMATION


def est_fait(ligne: Emargement) -> bool:
    return ligne.signe_apprenant_le is not None and ligne.signe_formateur_le is not None and not ligne.absent


def signer(seance: Seance, place: Place, *, voie: VoieSignature, par: Acteur) -> Emargement:
    """La signature de l'apprenant. Déjà donnée, rien ne change.

    Raises:
        PermissionDenied: ce n'est pas sa place.
        TransitionImpossible: trop tôt, trop tard, absence enregistrée, ou place rendue.
    """
    maintenant = timezone.now()
    with verrouiller(seance, [place.pk]) as verrous:
        tenue = verrous.places.get(place.pk)
        if tenue is None or not peut_emarger(par, tenue):
            raise PermissionDenied
        ligne = verrous.ligne(tenue)
        if ligne.signe_apprenant_le is not None:
            return ligne
        exiger_fenetre(verrous.seance, maintenant)
        _exiger_siege(tenue, ligne)
        if ligne.absent:
            raise TransitionImpossible(ABSENTE)
        ligne.signe_apprenant_le, ligne.apprenant_voie = maintenant, voie
        enregistrer(ligne)
        noter(ligne, "signer_demi_journee", par=par, donnees={"seance": seance.pk, "voie": str(voie)})
        if est_fait(ligne):
            _commencer(tenue.inscription)
    return ligne


def tenir_seance(
    seance: Seance, *, nom: str, presents: Collection[int], absents: Mapping[int, Absence], voie: VoieSignature,
    par: Acteur,
) -> Tenue:  # fmt: skip
    """Le formateur dit qui est là, qui ne l'est pas, et signe de son nom. `presents`, `absents` : numéros de place.

    Ce qu'il a déjà dit d'une personne n'est pas redit : une page périmée ne change rien.

    Raises:
        PermissionDenied: cette séance n'est pas la sienne.
        TransitionImpossible: hors du temps de signature, ou une personne dite absente a signé ; rien n'est écrit.
        ValidationError: pas de nom, ou un motif inconnu.
    """
    nom, maintenant = nom.strip(), timezone.now()
    if not nom:
        raise ValidationError({"nom": "Écrivez votre prénom et votre nom : ils signent la demi-journée."})
    for absence in absents.values():
        verifier_motif(absence.motif, absence.precision, exiger=False)
    with verrouiller(seance, {*presents, *absents}) as verrous:
        if not peut_tenir_seance(par, verrous.seance):
            raise PermissionDenied
        exiger_fenetre(verrous.seance, maintenant)
        dits = [p for p in verrous.places.values() if verrous.ligne(p).signe_formateur_le is None]
        _exiger_coherence(verrous, dits, absents)
        faits = {"presents": 0, "absents": 0}
        for place in dits:
            ligne = verrous.ligne(place)
            if place.etat not in ASSISES and ligne.pk is None:
                continue
            ligne.signe_formateur_le, ligne.formateur_voie, ligne.formateur_nom = maintenant, voie, nom[:150]
            if (dite := absents.get(place.pk)) is not None and not ligne.absent:
                ligne.absent, ligne.absence_motif = True, dite.motif
                ligne.absence_precision = dite.precision.strip()
            enregistrer(ligne)
            faits["absents" if ligne.absent else "presents"] += 1
            if est_fait(ligne):
                _commencer(place.inscription)
        if dits:
            noter(verrous.seance, "tenir_seance", par=par, donnees={**faits, "voie": str(voie)})
    return Tenue(**faits)


def _exiger_coherence(verrous: Verrous, dits: list[Place], absents: Mapping[int, Absence]) -> None:
    """Qui a signé n'est pas absent ; qui a annoncé son absence n'est pas présent sans que la ligne soit annulée."""
    signes, annonces = [], []
    for place in dits:
        ligne, nom = verrous.ligne(place), place.inscription.personne.get_full_name()
        if place.pk in absents and ligne.signe_apprenant_le is not None:
            signes.append(nom)
        if place.pk not in absents and ligne.absent:
            annonces.append(nom)
    if signes:
        raise TransitionImpossible(f"A déjà signé cette demi-journée, et ne peut être absent : {', '.join(signes)}.")
    if annonces:
        raise TransitionImpossible(
            f"A une absence enregistrée pour cette demi-journée : {', '.join(annonces)}. "
            "L’organisme peut l’annuler, avec un motif."
        )


def verifier_motif(motif: str, precision: str, *, exiger: bool) -> None:
    """Raises: ValidationError: motif absent, inconnu, ou « autre » sans dire lequel."""
    if motif not in MotifAbsence.values and (motif or exiger):
        raise ValidationError({"motif": "Choisissez le motif de l’absence."})
    if motif == MotifAbsence.AUTRE and not precision.strip():
        raise ValidationError({"precision": "Dites en quelques mots la raison de l’absence."})
    if len(precision.strip()) > 300:
        raise ValidationError({"precision": "Trois cents caractères au plus."})


def exiger_motif(motif: str) -> str:
    """Raises: ValidationError: il est vide."""
    if not (motif := motif.strip()):
        raise ValidationError({"motif": "Écrivez le motif."})
    return motif


def annuler_emargement(emargement: Emargement, *, motif: str, par: Acteur) -> Emargement:
    """Une ligne fausse ne vaut plus rien, et reste ; la demi-journée peut être émargée de nouveau.

    Raises:
        PermissionDenied: ni l'organisme de la session ni l'ANCT.
        TransitionImpossible: déjà annulée, ou comptée dans une attestation ou un état transmis.
    """
    motif = exiger_motif(motif)
    with verrouiller(emargement.seance, [emargement.place_id]) as verrous:
        if not peut_gerer_session(par, verrous.seance.session):
            raise PermissionDenied
        ligne = verrous.lignes.get(emargement.place_id)
        if ligne is None or ligne.pk != emargement.pk:
            raise TransitionImpossible("Cet émargement est déjà annulé.")
        if est_fait(ligne) and Attestation.objects.valables().filter(inscription=ligne.place.inscription).exists():
            raise TransitionImpossible("L’attestation compte ces heures : l’ANCT doit d’abord l’annuler.")
        if not est_anct(par) and _comptee(ligne):
            raise TransitionImpossible(
                "Cette demi-journée est dans un état transmis à l’ANCT : elle seule peut encore l’annuler."
            )
        ligne.annule_le, ligne.annule_motif = timezone.now(), motif
        enregistrer(ligne)
        noter(ligne, "annuler_emargement", par=par, motif=motif)
    return ligne


def _comptee(ligne: Emargement) -> bool:
    """Dans un état récapitulatif que l'organisme ne tient plus."""
    figes = (EtatRecap.TRANSMIS, EtatRecap.VALIDE)
    return LigneEmargement.objects.filter(emargement=ligne, actif=True, ligne__etat__etat__in=figes).exists()


def effacer_emargements(avant: datetime) -> int:
    """Les émargements des sessions finies avant cette date ; l'attestation, elle, reste. Rend leur nombre."""
    finies = Emargement.objects.filter(seance__session__fin__lt=timezone.localdate(avant))
    return finies.delete()[0]
