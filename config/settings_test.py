"""Réglages des tests : la base d'essais, aucun système extérieur, tout visible."""

import sys
from pathlib import Path
from types import FrameType

from django.template.base import FilterExpression, Node

from config import env
from config.settings import *  # noqa: F403
from config.settings import DATABASES, RACINE, TEMPLATES

SECRET_KEY = "essais"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}

# Les fichiers statiques sont lus dans les apps : rien n'est à rassembler avant les tests.
WHITENOISE_AUTOREFRESH = True

if not env.texte("DATABASE_URL"):
    from config import base_embarquee

    DATABASES["default"].update(env.base_de_donnees(base_embarquee.ESSAIS.url("postgres")))  # type: ignore[arg-type]
# Sans pool : pytest crée et détruit ses bases, un pool garderait des connexions ouvertes.
DATABASES["default"]["OPTIONS"] = {"options": "-c conum.base_jetable=oui"}
DATABASES["default"]["TEST"] = {"NAME": f"essai_conum_{env.texte('CONUM_SUFFIXE', 'suite')}"}


class VariableIndefinie(str):
    """Une variable absente d'un gabarit de conum fait échouer le test, sauf dans {% if %}, {% for %} et |default.

    Django ne dit pas à `string_if_invalid` quelle expression manque ni dans quel gabarit : on remonte la pile jusqu'à
    l'expression et à son nœud. Les gabarits de Django, d'allauth et du DSFR, pleins de variables absentes, passent.
    """

    __slots__ = ()

    def __bool__(self) -> bool:
        return _est_une_faute(sys._getframe(1))

    def __contains__(self, motif: object) -> bool:
        return motif == "%s"

    def __mod__(self, nom: object) -> str:
        raise AssertionError(f"Variable de gabarit indéfinie : {nom}")


def _est_une_faute(cadre: FrameType | None) -> bool:
    if cadre is None or cadre.f_code is not FilterExpression.resolve.__code__:
        return False
    if any(filtre.__name__ in {"default", "default_if_none"} for filtre, _ in cadre.f_locals["self"].filters):
        return False
    while (cadre := cadre.f_back) is not None:
        noeud = cadre.f_locals.get("self")
        if isinstance(noeud, Node) and getattr(noeud, "origin", None) is not None:
            return Path(noeud.origin.name).is_relative_to(RACINE / "conum")
    return False


TEMPLATES[0]["OPTIONS"]["string_if_invalid"] = VariableIndefinie()  # type: ignore[index]
