"""Client de l'API « Recherche d'entreprises » (DINUM), publique et sans clé, limitée à 7 requêtes par seconde.

Une personne attend devant son formulaire : au plus trois essais et `DELAI_TOTAL` secondes, puis `Indisponible`,
et elle saisit elle-même le nom et l'adresse.
"""

import logging
import time
from collections.abc import Callable

import httpx
from pydantic import ValidationError

from conum.passerelles.entreprises.schemas import Etablissement, Indisponible, Introuvable, Reponse

logger = logging.getLogger(__name__)

ADRESSE = "https://recherche-entreprises.api.gouv.fr"
DELAIS = httpx.Timeout(4.0, connect=2.0)
DELAI_TOTAL = 9.0
PAUSES = (0.3, 1.0)
PAUSE_MAXIMALE = 2.0


class ClientEntreprises:
    """`chercher(siret)` rend l'établissement, ou lève `Introuvable` ou `Indisponible`."""

    def __init__(
        self,
        adresse: str = ADRESSE,
        *,
        delais: httpx.Timeout = DELAIS,
        delai_total: float = DELAI_TOTAL,
        dormir: Callable[[float], None] = time.sleep,
    ) -> None:
        self._adresse = adresse.rstrip("/")
        self._delais = delais
        self._delai_total = delai_total
        self._dormir = dormir

    def chercher(self, siret: str) -> Etablissement:
        reponse = self._lire(siret)
        for unite in reponse.results:
            # La recherche est textuelle : seul l'établissement qui porte exactement ce SIRET compte.
            if etablissement := unite.etablissement(siret):
                return etablissement
        raise Introuvable(siret)

    def _lire(self, siret: str) -> Reponse:
        # Dirigeants, élus et finances ne nous regardent pas : on ne demande que le nécessaire.
        parametres = {
            "q": siret,
            "page": "1",
            "per_page": "1",
            "minimal": "true",
            "include": "siege,matching_etablissements,complements",
        }
        fin = time.monotonic() + self._delai_total
        entetes = {"User-Agent": "conum", "Accept": "application/json"}
        with httpx.Client(base_url=self._adresse, timeout=self._delais, headers=entetes) as http:
            for pause in (*PAUSES, None):
                attente = self._essayer(http, parametres)
                if isinstance(attente, Reponse):
                    return attente
                if pause is None:
                    break
                pause = max(pause, attente)
                if pause > PAUSE_MAXIMALE or time.monotonic() + pause >= fin:
                    break
                self._dormir(pause)
        raise Indisponible(siret)

    def _essayer(self, http: httpx.Client, parametres: dict[str, str]) -> Reponse | float:
        """La réponse, ou le nombre de secondes que le registre demande d'attendre avant de réessayer.

        Lève `Indisponible` quand réessayer ne servirait à rien.
        """
        try:
            recu = http.get("/search", params=parametres)
        except httpx.TransportError as erreur:
            logger.warning("Registre des entreprises injoignable : %s", type(erreur).__name__)
            return 0.0
        if recu.status_code == httpx.codes.TOO_MANY_REQUESTS or recu.status_code >= 500:
            logger.warning("Registre des entreprises : réponse %s", recu.status_code)
            return _attente_demandee(recu)
        if recu.status_code != httpx.codes.OK:
            logger.error("Registre des entreprises : réponse inattendue %s", recu.status_code)
            raise Indisponible(f"réponse {recu.status_code}")
        try:
            return Reponse.model_validate_json(recu.content)
        except ValidationError as erreur:
            logger.error("Registre des entreprises : réponse illisible (%s champs)", erreur.error_count())
            raise Indisponible("réponse illisible") from erreur


def _attente_demandee(recu: httpx.Response) -> float:
    valeur = recu.headers.get("Retry-After", "")
    return float(valeur) if valeur.isascii() and valeur.isdigit() else 0.0
