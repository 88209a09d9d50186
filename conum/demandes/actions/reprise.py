"""Reprendre les attributions publiées d'avant conum, par les mêmes actions que le reste."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from django.db import transaction
from django.utils import timezone

from conum.demandes.access import peut_reprendre
from conum.demandes.models import Decision, Demande, SensDecision, SessionComite
from conum.demandes.states import TRANSITIONS, EtatSession
from conum.journal.acteurs import SYSTEME, Acteur
from conum.journal.actions import noter
from conum.journal.workflow import TransitionImpossible, transition
from conum.postes.actions import creer_postes
from conum.postes.models import TypePoste
from conum.structures.actions import DonneesStructure, StructureExistante, creer_structure
from conum.structures.models import Structure


class Reprise(StrEnum):
    """Ce qu'a donné une ligne reprise."""

    ATTRIBUEE = "attribuee"
    SANS_POSTE = "sans_poste"
    DEJA_FAITE = "deja_faite"


@dataclass(frozen=True, slots=True, kw_only=True)
class AttributionPubliee:
    """Une structure et ses postes, tels que publiés."""

    structure: DonneesStructure
    postes: int


def ouvrir_session_historique(numero: str, jour: date, *, par: Acteur) -> SessionComite:
    """La session qui porte une reprise ; la même si elle est déjà là.

    Raises:
        TransitionImpossible: ce numéro est celui d'une vraie session du comité.
    """
    if par is not SYSTEME:
        raise TransitionImpossible("Seul un import reprend une session historique.")
    with transaction.atomic():
        session, creee = SessionComite.objects.get_or_create(
            numero=numero,
            defaults={"date": jour, "historique": True, "etat": EtatSession.TENUE, "close_le": timezone.now()},
        )
        if not session.historique:
            raise TransitionImpossible(f"La session n° {numero} est une session du comité, pas une reprise.")
        if creee:
            noter(session, "ouvrir_session_historique", par=par, vers=session.etat)
    return session


def reprendre(attribution: AttributionPubliee, session: SessionComite, *, par: Acteur) -> Reprise:
    """Inscrit la structure et lui attribue ses postes publiés, dans la session historique.

    Rejouée, la même ligne ne fait rien. Sans poste publié, seule la structure est inscrite.

    Raises:
        TransitionImpossible, ValidationError: la structure ne peut pas être inscrite (voir `creer_structure`).
    """
    with transaction.atomic(savepoint=False):
        try:
            structure, nouvelle = creer_structure(attribution.structure, par=par), True
        except StructureExistante as erreur:
            structure, nouvelle = erreur.structure, False
        if not attribution.postes:
            return Reprise.SANS_POSTE if nouvelle else Reprise.DEJA_FAITE
        if not nouvelle:
            # Sous verrou : deux imports lancés à la fois ne donnent pas deux fois les mêmes postes.
            Structure.objects.select_for_update(of=("self",), no_key=True).get(pk=structure.pk)
            if Demande.objects.filter(structure=structure, session=session).exists():
                return Reprise.DEJA_FAITE
        _attribuer(structure, attribution, session, par=par)
    return Reprise.ATTRIBUEE


def _attribuer(structure: Structure, attribution: AttributionPubliee, session: SessionComite, *, par: Acteur) -> None:
    demande = Demande.objects.create(type_poste=TypePoste.CONSEILLER)
    with transition(
        demande, "reprendre", table=TRANSITIONS, par=par, peut=peut_reprendre, motif=str(session)
    ) as demande:
        instant = timezone.now()
        demande.structure = structure
        demande.commune = attribution.structure.commune
        demande.departement = attribution.structure.commune.departement
        demande.postes_demandes = attribution.postes
        demande.deposee_le = demande.close_le = instant
        demande.motivation = "Attribution reprise des données publiées : le dossier d'origine n'est pas dans conum."
        demande.session = session
    Decision.objects.create(
        demande=demande,
        sens=SensDecision.ATTRIBUEE,
        postes_accordes=attribution.postes,
        session=session,
        annee=session.date.year,
        departement=attribution.structure.commune.departement,
        observations="Reprise des données publiées.",
    )
    creer_postes(
        structure,
        nombre=attribution.postes,
        type_poste=TypePoste.CONSEILLER,
        debut=session.date,
        par=par,
        motif=str(session),
    )
