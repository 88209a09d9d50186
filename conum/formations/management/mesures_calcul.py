"""Mesure de l'affectation : 4 000 conseillers, 300 sessions de 15 ; durée, mémoire, placés, règles tenues.

Le calcul seul, sans base ; `mesures_base` mesure le passage entier.

Le marché d'essai est tiré sur les vraies communes du dépôt, toujours le même : trois niveaux, une session sur dix à
distance, des portées et des dates variées, quelques changements de niveau motivés.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

import numpy as np

from conum.formations.rules.affectation import Affectation, Conseillers, Derogation, Sessions, affecter, expliquer
from conum.socle.mesures import Mesure, Verdict, percentile, pic_memoire_mo
from conum.territoires.fichier import lire
from conum.territoires.rules import SANS_HABITANTS

NOMBRE = 4_000
PLACES = 15
FOIS = 5
CONSEILLERS_PAR_SESSION = 40 / 3  # 4 000 pour 300
GRAINE = 20_261_125
JOUR = date(2026, 11, 25)
PARTS_DES_NIVEAUX = (0.3, 0.5, 0.2)
PORTEES_KM = (20.0, 50.0, 100.0, 200.0, np.inf)
PARTS_DES_PORTEES = (0.1, 0.3, 0.35, 0.2, 0.05)
PART_A_DISTANCE, PART_DEROGATIONS = 0.1, 0.01
ATTENTE_JOURS, DEBUTS_JOURS = 300, 180
SECONDES_ADMISES, MEMOIRE_ADMISE_MO = 10, 1_024


@dataclass(frozen=True)
class Tirage:
    """Un marché d'essai, et la commune (code Insee) de chaque personne et de chaque session."""

    personnes: Conseillers
    offertes: Sessions
    derogations: dict[int, Derogation]
    ici: list[str]
    la: list[str]


def marche(conseillers: int, sessions: int) -> tuple[Conseillers, Sessions, dict[int, Derogation]]:
    """Un marché d'essai reproductible de ces tailles."""
    tire = tirer(conseillers, sessions)
    return tire.personnes, tire.offertes, tire.derogations


def tirer(conseillers: int, sessions: int) -> Tirage:
    hasard = np.random.default_rng(GRAINE)
    communes = [c for c in lire().communes if c.latitude is not None and c.code[:3] not in SANS_HABITANTS]
    lieux = np.array([(c.latitude, c.longitude, _territoire(c.code)) for c in communes], dtype=np.float64)
    poids = np.sqrt([c.population for c in communes])
    poids /= poids.sum()
    rangs_ici = hasard.choice(len(lieux), conseillers, p=poids)
    rangs_la = hasard.choice(len(lieux), sessions, p=poids)
    ici, la = lieux[rangs_ici], lieux[rangs_la]
    jour = JOUR.toordinal()
    niveaux = np.arange(len(PARTS_DES_NIVEAUX))
    personnes = Conseillers(
        latitude=ici[:, 0],
        longitude=ici[:, 1],
        territoire=ici[:, 2].astype(np.int64),
        parcours=hasard.choice(niveaux, conseillers, p=PARTS_DES_NIVEAUX),
        portee_km=hasard.choice(np.array(PORTEES_KM), conseillers, p=PARTS_DES_PORTEES),
        disponible=jour + hasard.integers(0, DEBUTS_JOURS // 2, conseillers),
        attend_depuis=jour - hasard.integers(0, ATTENTE_JOURS, conseillers),
    )
    offertes = Sessions(
        latitude=la[:, 0],
        longitude=la[:, 1],
        territoire=la[:, 2].astype(np.int64),
        parcours=hasard.choice(niveaux, sessions, p=PARTS_DES_NIVEAUX),
        debut=jour + hasard.integers(7, DEBUTS_JOURS, sessions),
        places=np.full(sessions, PLACES),
        a_distance=hasard.random(sessions) < PART_A_DISTANCE,
    )
    changes = np.flatnonzero(hasard.random(conseillers) < PART_DEROGATIONS)
    derogations = {
        int(i): Derogation(int((personnes.parcours[i] + 1) % len(niveaux)), "Niveau revu après entretien.")
        for i in changes
    }
    codes = [c.code for c in communes]
    return Tirage(personnes, offertes, derogations, [codes[k] for k in rangs_ici], [codes[k] for k in rangs_la])


def _territoire(code: str) -> int:
    """Un numéro par terre : 0 pour la métropole, le code d'outre-mer sinon."""
    return int(code[:3]) if code[:2] in {"97", "98"} else 0


def mesurer(nombre: int, *, dire: Callable[[str], None]) -> tuple[list[Mesure], list[Verdict]]:
    """Affecte `nombre` conseillers, plusieurs fois pour comparer, et explique un échantillon."""
    sessions = max(1, round(nombre / CONSEILLERS_PAR_SESSION))
    personnes, offertes, derogations = marche(nombre, sessions)
    dire(f"{nombre} conseillers, {sessions} sessions de {PLACES} : affectation…")
    essais = [_chronometrer(personnes, offertes, derogations) for _ in range(FOIS)]
    affectation, encore = essais[0][0], essais[-1][0]
    durees, bilan = [ms for _, ms in essais], affectation.bilan
    plus = {
        "sessions": sessions,
        "assignes": bilan.places,
        "paires": bilan.paires,
        "sans_place": {cause.value: n for cause, n in bilan.sans_place.items()},
        "derogations": len(derogations),
    }
    p50, p95 = percentile(durees, 0.5), percentile(durees, 0.95)
    mesure = Mesure("affectation", nombre, p50, p95, 0, pic_memoire_mo(), plus)
    dire("Explications…")
    expliquees, ms_explication = _expliquer(affectation)
    explication = Mesure("expliquer une personne", expliquees, ms_explication, ms_explication, 0, pic_memoire_mo())
    return [mesure, explication], _verdicts(affectation, encore, mesure)


def _chronometrer(c: Conseillers, s: Sessions, derogations: dict[int, Derogation]) -> tuple[Affectation, float]:
    debut = time.perf_counter()
    affectation = affecter(c, s, jour=JOUR, derogations=derogations)
    return affectation, round((time.perf_counter() - debut) * 1000, 1)


def _expliquer(affectation: Affectation) -> tuple[int, float]:
    """Le temps moyen d'une explication, sur cent personnes réparties."""
    rangs = range(0, len(affectation.conseillers), max(1, len(affectation.conseillers) // 100))
    noms = [f"Session {k + 1}" for k in range(len(affectation.sessions))]
    parcours = {k: f"niveau {k + 1}" for k in range(len(PARTS_DES_NIVEAUX))}
    debut = time.perf_counter()
    for rang in rangs:
        expliquer(affectation, rang, noms, parcours)
    return len(rangs), round((time.perf_counter() - debut) * 1000 / len(rangs), 2)


def _verdicts(affectation: Affectation, encore: Affectation, mesure: Mesure) -> list[Verdict]:
    c, s, j = affectation.conseillers, affectation.sessions, affectation.session
    placees = np.flatnonzero(j >= 0)
    depassees = int((affectation.remplissage > s.places).sum())
    ecarts = [int(k) for k in placees[s.parcours[j[placees]] != c.parcours[placees]]]
    sans_motif = sum(not affectation.motif(k) for k in ecarts)
    secondes, autres = mesure.p95_ms / 1000, affectation.fautes()
    causes = ", ".join(f"{cause.value} {n}" for cause, n in affectation.bilan.sans_place.items()) or "aucun"
    total = int(s.places.sum())
    return [
        Verdict(
            secondes < SECONDES_ADMISES,
            f"{len(c)} conseillers et {len(s)} sessions en {secondes:.1f} s (moins de {SECONDES_ADMISES} s)",
        ),
        Verdict(mesure.pic_mo < MEMOIRE_ADMISE_MO, f"pic : {mesure.pic_mo:.0f} Mo (moins de {MEMOIRE_ADMISE_MO} Mo)"),
        Verdict(len(placees) > 0, f"{len(placees)} placés sur {len(c)}, pour {total} places ; sans place : {causes}"),
        Verdict(depassees == 0, f"{depassees} session au-delà de ses places"),
        Verdict(sans_motif == 0, f"{sans_motif} personne hors de son niveau sans motif ({len(ecarts)} avec un motif)"),
        Verdict(not autres, f"{len(autres)} autre faute (portée, date) : {' '.join(autres[:3])}".rstrip(" :")),
        Verdict(np.array_equal(j, encore.session), "deux calculs donnent la même affectation"),
    ]
