"""Ranger un fichier au dépôt sous un nom qui ne se devine pas, l'effacer quand il ne sert plus."""

import logging
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import PurePath

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import models, transaction
from django.db.models.fields.files import FieldFile
from django.http import FileResponse, Http404

from conum.socle import fichiers
from conum.socle.travaux import differer

logger = logging.getLogger(__name__)
EFFACER = "socle.effacer_fichier"
_MIMES = {t.extension: t.mime for t in fichiers.DOCUMENTS}


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


def servir(champ: FieldFile, nom: str, *, absent: str) -> FileResponse:
    """Le fichier, à enregistrer sous `nom` : le navigateur ne l'ouvre pas dans nos pages, et ne le garde pas.

    `nom`, sans extension, est le nôtre et non celui de la personne : il n'a rien de secret et ne nuit à aucun système
    de fichiers. `absent` : la phrase quand il n'y en a pas.

    Raises:
        Http404: pas de fichier, ou il n'est plus au dépôt.
    """
    if not champ.name:
        raise Http404(absent)
    try:
        contenu = champ.open("rb")
    except FileNotFoundError as erreur:
        raise Http404("Ce fichier n’est plus au dépôt.") from erreur
    extension = PurePath(champ.name).suffix.removeprefix(".")
    reponse = FileResponse(
        contenu, as_attachment=True, filename=f"{nom}.{extension}",
        content_type=_MIMES.get(extension, "application/octet-stream"),
    )  # fmt: skip
    reponse["Cache-Control"] = "private, no-store"
    reponse["X-Content-Type-Options"] = "nosniff"
    return reponse
