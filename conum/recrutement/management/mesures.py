"""Mesure du calcul d'appariement à trois tailles : durée, mémoire, preuve, et croissance comparée à n log n.

Le marché est tiré sur les vraies communes du dépôt, toujours le même : des structures et des candidats d'autant plus
nombreux que la commune est grande (racine de la population), les rayons de mobilité et les
dates du marché national d'essai, quelques personnes qui choisissent un autre territoire.
"""

import math
import time
from collections.abc import Callable
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt

from conum.recrutement.rules.appariement import (
    TERRITOIRES,
    Besoins,
    Candidats,
    Resultat,
    apparier,
    territoire_de,
)
from conum.recrutement.rules.cout import DISTANCE, Ponderation, ponderation_au
from conum.socle.mesures import Mesure, Verdict, pic_memoire_mo
from conum.territoires.fichier import lire
from conum.territoires.rules import SANS_HABITANTS

GRAINE = 20_261_125
PARTS = (8, 2, 1)
CANDIDATS_PAR_STRUCTURE = 10 / 3
PLAFOND = 3
RAYONS_KM = (5, 10, 15, 20, 40, 100, math.inf)
PARTS_DES_RAYONS = (6, 13.5, 14, 24, 24, 10.5, 8)
PREMIER_JOUR, JOURS = date(2027, 1, 1), 181
CHOISISSENT_AILLEURS = 0.01
# Le calcul n'est jamais exactement proportionnel : au-delà de ce facteur sur n log n, on le croirait quadratique.
TOLERANCE = 1.5
SECONDES_ADMISES = 90
MEMOIRE_ADMISE_MO = 2_048


def marche(structures: int, candidats: int) -> tuple[Besoins, Candidats]:
    """Un marché d'essai reproductible de ces tailles."""
    hasard = np.random.default_rng(GRAINE)
    communes = [c for c in lire().communes if c.latitude is not None and c.code[:3] not in SANS_HABITANTS]
    lieux = np.array([(c.latitude, c.longitude, territoire_de(c.code)) for c in communes], dtype=np.float64)
    poids = np.sqrt([c.population for c in communes])
    poids /= poids.sum()
    lieux_b = lieux[hasard.choice(len(lieux), structures, p=poids)]
    lieux_c = lieux[hasard.choice(len(lieux), candidats, p=poids)]
    besoins = Besoins(
        **_lieu(lieux_b),
        debut=_jours(hasard, structures),
        a_servir=np.ones(structures, dtype=np.int64),
        capacite=np.full(structures, PLAFOND),
        niveau=hasard.integers(0, 4, structures),
    )
    rayons = hasard.choice(np.array(RAYONS_KM), candidats, p=np.array(PARTS_DES_RAYONS) / sum(PARTS_DES_RAYONS))
    ailleurs = hasard.random(candidats) < CHOISISSENT_AILLEURS
    return besoins, Candidats(
        **_lieu(lieux_c),
        mobilite_km=rayons,
        disponible=_jours(hasard, candidats),
        capacite=np.full(candidats, PLAFOND),
        deja_servi=np.zeros(candidats, dtype=np.bool_),
        territoires_choisis=np.where(ailleurs, 1 << hasard.integers(0, len(TERRITOIRES), candidats), 0),
        experience=hasard.random(candidats) < 0.3,
        diplome=hasard.random(candidats) < 0.2,
        palier=hasard.integers(0, 4, candidats),
    )


def _lieu(lieux: npt.NDArray[np.float64]) -> dict[str, Any]:
    return {"latitude": lieux[:, 0], "longitude": lieux[:, 1], "territoire": lieux[:, 2].astype(np.int64)}


def _jours(hasard: np.random.Generator, nombre: int) -> npt.NDArray[np.int64]:
    return PREMIER_JOUR.toordinal() + hasard.integers(0, JOURS, nombre)


def _chronometrer(nom: str, structures: int, candidats: int, ponderation: Ponderation) -> tuple[Mesure, Resultat]:
    besoins, personnes = marche(structures, candidats)
    debut, processeur = time.perf_counter(), time.process_time()
    resultat = apparier(besoins, personnes, ponderation=ponderation)
    ms = round((time.perf_counter() - debut) * 1000, 1)
    bilan = resultat.bilan
    plus = {
        "candidats": candidats,
        "processeur_s": round(time.process_time() - processeur, 1),
        "paires_possibles": bilan.paires_possibles,
        "postes_servis": bilan.postes_servis,
        "candidats_servis": bilan.candidats_servis,
        "propositions": bilan.propositions,
        "ecart": bilan.ecart,
        "tours": bilan.tours,
        "arcs": bilan.arcs,
        "paires_tarifees": bilan.paires_tarifees,
    }
    return Mesure(nom, structures, ms, ms, 0, pic_memoire_mo(), plus), resultat


def mesurer(nombre: int, *, dire: Callable[[str], None]) -> tuple[list[Mesure], list[Verdict]]:
    """Apparie `nombre` structures, leur moitié et leur huitième, puis un marché rare de même nombre. Une fois chacun :
    le calcul dure des secondes, et il est déterministe."""
    programme = ponderation_au(PREMIER_JOUR)
    essais = [
        ("programme", structures, round(structures * CANDIDATS_PAR_STRUCTURE), programme)
        for structures in (max(1, nombre // part) for part in PARTS)
    ]
    moitie = max(1, nombre // 2)
    essais.append(("distance", moitie, round(moitie * CANDIDATS_PAR_STRUCTURE), DISTANCE))
    essais.append(("marché rare", moitie, max(1, moitie // 3), programme))
    mesures = []
    verdicts = []
    for nom, structures, candidats, ponderation in essais:
        dire(f"{nom} : {structures} structures, {candidats} candidats…")
        mesure, resultat = _chronometrer(nom, structures, candidats, ponderation)
        mesures.append(mesure)
        phrase = f"{nom}, {structures} : écart à l'optimum {resultat.bilan.ecart} point"
        verdicts.append(Verdict(resultat.bilan.ecart == 0, phrase))
    return mesures, verdicts + _bornes(mesures[: len(PARTS)])


def _bornes(mesures: list[Mesure]) -> list[Verdict]:
    """Croissance en temps de processeur : la charge de la machine n'y entre pas."""
    petite, moyenne, grande = mesures
    verdicts = []
    for avant in (petite, moyenne):
        admis = TOLERANCE * grande.n * math.log(grande.n) / (avant.n * math.log(avant.n))
        rapport = grande.plus["processeur_s"] / max(avant.plus["processeur_s"], 0.1)
        phrase = (
            f"durée à {grande.n} = {rapport:.1f} fois celle à {avant.n} (n log n, à {TOLERANCE} près : {admis:.1f})"
        )
        verdicts.append(Verdict(rapport <= admis, phrase))
    secondes = moyenne.p50_ms / 1000
    verdicts.append(
        Verdict(
            secondes < SECONDES_ADMISES, f"{moyenne.n} structures en {secondes:.0f} s (moins de {SECONDES_ADMISES})"
        )
    )
    verdicts.append(
        Verdict(
            grande.pic_mo < MEMOIRE_ADMISE_MO,
            f"pic à {grande.n} : {grande.pic_mo:.0f} Mo (moins de {MEMOIRE_ADMISE_MO})",
        )
    )
    return verdicts
