"""Le coût publié d'une paire (poste, candidat) : des poids datés, et une seule formule pour une paire ou des millions.

Un coût se lit en points (un kilomètre vaut un point) et se calcule en millipoints entiers : la somme ne dépend alors ni
de l'ordre ni de la machine, et la borne duale de l'appariement est exacte. Données : `ponderations.toml`.
"""

import itertools
import tomllib
from dataclasses import dataclass, fields
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

FICHIER = Path(__file__).with_name("ponderations.toml")
MILLIEMES = 1000
JOURS_PAR_SEMAINE = 7
# Au-delà, un poids est une faute de frappe ; en deçà, le flot ne peut pas dépasser 64 bits.
POIDS_MAXIMAL = 10_000.0

Entiers = npt.NDArray[np.int64]


class PonderationInvalide(ValueError):
    """Le fichier des pondérations ne peut pas servir ; le message dit où et pourquoi."""


@dataclass(frozen=True)
class Ponderation:
    """Une version du coût, en vigueur depuis `a_partir_du`. Points par unité ; plafonds en kilomètres et en
    semaines."""

    version: str
    a_partir_du: date
    points_par_km: float
    plafond_km_territoire_choisi: float
    points_sans_experience_ni_diplome: float
    points_par_cran_de_niveau: float
    points_niveau_inconnu: float
    points_par_semaine_d_attente: float
    plafond_semaines_d_attente: float


# La distance seule, à l'épreuve de laquelle on compare les calculs : elle n'a pas de date, elle ne changera pas.
DISTANCE = Ponderation("distance", date(1970, 1, 1), 1.0, POIDS_MAXIMAL, 0.0, 0.0, 0.0, 0.0, 0.0)
_POIDS = tuple(champ.name for champ in fields(Ponderation) if champ.name not in {"version", "a_partir_du"})


class Couts(NamedTuple):
    """Composantes du coût de paires, en millipoints (int64, une valeur par paire)."""

    distance: Entiers
    acquis: Entiers
    niveau: Entiers
    attente: Entiers

    def total(self) -> Entiers:
        return self.distance + self.acquis + self.niveau + self.attente


def couts(
    ponderation: Ponderation,
    *,
    distance_km: npt.ArrayLike,
    territoire_choisi: npt.ArrayLike,
    acquis: npt.ArrayLike,
    niveau: npt.ArrayLike,
    palier: npt.ArrayLike,
    attente_jours: npt.ArrayLike,
) -> Couts:
    """Composantes du coût, en millipoints, de paires faisables (tableaux de même forme, ou des scalaires).

    `territoire_choisi` : la paire traverse une barrière que la personne a choisi de traverser ; `acquis` : expérience
    ou diplôme ; `niveau` demandé et `palier` atteint de 0 (indifférent, inconnu) à 3 ; `attente_jours` entre
    disponibilité et prise de poste (0 au moins).
    """
    p = ponderation
    km = np.asarray(distance_km, dtype=np.float64)
    km = np.where(territoire_choisi, np.minimum(km, p.plafond_km_territoire_choisi), km)
    demande, atteint = np.asarray(niveau, dtype=np.int64), np.asarray(palier, dtype=np.int64)
    crans = np.maximum(demande - atteint, 0) * p.points_par_cran_de_niveau
    ecart = np.where(demande == 0, 0.0, np.where(atteint == 0, p.points_niveau_inconnu, crans))
    semaines = np.maximum(np.asarray(attente_jours, dtype=np.float64), 0.0) / JOURS_PAR_SEMAINE
    return Couts(
        _millipoints(km * p.points_par_km),
        couts_acquis(p, acquis),
        _millipoints(ecart),
        _millipoints(np.minimum(semaines, p.plafond_semaines_d_attente) * p.points_par_semaine_d_attente),
    )


def couts_acquis(ponderation: Ponderation, acquis: npt.ArrayLike) -> Entiers:
    """La part du coût, en millipoints, qui ne tient qu'à la personne."""
    return _millipoints(np.where(acquis, 0.0, ponderation.points_sans_experience_ni_diplome))


def _millipoints(points: npt.NDArray[np.float64]) -> Entiers:
    return np.rint(points * MILLIEMES).astype(np.int64)


def lire(chemin: Path = FICHIER) -> tuple[Ponderation, ...]:
    """Lit et vérifie les pondérations. Erreur : `PonderationInvalide`."""
    try:
        contenu = tomllib.loads(chemin.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as erreur:
        raise PonderationInvalide(f"{chemin.name} est illisible : {erreur}") from None
    lignes = contenu.pop("ponderation", None)
    if contenu:
        raise PonderationInvalide(f"{chemin.name} : clé inconnue « {min(contenu)} ».")
    if not isinstance(lignes, list) or not lignes:
        raise PonderationInvalide(f"{chemin.name} ne contient aucune section [[ponderation]].")
    versions = tuple(_une(rang, ligne) for rang, ligne in enumerate(lignes, start=1))
    for avant, apres in itertools.pairwise(versions):
        if apres.a_partir_du <= avant.a_partir_du:
            raise PonderationInvalide(f"La pondération {apres.version} doit commencer après la {avant.version}.")
    if len({v.version for v in versions}) < len(versions):
        raise PonderationInvalide("Deux pondérations portent le même nom de version.")
    return versions


def _une(rang: int, ligne: Any) -> Ponderation:
    ou = f"Pondération n° {rang}"
    if not isinstance(ligne, dict):
        raise PonderationInvalide(f"{ou} : une section [[ponderation]] est attendue.")
    attendues = {champ.name for champ in fields(Ponderation)}
    for cle in sorted(set(ligne) - attendues):
        raise PonderationInvalide(f"{ou} : clé inconnue « {cle} ».")
    for cle in sorted(attendues - set(ligne)):
        raise PonderationInvalide(f"{ou} : il manque « {cle} ».")
    version, debut = ligne["version"], ligne["a_partir_du"]
    if not isinstance(version, str) or not version.strip() or version == DISTANCE.version:
        raise PonderationInvalide(f"{ou} : « version » est un texte non vide, autre que « {DISTANCE.version} ».")
    if not isinstance(debut, date) or isinstance(debut, datetime):
        raise PonderationInvalide(f"{ou} : « a_partir_du » est une date (AAAA-MM-JJ, sans guillemets).")
    return Ponderation(version=version, a_partir_du=debut, **{cle: _poids(ou, cle, ligne[cle]) for cle in _POIDS})


def _poids(ou: str, cle: str, valeur: Any) -> float:
    if isinstance(valeur, bool) or not isinstance(valeur, int | float):
        raise PonderationInvalide(f"{ou} : « {cle} » est un nombre.")
    # L'écriture « pas dans l'intervalle » refuse aussi nan.
    if not 0 <= valeur <= POIDS_MAXIMAL:
        raise PonderationInvalide(f"{ou} : « {cle} » est compris entre 0 et {POIDS_MAXIMAL:.0f}.")
    return float(valeur)


@cache
def _publiees() -> tuple[Ponderation, ...]:
    return lire()


def ponderation_au(jour: date, versions: tuple[Ponderation, ...] | None = None) -> Ponderation:
    """La pondération en vigueur ce jour-là. Erreur : `PonderationInvalide` si aucune ne l'est encore."""
    en_vigueur = [v for v in versions or _publiees() if v.a_partir_du <= jour]
    if not en_vigueur:
        raise PonderationInvalide(f"Aucune pondération n'est en vigueur au {jour:%d/%m/%Y}.")
    return en_vigueur[-1]
