"""Les gardes de tests/conftest.py prennent bien les fautes qu'elles sont là pour prendre."""

import socket

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import override_settings
from django.urls import path

from conum.socle.http import publique
from conum.utilisateurs.models import Utilisateur
from tests.comptes.fabriques import UtilisateurFactory
from tests.conftest import ClientGarde


@publique
def _ecrit(request: HttpRequest) -> HttpResponse:
    Utilisateur.objects.create_user("nouvelle@exemple.fr")
    return HttpResponse("fait")


@publique
def _style(request: HttpRequest) -> HttpResponse:
    return HttpResponse('<p style="color: red">rouge</p>')


urlpatterns = [path("ecrit/", _ecrit), path("style/", _style)]


@pytest.mark.django_db
@override_settings(ROOT_URLCONF=__name__)
def test_un_get_qui_ecrit_echoue(client: ClientGarde) -> None:
    with pytest.raises(AssertionError, match="Un GET a écrit"):
        client.get("/ecrit/")


@pytest.mark.django_db
@override_settings(ROOT_URLCONF=__name__)
def test_un_post_peut_ecrire(client: ClientGarde) -> None:
    assert client.post("/ecrit/").status_code == 200


@pytest.mark.django_db
@override_settings(ROOT_URLCONF=__name__)
def test_un_style_en_ligne_echoue(client: ClientGarde) -> None:
    with pytest.raises(AssertionError, match="Interdit par la CSP"):
        client.get("/style/")


def test_un_appel_hors_de_la_machine_echoue() -> None:
    with pytest.raises(AssertionError, match="Appel réseau interdit"):
        socket.create_connection(("192.0.2.1", 80), timeout=1)


@pytest.mark.django_db
def test_une_requete_sans_ordre_revient_melangee() -> None:
    UtilisateurFactory.create_batch(12)
    tirages = {tuple(u.pk for u in Utilisateur.objects.all()) for _ in range(10)}
    assert len(tirages) > 1
    ordonnes = {tuple(u.pk for u in Utilisateur.objects.order_by("pk")) for _ in range(10)}
    assert len(ordonnes) == 1
