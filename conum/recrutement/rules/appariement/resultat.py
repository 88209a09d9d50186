"""Ce que rend l'appariement : les paires rangées, les prix, et le bilan qui prouve l'optimum."""

import time
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from conum.recrutement.rules.appariement.marche import Entiers, Reels
from conum.recrutement.rules.appariement.niveaux import capacites
from conum.recrutement.rules.appariement.paires import Marche, rang_dans_groupe
from conum.recrutement.rules.appariement.resolution import Solution
from conum.recrutement.rules.cout import MILLIEMES


@dataclass(frozen=True)
class Bilan:
    """Chiffres d'un appariement. Coûts et borne en points, distances en kilomètres.

    `postes_servis` compte les unités `a_servir` pourvues d'une première proposition ; `candidats_servis`, les candidats
    qui n'en avaient aucune d'ouverte. `borne_duale` : aucun appariement de mêmes effectifs ne coûte moins ; `ecart` la
    sépare du coût atteint (0 : optimum prouvé). `arcs` : taille du dernier graphe creux ; `paires_tarifees` : coûts
    réduits calculés.
    """

    paires_possibles: int
    besoins: int
    besoins_servis: int
    postes_servis: int
    candidats: int
    candidats_servis: int
    propositions: int
    cout_total: float
    borne_duale: float
    ecart: float
    ecart_relatif: float
    distance_totale_km: float
    distance_moyenne_km: float
    distance_p90_km: float
    tours: int
    arcs: int
    paires_tarifees: int
    secondes: float

    def en_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Resultat:
    """Les propositions, triées par besoin puis par rang ; tableaux de même taille.

    `besoin`, `candidat` : rangs dans les entrées. `cout` en points. `rang` : 1 pour la moins chère du besoin ; à
    égalité la plus proche, puis le candidat de plus petit rang. `prix_besoin` (n), `prix_candidat` (m), en points :
    pour toute paire faisable, `cout + prix_besoin - prix_candidat` est positif ou nul si elle n'est pas proposée,
    négatif ou nul sinon.
    """

    besoin: Entiers
    candidat: Entiers
    distance_km: Reels
    cout: Reels
    rang: Entiers
    prix_besoin: Reels
    prix_candidat: Reels
    bilan: Bilan

    def __len__(self) -> int:
        return len(self.besoin)


def assembler(marche: Marche, solution: Solution, depart: float) -> Resultat:
    """Range les paires retenues et dresse le bilan ; `depart` est l'instant (`time.perf_counter`) du début du
    calcul."""
    i, j = solution.codes // max(marche.m, 1), solution.codes % max(marche.m, 1)
    km = marche.distance_km(i, j)
    couts = marche.cout(i, j, km)
    ordre = np.lexsort((j, km, couts, i))
    i, j, km, couts = i[ordre], j[ordre], km[ordre], couts[ordre]
    return Resultat(
        besoin=i,
        candidat=j,
        distance_km=km,
        cout=couts / MILLIEMES,
        rang=rang_dans_groupe(i) + 1,
        prix_besoin=solution.prix.besoin / MILLIEMES,
        prix_candidat=solution.prix.candidat / MILLIEMES,
        bilan=_bilan(marche, solution, i, j, km, depart),
    )


def _bilan(marche: Marche, solution: Solution, i: Entiers, j: Entiers, km: Reels, depart: float) -> Bilan:
    ecart = solution.cout - solution.prix.borne
    cap = capacites(marche)
    recues = np.bincount(i, minlength=marche.n)
    sans_rien = cap.candidat_prioritaire > 0
    return Bilan(
        paires_possibles=solution.paires_possibles,
        besoins=marche.n,
        besoins_servis=int((recues > 0).sum()),
        postes_servis=int(np.minimum(recues, cap.besoin_prioritaire).sum()),
        candidats=marche.m,
        candidats_servis=int(sans_rien[np.unique(j)].sum()),
        propositions=len(i),
        cout_total=solution.cout / MILLIEMES,
        borne_duale=solution.prix.borne / MILLIEMES,
        ecart=ecart / MILLIEMES,
        ecart_relatif=ecart / solution.cout if solution.cout else 0.0,
        distance_totale_km=float(km.sum()),
        distance_moyenne_km=float(km.mean()) if len(km) else 0.0,
        distance_p90_km=float(np.quantile(km, 0.9)) if len(km) else 0.0,
        tours=solution.tours,
        arcs=solution.arcs,
        paires_tarifees=solution.visitees,
        secondes=round(time.perf_counter() - depart, 3),
    )
