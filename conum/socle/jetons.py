"""Jetons d'adresse : un seul usage prévu, une seule partie, une échéance ; la base n'en garde que l'empreinte."""

import hashlib
import secrets


def nouveau_jeton() -> tuple[str, str]:
    """Un jeton à écrire dans un lien et son empreinte SHA-256 à garder (64 caractères hexadécimaux)."""
    clair = secrets.token_urlsafe(32)
    return clair, empreinte(clair)


def empreinte(clair: str) -> str:
    return hashlib.sha256(clair.encode()).hexdigest()
