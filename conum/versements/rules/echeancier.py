"""D'un acte signé à ses échéances, pour un poste. Fonctions pures, sans Django.

Ce que l'acte accorde pour le poste est un total et des tranches. Ce qui est parti (ordonnancé ou versé), moins ce que
la structure a rendu, s'impute sur les premières tranches ; le reste est à venir. S'il est parti plus que le total,
la différence est à rendre (facts-and-asks § 1.7). Toujours, au centime :

    parti − rendu − à rendre + à venir = total de l'acte

Seul l'état présent compte : refaire le calcul ne change rien, et plusieurs avenants donnent ce que donne le dernier.
"""

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import TypeVar

from conum.socle.texte import euros

Cle = TypeVar("Cle", bound=Hashable)
ZERO = Decimal("0.00")


@dataclass(frozen=True, slots=True)
class Tranche:
    """Ce que l'acte accorde à un rang de la règle ; sans date quand la règle n'en donne pas."""

    rang: int
    montant: Decimal
    date: date | None
    trace: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Attendue:
    """Une échéance qui n'est pas partie ; `motif` non vide : elle est suspendue."""

    montant: Decimal
    date: date | None
    motif: str = ""


@dataclass(frozen=True, slots=True)
class Situation:
    """Où en est le poste. `remis` : les reversements auxquels l'État a renoncé. `suspension` : motif de tous."""

    verse: Decimal = ZERO
    rendu: Decimal = ZERO
    remis: Decimal = ZERO
    a_venir: tuple[Attendue, ...] = ()
    suspension: str = ""


@dataclass(frozen=True, slots=True)
class Prevue:
    """Une échéance à écrire."""

    rang: int
    montant: Decimal
    date: date | None
    motif: str
    trace: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """Ce qui reste à venir pour un poste, ou ce qui est à rendre ; jamais les deux."""

    total: Decimal
    echeances: tuple[Prevue, ...]
    a_rendre: Decimal
    trace: tuple[str, ...]

    @property
    def a_venir(self) -> Decimal:
        return sum((e.montant for e in self.echeances), ZERO)


def imputer(tranches: Iterable[Tranche], parti: Decimal) -> list[Tranche]:
    """Les tranches une fois `parti` retiré, en commençant par la première ; celles qui tombent à zéro disparaissent."""
    restantes = []
    for tranche in sorted(tranches, key=lambda t: t.rang):
        pris = min(max(parti, ZERO), tranche.montant)
        parti -= pris
        if tranche.montant > pris:
            restantes.append(replace(tranche, montant=tranche.montant - pris))
    return restantes


def garder_les_dates(attendues: Iterable[Attendue], reste: Decimal) -> list[tuple[Decimal, date | None]]:
    """La règle ne date rien, un agent l'a fait : ses dates restent, la différence porte sur les dernières."""
    ordre = sorted(attendues, key=lambda a: a.date or date.max)
    gardees: list[tuple[Decimal, date | None]] = []
    for attendue in ordre:
        pris = min(attendue.montant, reste)
        reste -= pris
        if pris:
            gardees.append((pris, attendue.date))
    if reste:
        if gardees:
            montant, le = gardees.pop()
            gardees.append((montant + reste, le))
        else:
            gardees.append((reste, None))
    return gardees


def planifier(tranches: Iterable[Tranche], situation: Situation, *, deja_rendu_ailleurs: Decimal = ZERO) -> Plan:
    """Les échéances à écrire pour un poste, et ce qu'il a reçu de trop.

    `deja_rendu_ailleurs` : part des sommes déjà demandées pour toute la convention (emploi non prouvé), qui ne se
    réclame pas deux fois.
    """
    tranches = tuple(sorted(tranches, key=lambda t: t.rang))
    total = sum((t.montant for t in tranches), ZERO)
    net = situation.verse - situation.rendu
    exces = max(ZERO, net - total - situation.remis)
    a_rendre = max(ZERO, exces - deja_rendu_ailleurs)
    trace = _raconter(total, situation, a_rendre, exces - a_rendre)
    if net >= total:
        return Plan(total, (), a_rendre, trace)
    restantes = imputer(tranches, net)
    motif = next((a.motif for a in situation.a_venir if a.motif), situation.suspension)
    if all(t.date is None for t in tranches):
        return Plan(total, _sans_date(restantes, situation, motif), a_rendre, trace)
    prevues = tuple(
        Prevue(t.rang, t.montant, t.date, motif, _trace_de(t, accorde))
        for t, accorde in ((t, next(x.montant for x in tranches if x.rang == t.rang)) for t in restantes)
    )
    return Plan(total, prevues, a_rendre, trace)


def _sans_date(restantes: list[Tranche], situation: Situation, motif: str) -> tuple[Prevue, ...]:
    reste = sum((t.montant for t in restantes), ZERO)
    phrases = tuple(p for t in restantes for p in t.trace)
    return tuple(
        Prevue(rang, montant, le, motif, phrases)
        for rang, (montant, le) in enumerate(garder_les_dates(situation.a_venir, reste), start=1)
    )


def _trace_de(tranche: Tranche, accorde: Decimal) -> tuple[str, ...]:
    if tranche.montant == accorde:
        return tranche.trace
    deja = accorde - tranche.montant
    return (*tranche.trace, f"{euros(accorde)} accordés − {euros(deja)} déjà partis = {euros(tranche.montant)}.")


def _raconter(total: Decimal, s: Situation, a_rendre: Decimal, ailleurs: Decimal) -> tuple[str, ...]:
    phrases = [f"Montant de l’acte pour ce poste : {euros(total)}."]
    if s.verse:
        phrases.append(f"Déjà ordonnancé ou versé : {euros(s.verse)}.")
    if s.rendu:
        phrases.append(f"Déjà rendu par la structure : {euros(s.rendu)}.")
    if s.remis:
        phrases.append(f"Reversements auxquels l’État a renoncé : {euros(s.remis)}.")
    if ailleurs:
        phrases.append(f"Déjà demandé pour toute la convention, faute de preuve d’emploi : {euros(ailleurs)}.")
    net = s.verse - s.rendu
    if a_rendre:
        phrases.append(f"À rendre : {euros(a_rendre)}.")
    elif net < total:
        phrases.append(f"Reste à venir : {euros(total)} − {euros(net)} = {euros(total - net)}.")
    else:
        phrases.append("Plus rien n’est à verser.")
    return tuple(phrases)


def planifier_convention(
    tranches: Mapping[Cle, Iterable[Tranche]], situations: Mapping[Cle, Situation], *, demande_en_tout: Decimal = ZERO
) -> dict[Cle, Plan]:
    """Un plan par poste : ceux de l'acte, et ceux qui n'y sont plus mais ont reçu de l'argent.

    `demande_en_tout` : les reversements demandés ou reçus pour toute la convention.
    """
    plans: dict[Cle, Plan] = {}
    reserve = demande_en_tout
    for cle in sorted({*tranches, *situations}, key=str):
        situation = situations.get(cle, Situation())
        plan = planifier(tranches.get(cle, ()), situation, deja_rendu_ailleurs=reserve)
        exces = max(ZERO, situation.verse - situation.rendu - plan.total - situation.remis)
        reserve -= exces - plan.a_rendre
        plans[cle] = plan
    return plans


def decouper(montant: Decimal, parts: Iterable[tuple[date, Decimal]]) -> list[tuple[date, Decimal]]:
    """Des parts datées, dans l'ordre, dont la somme est exactement le montant.

    Raises:
        ValueError: une part est nulle, deux ont la même date, ou la somme n'y est pas ; la phrase se montre.
    """
    rangees = sorted(parts)
    if len(rangees) < 2:
        raise ValueError("Saisissez au moins deux parts.")
    if any(m <= 0 for _, m in rangees):
        raise ValueError("Chaque part est un montant positif.")
    if len({le for le, _ in rangees}) != len(rangees):
        raise ValueError("Deux parts ont la même date.")
    somme = sum((m for _, m in rangees), ZERO)
    if somme != montant:
        raise ValueError(f"Les parts font {euros(somme)} : il faut {euros(montant)}, au centime.")
    return rangees
