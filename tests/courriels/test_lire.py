"""Lire les courriels : la liste des agents, et la boîte d'un poste de développement."""

import io
from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries, Settings
from python_calamine import CalamineWorkbook

from conum.comptes.models import Role
from conum.courriels.models import Courriel
from tests.comptes.fabriques import RoleFactory
from tests.courriels.fabriques import CourrielFactory, ecrire

pytestmark = pytest.mark.django_db
Connecter = Callable[[Client, Role], Client]


@pytest.fixture
def agent(client: Client, se_connecter: Connecter) -> Role:
    role = RoleFactory(anct=True)
    se_connecter(client, role)
    return role


def lire_liste(client: Client, role: Role, **filtres: str) -> str:
    return client.get(reverse("courriels:liste", args=[role.pk]), filtres).content.decode()


def test_la_liste_filtre_par_etat_et_cherche_une_adresse(client: Client, agent: Role) -> None:
    CourrielFactory(destinataire="jeanne@reims.fr", envoye=True)
    CourrielFactory(destinataire="paul@laon.fr", abandonne=True)
    tout = lire_liste(client, agent)
    assert "jeanne@reims.fr" in tout
    assert "1 abandonné" in tout
    assert "jeanne@reims.fr" not in lire_liste(client, agent, etat="abandonne")
    cherche = lire_liste(client, agent, recherche="JEANNE@")
    assert "jeanne@reims.fr" in cherche
    assert "paul@laon.fr" not in cherche
    assert "Aucun courriel" in lire_liste(client, agent, recherche="introuvable")


def test_la_liste_se_trie_et_se_decoupe_en_pages(client: Client, agent: Role) -> None:
    for n in range(30):
        CourrielFactory(destinataire=f"a{n:02}@exemple.fr")
    premiere = lire_liste(client, agent, tri="destinataire")
    assert "a24@exemple.fr" in premiere
    assert "a25@exemple.fr" not in premiere
    assert "a25@exemple.fr" in lire_liste(client, agent, tri="destinataire", page="2")


def test_la_liste_s_exporte_telle_qu_affichee(client: Client, agent: Role) -> None:
    CourrielFactory(destinataire="jeanne@reims.fr", abandonne=True)
    CourrielFactory(destinataire="paul@laon.fr", envoye=True)
    adresse = reverse("courriels:liste", args=[agent.pk])
    csv = b"".join(client.get(adresse, {"etat": "abandonne", "format": "csv"})).decode("utf-8-sig").splitlines()  # type: ignore[arg-type]
    assert len(csv) == 2
    assert "jeanne@reims.fr" in csv[1]
    assert "550 inconnu" in csv[1]
    xlsx = b"".join(client.get(adresse, {"etat": "abandonne", "format": "xlsx"}))  # type: ignore[arg-type]
    lignes = CalamineWorkbook.from_filelike(io.BytesIO(xlsx)).get_sheet_by_index(0).to_python()
    assert [ligne[1] for ligne in lignes] == ["Destinataire", "jeanne@reims.fr"]


def test_la_liste_garde_le_meme_nombre_de_requetes(
    client: Client, agent: Role, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    CourrielFactory.create_batch(20)
    with django_assert_max_num_queries(12):
        lire_liste(client, agent)


def test_le_detail_montre_le_texte_et_jamais_un_code(client: Client, agent: Role) -> None:
    ordinaire = CourrielFactory(texte="Bonjour & bienvenue", incertain=True)
    secret = CourrielFactory(texte="Votre code : 1234-5678", html="1234-5678", confidentiel=True)
    page = client.get(reverse("courriels:detail", args=[agent.pk, ordinaire.pk])).content.decode()
    assert "Bonjour &amp; bienvenue" in page
    assert "Renvoyer à" in page
    page = client.get(reverse("courriels:detail", args=[agent.pk, secret.pk])).content.decode()
    assert "1234-5678" not in page
    assert "lien personnel" in page
    assert "Renvoyer à" not in page


def test_la_boite_se_lit_sans_compte_en_developpement(client: Client) -> None:
    courriel = ecrire()
    assert courriel.sujet in client.get("/courriels/").content.decode()
    page = client.get(f"/courriels/{courriel.pk}/").content.decode()
    assert "l’envoi depuis Châlons" in page
    assert '<a href="http://localhost:8000/"' in page


def test_la_mise_en_page_se_montre_sans_assouplir_la_csp(client: Client) -> None:
    courriel = ecrire()
    assert "<style>" in courriel.html
    response = client.get(f"/courriels/{courriel.pk}/html/")
    page = response.content.decode()
    assert '<link rel="stylesheet" href="/static/courriels/courriel.css">' in page
    assert "l’envoi depuis Châlons" in page
    assert "unsafe-inline" not in response["Content-Security-Policy"]


@pytest.mark.parametrize("adresse", ["/courriels/", "/courriels/{pk}/", "/courriels/{pk}/html/"])
def test_la_boite_n_existe_pas_en_production(client: Client, settings: Settings, adresse: str) -> None:
    courriel: Courriel = CourrielFactory()
    settings.COURRIELS_LISIBLES = False
    assert client.get(adresse.format(pk=courriel.pk)).status_code == 404
