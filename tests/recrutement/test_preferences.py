"""Un membre refuse les rappels, par le lien d'un courriel ou dans son espace, et les reprend."""

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client
from django.urls import reverse

from conum.journal.models import Entree
from conum.recrutement.access import desabonne
from conum.recrutement.actions import preferences
from conum.recrutement.emails.desinscription_membre import lien_sans_rappels
from conum.recrutement.models import PreferenceRappels
from tests.comptes.fabriques import RoleFactory

pytestmark = pytest.mark.django_db


def _chemin(role) -> str:
    return "/" + lien_sans_rappels(role).split("/", 3)[3]


def _refuse(role) -> bool:
    return PreferenceRappels.objects.filter(role=role).exists()


def test_lire_la_page_ne_change_rien(client) -> None:
    role = RoleFactory(structure=True)
    page = client.get(_chemin(role))
    assert page.status_code == 200
    assert "Ne plus recevoir de rappels" in page.content.decode()
    assert not _refuse(role)


def test_le_bouton_arrete_les_rappels_une_seule_fois(client) -> None:
    role = RoleFactory(structure=True)
    for _ in range(2):
        reponse = client.post(_chemin(role))
        assert reponse.status_code == 302
    assert _refuse(role)
    assert Entree.objects.filter(action="refuser_rappels", objet_id=str(role.pk)).count() == 1
    assert "Vous ne recevez plus de rappels" in client.get(_chemin(role)).content.decode()


def test_une_messagerie_desabonne_sans_session_ni_jeton_et_sans_redirection() -> None:
    role = RoleFactory(structure=True)
    client = Client(enforce_csrf_checks=True)
    reponse = client.post(_chemin(role), {"List-Unsubscribe": "One-Click"})
    assert reponse.status_code == 200
    assert _refuse(role)


@pytest.mark.parametrize("change", [lambda c: c[:-2] + "/", lambda c: c.replace("membre/", "membre/1")])
def test_un_lien_altere_n_existe_pas(client, change) -> None:
    role = RoleFactory(structure=True)
    chemin = change(_chemin(role))
    assert client.get(chemin).status_code == 404
    assert client.post(chemin).status_code == 404
    assert not _refuse(role)


def test_le_lien_d_un_autre_type_de_role_n_existe_pas(client) -> None:
    assert client.get(_chemin(RoleFactory(anct=True))).status_code == 404


def test_dans_son_espace_on_arrete_puis_on_reprend(client, se_connecter) -> None:
    role = RoleFactory(structure=True)
    se_connecter(client, role)
    client.post(reverse("recrutement:arreter_rappels", args=[role.pk]))
    assert _refuse(role)
    page = client.get(reverse("recrutement:rappels", args=[role.pk])).content.decode()
    assert "Recevoir de nouveau les rappels" in page
    client.post(reverse("recrutement:reprendre_rappels", args=[role.pk]))
    client.post(reverse("recrutement:reprendre_rappels", args=[role.pk]))
    assert not _refuse(role)
    assert Entree.objects.filter(action="reprendre_rappels", objet_id=str(role.pk)).count() == 1


def test_on_ne_regle_pas_les_rappels_d_un_autre(client, se_connecter) -> None:
    role, autre = RoleFactory(structure=True), RoleFactory(structure=True)
    se_connecter(client, autre)
    assert client.post(reverse("recrutement:arreter_rappels", args=[role.pk])).status_code == 404
    for acte in (preferences.refuser_rappels, preferences.reprendre_rappels):
        with pytest.raises(PermissionDenied):
            acte(role, par=autre)
        with pytest.raises(PermissionDenied):
            acte(role, par=desabonne(autre))
    assert not _refuse(role)


def test_un_agent_n_a_pas_cette_page(client, se_connecter) -> None:
    role = RoleFactory(anct=True)
    se_connecter(client, role)
    assert client.get(reverse("recrutement:rappels", args=[role.pk])).status_code == 403
