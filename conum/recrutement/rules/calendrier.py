"""Le rendez-vous d'un entretien, en iCalendar (RFC 5545, RFC 5546) : invitation, déplacement, annulation."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from icalendar import Alarm, Calendar, Event, Timezone, vCalAddress, vText

PARIS = ZoneInfo("Europe/Paris")
DUREE_ENTRETIEN = timedelta(hours=1)
RAPPEL = timedelta(hours=-24)
_PRODUIT = "-//conum//Recrutement//FR"

# L'heure d'été européenne, en règle (directive 2000/84/CE) : dernier dimanche de mars, dernier dimanche d'octobre.
_FUSEAU = """\
BEGIN:VTIMEZONE
TZID:Europe/Paris
BEGIN:DAYLIGHT
DTSTART:19960331T020000
TZNAME:CEST
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU
END:DAYLIGHT
BEGIN:STANDARD
DTSTART:19961027T030000
TZNAME:CET
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU
END:STANDARD
END:VTIMEZONE
"""


@dataclass(frozen=True)
class Personne:
    nom: str
    adresse: str


@dataclass(frozen=True)
class RendezVous:
    """`uid` ne change jamais ; `sequence` augmente à chaque déplacement, et à l'annulation."""

    uid: str
    sequence: int
    debut: datetime
    titre: str
    lieu: str
    description: str
    lien: str
    organisateur: Personne
    invites: tuple[Personne, ...]


def invitation(rendez_vous: RendezVous, *, ecrit_le: datetime) -> str:
    """METHOD:REQUEST : le rendez-vous, nouveau ou déplacé."""
    evenement = _evenement(rendez_vous, ecrit_le, "CONFIRMED")
    alarme = Alarm()
    alarme.add("action", "DISPLAY")
    alarme.add("description", rendez_vous.titre)
    alarme.add("trigger", RAPPEL)
    evenement.add_component(alarme)
    return _calendrier("REQUEST", evenement)


def annulation(rendez_vous: RendezVous, *, ecrit_le: datetime) -> str:
    """METHOD:CANCEL : le rendez-vous disparaît des agendas."""
    return _calendrier("CANCEL", _evenement(rendez_vous, ecrit_le, "CANCELLED"))


def _evenement(rendez_vous: RendezVous, ecrit_le: datetime, statut: str) -> Event:
    debut = rendez_vous.debut.astimezone(PARIS)
    evenement = Event()
    evenement.add("uid", rendez_vous.uid)
    evenement.add("sequence", rendez_vous.sequence)
    evenement.add("dtstamp", ecrit_le)
    evenement.add("dtstart", debut)
    evenement.add("dtend", debut + DUREE_ENTRETIEN)
    evenement.add("summary", rendez_vous.titre)
    evenement.add("status", statut)
    if rendez_vous.lieu:
        evenement.add("location", rendez_vous.lieu)
    if rendez_vous.description:
        evenement.add("description", rendez_vous.description)
    if rendez_vous.lien:
        evenement.add("url", rendez_vous.lien)
    evenement.add("organizer", _adresse(rendez_vous.organisateur))
    for invite in rendez_vous.invites:
        adresse = _adresse(invite)
        adresse.params["ROLE"] = vText("REQ-PARTICIPANT")
        # Personne ne lit les réponses automatiques d'un agenda : on ne les demande pas.
        adresse.params["RSVP"] = vText("FALSE")
        evenement.add("attendee", adresse)
    return evenement


def _adresse(personne: Personne) -> vCalAddress:
    adresse = vCalAddress(f"mailto:{personne.adresse}")
    adresse.params["CN"] = vText(personne.nom)
    return adresse


def _calendrier(methode: str, evenement: Event) -> str:
    calendrier = Calendar()
    calendrier.add("prodid", _PRODUIT)
    calendrier.add("version", "2.0")
    calendrier.add("calscale", "GREGORIAN")
    calendrier.add("method", methode)
    # La RFC exige de décrire le fuseau dès qu'une date porte un TZID.
    calendrier.add_component(Timezone.from_ical(_FUSEAU))
    calendrier.add_component(evenement)
    return str(calendrier.to_ical().decode("utf-8"))
