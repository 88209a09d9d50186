"""Le calendrier d'une personne dans une session, en iCalendar (RFC 5545) : une demi-journée, un événement.

L'identifiant d'un événement ne change jamais (séance et personne) ; `sequence` croît à chaque convocation : l'agenda
remplace ce qu'il avait. Une séance retirée revient une fois, annulée, pour en disparaître.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from icalendar import Calendar, Event, Timezone, TimezoneDaylight, TimezoneStandard
from icalendar.prop import vRecur

_PRODUIT = "-//conum//Formations//FR"
PUBLIER, ANNULER = "PUBLISH", "CANCEL"
_PERSONNE = "QUI-ICI"
"""Tient la place du numéro de la personne : tous les inscrits d'une session ont le même texte, à ce numéro près."""

# Les deux seules terres qui changent d'heure : (mois, rang du dimanche, heure avant le changement) au printemps, puis à
# l'automne. Europe : directive 2000/84/CE. Saint-Pierre-et-Miquelon suit les dates d'Amérique du Nord.
_CHANGEMENTS = {
    "Europe/Paris": ((3, -1, 2), (10, -1, 3)),
    "America/Miquelon": ((3, 2, 2), (11, 1, 2)),
}
_REFERENCE = 2020
"""Les règles d'heure d'été ci-dessus courent sans changement bien avant et depuis."""


@dataclass(frozen=True, slots=True)
class Evenement:
    """Une demi-journée à mettre dans un agenda. `numero` : celui de la séance ; `sequence` : sa version."""

    numero: int
    jour: date
    debut: time
    fin: time
    sequence: int
    annule: bool = False


@dataclass(frozen=True, slots=True)
class Agenda:
    """Ce qui est commun aux événements d'une session. `lien` : la visioconférence, ou la page."""

    titre: str
    lieu: str
    description: str
    lien: str
    fuseau: ZoneInfo


def ecrire(
    agenda: Agenda,
    evenements: tuple[Evenement, ...],
    *,
    personne: int,
    ecrit_le: datetime,
    methode: str = PUBLIER,
) -> str:
    """Le texte iCalendar d'une personne ; `personne` : le numéro de son inscription."""
    # À la minute : les inscrits d'une même session partagent le texte, qui se construit une fois.
    minute = ecrit_le.astimezone(UTC).replace(second=0, microsecond=0)
    return _commun(agenda, evenements, minute, methode).replace(_PERSONNE, f"fo-{personne}")


@lru_cache(maxsize=64)
def _commun(agenda: Agenda, evenements: tuple[Evenement, ...], ecrit_le: datetime, methode: str) -> str:
    calendrier = Calendar()
    calendrier.add("prodid", _PRODUIT)
    calendrier.add("version", "2.0")
    calendrier.add("calscale", "GREGORIAN")
    calendrier.add("method", methode)
    # La RFC exige de décrire le fuseau dès qu'une date porte un TZID.
    calendrier.add_component(_fuseau(agenda.fuseau))
    for evenement in evenements:
        calendrier.add_component(_evenement(agenda, evenement, ecrit_le, methode))
    return str(calendrier.to_ical().decode("utf-8"))


def _evenement(agenda: Agenda, evenement: Evenement, ecrit_le: datetime, methode: str) -> Event:
    annule = evenement.annule or methode == ANNULER
    ecrit = Event()
    ecrit.add("uid", f"seance-{evenement.numero}-{_PERSONNE}@conum")
    ecrit.add("sequence", evenement.sequence)
    ecrit.add("dtstamp", ecrit_le)
    ecrit.add("dtstart", datetime.combine(evenement.jour, evenement.debut, agenda.fuseau))
    ecrit.add("dtend", datetime.combine(evenement.jour, evenement.fin, agenda.fuseau))
    ecrit.add("summary", f"Annulé : {agenda.titre}" if annule else agenda.titre)
    ecrit.add("status", "CANCELLED" if annule else "CONFIRMED")
    for nom, valeur in (("location", agenda.lieu), ("description", agenda.description), ("url", agenda.lien)):
        if valeur:
            ecrit.add(nom, valeur)
    return ecrit


def _fuseau(zone: ZoneInfo) -> Timezone:
    """Le VTIMEZONE d'une zone : une heure fixe, ou l'heure d'été en règle."""
    fuseau = Timezone()
    fuseau.add("tzid", zone.key)
    hiver = _ecart(zone, _locale(_REFERENCE, 1))
    if zone.key not in _CHANGEMENTS:
        fuseau.add_component(_observance(TimezoneStandard(), _locale(1970, 1), hiver, hiver, zone))
        return fuseau
    ete = _ecart(zone, _locale(_REFERENCE, 7))
    printemps, automne = _CHANGEMENTS[zone.key]
    fuseau.add_component(_changement(TimezoneDaylight(), printemps, hiver, ete, zone))
    fuseau.add_component(_changement(TimezoneStandard(), automne, ete, hiver, zone))
    return fuseau


def _locale(annee: int, mois: int) -> datetime:
    """Le premier du mois, à l'heure locale : la RFC l'écrit sans fuseau dans un VTIMEZONE."""
    return datetime(annee, mois, 1)  # noqa: DTZ001


def _ecart(zone: ZoneInfo, quand: datetime) -> timedelta:
    return quand.replace(tzinfo=zone).utcoffset() or timedelta()


def _changement(
    observance: TimezoneStandard | TimezoneDaylight, quand: tuple[int, int, int], avant: timedelta, apres: timedelta,
    zone: ZoneInfo,
) -> TimezoneStandard | TimezoneDaylight:  # fmt: skip
    mois, rang, heure = quand
    debut = _dimanche(_REFERENCE, mois, rang) + timedelta(hours=heure)
    _observance(observance, debut, avant, apres, zone)
    observance.add("rrule", vRecur({"FREQ": "YEARLY", "BYMONTH": mois, "BYDAY": f"{rang}SU"}))
    return observance


def _dimanche(annee: int, mois: int, rang: int) -> datetime:
    """Le dimanche de ce rang dans le mois ; -1 : le dernier."""
    if rang > 0:
        premier = _locale(annee, mois)
        return premier + timedelta(days=(6 - premier.weekday()) % 7 + 7 * (rang - 1))
    suivant = _locale(annee, mois + 1)
    return suivant - timedelta(days=(suivant.weekday() + 1) % 7 or 7)


def _observance(
    observance: TimezoneStandard | TimezoneDaylight, debut: datetime, avant: timedelta, apres: timedelta,
    zone: ZoneInfo,
) -> TimezoneStandard | TimezoneDaylight:  # fmt: skip
    observance.add("dtstart", debut)
    observance.add("tzoffsetfrom", avant)
    observance.add("tzoffsetto", apres)
    observance.add("tzname", (debut + timedelta(days=1)).replace(tzinfo=zone).tzname() or zone.key)
    return observance
