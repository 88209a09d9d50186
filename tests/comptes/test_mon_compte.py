"""Ce qu'une personne change à son propre compte."""

from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from conum.comptes.models import ChangementAdresse, IdentiteProConnect
from conum.journal.models import Entree
from tests.comptes.aides import courriels, lien_recu
from tests.comptes.fabriques import RoleFactory, UtilisateurFactory

pytestmark = pytest.mark.django_db
NOUVELLE = "nouvelle.adresse@exemple.fr"


@pytest.fixture
def personne(client, se_connecter):
    role = RoleFactory(structure=True, libelle="Mairie de Reims")
    se_connecter(client, role)
    return role.utilisateur


def test_mon_compte_montre_identite_adresse_et_acces(client, personne):
    page = client.get("/mon-compte/").content.decode()
    for attendu in (personne.get_full_name(), personne.email, "Mairie de Reims", "Aucun moyen enregistré"):
        assert attendu in page


def test_sans_connexion_mon_compte_est_ferme(client):
    for chemin in ("", "identite/", "adresse/", "second-facteur/"):
        assert client.get(f"/mon-compte/{chemin}").url.startswith("/connexion/")


def test_changer_son_identite(client, personne):
    assert client.get("/mon-compte/identite/").status_code == 200
    saisie = {"prenom": "Zoé", "nom": "L’Hermite", "telephone": "0102030405"}
    assert client.post("/mon-compte/identite/", saisie).url == "/mon-compte/"
    personne.refresh_from_db()
    assert personne.get_full_name() == "Zoé L’Hermite"
    (entree,) = Entree.objects.de_l_objet(personne)
    assert entree.donnees == {"champs": ["prenom", "nom", "telephone"]}
    client.post("/mon-compte/identite/", saisie)
    assert Entree.objects.de_l_objet(personne).count() == 1


def test_l_adresse_ne_change_qu_apres_le_bouton_du_lien(client, personne):
    ancienne = personne.email
    assert client.get("/mon-compte/adresse/").status_code == 200
    assert client.post("/mon-compte/adresse/", {"email": NOUVELLE}).url == "/mon-compte/"
    assert NOUVELLE in courriels(ancienne, "changement_adresse_demande")[0].texte
    assert NOUVELLE in client.get("/mon-compte/").content.decode()
    lien = lien_recu(NOUVELLE, "adresse_a_confirmer")
    autre_appareil = Client()

    assert NOUVELLE in autre_appareil.get(lien).content.decode()
    personne.refresh_from_db()
    assert personne.email == ancienne

    autre_appareil.post(lien)
    personne.refresh_from_db()
    assert personne.email == NOUVELLE
    assert courriels(ancienne, "adresse_changee")
    assert autre_appareil.post(lien).status_code == 410
    assert [e.action for e in Entree.objects.de_l_objet(personne)] == [
        "demander_changement_adresse",
        "confirmer_changement_adresse",
    ]


def test_un_changement_annule_ou_remplace_perime_le_lien(client, personne):
    client.post("/mon-compte/adresse/", {"email": NOUVELLE})
    premier = lien_recu(NOUVELLE, "adresse_a_confirmer")
    client.post("/mon-compte/adresse/", {"email": "autre@exemple.fr"})
    assert client.get(premier).status_code == 410
    second = lien_recu("autre@exemple.fr", "adresse_a_confirmer")
    client.post("/mon-compte/adresse/annuler/")
    assert client.post(second).status_code == 410


def test_un_lien_de_changement_sert_deux_jours(client, personne):
    client.post("/mon-compte/adresse/", {"email": NOUVELLE})
    with time_machine.travel(timezone.now() + timedelta(days=2, minutes=1)):
        assert Client().get(lien_recu(NOUVELLE, "adresse_a_confirmer")).status_code == 410


def test_une_adresse_deja_prise_ne_se_devine_pas(client, personne):
    autre = UtilisateurFactory(email="prise@exemple.fr")
    prise = client.post("/mon-compte/adresse/", {"email": autre.email})
    libre = client.post("/mon-compte/adresse/", {"email": NOUVELLE})
    assert (prise.status_code, prise.url) == (libre.status_code, libre.url)
    client.post("/mon-compte/adresse/", {"email": autre.email})
    reponse = client.post(lien_recu(autre.email, "adresse_a_confirmer"))
    assert "déjà celle d" in reponse.content.decode()
    personne.refresh_from_db()
    assert personne.email != autre.email


def test_sa_propre_adresse_est_refusee(client, personne):
    page = client.post("/mon-compte/adresse/", {"email": personne.email.upper()})
    assert "déjà l" in page.content.decode()
    assert not ChangementAdresse.objects.exists()


def test_cinq_changements_par_heure_au_plus(client, personne):
    for n in range(5):
        client.post("/mon-compte/adresse/", {"email": f"a{n}@exemple.fr"})
    assert "Trop de demandes" in client.post("/mon-compte/adresse/", {"email": NOUVELLE}).content.decode()


def test_detacher_proconnect(client, personne):
    IdentiteProConnect.objects.create(utilisateur=personne, emetteur="https://idp.example", sujet="s1")
    assert "Détacher ProConnect" in client.get("/mon-compte/").content.decode()
    client.post("/mon-compte/proconnect/detacher/")
    assert not IdentiteProConnect.objects.exists()
    assert Entree.objects.de_l_objet(personne).get().action == "detacher_proconnect"
