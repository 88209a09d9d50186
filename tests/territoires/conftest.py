"""La France entière, chargée une fois par module et défaite ensuite."""

from collections.abc import Iterator

import pytest
from django.db import connection, transaction

from conum.territoires.actions.charger import charger_fichier


@pytest.fixture(scope="module")
def france(django_db_setup: None, django_db_blocker: object) -> Iterator[None]:
    """Les communes du fichier du dépôt ; chaque test s'exécute dans un point de reprise de cette transaction."""
    with django_db_blocker.unblock():  # type: ignore[attr-defined]
        bloc = transaction.atomic()
        bloc.__enter__()
        charger_fichier()
        with connection.cursor() as curseur:
            # Les clés étrangères sont vérifiées ici une fois, et non à la fin de chaque test.
            curseur.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")
    yield
    with django_db_blocker.unblock():  # type: ignore[attr-defined]
        transaction.set_rollback(True)
        bloc.__exit__(None, None, None)
