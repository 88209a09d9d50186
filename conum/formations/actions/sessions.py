"""Les sessions : préparer, ouvrir, corriger, copier.

Tout changement passe par `changer` : la session sous verrou, le calendrier vérifié en entier, le journal, et un
courriel aux inscrits quand les jours, les heures ou le lieu d'une session ouverte bougent.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Max, Min
from django.utils import timezone

from conum.courriels.actions import mettre_en_file
from conum.formations.access import peut_gerer_session
from conum.formations.actions.attente import promouvoir
from conum.formations.emails import destinataires
from conum.formations.emails.sessions import SessionModifiee
from conum.formations.models import Inscription, Organisme, Place, Seance, SessionFormation
from conum.formations.rules import assiduite, marches
from conum.formations.states import TRANSITIONS_SESSION, EtatSession
from conum.journal.acteurs import Acteur
from conum.journal.actions import noter
from conum.journal.workflow import transition
from conum.socle.enregistrement import enregistrer

CHAMPS = (
    "intitule", "parcours", "capacite", "a_distance", "lieu", "adresse", "commune", "lien", "contact_email",
)  # fmt: skip
DETAIL_MAX = 12
"""Au-delà, un changement de calendrier se dit en un nombre et deux dates, pas séance par séance."""
_PAGE = "formations:session"


# --- Ce qui change, et à qui le dire ---


@dataclass(frozen=True, slots=True)
class _Photo:
    """Ce que les inscrits ont besoin de savoir d'une session, et ce que le journal en garde."""

    faits: Mapping[str, str]
    lien: str
    places: int
    seances: frozenset[tuple[date, str]]

    @classmethod
    def de(cls, session: SessionFormation) -> "_Photo":
        commune = session.commune.nom if session.commune else ""
        lieu = ", ".join(m for m in (session.lieu, session.adresse, commune) if m)
        ou = "à distance" if session.a_distance else lieu
        faits = {"Intitulé": session.intitule, "Lieu": ou}
        seances = Seance.objects.filter(session=session).order_by("jour", "debut")
        return cls(faits, session.lien, session.capacite, frozenset((s.jour, f"{s}, {s.nature}") for s in seances))

    def ecart(self, avant: "_Photo") -> list[str]:
        """Une phrase par changement qui regarde les inscrits."""
        lignes = [
            f"{nom} : {valeur or 'non précisé'}, au lieu de : {avant.faits[nom] or 'non précisé'}."
            for nom, valeur in self.faits.items()
            if valeur != avant.faits[nom]
        ]
        # Le lien n'est que pour ceux qui ont une place : le courriel, lu aussi par la structure, ne le porte pas.
        if self.lien != avant.lien and self.lien and avant.lien:
            lignes.append("Le lien de la visioconférence a changé : le nouveau est sur la page de la session.")
        lignes += _dire_seances("Séance ajoutée", "séances ajoutées", self.seances - avant.seances)
        return lignes + _dire_seances("Séance retirée", "séances retirées", avant.seances - self.seances)


def _dire_seances(une: str, plusieurs: str, seances: frozenset[tuple[date, str]]) -> list[str]:
    triees = sorted(seances)
    if len(triees) <= DETAIL_MAX:
        return [f"{une} : le {texte}." for _, texte in triees]
    return [f"{len(triees)} {plusieurs}, du {triees[0][0]:%d/%m/%Y} au {triees[-1][0]:%d/%m/%Y}."]


def _acte(session: SessionFormation) -> str:
    return "corriger_session" if session.etat == EtatSession.OUVERTE else "modifier_session"


@contextmanager
def changer(session: SessionFormation, *, par: Acteur, motif: str = "") -> Iterator[SessionFormation]:
    """La session relue sous verrou ; le bloc change ses champs ou ses séances, le reste est fait ici, ou rien.

    Raises:
        PermissionDenied: la session n'est pas à cet acteur.
        TransitionImpossible: annulée, ou son état vient de changer.
        ValidationError: ce que les inscrits savent change, sans motif ; calendrier impossible ; moins de places que
            d'inscrits.
    """
    acte = _acte(session)
    donnees: dict[str, Any] = {}
    with (
        _capacite_tenue(),
        transition(
            session, acte, table=TRANSITIONS_SESSION, par=par, peut=peut_gerer_session, motif=motif, donnees=donnees
        ) as courante,
    ):
        avant = _Photo.de(courante)
        yield courante
        dater(courante)
        verifier_calendrier(courante)
        apres = _Photo.de(courante)
        if apres.places < avant.places:
            _serrer(courante)
        lignes = apres.ecart(avant)
        if lignes and acte == "corriger_session" and not motif.strip():
            raise ValidationError({"motif": "La session est ouverte : dites aux inscrits pourquoi elle change."})
        donnees["changements"] = lignes
        if apres.places != avant.places:
            donnees["places"] = [avant.places, apres.places]
        if lignes and acte == "corriger_session":
            _prevenir(courante, lignes, motif)
    if apres.places > avant.places:
        promouvoir(courante)


@contextmanager
def _capacite_tenue() -> Iterator[None]:
    """La base a le dernier mot sur les sièges (déclencheur SQL) : son refus se dit en clair."""
    try:
        yield
    except IntegrityError as erreur:
        # Le nom de la contrainte se perd quand `enregistrer` relance l'erreur : on lit la phrase du déclencheur.
        if "Plus de sièges pris que de places" not in str(erreur):
            raise
        raise ValidationError({"capacite": "Il y a plus d’inscrits que de places."}) from erreur


def _serrer(session: SessionFormation) -> None:
    """Les sièges pris deviennent les premiers : un siège rendu au milieu n'empêche pas de réduire la salle.

    Raises:
        ValidationError: moins de places que d'inscrits.
    """
    assis = list(
        Place.objects.select_for_update(of=("self",), no_key=True).assises().filter(session=session).order_by("pk")
    )
    if len(assis) > session.capacite:
        quoi = "une personne est inscrite" if len(assis) == 1 else f"{len(assis)} personnes sont inscrites"
        raise ValidationError({"capacite": f"{quoi[0].upper()}{quoi[1:]} : il faut au moins {len(assis)} places."})
    # Du plus petit siège au plus grand : celui qu'on donne est toujours libre.
    for siege, place in enumerate(sorted(assis, key=lambda p: p.siege or 0), start=1):
        if place.siege != siege:
            Place.objects.filter(pk=place.pk).update(siege=siege)


def _prevenir(session: SessionFormation, lignes: list[str], motif: str) -> None:
    inscriptions = Inscription.objects.filter(places__in=Place.objects.vivantes().filter(session=session)).distinct()
    for inscription in inscriptions.select_related("personne", "contrat").order_by("pk"):
        qui = [
            *destinataires.de_la_personne(inscription, _PAGE, session.pk),
            *destinataires.de_la_structure(inscription, _PAGE, session.pk),
        ]
        for chacun in qui:
            message = SessionModifiee(
                **SessionModifiee.de(session, inscription, chacun.lien), changements=tuple(lignes), motif=motif
            )
            mettre_en_file(message, a=chacun.email, objet=session)


# --- Le calendrier, vu de la session ---


def dater(session: SessionFormation) -> None:
    """`debut` et `fin` suivent les séances."""
    bornes = Seance.objects.filter(session=session).aggregate(debut=Min("jour"), fin=Max("jour"))
    session.debut, session.fin = bornes["debut"], bornes["fin"]
    if session.etat == EtatSession.OUVERTE and session.debut is None:
        raise ValidationError("Une session ouverte garde au moins une séance. Pour y renoncer, annulez-la.")


def parcours_de(session: SessionFormation) -> marches.Parcours:
    """Raises: ValidationError: aucun marché n'a ce parcours."""
    try:
        return marches.parcours(session.parcours)
    except marches.MarcheInconnu as erreur:
        raise ValidationError({"parcours": str(erreur)}) from erreur


def verifier_calendrier(session: SessionFormation) -> None:
    """Raises: ValidationError: séances qui se croisent, trop longues, trop d'heures ; une phrase chacune."""
    seances = Seance.objects.filter(session=session).order_by("jour", "debut")
    if fautes := assiduite.verifier_calendrier([s.demi_journee for s in seances], parcours_de(session)):
        raise ValidationError(list(fautes))


# --- Les actes ---


@transaction.atomic
def creer_session(organisme: Organisme, *, par: Acteur, **champs: Any) -> SessionFormation:
    """Une session en préparation, sans séance. `champs` : ceux de `CHAMPS`.

    Raises:
        PermissionDenied: ni cet organisme, ni l'ANCT.
        ValidationError: organisme fermé, parcours inconnu, champ faux.
    """
    session = SessionFormation(organisme=organisme)
    if not peut_gerer_session(par, session):
        raise PermissionDenied
    if organisme.ferme_le:
        raise ValidationError("Cet organisme n’accueille plus : aucune session ne peut y être préparée.")
    _poser(session, champs)
    enregistrer(session)
    noter(session, "creer_session", par=par, vers=session.etat)
    return session


def _poser(session: SessionFormation, champs: Mapping[str, Any]) -> None:
    if inconnus := set(champs) - set(CHAMPS):
        raise TypeError(f"champs inconnus : {', '.join(sorted(inconnus))}")
    for nom, valeur in champs.items():
        setattr(session, nom, valeur)
    session.marche_code = parcours_de(session).marche
    # Le lieu d'une session à distance, le lien d'une session sur place ne veulent rien dire : ils ne restent pas.
    if session.a_distance:
        session.lieu = session.adresse = ""
        session.commune = None
    else:
        session.lien = ""


def modifier_session(session: SessionFormation, *, par: Acteur, motif: str = "", **champs: Any) -> SessionFormation:
    """Change une session en préparation, ou corrige une session ouverte (avec un motif, écrit aux inscrits).

    Raises:
        PermissionDenied, TransitionImpossible, ValidationError: voir `changer` ; le parcours d'une session ouverte,
            le lieu manquant.
    """
    with changer(session, par=par, motif=motif) as courante:
        if courante.etat == EtatSession.OUVERTE and champs.get("parcours", courante.parcours) != courante.parcours:
            raise ValidationError({"parcours": "La session est ouverte : son parcours ne change plus."})
        _poser(courante, champs)
        if courante.etat == EtatSession.OUVERTE:
            _exiger_lieu(courante)
            _exiger_lot(courante)
    return courante


def _exiger_lieu(session: SessionFormation) -> None:
    if session.a_distance and not session.lien:
        raise ValidationError({"lien": "Une session à distance a un lien de visioconférence."})
    if not session.a_distance and session.commune is None:
        raise ValidationError({"commune": "Une session sur place a une commune."})


def _exiger_lot(session: SessionFormation) -> None:
    """L'organisme est retenu par le marché du parcours, là où se tient la session."""
    marche = marches.marche(session.marche_code)
    lots = [lot for lot in marche.lots if lot.organisme == session.organisme.nom]
    if not lots:
        raise ValidationError(
            f"« {marche.titre} » n’a pas retenu {session.organisme.nom} : cette session ne peut ouvrir."
        )
    if session.a_distance or session.commune is None or any(lot.a_distance for lot in lots):
        return
    region = session.commune.departement.region
    if not any(region.pk in lot.regions for lot in lots):
        phrase = f"{session.organisme.nom} ne sert pas la région {region.nom} dans ce marché : {marche.titre}."
        raise ValidationError({"commune": phrase})


def empechements(session: SessionFormation) -> tuple[str, ...]:
    """Ce qui manque pour ouvrir la session, une phrase chacun ; rien si elle est prête."""
    fautes: list[str] = []
    for controle in (_exiger_lieu, _exiger_lot, _exiger_calendrier, verifier_calendrier, _exiger_ouvert):
        try:
            controle(session)
        except (ValidationError, marches.MarcheInconnu) as erreur:
            fautes += erreur.messages if isinstance(erreur, ValidationError) else [str(erreur)]
    return tuple(fautes)


def _exiger_calendrier(session: SessionFormation) -> None:
    if session.debut is None or session.fin is None:
        raise ValidationError("Le calendrier n’a aucune séance.")
    if session.fin < timezone.localdate():
        raise ValidationError(f"Toutes les séances sont passées : la dernière était le {session.fin:%d/%m/%Y}.")


def _exiger_ouvert(session: SessionFormation) -> None:
    if session.organisme.ferme_le:
        raise ValidationError(
            f"{session.organisme.nom} n’accueille plus depuis le {session.organisme.ferme_le:%d/%m/%Y}."
        )


def ouvrir_session(session: SessionFormation, *, par: Acteur) -> SessionFormation:
    """Les inscriptions deviennent possibles.

    Raises:
        PermissionDenied, TransitionImpossible: voir `changer`.
        ValidationError: ce qui manque, une phrase chacun.
    """
    with transition(session, "ouvrir_session", table=TRANSITIONS_SESSION, par=par, peut=peut_gerer_session) as courante:
        # Un organisme qui ferme au même moment attend, ou nous fait attendre : il ne garde pas de session ouverte.
        courante.organisme = Organisme.objects.select_for_update(no_key=True).get(pk=courante.organisme_id)
        dater(courante)
        if fautes := empechements(courante):
            raise ValidationError(list(fautes))
    return courante


@transaction.atomic
def dupliquer_session(
    session: SessionFormation, *, premier: date, par: Acteur, avec_formateurs: bool = True
) -> SessionFormation:
    """La même session à d'autres dates, en préparation : chaque séance garde son écart au premier jour.

    Raises:
        PermissionDenied: la session n'est pas à cet acteur.
        ValidationError: voir `creer_session`.
    """
    if not peut_gerer_session(par, session):
        raise PermissionDenied
    copie = creer_session(session.organisme, par=par, **{nom: getattr(session, nom) for nom in CHAMPS})
    seances = list(Seance.objects.filter(session=session).order_by("jour", "debut"))
    ecart = premier - seances[0].jour if seances else timedelta()
    for seance in seances:
        seance.pk, seance.session, seance.jour = None, copie, seance.jour + ecart
        seance._state.adding = True
        if not avec_formateurs:
            seance.formateur_nom = seance.formateur_email = ""
    Seance.objects.bulk_create(seances)
    dater(copie)
    verifier_calendrier(copie)
    enregistrer(copie)
    noter(copie, "dupliquer_session", par=par, donnees={"depuis": session.reference})
    return copie
