"""Lecture typée des variables d'environnement : une valeur mal écrite empêche de démarrer, avec une phrase."""

import os
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

RACINE = Path(__file__).resolve().parent.parent
VAR = Path(os.environ.get("CONUM_VAR") or RACINE / "var").resolve()
"""Tout ce que conum écrit sur cette machine : base embarquée, verrous, clé, fichiers déposés."""


class ReglageInvalide(Exception):
    """Une variable d'environnement n'a pas une valeur admise."""


def texte(nom: str, defaut: str = "") -> str:
    return os.environ.get(nom, defaut)


def booleen(nom: str, defaut: bool = False) -> bool:
    valeur = os.environ.get(nom)
    if valeur is None or valeur == "":
        return defaut
    if valeur not in {"oui", "non"}:
        raise ReglageInvalide(f"{nom} vaut « oui » ou « non », pas « {valeur} ».")
    return valeur == "oui"


def entier(nom: str, defaut: int) -> int:
    valeur = os.environ.get(nom)
    if not valeur:
        return defaut
    try:
        return int(valeur)
    except ValueError:
        raise ReglageInvalide(f"{nom} est un nombre entier, pas « {valeur} ».") from None


def liste(nom: str, defaut: str = "") -> list[str]:
    return [mot.strip() for mot in texte(nom, defaut).split(",") if mot.strip()]


def choix(nom: str, admis: tuple[str, ...], defaut: str) -> str:
    valeur = os.environ.get(nom) or defaut
    if valeur not in admis:
        raise ReglageInvalide(f"{nom} vaut l'un de : {', '.join(admis)} ; pas « {valeur} ».")
    return valeur


def base_de_donnees(url: str) -> dict[str, object]:
    """Réglage DATABASES de Django pour une URL postgresql://… (postgres:// admis)."""
    morceaux = urlsplit(url)
    if morceaux.scheme not in {"postgresql", "postgres"}:
        raise ReglageInvalide("DATABASE_URL commence par postgresql:// : conum ne connaît que PostgreSQL (ADR 0002).")
    options = {cle: valeurs[-1] for cle, valeurs in parse_qs(morceaux.query).items()}
    hote = options.pop("host", "") or morceaux.hostname or ""
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(morceaux.path.lstrip("/")),
        "USER": unquote(morceaux.username or ""),
        "PASSWORD": unquote(morceaux.password or ""),
        "HOST": hote,
        "PORT": str(morceaux.port or ""),
        "OPTIONS": options,
    }
