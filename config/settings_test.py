"""Réglages des tests : la base d'essais, aucun système extérieur, tout visible."""

from config import env
from config.settings import *  # noqa: F403
from config.settings import DATABASES, TEMPLATES

SECRET_KEY = "essais"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}

if not env.texte("DATABASE_URL"):
    from config import base_embarquee

    DATABASES["default"].update(env.base_de_donnees(base_embarquee.ESSAIS.url("postgres")))  # type: ignore[arg-type]
# Sans pool : pytest crée et détruit ses bases, un pool garderait des connexions ouvertes.
DATABASES["default"]["OPTIONS"] = {"options": "-c conum.base_jetable=oui"}
DATABASES["default"]["TEST"] = {"NAME": f"essai_conum_{env.texte('CONUM_SUFFIXE', 'suite')}"}


class VariableIndefinie(str):
    """Une variable absente d'un gabarit fait échouer le test, sauf dans {% if %} et |default."""

    __slots__ = ()

    def __contains__(self, motif: object) -> bool:
        return motif == "%s"

    def __mod__(self, nom: object) -> str:
        raise AssertionError(f"Variable de gabarit indéfinie : {nom}")


TEMPLATES[0]["OPTIONS"]["string_if_invalid"] = VariableIndefinie("%s")  # type: ignore[index]
