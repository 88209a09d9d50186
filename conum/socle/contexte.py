"""Identifiant de la requête ou du travail en cours : il relie journal, courriels et traces du serveur."""

import contextlib
import logging
import uuid
from collections.abc import Iterator
from contextvars import ContextVar

_request_id: ContextVar[str] = ContextVar("request_id", default="")


def request_id() -> str:
    """L'identifiant courant, chaîne vide hors de toute requête."""
    return _request_id.get()


@contextlib.contextmanager
def sous_request_id(valeur: str = "") -> Iterator[str]:
    """Exécute un bloc sous cet identifiant (tiré au sort s'il est vide)."""
    valeur = valeur or uuid.uuid4().hex
    marque = _request_id.set(valeur)
    try:
        yield valeur
    finally:
        _request_id.reset(marque)


class FiltreRequestId(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        record.request_id = request_id() or "-"
        return True
