"""La prévision : combien de places de formation il faut chaque mois, et combien il y en a.

Le besoin ne part que de faits : des personnes sans session, des contrats validés ou à valider, des postes vacants.
Une seule hypothèse, montrée et réglable : les postes vacants se pourvoient à parts égales sur les mois qui viennent.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

HORIZON = 12
"""Mois montrés, celui d'aujourd'hui compris."""
DELAI_PAR_DEFAUT, DELAI_MAX = 3, 12
"""Trois mois : passé ce délai, l'État peut revoir l'attribution d'un premier poste (facts-and-asks § 1)."""


@dataclass(frozen=True, slots=True)
class Faits:
    """Ce que la base sait un jour donné. `vacants` : des postes vacants que personne n'est attendu pour occuper.

    `attentes` : le jour où chaque personne sans session peut partir ; `contrats` : le début de chaque contrat validé
    pas encore inscrit ; `a_valider` : celui de chaque contrat à valider.
    """

    attentes: Sequence[date] = ()
    contrats: Sequence[date] = ()
    a_valider: Sequence[date] = ()
    vacants: int = 0
    places: Mapping[date, int] | None = None
    """Premier du mois → places libres des sessions qui commencent ce mois-là."""


@dataclass(frozen=True, slots=True)
class Mois:
    """Un mois : le besoin et d'où il vient, les places, et qui reste sans place à la fin du mois."""

    premier: date
    attentes: int
    contrats: int
    postes: int
    places: int
    reste: int

    @property
    def besoin(self) -> int:
        return self.attentes + self.contrats + self.postes


@dataclass(frozen=True, slots=True)
class Prevision:
    mois: tuple[Mois, ...]
    au_dela: int
    """Ce qui est attendu après le dernier mois montré : compté nulle part ailleurs."""

    @property
    def total(self) -> Mois:
        """La somme des mois ; `reste` est celui du dernier."""
        return Mois(
            self.mois[0].premier,
            attentes=sum(m.attentes for m in self.mois),
            contrats=sum(m.contrats for m in self.mois),
            postes=sum(m.postes for m in self.mois),
            places=sum(m.places for m in self.mois),
            reste=self.mois[-1].reste,
        )


def mois_suivant(premier: date, rang: int = 1) -> date:
    """
    >>> mois_suivant(date(2026, 11, 1), 2)
    datetime.date(2027, 1, 1)
    """
    annees, mois = divmod(premier.month - 1 + rang, 12)
    return date(premier.year + annees, mois + 1, 1)


def prevoir(faits: Faits, *, jour: date, delai: int = DELAI_PAR_DEFAUT) -> Prevision:
    """Le besoin et les places des douze mois qui viennent.

    Une personne compte le mois où elle peut partir, un contrat le mois où il commence ; en retard, ce mois-ci. Qui n'a
    pas de place un mois en cherche une le mois suivant ; une place vide ne se garde pas.
    """
    courant = jour.replace(day=1)
    horizon = [mois_suivant(courant, k) for k in range(HORIZON)]
    attentes = _par_mois(faits.attentes, courant)
    contrats = _par_mois(faits.contrats, courant)
    postes = _par_mois(faits.a_valider, courant) + _etaler(faits.vacants, courant, delai)
    places = faits.places or {}
    lignes, reste = [], 0
    for premier in horizon:
        besoin = attentes[premier] + contrats[premier] + postes[premier]
        reste = max(reste + besoin - places.get(premier, 0), 0)
        lignes.append(
            Mois(premier, attentes[premier], contrats[premier], postes[premier], places.get(premier, 0), reste)
        )
    tous = attentes.total() + contrats.total() + postes.total()
    return Prevision(tuple(lignes), tous - sum(m.besoin for m in lignes))


def _par_mois(jours: Iterable[date], courant: date) -> Counter[date]:
    return Counter(max(j.replace(day=1), courant) for j in jours)


def _etaler(nombre: int, courant: date, delai: int) -> Counter[date]:
    """À parts égales sur les `delai` mois qui suivent, les premiers recevant le reste ; à zéro, tout de suite."""
    if delai <= 0:
        return Counter({courant: nombre})
    part, reste = divmod(nombre, delai)
    return Counter({mois_suivant(courant, k + 1): part + (k < reste) for k in range(delai)})
