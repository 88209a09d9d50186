"""Découpage administratif : le vrai client contre un transport qui parle comme l'API."""

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from django.test import override_settings

from conum.passerelles.geo_api import geo_api
from conum.passerelles.geo_api.client import ClientGeoApi
from conum.passerelles.geo_api.faux import FauxGeoApi
from conum.passerelles.geo_api.schemas import GeoApiIndisponible

Reponse = Callable[[httpx.Request], httpx.Response]
REPONSES: dict[str, list[dict[str, Any]]] = {
    "/regions": [{"nom": "Bretagne", "code": "53", "zone": "metro"}],
    "/departements": [{"nom": "Ille-et-Vilaine", "code": "35", "codeRegion": "53"}],
    "/epcis": [{"nom": "Rennes Métropole", "code": "243500139"}],
    "/communes": [
        {
            "nom": "Rennes",
            "code": "35238",
            "codeDepartement": "35",
            "codeEpci": "243500139",
            "codesPostaux": ["35000"],
            "population": 227830,
            "centre": {"type": "Point", "coordinates": [-1.6819, 48.1159]},
            "champ_apparu_hier": 1,
        },
        {"nom": "Île-de-Sein", "code": "29083", "codeDepartement": "29"},
    ],
    "/communes_associees_deleguees": [
        {"nom": "Lancrans", "code": "01205", "type": "commune-deleguee", "chefLieu": "01033"}
    ],
}


@pytest.fixture
def brancher(
    monkeypatch: pytest.MonkeyPatch,
) -> Callable[[Reponse], list[httpx.Request]]:
    """Remplace le réseau par une fonction ; rend la liste des requêtes reçues."""

    def poser(repondre: Reponse) -> list[httpx.Request]:
        recues: list[httpx.Request] = []

        def transport(requete: httpx.Request) -> httpx.Response:
            recues.append(requete)
            return repondre(requete)

        origine = httpx.Client.__init__

        def initialiser(soi: httpx.Client, **options: Any) -> None:
            origine(soi, **options, transport=httpx.MockTransport(transport))

        monkeypatch.setattr(httpx.Client, "__init__", initialiser)
        return recues

    return poser


def juste(requete: httpx.Request) -> httpx.Response:
    return httpx.Response(200, json=REPONSES[requete.url.path])


def client() -> tuple[ClientGeoApi, list[float]]:
    pauses: list[float] = []
    return ClientGeoApi("https://geo.test", dormir=pauses.append), pauses


def test_le_client_lit_le_decoupage(brancher: Any) -> None:
    recues = brancher(juste)
    referentiel = client()[0].lire()
    rennes, sein = referentiel.communes
    assert (rennes.epci, rennes.codes_postaux) == ("243500139", ["35000"])
    assert rennes.centre is not None
    assert rennes.centre.coordinates == (-1.6819, 48.1159)
    assert (sein.epci, sein.population, sein.centre) == (None, None, None)
    assert referentiel.parties[0].chef_lieu == "01033"
    communes = next(r for r in recues if r.url.path == "/communes")
    assert communes.url.params["zone"] == "metro,drom,com"


def test_une_panne_passagere_est_reessayee(brancher: Any) -> None:
    essais = iter([503, 429])

    def repondre(requete: httpx.Request) -> httpx.Response:
        code = next(essais, 200)
        return juste(requete) if code == 200 else httpx.Response(code)

    brancher(repondre)
    connexion, pauses = client()
    assert len(connexion.lire().communes) == 2
    assert pauses == [1.0, 4.0]


def _injoignable(requete: httpx.Request) -> httpx.Response:
    raise httpx.ConnectTimeout("trop long")


@pytest.mark.parametrize(
    ("repondre", "essais"),
    [
        (lambda r: httpx.Response(503), 3),
        (_injoignable, 3),
        (lambda r: httpx.Response(404), 1),
        (lambda r: httpx.Response(200, text="<html>"), 1),
        (lambda r: httpx.Response(200, text=json.dumps([{"nom": "sans code"}])), 1),
    ],
    ids=["en panne", "injoignable", "adresse changée", "pas du JSON", "champ manquant"],
)
def test_une_reponse_inexploitable_est_une_indisponibilite(brancher: Any, repondre: Any, essais: int) -> None:
    recues = brancher(repondre)
    with pytest.raises(GeoApiIndisponible):
        client()[0].lire()
    assert len(recues) == essais


@pytest.mark.parametrize(("reglage", "classe"), [("faux", FauxGeoApi), ("reel", ClientGeoApi)])
def test_le_reglage_choisit_la_passerelle(reglage: str, classe: type) -> None:
    with override_settings(PASSERELLES={"geo_api": reglage}):
        assert isinstance(geo_api(), classe)
