"""Découpage administratif officiel (geo.api.gouv.fr) : `geo_api().lire()`.

Le réglage `PASSERELLES["geo_api"]` choisit entre le client réel et le faux, hors ligne.
"""

from typing import Protocol

from django.conf import settings

from conum.passerelles.geo_api.schemas import GeoApiIndisponible, Referentiel

__all__ = ["GeoApi", "GeoApiIndisponible", "Referentiel", "geo_api"]


class GeoApi(Protocol):
    def lire(self) -> Referentiel:
        """Tout le découpage d'aujourd'hui. Lève `GeoApiIndisponible`."""


def geo_api() -> GeoApi:
    if settings.PASSERELLES["geo_api"] == "reel":
        from conum.passerelles.geo_api.client import ClientGeoApi

        return ClientGeoApi()
    from conum.passerelles.geo_api.faux import FAUX

    return FAUX
