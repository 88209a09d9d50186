"""Expliquer une paire à une personne : ce qui la permet ou l'empêche, et de quoi son coût est fait."""

from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from conum.recrutement.rules.appariement.marche import TERRITOIRES
from conum.recrutement.rules.appariement.paires import TOLERANCE_KM
from conum.recrutement.rules.cout import MILLIEMES, Ponderation, couts


@dataclass(frozen=True)
class Paire:
    """Un besoin face à un candidat, en clair. Mêmes unités que `Besoins` et `Candidats`, sauf les dates."""

    distance_km: float
    mobilite_km: float
    debut: date
    disponible: date
    territoire_besoin: int
    territoire_candidat: int
    territoires_choisis: int = 0
    experience: bool = False
    diplome: bool = False
    niveau: int = 0
    palier: int = 0

    @property
    def territoire_choisi(self) -> bool:
        """La paire traverse une barrière."""
        return self.territoire_besoin != self.territoire_candidat


class Critere(NamedTuple):
    """Une condition : son nom, si elle est tenue, ce qu'offre la personne et ce que demande le poste."""

    nom: str
    satisfait: bool
    offert: float | str | date
    demande: float | str | date


class Composante(NamedTuple):
    """Une part du coût : la valeur mesurée (km, crans, semaines…) et ce qu'elle coûte, en points."""

    nom: str
    valeur: float
    points: float


def criteres(paire: Paire) -> tuple[Critere, ...]:
    """Les trois conditions d'une paire faisable : territoire, mobilité, disponibilité."""
    p = paire
    choisi = bool(p.territoires_choisis >> p.territoire_besoin & 1)
    atteint = not p.territoire_choisi or choisi
    # Dans un territoire qu'on a choisi, la distance n'est plus une condition ; hors de portée, elle n'a pas de sens.
    proche = p.distance_km <= p.mobilite_km + TOLERANCE_KM if not p.territoire_choisi else atteint
    return (
        Critere("territoire", atteint, TERRITOIRES[p.territoire_candidat], TERRITOIRES[p.territoire_besoin]),
        Critere("mobilite", proche, p.mobilite_km, p.distance_km),
        Critere("disponibilite", p.disponible <= p.debut, p.disponible, p.debut),
    )


def composantes(paire: Paire, ponderation: Ponderation) -> tuple[Composante, ...]:
    """Les parts du coût publié d'une paire faisable ; leur somme est le coût de l'appariement, au millipoint près."""
    p = paire
    jours = max((p.debut - p.disponible).days, 0)
    parts = couts(
        ponderation,
        distance_km=p.distance_km,
        territoire_choisi=p.territoire_choisi,
        acquis=p.experience or p.diplome,
        niveau=p.niveau,
        palier=p.palier,
        attente_jours=jours,
    )
    return (
        Composante("distance", p.distance_km, float(parts.distance) / MILLIEMES),
        Composante("acquis", float(p.experience or p.diplome), float(parts.acquis) / MILLIEMES),
        Composante("niveau", float(max(p.niveau - p.palier, 0)), float(parts.niveau) / MILLIEMES),
        Composante("attente", jours / 7, float(parts.attente) / MILLIEMES),
    )
