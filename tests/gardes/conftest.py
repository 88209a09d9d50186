"""Une distribution par module de gardes : la monter et connecter chaque rôle coûte plus que d'ouvrir une page."""

from collections.abc import Iterator
from dataclasses import dataclass
from http.cookies import SimpleCookie
from typing import Any

import pytest
from django.db import transaction

from conum.comptes.models import Role
from tests.comptes.fabriques import connecter
from tests.conftest import ClientGarde
from tests.gardes.distribution import Distribution, monter


@dataclass
class Scene:
    """La distribution, et la session ouverte de chacun de ses rôles."""

    distribution: Distribution
    cookies: dict[int, str]

    def client(self, role: Role | None) -> ClientGarde:
        """Un navigateur neuf, déjà connecté : ce qu'un test fait de sa session ne passe pas au suivant."""
        client = ClientGarde()
        if role is not None:
            client.cookies = SimpleCookie({"sessionid": self.cookies[role.pk]})
        return client


@pytest.fixture(scope="module")
def scene(django_db_setup: None, django_db_blocker: Any) -> Iterator[Scene]:
    """Écrite dans une transaction que le module entier partage ; chaque test travaille dans un point de reprise."""
    with django_db_blocker.unblock(), transaction.atomic():
        distribution = monter()
        roles = [*distribution.roles.values(), *distribution.etrangers.values()]
        cookies = {r.pk: connecter(ClientGarde(), r).cookies["sessionid"].value for r in roles}
        yield Scene(distribution, cookies)
        transaction.set_rollback(True)
