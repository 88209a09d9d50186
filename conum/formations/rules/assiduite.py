"""L'assiduité : des demi-journées signées par la personne et par le formateur font les heures (facts-and-asks § 2).

Cours et stage se comptent à part : des heures de stage en trop ne remplacent pas des cours. Tout est en minutes.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, time, timedelta
from enum import StrEnum
from itertools import pairwise

from conum.formations.rules.marches import Parcours
from conum.formations.rules.presence import JOURS_POUR_SIGNER

MIDI = time(13)
DUREE_MAX = 6 * 60
"""Une demi-journée plus longue est une faute de saisie."""


class Nature(StrEnum):
    COURS = "cours"
    STAGE = "stage"


class AssiduiteInvalide(ValueError):
    """Le calendrier ou les signatures se contredisent. `fautes` : une phrase chacune, à montrer telle quelle."""

    def __init__(self, fautes: Sequence[str]) -> None:
        super().__init__(" ".join(fautes))
        self.fautes = tuple(fautes)


@dataclass(frozen=True, slots=True, order=True)
class DemiJournee:
    """Une demi-journée d'une session : l'unité que l'on signe."""

    jour: date
    debut: time
    fin: time
    session: str
    nature: Nature = Nature.COURS

    @property
    def minutes(self) -> int:
        return (self.fin.hour - self.debut.hour) * 60 + self.fin.minute - self.debut.minute

    @property
    def moment(self) -> str:
        return "matin" if self.debut < MIDI else "après-midi"

    def __str__(self) -> str:
        return f"{self.jour:%d/%m/%Y} {self.moment} ({self.session})"


@dataclass(frozen=True, slots=True)
class Emargement:
    """Ce que l'on sait d'une personne à une demi-journée. `motif` : la raison d'une absence."""

    demi_journee: DemiJournee
    signe_apprenant: bool = False
    signe_formateur: bool = False
    absent: bool = False
    motif: str = ""

    @property
    def fait(self) -> bool:
        return self.signe_apprenant and self.signe_formateur and not self.absent


@dataclass(frozen=True, slots=True)
class Part:
    """Des minutes d'une nature : dues, signées, prévues et pas encore passées ; passées et encore à signer."""

    requises: int
    faites: int
    a_venir: int
    signables: int = 0

    @property
    def manquantes(self) -> int:
        return max(self.requises - self.faites, 0)


@dataclass(frozen=True, slots=True)
class Assiduite:
    """Les heures d'une personne, et ce qui demande un geste."""

    cours: Part
    stage: Part
    a_signer: tuple[DemiJournee, ...]
    absences_justifiees: tuple[DemiJournee, ...]
    absences_sans_motif: tuple[DemiJournee, ...]
    fautes: tuple[str, ...] = ()
    """Ce qui se contredit, une phrase chacun ; rien n'est attesté tant qu'il en reste."""
    depassements: tuple[str, ...] = ()
    """Plus d'heures que le parcours : à dire, sans rien empêcher."""

    @property
    def requises(self) -> int:
        return self.cours.requises + self.stage.requises

    @property
    def faites(self) -> int:
        return self.cours.faites + self.stage.faites

    @property
    def manquantes(self) -> int:
        return self.cours.manquantes + self.stage.manquantes

    @property
    def complete(self) -> bool:
        """Sans parcours, rien n'est requis et rien n'est fini."""
        return self.requises > 0 and self.manquantes == 0

    @property
    def a_reprogrammer(self) -> int:
        """Les minutes qui manqueront encore quand tout ce qui est prévu sera suivi et le passé signé."""
        return sum(max(p.manquantes - p.a_venir - p.signables, 0) for p in (self.cours, self.stage))


def en_heures(minutes: int) -> str:
    """
    >>> en_heures(210), en_heures(420), en_heures(45)
    ('3 h 30', '7 h', '45 min')
    """
    heures, reste = divmod(minutes, 60)
    if not heures:
        return f"{reste} min"
    return f"{heures} h {reste:02}" if reste else f"{heures} h"


def verifier_calendrier(demi_journees: Iterable[DemiJournee], parcours: Parcours) -> tuple[str, ...]:
    """Ce qui rend impossible le calendrier d'une personne, une phrase chacun : durée, chevauchement, trop d'heures."""
    triees = sorted(demi_journees)
    return (*_fautes_de_duree(triees), *_chevauchements(triees), *_depassements(triees, parcours))


def _fautes_de_duree(triees: Sequence[DemiJournee]) -> list[str]:
    fautes = []
    for d in triees:
        if d.minutes <= 0:
            fautes.append(f"{d} : la fin ({d.fin:%H:%M}) ne suit pas le début ({d.debut:%H:%M}).")
        elif d.minutes > DUREE_MAX:
            fautes.append(f"{d} : une demi-journée ne dure pas {en_heures(d.minutes)}.")
    return fautes


def _chevauchements(triees: Sequence[DemiJournee]) -> list[str]:
    """Deux demi-journées qui se croisent, quelles que soient leurs sessions ; un même instant de fin et de début va."""
    fautes = []
    derniere: DemiJournee | None = None
    for d in triees:
        if derniere is not None and derniere.jour == d.jour and d.debut < derniere.fin:
            fautes.append(f"{d} commence avant la fin de {derniere} : on ne suit pas deux séances à la fois.")
        if derniere is None or (derniere.jour, derniere.fin) < (d.jour, d.fin):
            derniere = d
    return fautes


def _depassements(triees: Sequence[DemiJournee], parcours: Parcours) -> list[str]:
    fautes = []
    for nature, heures in ((Nature.COURS, parcours.heures_cours), (Nature.STAGE, parcours.heures_stage)):
        prevues = sum(d.minutes for d in triees if d.nature is nature)
        if prevues > heures * 60:
            fautes.append(
                f"{en_heures(prevues)} de {nature} prévues : le parcours « {parcours.libelle} » en compte {heures} h."
            )
    return fautes


def compter(parcours: Parcours, emargements: Iterable[Emargement], jour: date) -> Assiduite:
    """Les heures dues, faites et manquantes d'une personne, ce jour-là.

    Une demi-journée passée sans les deux signatures est à signer ; une absence n'est jamais comptée. Une demi-journée
    dont l'absence est justifiée peut être reprogrammée : elle ne compte pas dans ce qui est prévu.

    Raises:
        AssiduiteInvalide: demi-journée signée dans le futur ou en double, séances qui se croisent, trop d'heures.
    """
    suivie = compter_et_dire(parcours, emargements, jour)
    if suivie.fautes or suivie.depassements:
        raise AssiduiteInvalide((*suivie.fautes, *suivie.depassements))
    return suivie


def compter_et_dire(parcours: Parcours, emargements: Iterable[Emargement], jour: date) -> Assiduite:
    """Comme `compter`, sans refuser : ce qui ne va pas est dit dans `fautes` et `depassements`, et compté tel quel."""
    lignes = sorted(emargements, key=lambda e: e.demi_journee)
    passees = [e for e in lignes if e.demi_journee.jour <= jour]
    uniques = sorted({e.demi_journee for e in lignes if not e.absent})
    return Assiduite(
        cours=_part(lignes, Nature.COURS, parcours.heures_cours, jour),
        stage=_part(lignes, Nature.STAGE, parcours.heures_stage, jour),
        a_signer=tuple(e.demi_journee for e in passees if not e.fait and not e.absent),
        absences_justifiees=tuple(e.demi_journee for e in passees if e.absent and e.motif.strip()),
        absences_sans_motif=tuple(e.demi_journee for e in passees if e.absent and not e.motif.strip()),
        fautes=(*_contradictions(lignes, jour), *_fautes_de_duree(uniques), *_chevauchements(uniques)),
        depassements=tuple(_depassements(uniques, parcours)),
    )


def sans_parcours(phrase: str) -> Assiduite:
    """Une personne sans parcours connu : rien n'est dû, rien n'est fini, et la phrase dit pourquoi."""
    rien = Part(0, 0, 0)
    return Assiduite(rien, rien, (), (), (), fautes=(phrase,))


def _contradictions(lignes: Sequence[Emargement], jour: date) -> list[str]:
    futures = [e.demi_journee for e in lignes if e.fait and e.demi_journee.jour > jour]
    doubles = [a.demi_journee for a, b in pairwise(lignes) if a.demi_journee == b.demi_journee]
    fautes = [f"{d} est signée et n’a pas encore eu lieu." for d in futures]
    fautes += [f"{e.demi_journee} est à la fois signée et absente." for e in lignes if e.absent and e.signe_apprenant]
    return fautes + [f"{d} est inscrite deux fois." for d in doubles]


def _part(lignes: Sequence[Emargement], nature: Nature, heures: int, jour: date) -> Part:
    de_la_nature = [e for e in lignes if e.demi_journee.nature is nature]
    return Part(
        requises=heures * 60,
        faites=sum(e.demi_journee.minutes for e in de_la_nature if e.fait),
        a_venir=sum(e.demi_journee.minutes for e in de_la_nature if not e.absent and e.demi_journee.jour > jour),
        signables=sum(e.demi_journee.minutes for e in de_la_nature if _signable(e, jour)),
    )


def _signable(e: Emargement, jour: date) -> bool:
    """Passée, et l'une des deux signatures peut encore venir."""
    passee = jour - timedelta(days=JOURS_POUR_SIGNER) <= e.demi_journee.jour <= jour
    return passee and not e.absent and not e.fait
