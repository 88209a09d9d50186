"""Renvoyer : un agent de l'ANCT, une nouvelle ligne, une trace au journal."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from conum.comptes.models import Role
from conum.courriels import actions
from conum.courriels.models import Courriel
from conum.courriels.states import Etat
from conum.journal.models import Entree
from tests.comptes.fabriques import RoleFactory
from tests.courriels.fabriques import CourrielFactory, serveur_smtp

pytestmark = pytest.mark.django_db
Connecter = Callable[[Client, Role], Client]


def renvoyer(client: Client, role: Role, courriel: Courriel):  # type: ignore[no-untyped-def]
    return client.post(reverse("courriels:renvoyer", args=[role.pk, courriel.pk]), follow=True)


@pytest.mark.parametrize("etat", ["envoye", "incertain", "abandonne"])
def test_renvoyer_ecrit_une_nouvelle_ligne_et_la_journalise(client: Client, se_connecter: Connecter, etat: str) -> None:
    role, ancien = RoleFactory(anct=True), CourrielFactory(**{etat: True})
    response = renvoyer(se_connecter(client, role), role, ancien)
    assert "Le courriel est renvoyé" in response.content.decode()
    nouveau = ancien.renvois.get()
    assert (nouveau.etat, nouveau.destinataire, nouveau.texte) == (Etat.A_ENVOYER, ancien.destinataire, ancien.texte)
    assert nouveau.message_id != ancien.message_id
    assert Courriel.objects.get(pk=ancien.pk).etat == etat
    entree = Entree.objects.get(action="renvoyer")
    assert (entree.objet_id, entree.role, entree.donnees) == (str(ancien.pk), role.pk, {"nouveau": nouveau.pk})
    with serveur_smtp() as reception:
        actions.relever()
    assert [m["To"] for m in reception.messages] == [ancien.destinataire]


def test_deux_clics_n_ecrivent_qu_un_renvoi(client: Client, se_connecter: Connecter) -> None:
    role, ancien = RoleFactory(anct=True), CourrielFactory(incertain=True)
    se_connecter(client, role)
    renvoyer(client, role, ancien)
    assert "déjà renvoyé" in renvoyer(client, role, ancien).content.decode()
    assert ancien.renvois.count() == 1


@pytest.mark.parametrize("etat", ["en_cours", None])
def test_un_courriel_en_chemin_ne_se_renvoie_pas(client: Client, se_connecter: Connecter, etat: str | None) -> None:
    role, courriel = RoleFactory(anct=True), CourrielFactory(**({etat: True} if etat else {}))
    assert "n’a pas fini" in renvoyer(se_connecter(client, role), role, courriel).content.decode().replace(
        "&#x27;", "’"
    )
    assert not courriel.renvois.exists()


@pytest.mark.parametrize("protege", [{"confidentiel": True}, {"texte": "", "texte_efface_le": "2026-03-01T00:00Z"}])
def test_un_texte_confidentiel_ou_efface_ne_se_renvoie_pas(
    client: Client, se_connecter: Connecter, protege: dict[str, object]
) -> None:
    role, courriel = RoleFactory(anct=True), CourrielFactory(incertain=True, **protege)
    assert renvoyer(se_connecter(client, role), role, courriel).status_code == 403
    assert not courriel.renvois.exists()


@pytest.mark.parametrize("qualite", ["prefecture", "prefecture_de_region", "structure", "hub", "reseau"])
def test_les_autres_roles_ne_renvoient_ni_ne_lisent(client: Client, se_connecter: Connecter, qualite: str) -> None:
    role, courriel = RoleFactory(**{qualite: True}), CourrielFactory(incertain=True)
    se_connecter(client, role)
    assert renvoyer(client, role, courriel).status_code == 403
    assert client.get(reverse("courriels:detail", args=[role.pk, courriel.pk])).status_code == 403
    assert client.get(reverse("courriels:liste", args=[role.pk])).status_code == 403
    assert not courriel.renvois.exists()


def test_une_lecture_ne_renvoie_pas(client: Client, se_connecter: Connecter) -> None:
    role, courriel = RoleFactory(anct=True), CourrielFactory(incertain=True)
    se_connecter(client, role)
    assert client.get(reverse("courriels:renvoyer", args=[role.pk, courriel.pk])).status_code == 405
