"""Le graphique du calendrier : trois barres par année, en coordonnées prêtes à écrire dans un <svg>."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import ceil

from conum.conventions.views.graphique import Rectangle, Repere, pas_rond
from conum.versements.models.budget import Montants

LARGEUR, HAUTEUR = 760, 300
GAUCHE, HAUT, BAS = 100, 10, 40
PLAT = HAUTEUR - HAUT - BAS
CLASSES = ("conum-barre-aide", "conum-barre-reste", "conum-barre-verse")


@dataclass(frozen=True)
class Barre:
    classe: str
    rectangle: Rectangle


@dataclass(frozen=True)
class Graphique:
    largeur: int
    hauteur: int
    gauche: int
    base: int
    barres: list[Barre]
    ordonnees: list[Repere]
    abscisses: list[Repere]


def _valeurs(montants: Montants) -> tuple[Decimal, Decimal, Decimal]:
    return montants.engage, montants.prevu, montants.verse


def tracer(annees: Sequence[tuple[str, Montants]]) -> Graphique | None:
    """Trois barres par ligne du tableau ; une valeur négative n'a pas de barre. None quand il n'y a rien à montrer."""
    maximum = float(max((v for _, m in annees for v in _valeurs(m)), default=Decimal(0)))
    if maximum <= 0:
        return None
    intervalle = pas_rond(maximum)
    sommet = ceil(maximum / intervalle) * intervalle
    echelle, pas = PLAT / sommet, (LARGEUR - GAUCHE) / len(annees)
    largeur = min(pas * 0.26, 40)
    barres = []
    for i, (_, montants) in enumerate(annees):
        depart = GAUCHE + i * pas + (pas - 3 * largeur) / 2
        for j, valeur in enumerate(_valeurs(montants)):
            hauteur = round(float(max(valeur, Decimal(0))) * echelle, 1)
            place = Rectangle(
                round(depart + j * largeur, 1), round(HAUT + PLAT - hauteur, 1), round(largeur * 0.9, 1), hauteur
            )
            barres.append(Barre(CLASSES[j], place))
    return Graphique(
        largeur=LARGEUR,
        hauteur=HAUTEUR,
        gauche=GAUCHE,
        base=HAUT + PLAT,
        barres=barres,
        ordonnees=[
            Repere(round(HAUT + PLAT - v * echelle, 1), f"{v:,} €".replace(",", "\u202f"))
            for v in range(0, sommet + 1, intervalle)
        ],
        abscisses=[Repere(round(GAUCHE + (i + 0.5) * pas, 1), nom) for i, (nom, _) in enumerate(annees)],
    )
