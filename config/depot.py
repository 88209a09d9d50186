"""Où vont les fichiers déposés (CV, pièces) : un dossier, ou un service S3 dès qu'un compartiment est donné."""

from typing import Any

from config import env


def stockage() -> dict[str, Any]:
    """Le réglage STORAGES["default"] de Django.

    Les objets S3 sont privés et signés ; un nom déjà pris n'écrase rien. Sans compartiment, `MEDIA_ROOT`.
    """
    compartiment = env.texte("CONUM_S3_COMPARTIMENT")
    if not compartiment:
        return {"BACKEND": "django.core.files.storage.FileSystemStorage"}
    options = {
        "bucket_name": compartiment,
        "endpoint_url": env.texte("CONUM_S3_URL") or None,
        "region_name": env.texte("CONUM_S3_REGION") or None,
        "access_key": env.texte("CONUM_S3_CLE"),
        "secret_key": env.texte("CONUM_S3_SECRET"),
        "default_acl": "private",
        "querystring_auth": True,
        "querystring_expire": 300,
        "file_overwrite": False,
        "addressing_style": "path",
        "signature_version": "s3v4",
    }
    if not (options["access_key"] and options["secret_key"]):
        raise env.ReglageInvalide("CONUM_S3_COMPARTIMENT demande aussi CONUM_S3_CLE et CONUM_S3_SECRET.")
    return {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": options}
