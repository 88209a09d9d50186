"""Ranger un fichier au dépôt sous un nom qui ne se devine pas, l'effacer quand il ne sert plus."""

import logging
import secrets
from collections.abc import Iterator
from contextlib import contextmanager

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import models, transaction

from conum.socle.travaux import differer

logger = logging.getLogger(__name__)
EFFACER = "socle.effacer_fichier"


@contextmanager
def ranger(objet: models.Model, champ: str, contenu: bytes, extension: str) -> Iterator[str]:
    """Écrit le fichier, rend son chemin ; l'efface si le bloc échoue.

    Écrit avant la ligne qui le cite : un fichier sans ligne s'efface ici, une ligne sans fichier ne se rattrape pas.
    """
    nom = f"{secrets.token_urlsafe(24)}.{extension}"
    description: models.FileField = objet._meta.get_field(champ)  # type: ignore[assignment]
    chemin = default_storage.save(description.generate_filename(objet, nom), ContentFile(contenu))
    try:
        yield chemin
    except BaseException:
        effacer(chemin)
        raise


def effacer(chemin: str) -> None:
    """Efface un fichier du dépôt ; si le dépôt ne répond pas, un travail réessaie jusqu'à y parvenir."""
    try:
        default_storage.delete(chemin)
    except Exception:
        logger.exception("Fichier non effacé, un travail réessaiera.")
        differer(EFFACER, chemin=chemin)


def effacer_apres_validation(chemin: str | None) -> None:
    """Efface le fichier quand la transaction en cours est acquise ; jamais si elle est défaite."""
    if chemin:
        transaction.on_commit(lambda: effacer(chemin))


def lire(chemin: str) -> bytes:
    """Le contenu d'un fichier du dépôt.

    Raises:
        FileNotFoundError: il n'y est pas, ou plus.
    """
    with default_storage.open(chemin, "rb") as fichier:
        return bytes(fichier.read())
