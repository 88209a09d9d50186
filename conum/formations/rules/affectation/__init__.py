"""L'affectation : toutes les personnes qui attendent et toutes les sessions ouvertes, ensemble. Calcul pur, sans base.

Dans cet ordre : le plus de personnes placées ; les débuts les plus proches, chacun pesé par l'attente ; le moins de
distance, le présentiel avant le distanciel. Une session convient si elle est du parcours retenu, à portée ou à
distance, et commence quand la personne est libre. Un agent décide ensuite : rien n'est inscrit par le calcul.

- `modele` : les entrées, vérifiées ; `calcul` : paires, coûts, flot ; `explication` : le pourquoi, en phrases.

Mêmes entrées, même affectation. Ranger autrement les lignes ne change ni le nombre de placés ni les deux totaux.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date
from functools import cached_property
from typing import TypeVar

import numpy as np

from conum.formations.rules.affectation import calcul
from conum.formations.rules.affectation.explication import Cause, Explication, Refus, expliquer
from conum.formations.rules.affectation.modele import (
    MOTIF_MIN,
    Conseillers,
    Derogation,
    Entiers,
    Sessions,
    parcours_a_suivre,
)

__all__ = [
    "MOTIF_MIN",
    "Affectation",
    "Bilan",
    "Cause",
    "Conseillers",
    "Derogation",
    "Explication",
    "Refus",
    "Sessions",
    "affecter",
    "expliquer",
]

Cote = TypeVar("Cote", Conseillers, Sessions)


@dataclass(frozen=True, slots=True)
class Bilan:
    """Les totaux, dans l'ordre des priorités. `debuts` : jours avant le début, pesés ; `hectometres` : comptés."""

    places: int
    debuts: int
    hectometres: int
    paires: int
    sans_place: Mapping[Cause, int]


@dataclass(frozen=True)
class Affectation:
    """`session` : le rang de la session de chacun, ou -1 ; `parcours` : celui qu'il suit, dérogations comprises."""

    conseillers: Conseillers
    sessions: Sessions
    derogations: Mapping[int, Derogation]
    jour: int
    parcours: Entiers
    session: Entiers
    bilan: Bilan

    @cached_property
    def remplissage(self) -> Entiers:
        """Combien de places chaque session donne."""
        return np.bincount(self.session[self.session >= 0], minlength=len(self.sessions)).astype(np.int64)

    def distance_km(self, rang: int, session: int) -> float:
        i, j = np.array([rang]), np.array([session])
        return float(calcul.distances_km(self.conseillers, self.sessions, i, j)[0])

    def distance_comptee(self, rang: int, session: int) -> int:
        i, j = np.array([rang]), np.array([session])
        return int(calcul.distance_comptee(self.conseillers, self.sessions, i, j)[0])

    def motif(self, rang: int) -> str:
        """Le motif du changement de niveau, s'il y en a un."""
        return self.derogations[rang].motif if rang in self.derogations else ""

    def fautes(self) -> tuple[str, ...]:
        """Ce que l'affectation n'a pas le droit de faire, revérifié après coup ; vide si tout va."""
        c, s = self.conseillers, self.sessions
        i = np.flatnonzero(self.session >= 0)
        j = self.session[i]
        fautes = [f"La session {k} dépasse ses places." for k in np.flatnonzero(self.remplissage > s.places)]
        hors_niveau = i[(s.parcours[j] != c.parcours[i])]
        fautes += [f"La personne {k} change de niveau sans motif." for k in hors_niveau if not self.motif(int(k))]
        cond = calcul.conditions(c, s, self.parcours, self.jour, i, j)
        fautes += [f"La personne {k} n'a pas le niveau de sa session." for k in i[~cond.niveau]]
        fautes += [f"La personne {k} est hors de portée de sa session." for k in i[~cond.portee]]
        fautes += [f"La personne {k} n'est pas libre au début de sa session." for k in i[~cond.date]]
        return tuple(fautes)


def affecter(
    conseillers: Conseillers,
    sessions: Sessions,
    *,
    jour: date,
    derogations: Mapping[int, Derogation] | None = None,
) -> Affectation:
    """La meilleure affectation, ce jour-là. `derogations` : par rang de conseiller, un autre parcours et son motif.

    Raises:
        ValueError: une entrée ne tient pas, une dérogation n'a pas de motif, ou l'ensemble est trop grand.
    """
    derogees = dict(derogations or {})
    parcours = parcours_a_suivre(conseillers, derogees)
    jour_n = jour.toordinal()
    ordre_c, ordre_s = _ordre(conseillers, parcours), _ordre(sessions, sessions.parcours)
    c, s = _permuter(conseillers, ordre_c), _permuter(sessions, ordre_s)
    paires = calcul.paires_possibles(c, s, parcours[ordre_c], jour_n)
    rangee = calcul.resoudre(c, s, paires, jour_n)
    session = np.full(len(conseillers), -1, dtype=np.int64)
    placees = rangee >= 0
    session[ordre_c[placees]] = ordre_s[rangee[placees]]
    bilan = _bilan(conseillers, sessions, parcours, session, jour_n, len(paires))
    return Affectation(conseillers, sessions, derogees, jour_n, parcours, session, bilan)


def _ordre(cote: Conseillers | Sessions, parcours: Entiers) -> Entiers:
    """Un rangement qui ne dépend que des données : l'ordre des lignes reçues ne compte pas, à des jumeaux près."""
    return np.lexsort((*(getattr(cote, champ.name) for champ in fields(cote)), parcours))


def _permuter(cote: Cote, ordre: Entiers) -> Cote:
    return type(cote)(**{champ.name: getattr(cote, champ.name)[ordre] for champ in fields(cote)})


def _bilan(c: Conseillers, s: Sessions, parcours: Entiers, session: Entiers, jour: int, paires: int) -> Bilan:
    i = np.flatnonzero(session >= 0)
    j = session[i]
    return Bilan(
        places=len(i),
        debuts=int((calcul.poids(c, jour)[i] * (s.debut[j] - jour)).sum()),
        hectometres=int(calcul.distance_comptee(c, s, i, j).sum()),
        paires=paires,
        sans_place=_causes(c, s, parcours, session, jour),
    )


def _causes(c: Conseillers, s: Sessions, parcours: Entiers, session: Entiers, jour: int) -> dict[Cause, int]:
    """Combien de personnes sans place, par première condition que plus aucune session ne remplit."""
    comptes: Counter[Cause] = Counter()
    tous = np.arange(len(s))
    seules = np.flatnonzero(session < 0)
    for i in np.array_split(seules, len(seules) * max(len(s), 1) // calcul.BLOC + 1):
        cond = calcul.conditions(c, s, parcours, jour, i[:, None], tous[None, :])
        niveau = cond.niveau.any(axis=1)
        portee = (cond.niveau & cond.portee).any(axis=1)
        a_temps = cond.toutes().any(axis=1)
        comptes[Cause.NIVEAU] += int((~niveau).sum())
        comptes[Cause.PORTEE] += int((niveau & ~portee).sum())
        comptes[Cause.DATE] += int((portee & ~a_temps).sum())
        comptes[Cause.PLACES] += int(a_temps.sum())
    return {cause: nombre for cause, nombre in comptes.items() if nombre}
