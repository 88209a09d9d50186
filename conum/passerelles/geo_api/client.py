"""Client de l'API Découpage administratif (DINUM), publique et sans clé.

Une commande d'administration attend : cinq lectures, dont une de plusieurs mégaoctets, avec trois essais chacune.
"""

import logging
import time
from collections.abc import Callable
from typing import Any, TypeVar

import httpx
from pydantic import TypeAdapter, ValidationError

from conum.passerelles.geo_api.schemas import (
    CommuneLue,
    DepartementLu,
    EpciLu,
    GeoApiIndisponible,
    PartieLue,
    Referentiel,
    RegionLue,
)

logger = logging.getLogger(__name__)

ADRESSE = "https://geo.api.gouv.fr"
DELAIS = httpx.Timeout(60.0, connect=5.0)
PAUSES = (1.0, 4.0)
# Sans cette précision, l'API tait les collectivités d'outre-mer.
ZONES = "metro,drom,com"

T = TypeVar("T")


class ClientGeoApi:
    def __init__(
        self,
        adresse: str = ADRESSE,
        *,
        delais: httpx.Timeout = DELAIS,
        dormir: Callable[[float], None] = time.sleep,
    ) -> None:
        self._adresse = adresse.rstrip("/")
        self._delais = delais
        self._dormir = dormir

    def lire(self) -> Referentiel:
        """Lève `GeoApiIndisponible`."""
        entetes = {"User-Agent": "conum", "Accept": "application/json"}
        with httpx.Client(base_url=self._adresse, timeout=self._delais, headers=entetes) as http:
            champs = "nom,code,codeDepartement,codeEpci,codesPostaux,population,centre"
            return Referentiel(
                regions=self._liste(http, "/regions", RegionLue, fields="nom,code", zone=ZONES),
                departements=self._liste(
                    http, "/departements", DepartementLu, fields="nom,code,codeRegion", zone=ZONES
                ),
                epcis=self._liste(http, "/epcis", EpciLu, fields="nom,code"),
                communes=self._liste(
                    http, "/communes", CommuneLue, fields=champs, zone=ZONES, type="commune-actuelle", format="json"
                ),
                parties=self._liste(http, "/communes_associees_deleguees", PartieLue, fields="nom,code,type,chefLieu"),
            )

    def _liste(self, http: httpx.Client, chemin: str, modele: type[T], **parametres: str) -> list[T]:
        recu = self._obtenir(http, chemin, parametres)
        try:
            return TypeAdapter(list[modele]).validate_json(recu.content)  # type: ignore[valid-type]
        except ValidationError as erreur:
            logger.error("geo.api%s : réponse illisible (%s champs)", chemin, erreur.error_count())
            raise GeoApiIndisponible(f"{chemin} : réponse illisible") from erreur

    def _obtenir(self, http: httpx.Client, chemin: str, parametres: dict[str, Any]) -> httpx.Response:
        for pause in (*PAUSES, None):
            try:
                recu = http.get(chemin, params=parametres)
            except httpx.TransportError as erreur:
                logger.warning("geo.api%s injoignable : %s", chemin, type(erreur).__name__)
            else:
                if recu.status_code == httpx.codes.OK:
                    return recu
                logger.warning("geo.api%s : réponse %s", chemin, recu.status_code)
                if recu.status_code < 500 and recu.status_code != httpx.codes.TOO_MANY_REQUESTS:
                    break
            if pause is not None:
                self._dormir(pause)
        raise GeoApiIndisponible(f"{chemin} : pas de réponse exploitable")
