"""Mises en scène du côté de l'État : demandes prêtes, sessions, concurrence."""

from datetime import date, timedelta
from typing import Any

from django.utils import timezone

from conum.demandes.actions import comite
from conum.demandes.models import Demande, SessionComite
from tests.demandes.fabriques import anct, besoin, en_instruction, enveloppes, un_depot
from tests.structures.fabriques import CommuneFactory


def prete(postes: int = 2, **champs: Any) -> Demande:
    """Une demande dont l'avis est rendu, prête pour le comité."""
    commune = CommuneFactory()
    return en_instruction(un_depot(commune, besoin=besoin(commune, postes=postes, **champs)))


def session(*demandes: Demande, numero: str = "64", jour: date | None = None, postes: int = 100) -> SessionComite:
    """Une session d'aujourd'hui, l'enveloppe ouverte et ces demandes à l'ordre du jour."""
    jour = jour or timezone.localdate()
    if demandes:
        enveloppes(demandes[0].departement, postes, annee=jour.year)
    creee = comite.creer_session(numero, jour, par=anct())
    comite.inscrire(creee, [d.pk for d in demandes], par=anct())
    for demande in demandes:
        demande.refresh_from_db()
    return creee


def attribuee(postes: int = 2) -> Demande:
    """Attribuée hier en comité : ses postes peuvent être rendus aujourd'hui."""
    demande = prete(postes)
    hier = timezone.localdate() - timedelta(days=1)
    comite.attribuer(demande, postes=postes, par=anct(), session=session(demande, numero="63", jour=hier))
    demande.refresh_from_db()
    return demande
