"""Registre des entreprises : le vrai client contre un serveur local qui parle comme l'API, et le faux."""

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from conum.passerelles import entreprises
from conum.passerelles.entreprises.client import ClientEntreprises
from conum.passerelles.entreprises.faux import FAUX, SIRET_SANS_REPONSE, FauxRegistre
from conum.passerelles.entreprises.schemas import Indisponible, Introuvable

SIRET = "21310555400017"


def unite(**changements: Any) -> dict[str, Any]:
    """Une unité légale telle que l'API la rend (champs relevés dans sa documentation)."""
    return {
        "siren": SIRET[:9],
        "nom_complet": "COMMUNE DE TOULOUSE (MAIRIE)",
        "nom_raison_sociale": "COMMUNE DE TOULOUSE",
        "sigle": None,
        "nombre_etablissements": 312,
        "etat_administratif": "A",
        "nature_juridique": "7210",
        "siege": {"siret": SIRET, "etat_administratif": "A", "commune": "31555"},
        "matching_etablissements": [
            {
                "siret": SIRET,
                "adresse": "PLACE DU CAPITOLE 31000 TOULOUSE",
                "code_postal": "31000",
                "commune": "31555",
                "libelle_commune": "TOULOUSE",
                "etat_administratif": "A",
                "est_siege": True,
                "liste_enseignes": ["MAIRIE"],
                "nom_commercial": None,
                "latitude": "43.604",
                "champ_apparu_hier": {"x": 1},
            }
        ],
        "complements": {
            "est_ess": False,
            "est_association": False,
            "identifiant_association": None,
            "collectivite_territoriale": {"code": "31555", "niveau": "commune", "elus": []},
        },
    } | changements


def page(*unites: dict[str, Any]) -> bytes:
    corps = {"results": unites, "total_results": len(unites), "page": 1, "per_page": 1, "total_pages": 1}
    return json.dumps(corps).encode()


Reponse = tuple[int, dict[str, str], bytes]


@dataclass
class ServeurRegistre:
    adresse: str = ""
    reponses: list[Reponse | Callable[[BaseHTTPRequestHandler], None]] = field(default_factory=list)
    demandes: list[dict[str, list[str]]] = field(default_factory=list)
    lacher: threading.Event = field(default_factory=threading.Event)


@pytest.fixture
def serveur() -> Iterator[ServeurRegistre]:
    etat = ServeurRegistre()

    class Reponds(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            url = urlsplit(self.path)
            etat.demandes.append({"chemin": [url.path], **parse_qs(url.query)})
            reponse = etat.reponses.pop(0)
            if callable(reponse):
                reponse(self)
                return
            statut, entetes, corps = reponse
            self.send_response(statut)
            for nom, valeur in entetes.items():
                self.send_header(nom, valeur)
            self.send_header("Content-Length", str(len(corps)))
            self.end_headers()
            self.wfile.write(corps)

        def log_message(self, format: str, *args: object) -> None:
            """Silence."""

    http = ThreadingHTTPServer(("127.0.0.1", 0), Reponds)
    etat.adresse = f"http://127.0.0.1:{http.server_address[1]}"
    fil = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    fil.start()
    yield etat
    etat.lacher.set()
    http.shutdown()
    http.server_close()


class Horloge:
    def __init__(self) -> None:
        self.pauses: list[float] = []

    def dormir(self, secondes: float) -> None:
        self.pauses.append(secondes)


@pytest.fixture
def horloge() -> Horloge:
    return Horloge()


@pytest.fixture
def client(serveur: ServeurRegistre, horloge: Horloge) -> ClientEntreprises:
    return ClientEntreprises(serveur.adresse, delais=httpx.Timeout(0.3), dormir=horloge.dormir)


def test_un_etablissement_ouvert_est_lu_avec_son_adresse(client: ClientEntreprises, serveur: ServeurRegistre) -> None:
    serveur.reponses = [(200, {}, page(unite()))]

    lu = client.chercher(SIRET)

    assert (lu.denomination, lu.enseigne, lu.siren) == ("COMMUNE DE TOULOUSE", "MAIRIE", "213105554")
    assert (lu.categorie_juridique, lu.libelle_categorie) == ("7210", "Commune et commune nouvelle")
    assert (lu.adresse, lu.code_postal, lu.code_insee, lu.commune) == (
        "PLACE DU CAPITOLE", "31000", "31555", "TOULOUSE",
    )  # fmt: skip
    assert lu.ouvert
    assert not lu.est_ess
    assert not lu.est_association


def test_on_ne_demande_au_registre_que_le_necessaire(client: ClientEntreprises, serveur: ServeurRegistre) -> None:
    serveur.reponses = [(200, {}, page(unite()))]
    client.chercher(SIRET)
    (demande,) = serveur.demandes
    assert demande["chemin"] == ["/search"]
    assert demande["q"] == [SIRET]
    assert "dirigeants" not in demande["include"][0]


def test_une_association_fermee_et_masquee_est_lue_sans_inventer(
    client: ClientEntreprises, serveur: ServeurRegistre
) -> None:
    etablissement = {
        "siret": SIRET,
        "adresse": "[NON-DIFFUSIBLE]",
        "commune": "31555",
        "etat_administratif": "F",
        "liste_enseignes": None,
    }
    serveur.reponses = [
        (
            200,
            {},
            page(
                unite(
                    matching_etablissements=[etablissement],
                    nature_juridique="9220",
                    complements={"est_ess": True, "identifiant_association": "W311000000"},
                )
            ),
        )
    ]
    lu = client.chercher(SIRET)
    assert (lu.adresse, lu.enseigne, lu.code_postal) == ("", "", "")
    assert not lu.ouvert
    assert lu.est_ess
    assert lu.est_association


def test_une_reponse_reduite_au_siege_suffit(client: ClientEntreprises, serveur: ServeurRegistre) -> None:
    serveur.reponses = [(200, {}, page(unite(matching_etablissements=None, complements=None, nature_juridique=None)))]
    lu = client.chercher(SIRET)
    assert lu.code_insee == "31555"
    assert lu.categorie_juridique == ""


@pytest.mark.parametrize(
    "unites", [(), (unite(matching_etablissements=[], siege={"siret": "21690123100011"}),)], ids=["vide", "autre_siret"]
)
def test_un_siret_absent_de_la_reponse_est_introuvable(
    client: ClientEntreprises, serveur: ServeurRegistre, unites: tuple[dict[str, Any], ...]
) -> None:
    serveur.reponses = [(200, {}, page(*unites))]
    with pytest.raises(Introuvable):
        client.chercher(SIRET)


def test_un_429_est_reessaye_apres_la_pause_demandee(
    client: ClientEntreprises, serveur: ServeurRegistre, horloge: Horloge
) -> None:
    serveur.reponses = [(429, {"Retry-After": "1"}, b""), (200, {}, page(unite()))]
    assert client.chercher(SIRET).siret == SIRET
    assert horloge.pauses == [1.0]


def test_un_429_qui_demande_trop_longtemps_rend_la_main(
    client: ClientEntreprises, serveur: ServeurRegistre, horloge: Horloge
) -> None:
    serveur.reponses = [(429, {"Retry-After": "120"}, b"")]
    with pytest.raises(Indisponible):
        client.chercher(SIRET)
    assert horloge.pauses == []


def test_une_erreur_500_passagere_est_reessayee(client: ClientEntreprises, serveur: ServeurRegistre) -> None:
    serveur.reponses = [(500, {}, b'{"erreur": "..."}'), (503, {}, b""), (200, {}, page(unite()))]
    assert client.chercher(SIRET).ouvert


def test_trois_erreurs_500_rendent_le_registre_indisponible(
    client: ClientEntreprises, serveur: ServeurRegistre, horloge: Horloge
) -> None:
    serveur.reponses = [(500, {}, b"")] * 3
    with pytest.raises(Indisponible):
        client.chercher(SIRET)
    assert len(serveur.demandes) == 3
    assert horloge.pauses == [0.3, 1.0]


def test_un_registre_muet_est_indisponible_sans_attendre(client: ClientEntreprises, serveur: ServeurRegistre) -> None:
    def muet(_: BaseHTTPRequestHandler) -> None:
        serveur.lacher.wait(5)

    serveur.reponses = [muet, muet, muet]
    with pytest.raises(Indisponible):
        client.chercher(SIRET)


def test_le_delai_total_borne_l_attente_de_la_personne(serveur: ServeurRegistre, horloge: Horloge) -> None:
    serveur.reponses = [(500, {}, b"")] * 3
    presse = ClientEntreprises(serveur.adresse, delai_total=0.0, dormir=horloge.dormir)
    with pytest.raises(Indisponible):
        presse.chercher(SIRET)
    assert len(serveur.demandes) == 1


def test_une_connexion_coupee_est_reessayee(client: ClientEntreprises, serveur: ServeurRegistre) -> None:
    def couper(requete: BaseHTTPRequestHandler) -> None:
        requete.connection.close()

    serveur.reponses = [couper, (200, {}, page(unite()))]
    assert client.chercher(SIRET).siret == SIRET


@pytest.mark.parametrize(
    "reponse",
    [
        (200, {}, b"<html>maintenance</html>"),
        (200, {}, b'{"results": [{"sans": "siren"}]}'),
        (200, {}, b'{"results": "beaucoup"}'),
        (400, {}, b'{"erreur": "3 caracteres minimum"}'),
        (302, {"Location": "http://127.0.0.1/"}, b""),
    ],
    ids=["html", "sans_siren", "mauvais_type", "refus", "redirection"],
)
def test_une_reponse_illisible_n_est_pas_reessayee(
    client: ClientEntreprises, serveur: ServeurRegistre, reponse: Reponse
) -> None:
    serveur.reponses = [reponse]
    with pytest.raises(Indisponible):
        client.chercher(SIRET)
    assert len(serveur.demandes) == 1


def test_un_registre_injoignable_est_indisponible(horloge: Horloge) -> None:
    with pytest.raises(Indisponible):
        ClientEntreprises("http://127.0.0.1:9", dormir=horloge.dormir).chercher(SIRET)


def test_le_faux_connait_ses_etablissements_et_aucun_autre() -> None:
    faux = FauxRegistre()
    assert faux.chercher("17990010500018").categorie_juridique == "7172"
    with pytest.raises(Introuvable):
        faux.chercher("73282932000074")
    with pytest.raises(Indisponible):
        faux.chercher(SIRET_SANS_REPONSE)
    with faux.en_panne(), pytest.raises(Indisponible):
        faux.chercher("17990010500018")


def test_tous_les_etablissements_du_faux_ont_un_siret_valide() -> None:
    from conum.passerelles.entreprises.faux import DEPART
    from conum.structures.rules import siret_valide

    assert [e.siret for e in DEPART if not siret_valide(e.siret)] == []
    assert len({e.siret for e in DEPART}) == len(DEPART)
    assert all(e.libelle_categorie for e in DEPART)


def test_le_reglage_choisit_le_client(settings: Any) -> None:
    settings.PASSERELLES = {"entreprises": "faux"}
    assert entreprises.registre() is FAUX
    settings.PASSERELLES = {"entreprises": "reel"}
    assert isinstance(entreprises.registre(), ClientEntreprises)
