"""ProConnect, contre un fournisseur OpenID Connect certifié (npm oidc-provider) qui sait aussi mentir."""

import re
from collections.abc import Iterator
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest
from django.test import Client

from conum.comptes import actions
from conum.comptes.models import IdentiteProConnect
from conum.journal.models import Entree
from conum.utilisateurs.models import Utilisateur
from tests.aides import PATIENCE
from tests.comptes.aides import courriels
from tests.comptes.fabriques import RoleFactory, UtilisateurFactory, donner_application
from tests.comptes.pair_oidc import Pair, demarrer

# Un seul processus de test lance Node.
pytestmark = [pytest.mark.django_db, pytest.mark.xdist_group("oidc")]
SITE = "http://testserver"
RETOUR = "/connexion/proconnect/retour/"
EMAIL = "agent@marne.gouv.fr"


@pytest.fixture(scope="module")
def serveur() -> Iterator[Pair]:
    with demarrer(SITE + RETOUR, f"{SITE}/deconnexion/retour/") as pair:
        yield pair


def configurer(settings, pair: Pair, site: str) -> None:
    settings.SITE_URL = site
    settings.PROCONNECT_URL = pair.emetteur
    settings.PROCONNECT_CLIENT_ID = "conum"
    settings.PROCONNECT_CLIENT_SECRET = "secret-d-essai"


@pytest.fixture
def pair(serveur, settings) -> Pair:
    configurer(settings, serveur, SITE)
    serveur.regler("sujet-1", EMAIL)
    return serveur


@pytest.fixture
def client() -> Client:
    """Sans la garde des GET : le retour de ProConnect est un GET qui connecte, c'est le protocole."""
    return Client()


def aller_chez_proconnect(client: Client, suite: str = "", web: httpx.Client | None = None) -> str:
    """Part de conum, se connecte chez le pair ; rend l'adresse de retour, sans la suivre."""
    depart = client.get("/connexion/proconnect/", {"next": suite} if suite else {})
    assert depart.status_code == 302
    adresse = depart.url
    web = web or httpx.Client(timeout=PATIENCE)
    while not adresse.startswith(SITE):
        reponse = web.get(adresse)
        assert reponse.is_redirect, reponse.text
        adresse = str(reponse.next_request.url)
    return adresse.removeprefix(SITE)


def se_connecter_par_proconnect(client: Client, suite: str = ""):
    return client.get(aller_chez_proconnect(client, suite))


def connecte(client: Client) -> bool:
    return "_auth_user_id" in client.session


def test_une_adresse_connue_se_connecte_et_son_sujet_est_retenu(client, pair):
    role = RoleFactory(structure=True, utilisateur__email=EMAIL)

    reponse = se_connecter_par_proconnect(client)

    assert reponse.status_code == 302
    assert client.session["_auth_user_id"] == str(role.utilisateur_id)
    identite = IdentiteProConnect.objects.get()
    assert (identite.utilisateur, identite.sujet, identite.emetteur) == (role.utilisateur, "sujet-1", pair.emetteur)
    assert Entree.objects.de_l_objet(role.utilisateur).get().action == "rattacher_proconnect"
    assert courriels(EMAIL, "proconnect_rattache")


def test_la_demande_porte_pkce_nonce_state_et_niveau(client, pair):
    UtilisateurFactory(email=EMAIL)
    se_connecter_par_proconnect(client)
    demande = pair.demandes()[0]
    assert demande["code_challenge_method"] == "S256"
    assert demande["response_type"] == "code"
    assert demande["acr_values"] == "eidas1"
    assert min(len(demande[cle]) for cle in ("code_challenge", "nonce", "state")) >= 20


def test_on_revient_ou_l_on_allait(client, pair):
    UtilisateurFactory(email=EMAIL)
    assert se_connecter_par_proconnect(client, "/mon-compte/").url == "/mon-compte/"


def test_on_ne_revient_jamais_sur_un_autre_site(client, pair):
    UtilisateurFactory(email=EMAIL)
    assert se_connecter_par_proconnect(client, "https://mechant.example/").url == "/espace/"


def test_une_adresse_inconnue_ne_cree_rien(client, pair):
    pair.regler("sujet-2", "inconnue@exemple.fr")
    reponse = se_connecter_par_proconnect(client)
    assert reponse.status_code == 403
    assert "Aucun compte" in reponse.content.decode()
    assert not connecte(client)
    assert not Utilisateur.objects.exists()
    assert not IdentiteProConnect.objects.exists()


def test_un_sujet_connu_dont_l_adresse_a_change_reste_la_meme_personne(client, pair):
    personne = UtilisateurFactory(email=EMAIL)
    se_connecter_par_proconnect(client)
    pair.regler("sujet-1", "nouvelle@marne.gouv.fr")
    autre = Client()
    se_connecter_par_proconnect(autre)
    assert autre.session["_auth_user_id"] == str(personne.pk)
    personne.refresh_from_db()
    assert personne.email == EMAIL


def test_une_autre_identite_a_la_meme_adresse_ne_prend_pas_le_compte(client, pair):
    personne = UtilisateurFactory(email=EMAIL)
    IdentiteProConnect.objects.create(utilisateur=personne, emetteur=pair.emetteur, sujet="l-ancien")
    reponse = se_connecter_par_proconnect(client)
    assert reponse.status_code == 403
    assert "détachez-la" in reponse.content.decode()
    assert not connecte(client)


def test_une_adresse_non_verifiee_est_refusee(client, pair):
    UtilisateurFactory(email=EMAIL)
    pair.regler("sujet-1", EMAIL, email_verified=False)
    assert se_connecter_par_proconnect(client).status_code == 400
    assert not connecte(client)


def test_un_compte_desactive_reste_ferme(client, pair):
    UtilisateurFactory(email=EMAIL, is_active=False)
    reponse = se_connecter_par_proconnect(client)
    assert reponse.url == "/connexion/compte-ferme/"
    assert client.get(reponse.url).status_code == 403
    assert not connecte(client)
    assert not IdentiteProConnect.objects.exists()


def test_proconnect_ne_remplace_pas_le_second_facteur(client, pair):
    role = RoleFactory(prefecture=True, utilisateur__email=EMAIL)
    donner_application(role.utilisateur)
    assert se_connecter_par_proconnect(client).url == "/connexion/second-facteur/"
    assert not connecte(client)


def test_proconnect_sans_second_facteur_mene_a_l_activer(client, pair):
    role = RoleFactory(prefecture=True, utilisateur__email=EMAIL)
    se_connecter_par_proconnect(client)
    assert client.get(f"/espace/{role.pk}/agents/").url.startswith("/mon-compte/second-facteur/")


@pytest.mark.parametrize(
    "bascule",
    [
        "mauvais-destinataire", "mauvais-emetteur", "jeton-perime", "mauvais-nonce", "sans-nonce",
        "mauvaise-signature", "sans-signature", "userinfo-autre-sujet",
        "userinfo-mauvais-destinataire", "userinfo-mauvais-emetteur", "userinfo-mauvaise-signature",
        "userinfo-sans-signature",
    ],
)  # fmt: skip
def test_un_jeton_qui_ment_est_refuse(client, pair, bascule):
    UtilisateurFactory(email=EMAIL)
    pair.regler("sujet-1", EMAIL, bascule)
    reponse = se_connecter_par_proconnect(client)
    assert reponse.status_code == 400
    assert "n’a pas abouti" in reponse.content.decode()
    assert not connecte(client)
    assert not IdentiteProConnect.objects.exists()


def test_un_retour_rejoue_est_refuse(client, pair):
    UtilisateurFactory(email=EMAIL)
    retour = aller_chez_proconnect(client)
    assert client.get(retour).status_code == 302
    client.post("/deconnexion/")
    assert client.get(retour).status_code == 400
    assert not connecte(client)


def test_un_code_deja_employe_est_refuse_meme_avec_un_state_neuf(client, pair):
    UtilisateurFactory(email=EMAIL)
    premier = parse_qs(urlsplit(retour := aller_chez_proconnect(client)).query)
    client.get(retour)
    autre = Client()
    neuf = parse_qs(urlsplit(aller_chez_proconnect(autre)).query)
    rejoue = urlencode({"code": premier["code"][0], "state": neuf["state"][0], "iss": pair.emetteur})
    assert autre.get(f"{RETOUR}?{rejoue}").status_code == 400
    assert not connecte(autre)


def test_le_state_est_lie_a_la_session(client, pair):
    """Un lien de retour préparé par quelqu'un d'autre ne connecte pas la victime à son compte."""
    UtilisateurFactory(email=EMAIL)
    retour = aller_chez_proconnect(client)
    victime = Client()
    assert victime.get(retour).status_code == 400
    assert not connecte(victime)
    assert client.get(retour).status_code == 302


@pytest.mark.parametrize("parametres", [{}, {"code": "x"}, {"state": "x"}, {"error": "access_denied", "state": "x"}])
def test_un_retour_sans_demande_est_refuse(client, pair, parametres):
    assert client.get(RETOUR, parametres).status_code == 400
    assert not connecte(client)


def test_deux_onglets_aboutissent_chacun(client, pair):
    UtilisateurFactory(email=EMAIL)
    premier = aller_chez_proconnect(client, "/mon-compte/")
    second = aller_chez_proconnect(client, "/mon-compte/identite/")
    assert client.get(premier).url == "/mon-compte/"
    assert client.get(second).url == "/mon-compte/identite/"


def test_proconnect_en_panne_laisse_le_code_par_courriel(client, settings, pair):
    settings.PROCONNECT_URL = "http://127.0.0.1:9"
    reponse = client.get("/connexion/proconnect/")
    assert reponse.status_code == 400
    assert "code par courriel" in reponse.content.decode()


def test_un_emetteur_qui_n_est_pas_celui_du_reglage_est_refuse(client, settings, pair):
    settings.PROCONNECT_URL = pair.emetteur.replace("127.0.0.1", "localhost")
    assert client.get("/connexion/proconnect/").status_code == 400


def test_sans_reglage_proconnect_n_existe_pas(client):
    assert client.get("/connexion/proconnect/").status_code == 404
    assert client.get(RETOUR).status_code == 404
    assert "ProConnect" not in client.get("/connexion/").content.decode()


def test_se_deconnecter_ferme_aussi_proconnect(client, pair):
    UtilisateurFactory(email=EMAIL)
    with httpx.Client(timeout=PATIENCE) as web:
        client.get(aller_chez_proconnect(client, web=web))
        page = client.post("/deconnexion/").content.decode()
        assert not connecte(client)
        trouve = re.search(r'content="0; url=([^"]+)"', page)
        assert trouve
        adresse = trouve.group(1).replace("&amp;", "&")
        demande = parse_qs(urlsplit(adresse).query)
        assert demande["post_logout_redirect_uri"] == [f"{SITE}/deconnexion/retour/"]
        assert demande["id_token_hint"][0].count(".") == 2
        assert demande["state"]

        formulaire = web.get(adresse).text
        xsrf = re.search(r'name="xsrf" value="([^"]+)"', formulaire)
        assert xsrf
        fin = web.post(f"{pair.emetteur}/session/end/confirm", data={"xsrf": xsrf.group(1), "logout": "yes"})
    retour = fin.headers["location"].removeprefix(SITE)
    assert retour.startswith(f"/deconnexion/retour/?state={demande['state'][0]}")
    assert client.get(retour).url == "/"
    assert "de ProConnect aussi" in client.get("/mentions-legales/").content.decode()


def test_un_retour_de_deconnexion_non_demande_ne_dit_rien(client, pair):
    assert client.get("/deconnexion/retour/", {"state": "x"}).url == "/"
    assert "de ProConnect aussi" not in client.get("/mentions-legales/").content.decode()


def test_une_session_ouverte_par_code_ne_passe_pas_par_proconnect_en_partant(client, pair):
    client.force_login(UtilisateurFactory())
    assert client.post("/deconnexion/").url == "/"


def test_detacher_puis_se_reconnecter_rattache(client, pair):
    personne = UtilisateurFactory(email=EMAIL)
    se_connecter_par_proconnect(client)
    actions.detacher_proconnect(personne, par=RoleFactory(structure=True, utilisateur=personne))
    pair.regler("sujet-neuf", EMAIL)
    se_connecter_par_proconnect(Client())
    assert IdentiteProConnect.objects.get().sujet == "sujet-neuf"


@pytest.mark.django_db(transaction=True)
def test_le_parcours_entier_sur_un_vrai_serveur(live_server, settings):
    """Un navigateur, deux serveurs, les redirections suivies pour de bon."""
    RoleFactory(structure=True, utilisateur__email=EMAIL)
    site = live_server.url
    with (
        demarrer(f"{site}{RETOUR}", f"{site}/deconnexion/retour/") as pair,
        httpx.Client(follow_redirects=True, timeout=PATIENCE) as navigateur,
    ):
        configurer(settings, pair, site)
        pair.regler("sujet-1", EMAIL)
        assert "S’identifier avec ProConnect" in navigateur.get(f"{site}/connexion/").text
        arrivee = navigateur.get(f"{site}/connexion/proconnect/?next=/mon-compte/")
        assert str(arrivee.url) == f"{site}/mon-compte/"
        assert EMAIL in arrivee.text
