"""La carte des sessions : où se dessine chaque commune, et le semis de points qui tient lieu de fond.

Aucun fond extérieur : le semis vient des communes elles-mêmes, une fois par carreau. La projection est plate, les
degrés de longitude resserrés au milieu de chaque cadre : à l'échelle d'un pays, l'œil n'y voit pas de différence.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import cos, radians

LARGEUR, HAUTEUR = 600, 700
_PRINCIPAL = 570
"""Le côté du grand cadre ; les départements d'outre-mer se rangent dessous, dans des cadres carrés."""
_COTE, _PAS, _HAUT = 104, 119, 590
OUTRE_MER = {
    "971": "Guadeloupe",
    "972": "Martinique",
    "973": "Guyane",
    "974": "La Réunion",
    "976": "Mayotte",
}
"""Les cadres de la carte de France ; une session dans une autre terre se lit dans la liste."""

Point = tuple[float, float]
"""Latitude, longitude, en degrés."""


@dataclass(frozen=True, slots=True)
class Cadre:
    """Un rectangle de la carte, et ce qu'il faut pour y placer un point. `nom` : écrit dessous, ou rien."""

    nom: str
    gauche: float
    haut: float
    cote: float
    x: float
    y: float
    ouest: float
    nord: float
    echelle: float
    resserre: float
    carreau: float

    def placer(self, point: Point) -> Point:
        """Abscisse et ordonnée dans la carte, au dixième."""
        latitude, longitude = point
        return (
            round(self.x + (longitude - self.ouest) * self.resserre * self.echelle, 1),
            round(self.y + (self.nord - latitude) * self.echelle, 1),
        )


@dataclass(frozen=True, slots=True)
class Fond:
    """Le semis d'un cadre : le tracé d'un chemin de points ronds, et leur grosseur."""

    cadre: Cadre
    trace: str
    grosseur: float

    @property
    def nom_x(self) -> float:
        return self.cadre.gauche

    @property
    def nom_y(self) -> float:
        return self.cadre.haut + self.cadre.cote + 12


def terre_de(departement: str) -> str:
    """« 974 » pour La Réunion ; rien pour l'Hexagone et la Corse."""
    return departement if departement[:2] in ("97", "98") else ""


def cadrer(nom: str, points: Sequence[Point], *, x: float, y: float, cote: float, carreaux: int) -> Cadre:
    """Le cadre qui montre tous ces points, centrés, avec une marge."""
    sud, nord = min(p[0] for p in points), max(p[0] for p in points)
    ouest, est = min(p[1] for p in points), max(p[1] for p in points)
    resserre = cos(radians((sud + nord) / 2))
    etendue = max(nord - sud, (est - ouest) * resserre, 0.05)
    marge = cote * 0.04
    echelle = (cote - 2 * marge) / etendue
    vide_x = (cote - (est - ouest) * resserre * echelle) / 2
    vide_y = (cote - (nord - sud) * echelle) / 2
    return Cadre(nom, x, y, cote, x + vide_x, y + vide_y, ouest, nord, echelle, resserre, cote / carreaux)


def semer(cadre: Cadre, points: Iterable[Point]) -> Fond:
    """Un point par carreau où il y a au moins une commune : le pays se devine, sans trait à tenir à jour."""
    pas = cadre.carreau
    carreaux = sorted({(int(x // pas), int(y // pas)) for x, y in map(cadre.placer, points)})
    trace = "".join(f"M{round((i + 0.5) * pas, 1):g} {round((j + 0.5) * pas, 1):g}h0" for i, j in carreaux)
    return Fond(cadre, trace, round(pas * 0.62, 1))


def fonds_de_france(par_terre: dict[str, list[Point]]) -> dict[str, Fond]:
    """L'Hexagone et la Corse, puis un cadre par département d'outre-mer dont on connaît des communes."""
    cadres = {}
    if hexagone := par_terre.get("", []):
        cadres[""] = cadrer("", hexagone, x=(LARGEUR - _PRINCIPAL) / 2, y=0, cote=_PRINCIPAL, carreaux=72)
    for rang, (code, nom) in enumerate(OUTRE_MER.items()):
        if points := par_terre.get(code, []):
            cadres[code] = cadrer(nom, points, x=8 + rang * _PAS, y=_HAUT, cote=_COTE - 14, carreaux=14)
    return {terre: semer(cadre, par_terre[terre]) for terre, cadre in cadres.items()}


def fond_de_region(nom: str, points: list[Point]) -> Fond:
    """Une région seule, en grand ; le semis s'espace avec le nombre de communes."""
    carreaux = max(12, min(60, int(len(points) ** 0.5)))
    return semer(cadrer(nom, points, x=15, y=15, cote=_PRINCIPAL, carreaux=carreaux), points)
