"""Une distribution par module de gardes : la monter et connecter chaque rôle coûte plus que d'ouvrir une page."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.cookies import SimpleCookie
from typing import Any

import pytest
from django.db import transaction
from django.http import HttpResponse

from config import urls
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


def _refus_nu(code: int) -> Callable[..., HttpResponse]:
    return lambda _request, *_args, **_kwargs: HttpResponse("refus", status=code)


@pytest.fixture(scope="module")
def refus_nus() -> Iterator[None]:
    """La matrice ne lit que des codes : rendre dix mille fois la page « Page introuvable » en doublerait la durée."""
    with pytest.MonkeyPatch.context() as patch:
        for code in (400, 403, 404):
            patch.setattr(urls, f"handler{code}", _refus_nu(code))
        yield


@pytest.fixture(scope="module")
def scene(refus_nus: None, django_db_setup: None, django_db_blocker: Any) -> Iterator[Scene]:
    """Écrite dans une transaction que le module entier partage ; chaque test travaille dans un point de reprise."""
    with django_db_blocker.unblock(), transaction.atomic():
        distribution = monter()
        roles = [*distribution.roles.values(), *distribution.etrangers.values()]
        cookies = {r.pk: connecter(ClientGarde(), r).cookies["sessionid"].value for r in roles}
        yield Scene(distribution, cookies)
        transaction.set_rollback(True)
