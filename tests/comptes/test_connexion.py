"""Se connecter par un code reçu par courriel."""

import logging
import re
from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.urls import NoReverseMatch, reverse
from django.utils import timezone

from conum.courriels.models import Courriel
from tests.comptes.aides import code_recu, courriels
from tests.comptes.fabriques import RoleFactory, UtilisateurFactory

pytestmark = pytest.mark.django_db
CONNEXION = "/connexion/"
CODE = "/connexion/code/"


def demander(client: Client, email: str, suite: str = ""):
    adresse = f"{CONNEXION}?next={suite}" if suite else CONNEXION
    return client.post(adresse, {"email": email}, follow=True)


def connecte(client: Client) -> bool:
    return "_auth_user_id" in client.session


def test_le_code_recu_ouvre_la_session(client):
    role = RoleFactory(structure=True)
    page = demander(client, role.utilisateur.email)
    assert page.redirect_chain[-1][0] == CODE
    assert not connecte(client)

    suite = client.post(CODE, {"code": code_recu(role.utilisateur.email)}).url

    assert connecte(client)
    assert client.get(suite).url == f"/espace/{role.pk}/"


def test_la_casse_et_les_espaces_de_l_adresse_ne_comptent_pas(client):
    personne = UtilisateurFactory(email="camille@exemple.fr")
    demander(client, " Camille@Exemple.FR ")
    client.post(CODE, {"code": code_recu(personne.email).replace("-", " ")})
    assert connecte(client)


def test_on_revient_ou_l_on_allait(client):
    role = RoleFactory(structure=True)
    demander(client, role.utilisateur.email, "/mon-compte/identite/")
    reponse = client.post(f"{CODE}?next=/mon-compte/identite/", {"code": code_recu(role.utilisateur.email)})
    assert reponse.url == "/mon-compte/identite/"


def test_on_ne_revient_jamais_sur_un_autre_site(client):
    role = RoleFactory(structure=True)
    demander(client, role.utilisateur.email, "https://mechant.example/")
    reponse = client.post(f"{CODE}?next=https://mechant.example/", {"code": code_recu(role.utilisateur.email)})
    assert reponse.url == reverse("portail:tableau_de_bord")


def test_une_adresse_inconnue_recoit_la_meme_reponse(client):
    personne = UtilisateurFactory(email="connue@exemple.fr")
    connue = demander(client, personne.email)
    autre = Client()
    inconnue = demander(autre, "inconnue@exemple.fr")

    def neutre(reponse, email):
        page = reponse.content.decode().replace(email, "ADRESSE")
        return re.sub(r'csrfmiddlewaretoken" value="[^"]+"', "", page)

    assert connue.redirect_chain == inconnue.redirect_chain
    assert neutre(connue, personne.email) == neutre(inconnue, "inconnue@exemple.fr")
    faux = client.post(CODE, {"code": "0000-0000"}), autre.post(CODE, {"code": "0000-0000"})
    assert neutre(faux[0], personne.email) == neutre(faux[1], "inconnue@exemple.fr")
    assert not connecte(autre)


def test_une_adresse_inconnue_recoit_un_courriel_sans_code(client):
    demander(client, "inconnue@exemple.fr")
    (courriel,) = Courriel.objects.all()
    assert courriel.code == "comptes/compte_inconnu"


def test_un_compte_desactive_repond_comme_une_adresse_inconnue(client):
    personne = UtilisateurFactory(is_active=False)
    reponse = demander(client, personne.email)
    assert reponse.redirect_chain[-1][0] == CODE
    assert not courriels(personne.email, "code_de_connexion")


def test_demander_un_code_coute_autant_de_requetes_que_l_adresse_existe_ou_non(client, django_assert_num_queries):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    personne = UtilisateurFactory()
    mesures = []
    for email in (personne.email, "inconnue@exemple.fr"):
        with CaptureQueriesContext(
            connection,
        ) as requetes:
            Client().post(CONNEXION, {"email": email})
        mesures.append(len(requetes))
    assert abs(mesures[0] - mesures[1]) <= 1


def test_un_code_faux_n_ouvre_rien_et_le_cinquieme_oblige_a_recommencer(client):
    personne = UtilisateurFactory()
    demander(client, personne.email)
    bon = code_recu(personne.email)
    for _ in range(4):
        reponse = client.post(CODE, {"code": "0000-0000"})
        assert "Ce code n" in reponse.content.decode()
    assert client.post(CODE, {"code": "0000-0000"}).url == CONNEXION
    client.post(CODE, {"code": bon})
    assert not connecte(client)


def test_un_code_perime_apres_quinze_minutes(client):
    personne = UtilisateurFactory()
    demander(client, personne.email)
    code = code_recu(personne.email)
    with time_machine.travel(timezone.now() + timedelta(minutes=16), tick=False):
        assert client.post(CODE, {"code": code}).url == CONNEXION
    assert not connecte(client)


def test_un_code_ne_sert_que_dans_le_navigateur_qui_l_a_demande(client):
    personne = UtilisateurFactory()
    demander(client, personne.email)
    autre = Client()
    demander(autre, "quelqu.un@exemple.fr")
    autre.post(CODE, {"code": code_recu(personne.email)})
    assert not connecte(autre)


def test_un_code_renvoye_remplace_le_premier(client):
    personne = UtilisateurFactory()
    demander(client, personne.email)
    premier = code_recu(personne.email)
    client.post(CODE, {"action": "resend"})
    second = code_recu(personne.email)
    assert premier != second
    client.post(CODE, {"code": premier})
    assert not connecte(client)
    client.post(CODE, {"code": second})
    assert connecte(client)


def test_une_adresse_ne_recoit_que_cinq_codes_par_quart_d_heure():
    personne = UtilisateurFactory()
    for _ in range(5):
        assert Client().post(CONNEXION, {"email": personne.email}).status_code == 302
    reponse = Client().post(CONNEXION, {"email": personne.email})
    assert "Trop d" in reponse.content.decode()
    assert len(courriels(personne.email, "code_de_connexion")) == 5


def test_une_adresse_ip_ne_demande_que_soixante_codes_en_dix_minutes():
    codes = [Client().post(CONNEXION, {"email": f"p{n}@exemple.fr"}).status_code for n in range(61)]
    assert codes[:60] == [302] * 60
    assert codes[60] == 200


def test_un_robot_qui_ouvre_les_liens_ne_connecte_personne(client):
    personne = UtilisateurFactory()
    demander(client, personne.email)
    courriel = courriels(personne.email, "code_de_connexion")[0]
    assert not re.search(r"https?://\S*(code|connexion)", courriel.texte)
    client.get(CODE, {"code": code_recu(personne.email)})
    assert not connecte(client)


def test_le_code_n_est_ni_dans_l_objet_ni_dans_les_traces(client, caplog):
    personne = UtilisateurFactory()
    with caplog.at_level(logging.DEBUG):
        demander(client, personne.email)
        code = code_recu(personne.email)
        client.post(CODE, {"code": code})
    courriel = courriels(personne.email, "code_de_connexion")[0]
    assert courriel.confidentiel
    assert code not in courriel.sujet
    assert not [trace for trace in caplog.messages if code in trace and "INSERT" not in trace]


@pytest.mark.parametrize(
    "chemin",
    [
        "accounts/login/",
        "accounts/signup/",
        "connexion/inscription/",
        "accounts/password/reset/",
        "mon-compte/mot-de-passe/",
    ],
)
def test_ni_inscription_libre_ni_mot_de_passe(client, chemin, se_connecter):
    assert client.get(f"/{chemin}").status_code == 404
    for nom in ("account_signup", "account_reset_password", "account_change_password", "account_set_password"):
        with pytest.raises(NoReverseMatch):
            reverse(nom)


def test_un_mot_de_passe_envoye_ne_connecte_pas(client):
    personne = UtilisateurFactory()
    personne.set_password("secret-bien-long")
    personne.save()
    client.post(CONNEXION, {"email": personne.email, "login": personne.email, "password": "secret-bien-long"})
    assert not connecte(client)


def test_se_deconnecter_demande_un_envoi(client, se_connecter):
    se_connecter(client, RoleFactory(structure=True))
    assert client.get("/deconnexion/").status_code == 200
    assert connecte(client)
    assert client.post("/deconnexion/").url == "/"
    assert not connecte(client)


def test_changer_d_adresse_en_cours_de_route_revient_au_debut(client):
    personne = UtilisateurFactory()
    demander(client, personne.email)
    assert client.get(CONNEXION).url == CODE
    assert client.post("/deconnexion/", {"changer_d_adresse": "oui"}).url == CONNEXION
    assert client.get(CONNEXION).status_code == 200
