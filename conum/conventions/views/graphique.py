"""Le graphique du simulateur : les barres, en coordonnées prêtes à écrire dans un <svg> sans style ni script."""

from dataclasses import dataclass
from decimal import Decimal
from math import ceil, floor, log10

from conum.conventions.rules.simulation import Mois, Simulation

LARGEUR, HAUTEUR = 760, 300
GAUCHE, HAUT, BAS = 70, 10, 40
PLAT = HAUTEUR - HAUT - BAS
REPERES = 4


@dataclass(frozen=True)
class Rectangle:
    x: float
    y: float
    largeur: float
    hauteur: float


@dataclass(frozen=True)
class Barre:
    """Un mois : l'aide en bas, ce qui reste à la structure au-dessus."""

    aide: Rectangle
    reste: Rectangle


@dataclass(frozen=True)
class Repere:
    position: float
    texte: str


@dataclass(frozen=True)
class Graphique:
    largeur: int
    hauteur: int
    gauche: int
    base: int
    barres: list[Barre]
    ordonnees: list[Repere]
    abscisses: list[Repere]


def pas_rond(maximum: float) -> int:
    """Un intervalle rond (1, 2 ou 5 fois une puissance de dix) qui donne quatre repères au plus."""
    vise = max(maximum / REPERES, 1)
    puissance = 10 ** floor(log10(vise))
    return int(next(n * puissance for n in (1, 2, 5, 10) if n * puissance >= vise))


def _barre(rang: int, mois: Mois, pas: float, echelle: float) -> Barre:
    x, largeur = GAUCHE + rang * pas + pas * 0.12, pas * 0.76
    aide = round(float(mois.aide) * echelle, 1)
    reste = round(float(max(mois.reste, Decimal(0))) * echelle, 1)
    base = HAUT + PLAT
    return Barre(
        Rectangle(round(x, 1), round(base - aide, 1), round(largeur, 1), aide),
        Rectangle(round(x, 1), round(base - aide - reste, 1), round(largeur, 1), reste),
    )


def tracer(simulation: Simulation) -> Graphique:
    """Une barre par ligne du tableau ; les valeurs sont celles du tableau."""
    mois = simulation.mois
    maximum = float(max(max(m.cout, m.aide) for m in mois)) or 1.0
    intervalle = pas_rond(maximum)
    sommet = ceil(maximum / intervalle) * intervalle
    echelle, pas = PLAT / sommet, (LARGEUR - GAUCHE) / len(mois)
    debuts = [i for i, m in enumerate(mois) if i == 0 or m.annee != mois[i - 1].annee]
    return Graphique(
        largeur=LARGEUR,
        hauteur=HAUTEUR,
        gauche=GAUCHE,
        base=HAUT + PLAT,
        barres=[_barre(i, m, pas, echelle) for i, m in enumerate(mois)],
        ordonnees=[
            Repere(round(HAUT + PLAT - v * echelle, 1), f"{v:,} €".replace(",", "\u202f"))
            for v in range(0, sommet + 1, intervalle)
        ],
        abscisses=[Repere(round(GAUCHE + i * pas, 1), f"Année {mois[i].annee}") for i in debuts],
    )
