"""Le rôle est dans l'adresse : vérifié à chaque requête, jamais celui d'un autre."""

import pytest
from django.core.exceptions import PermissionDenied

from conum.comptes import actions
from conum.comptes.models import Role
from conum.journal.models import Entree
from tests.comptes.aides import courriels
from tests.comptes.fabriques import DepartementFactory, RoleFactory, UtilisateurFactory

pytestmark = pytest.mark.django_db


def agents(role: Role) -> str:
    return f"/espace/{role.pk}/agents/"


def test_deux_onglets_deux_roles(client, se_connecter):
    prefecture = RoleFactory(prefecture=True)
    reseau = RoleFactory(reseau=True, utilisateur=prefecture.utilisateur)
    se_connecter(client, prefecture)
    for role in (prefecture, reseau, prefecture):
        page = client.get(agents(role))
        assert page.status_code == 200
        assert page.context["role"] == role


def test_le_role_d_une_autre_personne_n_existe_pas(client, se_connecter):
    role, autre = RoleFactory(prefecture=True), RoleFactory(anct=True)
    se_connecter(client, role)
    assert client.get(agents(autre)).status_code == 404
    assert client.get("/espace/999999/agents/").status_code == 404


def test_un_role_retire_n_existe_plus_a_la_requete_suivante(client, se_connecter):
    anct, role = RoleFactory(anct=True), RoleFactory(prefecture=True)
    se_connecter(client, role)
    assert client.get(agents(role)).status_code == 200
    actions.retirer_role(role, par=anct, motif="Changement de poste")
    assert client.get(agents(role)).status_code == 404
    (courriel,) = courriels(role.utilisateur.email, "role_retire")
    assert "Changement de poste" in courriel.texte


def test_un_compte_desactive_perd_sa_session_a_la_requete_suivante(client, se_connecter):
    anct, role = RoleFactory(anct=True), RoleFactory(prefecture=True)
    se_connecter(client, role)
    actions.desactiver_compte(role.utilisateur, par=anct, motif="Départ")
    assert client.get(agents(role)).url.startswith("/connexion/?next=")
    actions.reactiver_compte(role.utilisateur, par=anct)
    assert [e.action for e in Entree.objects.de_l_objet(role.utilisateur)] == [
        "desactiver_compte",
        "reactiver_compte",
    ]


def test_sans_connexion_l_espace_mene_a_la_connexion(client):
    role = RoleFactory(prefecture=True)
    assert client.get(agents(role)).url == f"/connexion/?next={agents(role)}"


def test_un_seul_role_mene_droit_a_son_espace(client, se_connecter):
    role = RoleFactory(structure=True)
    se_connecter(client, role)
    assert client.get("/espaces/").url == f"/espace/{role.pk}/"


def test_plusieurs_roles_se_choisissent(client, se_connecter):
    role = RoleFactory(structure=True)
    autre = RoleFactory(hub=True, utilisateur=role.utilisateur)
    RoleFactory(reseau=True, utilisateur=role.utilisateur, actif=False, libelle="Ancien réseau")
    se_connecter(client, role)
    page = client.get("/espaces/").content.decode()
    assert f'href="/espace/{role.pk}/"' in page
    assert f'href="/espace/{autre.pk}/"' in page
    assert "Ancien réseau" not in page


def test_sans_role_la_page_dit_quoi_faire(client):
    client.force_login(UtilisateurFactory())
    assert "Aucun accès n’est ouvert" in client.get("/espaces/").content.decode()


def test_une_prefecture_ne_gere_que_son_departement(client, se_connecter):
    role = RoleFactory(prefecture=True)
    collegue = RoleFactory(prefecture=True)
    ailleurs = RoleFactory(prefecture=True, departement=DepartementFactory(code="08", nom="Ardennes"))
    se_connecter(client, role)
    page = client.get(agents(role)).content.decode()
    assert collegue.utilisateur.email in page
    assert ailleurs.utilisateur.email not in page
    assert client.get(f"{agents(role)}{ailleurs.pk}/").status_code == 404
    assert client.post(f"{agents(role)}{ailleurs.pk}/retirer/").status_code == 404
    with pytest.raises(PermissionDenied):
        actions.retirer_role(ailleurs, par=role)
    ailleurs.refresh_from_db()
    assert ailleurs.actif


def test_une_structure_ne_gere_pas_les_agents(client, se_connecter):
    role = RoleFactory(structure=True)
    se_connecter(client, role)
    assert client.get(agents(role)).status_code == 403


def test_retirer_un_acces_depuis_l_ecran(client, se_connecter):
    role, collegue = RoleFactory(prefecture=True), RoleFactory(prefecture=True)
    se_connecter(client, role)
    assert client.get(f"{agents(role)}{collegue.pk}/").status_code == 200
    assert client.get(f"{agents(role)}{collegue.pk}/retirer/").status_code == 200
    assert client.post(f"{agents(role)}{collegue.pk}/retirer/", {"motif": "Mutation"}).url == agents(role)
    collegue.refresh_from_db()
    assert not collegue.actif
    (entree,) = Entree.objects.de_l_objet(collegue)
    assert (entree.action, entree.motif, entree.role) == ("retirer_role", "Mutation", role.pk)


def test_le_dernier_acces_de_l_anct_reste(client, se_connecter):
    role = RoleFactory(anct=True)
    se_connecter(client, role)
    page = client.post(f"{agents(role)}{role.pk}/retirer/", {"motif": ""})
    assert "dernier accès" in page.content.decode()
    with pytest.raises(actions.CompteRefuse):
        actions.desactiver_compte(role.utilisateur, par=role)
    RoleFactory(anct=True)
    assert client.post(f"{agents(role)}{role.pk}/retirer/", {"motif": ""}).url == "/espaces/"


def test_un_role_de_structure_ne_se_retire_que_par_sa_structure():
    anct, role = RoleFactory(anct=True), RoleFactory(structure=True)
    with pytest.raises(actions.CompteRefuse, match="structure"):
        actions.retirer_role(role, par=anct)
    role.refresh_from_db()
    assert role.actif


def test_seule_l_anct_desactive_un_compte(client, se_connecter):
    role, collegue = RoleFactory(prefecture=True), RoleFactory(prefecture=True)
    se_connecter(client, role)
    assert client.get(f"{agents(role)}{collegue.pk}/desactiver/").status_code == 403
    with pytest.raises(PermissionDenied):
        actions.desactiver_compte(collegue.utilisateur, par=role)
    anct = RoleFactory(anct=True)
    client.logout()
    se_connecter(client, anct)
    assert client.get(f"{agents(anct)}{collegue.pk}/desactiver/").status_code == 200
    assert client.post(f"{agents(anct)}{collegue.pk}/desactiver/", {"motif": "Départ"}).url == agents(anct)
    collegue.utilisateur.refresh_from_db()
    assert not collegue.utilisateur.is_active
    assert client.get(f"{agents(anct)}{anct.pk}/desactiver/").status_code == 403


def test_une_garde_de_depart_s_oppose_a_la_fermeture(monkeypatch):
    def refuser(_personne) -> None:
        raise actions.CompteRefuse("Dernier gestionnaire de sa structure.")

    monkeypatch.setattr("conum.comptes.actions.roles.GARDES_DE_DEPART", [refuser])
    anct, role = RoleFactory(anct=True), RoleFactory(structure=True)
    for acte in (actions.desactiver_compte, actions.anonymiser_compte):
        with pytest.raises(actions.CompteRefuse, match="Dernier gestionnaire"):
            acte(role.utilisateur, par=anct)


def test_la_liste_se_filtre_se_cherche_et_s_exporte(client, se_connecter):
    anct = RoleFactory(anct=True)
    marne = RoleFactory(prefecture=True, utilisateur__nom="Lefèvre", utilisateur__prenom="Zoé")
    RoleFactory(reseau=True, utilisateur__nom="Durand")
    se_connecter(client, anct)
    page = client.get(agents(anct), {"q": "ZOE lefevre"}).content.decode()
    assert marne.utilisateur.email in page
    assert "Durand" not in page
    par_type = client.get(agents(anct), {"type": "reseau"}).content.decode()
    assert "Durand" in par_type
    assert "Lefèvre" not in par_type
    par_departement = client.get(agents(anct), {"departement": "51"}).content.decode()
    assert "Lefèvre" in par_departement
    assert "Durand" not in par_departement
    csv = b"".join(client.get(agents(anct), {"format": "csv", "q": "lefevre"}).streaming_content).decode()
    assert "Lefèvre" in csv
    assert "Durand" not in csv


def test_la_liste_ne_coute_pas_plus_avec_plus_d_agents(client, se_connecter):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    anct = RoleFactory(anct=True)
    se_connecter(client, anct)
    mesures = []
    for _ in range(2):
        with CaptureQueriesContext(connection) as requetes:
            client.get(agents(anct))
        mesures.append(len(requetes))
        for n in range(10):
            RoleFactory(reseau=True, code=f"r{n}")
    assert mesures[0] == mesures[1] < 20
