"""Ce qu'un acte compte pour un poste : ses contrats réels, et ce que l'on suppose ensuite. Fonctions pures.

Une convention se signe avant que tous ses jours soient vécus. Elle compte donc les contrats connus, puis suppose le
poste pourvu jusqu'à la fin de sa période (`POURVU`) ou non (`NON_POURVU`, après un départ sans remplacement :
facts-and-asks § 1.7). Un avenant refait le même calcul sur les faits du jour, et montre la différence ligne à ligne.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from conum.conventions.rules.calcul import Contrat, Convention, Ligne, Subvention, calculer_subvention
from conum.conventions.rules.modele import Nature, Poste, Regle


class Suite(StrEnum):
    """Ce que l'on suppose après le dernier contrat connu."""

    POURVU = "pourvu"
    NON_POURVU = "non_pourvu"


@dataclass(frozen=True, slots=True)
class Hypothese:
    """`reprise_le` : premier jour supposé occupé, quand il est connu ; à défaut le lendemain du dernier contrat."""

    suite: Suite = Suite.POURVU
    reprise_le: date | None = None


@dataclass(frozen=True, slots=True)
class PosteAFinancer:
    """Un poste, sa période dans la convention (demi-ouverte), ses contrats réels et l'hypothèse."""

    poste: Poste
    debut: date
    fin: date
    contrats: tuple[Contrat, ...] = ()
    hypothese: Hypothese = Hypothese()


class LigneAnnuelle(NamedTuple):
    """Ce qu'un poste reçoit pour une année civile et une tranche ; `plafond` : la même, sans un jour de vacance."""

    annee: int
    nature: Nature
    tranche: int
    jours: int
    jours_vacants: int
    montant: Decimal
    plafond: Decimal


@dataclass(frozen=True, slots=True)
class Prevision:
    """`contrats` : ce qui a été compté, hypothèse comprise. La somme des lignes est celle de `subvention`."""

    contrats: tuple[Contrat, ...]
    subvention: Subvention
    lignes: tuple[LigneAnnuelle, ...]

    @property
    def total(self) -> Decimal:
        return self.subvention.total

    @property
    def plafond(self) -> Decimal:
        return sum((x.plafond for x in self.lignes), Decimal(0))


def _couper(contrats: Iterable[Contrat], debut: date, fin: date) -> list[Contrat]:
    """La part de chaque contrat dans la période ; un CDI va jusqu'au bout."""
    coupes = (Contrat(max(c.debut, debut), min(c.fin or fin, fin), c.type) for c in contrats)
    return sorted((c for c in coupes if c.fin and c.debut < c.fin), key=lambda c: (c.debut, c.fin or fin))


def premier_jour_finance(a_financer: PosteAFinancer, convention: Convention) -> date:
    """Celui de la convention ; celui du poste quand il y entre plus tard (poste ajouté par avenant)."""
    return max(convention.debut_financement, a_financer.debut)


def contrats_comptes(a_financer: PosteAFinancer, convention: Convention) -> tuple[Contrat, ...]:
    """Les contrats réels dans la période du poste, puis celui que l'hypothèse suppose.

    Une vacance entre deux contrats réels n'est jamais comblée : une reprise supposée suit le dernier contrat connu.
    """
    reels = _couper(a_financer.contrats, a_financer.debut, a_financer.fin)
    hypothese = a_financer.hypothese
    if hypothese.suite == Suite.NON_POURVU:
        return tuple(reels)
    dernier = max((c.fin for c in reels if c.fin), default=None)
    depart = hypothese.reprise_le or dernier or premier_jour_finance(a_financer, convention)
    depart = max(depart, dernier or depart, a_financer.debut)
    if depart < a_financer.fin:
        reels.append(Contrat(depart, a_financer.fin))
    return tuple(reels)


def prevoir_poste(a_financer: PosteAFinancer, convention: Convention, regle: Regle) -> Prevision:
    """Le montant prévu pour un poste, et ses lignes par année civile, nature et tranche.

    La tranche part du premier jour financé du poste. Un poste retiré avant le terme a sa période coupée : son plafond
    l'est aussi.

    Raises:
        RegleInconnue: aucune source ne donne ce montant.
        ConventionInvalide: la convention sort de la règle.
    """
    du_poste = Convention(
        convention.debut, convention.fin, premier_jour_finance(a_financer, convention), convention.etalement_mois
    )
    contrats = contrats_comptes(a_financer, convention)
    subvention = calculer_subvention(a_financer.poste, contrats, du_poste, regle)
    pleine = [Contrat(a_financer.debut, a_financer.fin)]
    plafond = calculer_subvention(a_financer.poste, pleine, du_poste, regle)
    return Prevision(contrats, subvention, _lignes(subvention.lignes, plafond.lignes))


def _lignes(reelles: Sequence[Ligne], pleines: Sequence[Ligne]) -> tuple[LigneAnnuelle, ...]:
    groupes: dict[tuple[int, Nature, int], list[tuple[Ligne, Ligne]]] = {}
    for reelle, pleine in zip(reelles, pleines, strict=True):
        if pleine.jours:
            cle = (reelle.debut.year, reelle.tranche.nature, reelle.tranche.numero)
            groupes.setdefault(cle, []).append((reelle, pleine))
    return tuple(
        LigneAnnuelle(
            *cle,
            jours=sum(r.jours for r, _ in paires),
            jours_vacants=sum(p.jours - r.jours for r, p in paires),
            montant=sum((r.montant for r, _ in paires), Decimal(0)),
            plafond=sum((p.montant for _, p in paires), Decimal(0)),
        )
        for cle, paires in groupes.items()
    )


class CleDeLigne(NamedTuple):
    """De quoi rapprocher deux lignes d'un acte à l'autre."""

    poste: int
    annee: int
    nature: str
    tranche: int


class Difference(NamedTuple):
    cle: CleDeLigne
    avant: Decimal
    apres: Decimal

    @property
    def ecart(self) -> Decimal:
        return self.apres - self.avant


@dataclass(frozen=True, slots=True)
class Comparaison:
    """Deux actes, ligne à ligne ; les totaux sont la somme des lignes."""

    lignes: tuple[Difference, ...]

    @property
    def avant(self) -> Decimal:
        return sum((x.avant for x in self.lignes), Decimal(0))

    @property
    def apres(self) -> Decimal:
        return sum((x.apres for x in self.lignes), Decimal(0))

    @property
    def ecart(self) -> Decimal:
        return self.apres - self.avant

    @property
    def changees(self) -> tuple[Difference, ...]:
        return tuple(x for x in self.lignes if x.ecart)


def difference(avant: Iterable[tuple[CleDeLigne, Decimal]], apres: Iterable[tuple[CleDeLigne, Decimal]]) -> Comparaison:
    """Ce qui change d'un acte au suivant ; une ligne absente d'un côté y vaut zéro."""
    anciennes, nouvelles = dict(avant), dict(apres)
    zero = Decimal(0)
    return Comparaison(
        tuple(
            Difference(cle, anciennes.get(cle, zero), nouvelles.get(cle, zero))
            for cle in sorted(anciennes.keys() | nouvelles.keys())
        )
    )
