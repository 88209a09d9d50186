"""Second facteur : obligatoire pour l'ANCT et les préfectures, jamais perdu en route."""

import re
from datetime import timedelta

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from django.test import Client
from django.utils import timezone

from conum.comptes.models import TypeRole
from tests.comptes.aides import code_d_application, code_recu, courriels
from tests.comptes.fabriques import RoleFactory, donner_application

pytestmark = pytest.mark.django_db
INDEX = "/mon-compte/second-facteur/"
APPLICATION = f"{INDEX}application/"
EXIGEANTS = ["anct", "prefecture", "prefecture_de_region"]


def secret_montre(page: bytes) -> str:
    trouve = re.search(r"<code>([A-Z2-7 ]+)</code>", page.decode())
    assert trouve
    return trouve.group(1).replace(" ", "")


def entrer(client: Client, email: str) -> str:
    """Passe l'étape du code reçu ; rend l'adresse où l'on est envoyé."""
    client.post("/connexion/", {"email": email})
    return client.post("/connexion/code/", {"code": code_recu(email)}).url


def test_qui_n_a_qu_une_cle_est_mene_a_sa_cle(client, se_connecter):
    role = RoleFactory(anct=True)
    Authenticator.objects.create(user=role.utilisateur, type="webauthn", data={})
    se_connecter(client, role, second_facteur=False)
    assert client.get(f"/espace/{role.pk}/agents/").url.startswith(f"{INDEX}verifier/cle/?next=")


@pytest.mark.parametrize("trait", EXIGEANTS)
def test_sans_second_facteur_on_est_mene_a_l_activer(client, se_connecter, trait):
    role = RoleFactory(**{trait: True})
    se_connecter(client, role, second_facteur=False)
    reponse = client.get(f"/espace/{role.pk}/agents/?q=a&type=b")
    assert reponse.url == f"{INDEX}?next=%2Fespace%2F{role.pk}%2Fagents%2F%3Fq%3Da%26type%3Db"
    page = client.get(reponse.url).content.decode()
    assert "À activer avant de continuer" in page
    assert role.libelle in page


@pytest.mark.parametrize("trait", ["structure", "reseau", "hub"])
def test_les_autres_roles_n_y_sont_pas_obliges(client, se_connecter, trait):
    role = RoleFactory(**{trait: True})
    se_connecter(client, role, second_facteur=False)
    assert INDEX not in client.get(f"/espace/{role.pk}/agents/").headers.get("Location", "")


def test_activer_une_application_puis_revenir_ou_l_on_allait(client, se_connecter):
    role = RoleFactory(prefecture=True)
    se_connecter(client, role, second_facteur=False)
    voulue = f"/espace/{role.pk}/agents/"
    page = client.get(f"{APPLICATION}?next={voulue}")
    secret = secret_montre(page.content)
    assert "data:image/svg+xml" in page.content.decode()

    codes = client.post(f"{APPLICATION}?next={voulue}", {"code": code_d_application(secret)})

    page = client.get(codes.url)
    assert f'href="{voulue}"' in page.content.decode()
    assert len(re.findall(r"<code>\d{8}</code>", page.content.decode())) == 10
    assert client.get(voulue).status_code == 200


def test_l_activation_est_annoncee_par_courriel(client, se_connecter, django_capture_on_commit_callbacks):
    role = RoleFactory(prefecture=True)
    se_connecter(client, role, second_facteur=False)
    secret = secret_montre(client.get(APPLICATION).content)
    with django_capture_on_commit_callbacks(execute=True):
        client.post(APPLICATION, {"code": code_d_application(secret)})
    (avis,) = courriels(role.utilisateur.email, "avis_de_securite")
    assert "application" in avis.texte


def test_un_code_faux_n_active_rien(client, se_connecter):
    role = RoleFactory(prefecture=True)
    se_connecter(client, role, second_facteur=False)
    client.get(APPLICATION)
    reponse = client.post(APPLICATION, {"code": "000000"})
    assert reponse.status_code == 200
    assert not Authenticator.objects.exists()


def test_avec_une_application_la_connexion_demande_son_code(client):
    role = RoleFactory(prefecture=True)
    secret = donner_application(role.utilisateur)
    assert entrer(client, role.utilisateur.email) == "/connexion/second-facteur/"
    assert "_auth_user_id" not in client.session
    assert client.get("/connexion/second-facteur/").status_code == 200

    client.post("/connexion/second-facteur/", {"code": code_d_application(secret)})

    assert client.get(f"/espace/{role.pk}/agents/").status_code == 200


def test_un_code_d_application_ne_sert_qu_une_fois(client):
    role = RoleFactory(prefecture=True)
    secret = donner_application(role.utilisateur)
    code = code_d_application(secret)
    for navigateur, entre in ((client, True), (Client(), False)):
        entrer(navigateur, role.utilisateur.email)
        navigateur.post("/connexion/second-facteur/", {"code": code})
        assert ("_auth_user_id" in navigateur.session) is entre


def test_trop_de_codes_faux_bloquent_meme_le_bon(client):
    role = RoleFactory(prefecture=True)
    secret = donner_application(role.utilisateur)
    entrer(client, role.utilisateur.email)
    for _ in range(10):
        client.post("/connexion/second-facteur/", {"code": "000000"})
    client.post("/connexion/second-facteur/", {"code": code_d_application(secret)})
    assert "_auth_user_id" not in client.session


def test_une_session_d_avant_l_activation_doit_presenter_le_facteur(client, se_connecter):
    role = RoleFactory(prefecture=True)
    se_connecter(client, role, second_facteur=False)
    secret = donner_application(role.utilisateur)
    voulue = f"/espace/{role.pk}/agents/"
    demande = client.get(voulue).url
    assert demande.startswith(f"{INDEX}verifier/?next=")
    assert client.get(demande).status_code == 200
    assert client.post(demande, {"code": code_d_application(secret)}).url == voulue
    assert client.get(voulue).status_code == 200


def test_un_envoi_interrompu_ramene_a_la_page_du_formulaire(client, se_connecter):
    role = RoleFactory(prefecture=True)
    se_connecter(client, role, second_facteur=False)
    page = f"/espace/{role.pk}/agents/inviter/"
    reponse = client.post(page, {"email": "a@exemple.fr"}, headers={"referer": f"http://testserver{page}?x=1"})
    assert reponse.url.endswith(f"?next=%2Fespace%2F{role.pk}%2Fagents%2Finviter%2F%3Fx%3D1")
    ailleurs = client.post(page, headers={"referer": "https://mechant.example/"})
    assert ailleurs.url.endswith("?next=%2Fespaces%2F")


def test_une_requete_partielle_change_de_page_entiere(client, se_connecter):
    role = RoleFactory(prefecture=True)
    se_connecter(client, role, second_facteur=False)
    reponse = client.get(
        f"/espace/{role.pk}/agents/",
        headers={"hx-request": "true", "hx-current-url": f"http://testserver/espace/{role.pk}/"},
    )
    assert reponse.headers["HX-Redirect"].startswith(INDEX)


def test_un_code_de_secours_remplace_l_application_une_fois(client, se_connecter):
    role = RoleFactory(prefecture=True)
    se_connecter(client, role, second_facteur=False)
    secret = secret_montre(client.get(APPLICATION).content)
    client.post(APPLICATION, {"code": code_d_application(secret)})
    code = re.findall(r"<code>(\d{8})</code>", client.get(f"{INDEX}codes/").content.decode())[0]
    for attendu in (True, False):
        navigateur = Client()
        entrer(navigateur, role.utilisateur.email)
        navigateur.post("/connexion/second-facteur/", {"code": code})
        assert ("_auth_user_id" in navigateur.session) is attendu


def test_les_codes_de_secours_ne_se_lisent_qu_en_presentant_le_facteur(client, se_connecter):
    role = RoleFactory(prefecture=True)
    se_connecter(client, role, second_facteur=False)
    secret = secret_montre(client.get(APPLICATION).content)
    client.post(APPLICATION, {"code": code_d_application(secret)})
    with time_machine.travel(timezone.now() + timedelta(minutes=30)):
        for chemin in ("codes/", "codes/fichier/"):
            assert client.get(f"{INDEX}{chemin}").url.startswith(f"{INDEX}verifier/")


def test_les_codes_de_secours_se_telechargent_et_se_renouvellent(client, se_connecter):
    role = RoleFactory(prefecture=True)
    se_connecter(client, role, second_facteur=False)
    secret = secret_montre(client.get(APPLICATION).content)
    client.post(APPLICATION, {"code": code_d_application(secret)})
    avant = client.get(f"{INDEX}codes/fichier/").content.decode()
    assert client.get(f"{INDEX}codes/renouveler/").status_code == 200
    assert client.post(f"{INDEX}codes/renouveler/").url == f"{INDEX}codes/"
    apres = client.get(f"{INDEX}codes/fichier/").content.decode()
    assert not set(re.findall(r"\d{8}", avant)) & set(re.findall(r"\d{8}", apres))


def test_le_dernier_facteur_d_un_role_exigeant_ne_se_retire_pas(client, se_connecter):
    role = RoleFactory(prefecture=True)
    se_connecter(client, role)
    assert "celui-ci est le dernier" in client.get(f"{APPLICATION}retirer/").content.decode()
    client.post(f"{APPLICATION}retirer/")
    assert Authenticator.objects.filter(type="totp").count() == 1


def test_un_role_sans_exigence_retire_son_application(client, se_connecter):
    role = RoleFactory(structure=True)
    se_connecter(client, role, second_facteur=True)
    assert client.get(f"{APPLICATION}retirer/").status_code == 200
    client.post(f"{APPLICATION}retirer/")
    assert not Authenticator.objects.exists()


def test_presenter_le_facteur_en_changeant_d_onglet_garde_chaque_destination(client, se_connecter):
    """Deux onglets, deux destinations : chacun revient à la sienne, elle voyage dans son adresse."""
    role = RoleFactory(prefecture=True)
    autre = RoleFactory(anct=True, utilisateur=role.utilisateur)
    se_connecter(client, role, second_facteur=False)
    secret = donner_application(role.utilisateur)
    premier = client.get(f"/espace/{role.pk}/agents/").url
    second = client.get(f"/espace/{autre.pk}/agents/").url
    assert client.post(second, {"code": code_d_application(secret)}).url == f"/espace/{autre.pk}/agents/"
    assert client.post(premier, {"code": code_d_application(secret, 1)}).url == f"/espace/{role.pk}/agents/"


def test_la_page_d_un_type_de_role_dit_quels_roles_exigent(client, se_connecter):
    role = RoleFactory(structure=True)
    se_connecter(client, role)
    page = client.get(INDEX).content.decode()
    assert "À activer avant de continuer" not in page
    assert TypeRole.STRUCTURE not in EXIGEANTS
