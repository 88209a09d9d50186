"""Le calendrier d'une session : remplir des demi-journées jusqu'aux heures du parcours, jours fériés sautés.

Les jours fériés viennent de la bibliothèque `holidays` : code du travail, art. L3133-1 ; Alsace-Moselle, art.
L3134-13 ; outre-mer, loi n° 83-550 du 30 juin 1983 et ce qui vaut dans chaque collectivité.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, time, timedelta

import holidays

from conum.formations.rules.assiduite import DUREE_MAX, DemiJournee, Nature, en_heures

JOURS = ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche")
ETENDUE_MAX = timedelta(days=730)
"""Un calendrier plus long est une faute de saisie."""
DEPUIS = date(2020, 11, 1)
"""Le dispositif n'existe pas avant."""
AVENIR_MAX = timedelta(days=1096)
_TERRITOIRES = {
    "67": "57", "68": "57", "57": "57", "971": "971", "972": "972", "973": "973", "974": "974", "975": "PM",
    "976": "976", "977": "BL", "978": "MF", "984": "TF", "986": "WF", "987": "PF", "988": "NC",
}  # fmt: skip

Horaires = tuple[time, time]


class CalendrierImpossible(ValueError):
    """Ce qui est demandé ne fait pas un calendrier. `fautes` : une phrase chacune, à montrer telle quelle."""

    def __init__(self, fautes: Sequence[str]) -> None:
        super().__init__(" ".join(fautes))
        self.fautes = tuple(fautes)


@dataclass(frozen=True, slots=True)
class Rythme:
    """Quels jours de la semaine (0 : lundi) et à quelles heures, entre deux jours compris."""

    premier: date
    dernier: date
    jours: frozenset[int]
    horaires: tuple[Horaires, ...]
    nature: Nature


@dataclass(frozen=True, slots=True)
class Remplissage:
    """Ce que donne un rythme. `sautes` : les jours fériés et les demi-journées déjà prises ; `reste` en minutes."""

    demi_journees: tuple[DemiJournee, ...]
    sautes: tuple[str, ...]
    reste: int


def jours_feries(premier: date, dernier: date, departement: str = "") -> dict[date, str]:
    """Les jours fériés d'un département entre deux dates, et leur nom ; sans département, ceux de tout le pays."""
    annees = range(premier.year, dernier.year + 1)
    lus = holidays.country_holidays("FR", subdiv=_TERRITOIRES.get(departement), years=annees, language="fr")
    return {jour: str(nom) for jour, nom in sorted(lus.items()) if premier <= jour <= dernier}


def remplir(
    rythme: Rythme, *, minutes: int, deja: Iterable[DemiJournee], feries: Mapping[date, str], session: str
) -> Remplissage:
    """Des demi-journées dans l'ordre, jusqu'à `minutes` ; la dernière est raccourcie pour tomber juste.

    Raises:
        CalendrierImpossible: dates à l'envers, trop éloignées, aucun jour, horaires faux ou qui se croisent.
    """
    if fautes := _fautes(rythme):
        raise CalendrierImpossible(fautes)
    prises = [d for d in deja if rythme.premier <= d.jour <= rythme.dernier]
    reste = minutes
    faites: list[DemiJournee] = []
    sautes: list[str] = []
    jour = rythme.premier
    while reste > 0 and jour <= rythme.dernier:
        if jour.weekday() in rythme.jours and jour in feries:
            sautes.append(f"{JOURS[jour.weekday()]} {jour:%d/%m/%Y} : férié, {feries[jour]}.")
        elif jour.weekday() in rythme.jours:
            for debut, fin in rythme.horaires:
                if reste <= 0:
                    break
                seance = _tronquer(DemiJournee(jour, debut, fin, session, rythme.nature), reste)
                if any(_se_croisent(seance, prise) for prise in prises):
                    sautes.append(f"{seance.jour:%d/%m/%Y} {seance.moment} : déjà une séance.")
                    continue
                faites.append(seance)
                reste -= seance.minutes
        jour += timedelta(days=1)
    return Remplissage(tuple(faites), tuple(sautes), reste)


def _tronquer(seance: DemiJournee, reste: int) -> DemiJournee:
    if seance.minutes <= reste:
        return seance
    fin = seance.debut.hour * 60 + seance.debut.minute + reste
    return DemiJournee(seance.jour, seance.debut, time(*divmod(fin, 60)), seance.session, seance.nature)


def _se_croisent(a: DemiJournee, b: DemiJournee) -> bool:
    return a.jour == b.jour and a.debut < b.fin and b.debut < a.fin


def _fautes(rythme: Rythme) -> list[str]:
    fautes = []
    if rythme.dernier < rythme.premier:
        fautes.append(f"Le dernier jour ({rythme.dernier:%d/%m/%Y}) précède le premier ({rythme.premier:%d/%m/%Y}).")
    elif rythme.dernier - rythme.premier > ETENDUE_MAX:
        fautes.append("Un calendrier tient en deux ans.")
    if not rythme.jours:
        fautes.append("Choisissez au moins un jour de la semaine.")
    if not rythme.horaires:
        fautes.append("Donnez les horaires du matin, de l’après-midi ou des deux.")
    for debut, fin in rythme.horaires:
        seance = DemiJournee(rythme.premier, debut, fin, "", rythme.nature)
        if seance.minutes <= 0:
            fautes.append(f"La fin ({fin:%H:%M}) ne suit pas le début ({debut:%H:%M}).")
        elif seance.minutes > DUREE_MAX:
            fautes.append(f"Une demi-journée ne dure pas {en_heures(seance.minutes)}.")
    if len(rythme.horaires) == 2 and rythme.horaires[1][0] < rythme.horaires[0][1]:
        fautes.append("L’après-midi commence avant la fin du matin.")
    return fautes


def a_signaler(seances: Iterable[DemiJournee], feries: Mapping[date, str]) -> tuple[str, ...]:
    """Les jours où l'on ne travaille pas d'ordinaire : un dimanche, un jour férié. Ils ne sont pas refusés."""
    jours = sorted({d.jour for d in seances})
    dits = []
    for jour in jours:
        if jour in feries:
            dits.append(f"Le {jour:%d/%m/%Y} est férié : {feries[jour]}.")
        elif jour.weekday() == 6:
            dits.append(f"Le {jour:%d/%m/%Y} est un dimanche.")
    return tuple(dits)


def jours_invraisemblables(jours: Iterable[date], aujourd_hui: date) -> tuple[str, ...]:
    """Une année mal tapée se voit ; une phrase par jour."""
    fous = sorted({j for j in jours if not DEPUIS <= j <= aujourd_hui + AVENIR_MAX})
    return tuple(f"Le {j:%d/%m/%Y} n’est pas un jour de session vraisemblable : vérifiez l’année." for j in fous)
