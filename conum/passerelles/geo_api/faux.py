"""L'API hors ligne : un extrait réel, quelques communes de métropole et d'outre-mer, une commune nouvelle."""

from collections.abc import Iterator
from contextlib import contextmanager

from conum.passerelles.geo_api.schemas import (
    Centre,
    CommuneLue,
    DepartementLu,
    EpciLu,
    GeoApiIndisponible,
    PartieLue,
    Referentiel,
    RegionLue,
)

_REGIONS = (
    ("53", "Bretagne"),
    ("84", "Auvergne-Rhône-Alpes"),
    ("978", "Saint-Martin"),
    ("988", "Nouvelle-Calédonie"),
)
_DEPARTEMENTS = (
    ("01", "Ain", "84"),
    ("35", "Ille-et-Vilaine", "53"),
    ("978", "Saint-Martin", "978"),
    ("988", "Nouvelle-Calédonie", "988"),
)
_EPCIS = (("243500139", "Rennes Métropole"), ("240100891", "CC Terre Valserhône"))
# code, nom, département, EPCI, codes postaux, population, (longitude, latitude)
_COMMUNES = (
    ("01033", "Valserhône", "01", "240100891", ["01200"], 16302, (5.8245, 46.1107)),
    ("01043", "Béligneux", "01", None, ["01360"], 3353, (5.1279, 45.8639)),
    ("35047", "Bruz", "35", "243500139", ["35170"], 18780, (-1.7532, 48.0246)),
    ("35051", "Cesson-Sévigné", "35", "243500139", ["35510"], 17841, (-1.5942, 48.1186)),
    ("35238", "Rennes", "35", "243500139", ["35000", "35200", "35700"], 227830, (-1.6819, 48.1159)),
    ("35278", "Saint-Grégoire", "35", "243500139", ["35760"], 10172, (-1.6867, 48.1586)),
    ("97801", "Saint-Martin", "978", None, ["97150"], 31160, (-63.0667, 18.0831)),
    ("98818", "Nouméa", "988", None, ["98800"], 85976, (166.4580, -22.2758)),
)
_PARTIES = (
    ("01033", "Bellegarde-sur-Valserine", "commune-deleguee", "01033"),
    ("01091", "Châtillon-en-Michaille", "commune-deleguee", "01033"),
    ("01205", "Lancrans", "commune-deleguee", "01033"),
)


class FauxGeoApi:
    """Même contrat que `ClientGeoApi`. Les essais remplacent `communes` ou mettent l'API en panne."""

    def __init__(self) -> None:
        self._panne = False
        self.communes: list[CommuneLue] = []
        self.parties: list[PartieLue] = []
        self.reinitialiser()

    def reinitialiser(self) -> None:
        self._panne = False
        self.communes = [
            CommuneLue(
                code=code,
                nom=nom,
                codeDepartement=departement,
                codeEpci=epci,
                codesPostaux=codes_postaux,
                population=population,
                centre=Centre(coordinates=centre),
            )
            for code, nom, departement, epci, codes_postaux, population, centre in _COMMUNES
        ]
        self.parties = [PartieLue(code=c, nom=n, type=t, chefLieu=chef_lieu) for c, n, t, chef_lieu in _PARTIES]

    @contextmanager
    def en_panne(self) -> Iterator[None]:
        self._panne = True
        try:
            yield
        finally:
            self._panne = False

    def lire(self) -> Referentiel:
        if self._panne:
            raise GeoApiIndisponible("panne simulée")
        return Referentiel(
            regions=[RegionLue(code=c, nom=n) for c, n in _REGIONS],
            departements=[DepartementLu(code=c, nom=n, codeRegion=r) for c, n, r in _DEPARTEMENTS],
            epcis=[EpciLu(code=c, nom=n) for c, n in _EPCIS],
            communes=list(self.communes),
            parties=list(self.parties),
        )


FAUX = FauxGeoApi()
