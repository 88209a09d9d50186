"""Gardes communes à tous les tests : pas de réseau, ordre mélangé, un GET n'écrit pas."""

import random
import socket
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from django.db import connection
from django.db.models.query import QuerySet
from django.test import Client

from tests import vidage

if TYPE_CHECKING:
    from conum.comptes.models import Role

LOCAL = ("127.0.0.1", "localhost", "::1")

vidage.installer()


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "long: test de plusieurs secondes, lancé avant les autres")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Les longs d'abord : lancés en dernier, ils laisseraient les autres processus sans rien à faire."""
    items.sort(key=lambda item: item.get_closest_marker("long") is None)


@pytest.fixture(autouse=True)
def _pas_de_reseau(monkeypatch: pytest.MonkeyPatch) -> None:
    """Une connexion hors de la machine fait échouer le test."""
    vraie = socket.socket.connect

    def connecter(soi: socket.socket, adresse: object) -> None:
        if soi.family in (socket.AF_INET, socket.AF_INET6) and adresse[0] not in LOCAL:  # type: ignore[index]
            raise AssertionError(f"Appel réseau interdit dans un test : {adresse}")
        vraie(soi, adresse)  # type: ignore[arg-type]

    monkeypatch.setattr(socket.socket, "connect", connecter)


@pytest.fixture(autouse=True)
def _ordre_melange(monkeypatch: pytest.MonkeyPatch) -> None:
    """Une requête sans ordre explicite revient mélangée : un test qui compte sur l'ordre échoue."""
    d_origine = QuerySet._fetch_all

    def charger(soi: QuerySet) -> None:
        deja = soi._result_cache is not None
        d_origine(soi)
        if not deja and not soi.ordered and isinstance(soi._result_cache, list):
            random.shuffle(soi._result_cache)

    monkeypatch.setattr(QuerySet, "_fetch_all", charger)


# Ce qu'une lecture a le droit d'écrire : la session (connexion, jeton CSRF) et le cache.
_TABLES_LIBRES = ("django_session", "socle_cache", "SAVEPOINT", "socle_compteurdebit")
_VERBES = ("INSERT", "UPDATE", "DELETE", "TRUNCATE")


class ClientGarde(Client):
    """Client de test qui refuse qu'un GET écrive en base ou qu'une page porte du JavaScript en ligne."""

    def get(self, *args: object, **kwargs: object):  # type: ignore[no-untyped-def,override]
        ecritures: list[str] = []

        def surveiller(execute, sql, params, many, context):  # type: ignore[no-untyped-def]
            requete = str(sql).lstrip().upper()
            if requete.startswith(_VERBES) and not any(t.upper() in requete for t in _TABLES_LIBRES):
                ecritures.append(str(sql))
            return execute(sql, params, many, context)

        with connection.execute_wrapper(surveiller):
            response = super().get(*args, **kwargs)  # type: ignore[arg-type]
        assert not ecritures, f"Un GET a écrit : {ecritures}"
        if response.get("Content-Type", "").startswith("text/html") and not response.streaming:
            page = response.content.decode()
            for interdit in ("javascript:", " onclick=", " onload=", " onsubmit=", " onchange=", " style=", "<style"):
                assert interdit not in page, f"Interdit par la CSP : {interdit}"
        return response


@pytest.fixture
def client() -> ClientGarde:
    return ClientGarde()


@pytest.fixture
def se_connecter() -> "Callable[[Client, Role], Client]":
    """Connecte le client comme le titulaire du rôle, second facteur compris quand le rôle l'exige."""
    from tests.comptes.fabriques import connecter

    return connecter
