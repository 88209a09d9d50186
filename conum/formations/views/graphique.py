"""Le graphique de la prévision : deux barres par mois, en coordonnées prêtes à écrire dans un <svg> sans style."""

from dataclasses import dataclass
from math import ceil, floor, log10

from django.utils.formats import date_format

from conum.formations.rules.prevision import Prevision

LARGEUR, HAUTEUR = 760, 280
GAUCHE, HAUT, BAS = 50, 24, 40
PLAT = HAUTEUR - HAUT - BAS
REPERES = 4


@dataclass(frozen=True)
class Barre:
    x: float
    y: float
    largeur: float
    hauteur: float
    valeur: int

    @property
    def milieu(self) -> float:
        return round(self.x + self.largeur / 2, 1)


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
    besoins: list[Barre]
    places: list[Barre]
    ordonnees: list[Repere]
    abscisses: list[Repere]
    annonce: Repere | None


def _pas_rond(maximum: int) -> int:
    """Un intervalle rond qui donne quatre repères au plus."""
    vise = max(maximum / REPERES, 1)
    puissance = 10 ** floor(log10(vise))
    return int(next(n * puissance for n in (1, 2, 5, 10) if n * puissance >= vise))


def tracer(prevision: Prevision, *, annonce: int = 0) -> Graphique:
    """Les valeurs sont celles du tableau ; `annonce` : la capacité annoncée chaque mois, une ligne."""
    maximum = max(annonce, *(max(m.besoin, m.places) for m in prevision.mois)) or 1
    intervalle = _pas_rond(maximum)
    sommet = ceil(maximum / intervalle) * intervalle
    echelle, pas = PLAT / sommet, (LARGEUR - GAUCHE) / len(prevision.mois)
    base = HAUT + PLAT

    def barre(rang: int, valeur: int, decalage: float) -> Barre:
        hauteur = round(valeur * echelle, 1)
        return Barre(round(GAUCHE + (rang + decalage) * pas, 1), round(base - hauteur, 1), round(pas * 0.38, 1),
                     hauteur, valeur)  # fmt: skip

    return Graphique(
        largeur=LARGEUR,
        hauteur=HAUTEUR,
        gauche=GAUCHE,
        base=base,
        besoins=[barre(i, m.besoin, 0.1) for i, m in enumerate(prevision.mois)],
        places=[barre(i, m.places, 0.52) for i, m in enumerate(prevision.mois)],
        ordonnees=[Repere(round(base - v * echelle, 1), str(v)) for v in range(0, sommet + 1, intervalle)],
        abscisses=[
            Repere(round(GAUCHE + (i + 0.5) * pas, 1), date_format(m.premier, "m/y"))
            for i, m in enumerate(prevision.mois)
        ],
        annonce=Repere(round(base - annonce * echelle, 1), str(annonce)) if annonce else None,
    )
