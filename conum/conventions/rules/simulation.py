"""« Combien l'État finance-t-il, que me reste-t-il à payer ? » : le coût d'un poste et l'aide, mois par mois.

Le coût est une hypothèse de la personne qui simule : salaire brut et taux de cotisations patronales. L'aide vient de la
règle. Les deux s'arrondissent une fois, sur leur total, puis se répartissent : les lignes font toujours le total.
"""

import calendar
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

from conum.comptes.rules import ajouter_mois
from conum.conventions.rules.arrondi import en_euros, repartir
from conum.conventions.rules.calcul import (
    ANNEE,
    Contrat,
    Convention,
    Ligne,
    Subvention,
    calculer_subvention,
    decouper,
    jours_communs,
)
from conum.conventions.rules.catalogue import regle_au
from conum.conventions.rules.modele import Phase, Poste

HORIZONS = (24, 36)
TAUX_PAR_DEFAUT = Decimal(42)
"""Cotisations patronales, en % du brut : ordre de grandeur avant allègements. Une hypothèse, jamais une règle."""
POUR_CENT = 100


@dataclass(frozen=True, slots=True)
class Hypotheses:
    """Ce que la personne a saisi. `fin` : lendemain du dernier jour du contrat, None pour un CDI."""

    poste: Poste
    phase: Phase
    contrat: Contrat
    salaire: Decimal
    taux: Decimal

    @property
    def debut(self) -> date:
        return self.contrat.debut

    @property
    def cout_mensuel_exact(self) -> Fraction:
        return Fraction(self.salaire) * (1 + Fraction(self.taux) / POUR_CENT)


@dataclass(frozen=True, slots=True)
class Mois:
    """Un mois civil, ou sa part dans une année de convention. `jours` : ceux que le contrat couvre."""

    annee: int
    debut: date
    fin: date
    jours: int
    cout: Decimal
    aide: Decimal
    lignes: tuple[Ligne, ...]

    @property
    def reste(self) -> Decimal:
        return self.cout - self.aide

    @property
    def jours_du_mois(self) -> int:
        return calendar.monthrange(self.debut.year, self.debut.month)[1]

    @property
    def entier(self) -> bool:
        return (self.fin - self.debut).days == self.jours_du_mois


@dataclass(frozen=True, slots=True)
class Total:
    """La somme des mois jusqu'à un horizon, ou d'une année."""

    mois: tuple[Mois, ...]

    @property
    def cout(self) -> Decimal:
        return sum((m.cout for m in self.mois), Decimal(0))

    @property
    def aide(self) -> Decimal:
        return sum((m.aide for m in self.mois), Decimal(0))

    @property
    def reste(self) -> Decimal:
        return self.cout - self.aide


@dataclass(frozen=True, slots=True)
class Simulation:
    hypotheses: Hypotheses
    subvention: Subvention
    mois: tuple[Mois, ...]

    def sur(self, mois: int) -> Total:
        """Le total des `mois` premiers mois (un nombre entier d'années)."""
        return Total(tuple(m for m in self.mois if m.annee * ANNEE <= mois))

    @property
    def annees(self) -> dict[int, Total]:
        return {n: Total(tuple(m for m in self.mois if m.annee == n)) for n in sorted({m.annee for m in self.mois})}

    @property
    def fin_du_financement(self) -> date:
        """Le premier jour que la règle ne finance plus."""
        return max(t.fin for t in self.subvention.tranches)


def _couts(hypotheses: Hypotheses, periodes: Iterable[tuple[date, int]]) -> list[Decimal]:
    """Un mois complet coûte le salaire chargé ; un mois entamé, la part de ses jours."""
    mensuel = hypotheses.cout_mensuel_exact * POUR_CENT
    exacts = [mensuel * jours / calendar.monthrange(debut.year, debut.month)[1] for debut, jours in periodes]
    return [en_euros(c) for c in repartir(exacts)]


def simuler(hypotheses: Hypotheses) -> Simulation:
    """L'aide et le coût sur la durée maximale d'une convention, à partir du premier jour du contrat.

    Raises:
        RegleInconnue: aucune source ne permet de calculer ce cas ; la phrase se montre telle quelle.
    """
    debut, contrat = hypotheses.debut, hypotheses.contrat
    regle = regle_au(debut, hypotheses.phase)
    convention = Convention(debut, ajouter_mois(debut, regle.duree_max_mois))
    subvention = calculer_subvention(hypotheses.poste, [contrat], convention, regle)
    couvert = [(debut.toordinal(), min(contrat.fin or date.max, convention.fin).toordinal())]
    morceaux = decouper(debut, convention.fin, debut)
    jours = [jours_communs(m.bornes, couvert) for m in morceaux]
    couts = _couts(hypotheses, zip((m.debut for m in morceaux), jours, strict=True))
    par_mois: dict[tuple[int, date], list[Ligne]] = {}
    for x in subvention.lignes:
        par_mois.setdefault((x.annee, x.mois), []).append(x)
    mois = []
    for m, nombre, cout in zip(morceaux, jours, couts, strict=True):
        lignes = tuple(par_mois.get((m.annee, m.debut.replace(day=1)), ()))
        aide = sum((x.montant for x in lignes), Decimal(0))
        mois.append(Mois(m.annee, m.debut, m.fin, nombre, cout, aide, lignes))
    return Simulation(hypotheses, subvention, tuple(mois))
