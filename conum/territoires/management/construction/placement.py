"""Coordonnées des communes : les lieux de GeoNames (cities500) rapprochés par nom et région, le reste au plus près.

Un lieu homonyme se reconnaît à deux signes : il est proche des communes de même code postal (ou EPCI) déjà placées,
et sa population ressemble à celle de la commune. Un lieu ne sert qu'une commune.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from statistics import median
from typing import NamedTuple

from conum.territoires.management.construction.cog import Cog, Enregistrement
from conum.territoires.rules import Point, cle_recherche, distance_km

# GeoNames range l'outre-mer sous des pays ; en métropole, son « admin1 » est le code Insee de la région.
REGION_DU_PAYS = {
    "GP": "01", "MQ": "02", "GF": "03", "RE": "04", "YT": "06",
    "PM": "975", "BL": "977", "MF": "978", "WF": "986", "PF": "987", "NC": "988",
}  # fmt: skip
# Communes immenses ou dispersées en mer : la distance aux voisines n'y apprend rien.
REGIONS_VASTES = frozenset({"03", "975", "977", "978", "986", "987", "988"})
ECART_MAXIMAL_KM = 25.0
ECART_DU_NOM_UNIQUE_KM = 90.0
ECART_DU_NOM_PARTIEL_KM = 20.0
TOURS = 3
# Coût d'un rapprochement : un nom moins sûr pèse 3, 8 km pèsent 1, un rapport de population de e pèse 2.
POIDS_NOM, KM_PAR_POINT, POIDS_POPULATION = 3.0, 8.0, 2.0
NOM, AUTRE_NOM, CHEF_LIEU, NOM_PARTIEL, PARTIE = 0.0, 0.5, 1.0, 1.5, 2.0
_MOTS_VIDES = frozenset(
    ["le", "la", "les", "l", "de", "du", "des", "d", "en", "sur", "sous", "et", "lez", "a", "au", "aux"]
)


class Lieu(NamedTuple):
    identifiant: int
    nom: str
    region: str
    latitude: float
    longitude: float
    population: int
    autres_noms: tuple[str, ...]

    @property
    def point(self) -> Point:
        return self.latitude, self.longitude


class Candidat(NamedTuple):
    surete: float
    lieu: Lieu


def lieux(villes: Iterable[dict[str, object]]) -> list[Lieu]:
    """Les lieux français parmi ceux de GeoNames, triés par identifiant."""
    retenus = []
    for ville in villes:
        pays = str(ville["countrycode"])
        region = str(ville["admin1code"]) if pays == "FR" else REGION_DU_PAYS.get(pays)
        if region:
            retenus.append(
                Lieu(
                    int(str(ville["geonameid"])),
                    str(ville["name"]),
                    region,
                    float(str(ville["latitude"])),
                    float(str(ville["longitude"])),
                    int(str(ville["population"])),
                    tuple(ville["alternatenames"]),  # type: ignore[arg-type]
                )
            )
    return sorted(retenus)


def _cle(nom: str) -> str:
    # Sans espaces : GeoNames perd des apostrophes et des traits d'union (« Pejrat dAimostier »).
    return cle_recherche(nom).replace(" ", "")


def _mots(nom: str) -> list[str]:
    return [mot for mot in cle_recherche(nom).split() if mot not in _MOTS_VIDES]


def _en_partie(a: str, b: str) -> bool:
    """Un nom est contenu dans l'autre, par mots entiers : « Évry » et « Évry-Courcouronnes »."""
    court, long = sorted((_mots(a), _mots(b)), key=len)
    if not court or court == ["saint"]:
        return False
    return long[: len(court)] == court or (set(court) <= set(long) and len("".join(court)) >= 5)


def _milieu(points: list[Point]) -> Point:
    return median(p[0] for p in points), median(p[1] for p in points)


class Reperes:
    """Points déjà placés, par code postal, EPCI et département, pour juger un candidat ou placer le reste."""

    def __init__(self, cog: Cog, places: dict[str, Lieu]) -> None:
        self._epci_de = cog.epci_de
        self._par_cle: dict[str, list[tuple[str, Point]]] = defaultdict(list)
        for code, lieu in places.items():
            for _, cle in self._cles(cog.communes[code]):
                self._par_cle[cle].append((code, lieu.point))

    def _cles(self, commune: Enregistrement) -> Iterator[tuple[str, str]]:
        for code_postal in commune.get("codesPostaux", ()):
            yield "code_postal", f"cp{code_postal}"
        if epci := self._epci_de.get(commune["code"]):
            yield "epci", f"epci{epci}"
        yield "departement", f"dep{commune['departement']}"

    def milieu(self, commune: Enregistrement) -> tuple[Point, str] | None:
        """Médiane des communes voisines placées, sauf elle-même, et ce qui les lie ; None s'il n'y en a aucune."""
        voisins: dict[str, list[Point]] = defaultdict(list)
        for lien, cle in self._cles(commune):
            voisins[lien] += [point for code, point in self._par_cle[cle] if code != commune["code"]]
        for lien, points in voisins.items():
            if points:
                return _milieu(points), lien
        return None


class Placement:
    """Rapproche les communes du COG et les lieux de GeoNames ; `places` : code Insee → lieu."""

    def __init__(self, cog: Cog, tous: list[Lieu]) -> None:
        self._cog = cog
        self._lieux = tous
        self._par_nom: dict[tuple[str, str], list[Lieu]] = defaultdict(list)
        self._par_autre_nom: dict[tuple[str, str], list[Lieu]] = defaultdict(list)
        for lieu in tous:
            cle = _cle(lieu.nom)
            self._par_nom[lieu.region, cle].append(lieu)
            for autre in sorted({_cle(nom) for nom in lieu.autres_noms} - {cle, ""}):
                self._par_autre_nom[lieu.region, autre].append(lieu)
        noms = Counter((c["region"], _cle(c["nom"])) for c in cog.communes.values())
        self._homonymes = {cle for cle, nombre in noms.items() if nombre > 1}
        self._candidats = {code: list(self._par_noms(c)) for code, c in cog.communes.items()}
        self.places = self._certitudes()
        for _ in range(TOURS):
            self.places = self._affecter()
        self._ajouter_noms_partiels()
        for _ in range(TOURS):
            self.places = self._affecter()

    def _par_noms(self, commune: Enregistrement) -> Iterator[Candidat]:
        noms = [(commune["nom"], NOM)]
        for partie in self._cog.parties_de[commune["code"]]:
            noms.append((partie["nom"], CHEF_LIEU if partie["code"] == commune["code"] else PARTIE))
        for nom, surete in noms:
            cle = commune["region"], _cle(nom)
            yield from (Candidat(surete, lieu) for lieu in self._par_nom.get(cle, ()))
            yield from (Candidat(surete + AUTRE_NOM, lieu) for lieu in self._par_autre_nom.get(cle, ()))

    def _nom_unique(self, commune: Enregistrement) -> bool:
        cle = commune["region"], _cle(commune["nom"])
        return cle not in self._homonymes and len(self._par_nom.get(cle, ())) == 1

    def _certitudes(self) -> dict[str, Lieu]:
        return {
            code: self._par_nom[commune["region"], _cle(commune["nom"])][0]
            for code, commune in self._cog.communes.items()
            if self._nom_unique(commune)
        }

    def _ajouter_noms_partiels(self) -> None:
        pris = {lieu.identifiant for lieu in self.places.values()}
        libres: dict[str, list[Lieu]] = defaultdict(list)
        for lieu in self._lieux:
            if lieu.identifiant not in pris:
                libres[lieu.region].append(lieu)
        reperes = Reperes(self._cog, self.places)
        for code, commune in self._cog.communes.items():
            milieu = None if code in self.places else reperes.milieu(commune)
            if milieu is None:
                continue
            noms = [commune["nom"], *(p["nom"] for p in self._cog.parties_de[code])]
            for lieu in libres[commune["region"]]:
                proche = distance_km(milieu[0], lieu.point) < ECART_DU_NOM_PARTIEL_KM
                if proche and any(_en_partie(nom, lieu.nom) for nom in noms):
                    self._candidats[code].append(Candidat(NOM_PARTIEL, lieu))

    def _affecter(self) -> dict[str, Lieu]:
        """Du rapprochement le moins coûteux au plus coûteux, chaque lieu et chaque commune une fois."""
        reperes = Reperes(self._cog, self.places)
        propositions = []
        for code, commune in self._cog.communes.items():
            for surete, lieu in self._candidats[code]:
                cout = self._cout(commune, surete, lieu, reperes)
                if cout is not None:
                    propositions.append((cout, code, lieu.identifiant, lieu))
        places: dict[str, Lieu] = {}
        pris: set[int] = set()
        for _, code, identifiant, lieu in sorted(propositions):
            if code not in places and identifiant not in pris:
                places[code] = lieu
                pris.add(identifiant)
        return places

    def _cout(self, commune: Enregistrement, surete: float, lieu: Lieu, reperes: Reperes) -> float | None:
        """None : ce lieu est trop loin pour être cette commune."""
        milieu = reperes.milieu(commune)
        ecart = distance_km(milieu[0], lieu.point) if milieu else 0.0
        rapport = abs(math.log((lieu.population + 100) / ((commune.get("population") or 0) + 100)))
        if commune["region"] in REGIONS_VASTES:
            ecart = 0.0
        elif ecart > ECART_MAXIMAL_KM:
            # Le milieu d'un grand EPCI ou d'un département est vague : un nom unique y suffit, à population proche.
            vague = milieu is not None and milieu[1] != "code_postal"
            if not (
                self._nom_unique(commune) and ecart < ECART_DU_NOM_UNIQUE_KM and rapport < (0.7 if vague else 0.25)
            ):
                return None
        return POIDS_NOM * surete + ecart / KM_PAR_POINT + POIDS_POPULATION * rapport

    def placer(self) -> Callable[[Enregistrement], tuple[float, float, str]]:
        """Rend la fonction commune → (latitude, longitude, précision)."""
        reperes = Reperes(self._cog, self.places)

        def coordonnees(commune: Enregistrement) -> tuple[float, float, str]:
            if lieu := self.places.get(commune["code"]):
                return lieu.latitude, lieu.longitude, "lieu"
            # Saint-Martin, Saint-Barthélemy : aucun lieu ne porte le nom de l'unique commune.
            (latitude, longitude), lien = reperes.milieu(commune) or (
                _milieu([lieu.point for lieu in self._lieux if lieu.region == commune["region"]]),
                "departement",
            )
            return round(latitude, 4), round(longitude, 4), lien

        return coordonnees
