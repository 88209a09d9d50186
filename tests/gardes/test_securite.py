"""En-têtes de sécurité de chaque page publique, réglages de production, maintenance."""

import json
import os
import subprocess
import sys

import pytest
from django.http import HttpResponse
from django.test import Client, RequestFactory, override_settings
from django.urls import reverse

from conum.ui import views
from tests.aides import RACINE
from tests.conftest import ClientGarde
from tests.gardes.adresses import toutes

PUBLIQUES = [a.nom for a in toutes() if a.publique and not a.arguments]


@pytest.mark.django_db
@pytest.mark.parametrize("nom", PUBLIQUES)
def test_en_tetes(nom: str, client: ClientGarde) -> None:
    reponse = client.get(reverse(nom))
    politique = reponse["Content-Security-Policy"]
    for directive in (
        "default-src 'self'",
        "script-src 'self'",
        "style-src 'self'",
        "object-src 'none'",
        "frame-ancestors 'none'",
    ):
        assert f"{directive};" in f"{politique};"
    assert "unsafe" not in politique
    assert reponse["X-Frame-Options"] == "DENY"
    assert reponse["X-Content-Type-Options"] == "nosniff"
    assert reponse["Referrer-Policy"] == "same-origin"
    assert reponse["X-Request-Id"]


_OBLIGATOIRES = {"SECRET_KEY": "x" * 60, "CONUM_HOTES": "a.fr", "CONUM_CLES_BANCAIRES": f"{'A' * 43}="}


def _reglages_de_production(**env: str) -> dict[str, object]:
    noms = [
        *(
            "DEBUG",
            "SECURE_SSL_REDIRECT",
            "SECURE_HSTS_SECONDS",
            "SECURE_HSTS_INCLUDE_SUBDOMAINS",
            "COURRIELS_LISIBLES",
        ),
        *(f"{cookie}_COOKIE_{sens}" for cookie in ("SESSION", "CSRF") for sens in ("SECURE", "HTTPONLY")),
    ]
    script = f"import json; from config import settings as s; print(json.dumps({{n: getattr(s, n) for n in {noms}}}))"
    fini = subprocess.run(
        [sys.executable, "-c", script],
        cwd=RACINE,
        env={"PATH": os.environ["PATH"], "CONUM_ENV": "prod", **_OBLIGATOIRES, **env},
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(fini.stdout)


@pytest.mark.parametrize("absente", ["SECRET_KEY", "CONUM_CLES_BANCAIRES"])
def test_en_production_une_cle_absente_empeche_de_demarrer(absente: str) -> None:
    with pytest.raises(subprocess.CalledProcessError) as echec:
        _reglages_de_production(**{absente: ""})
    assert f"{absente} est obligatoire en production." in echec.value.stderr


def test_en_production_tout_passe_par_https() -> None:
    reglages = _reglages_de_production()
    assert reglages.pop("SECURE_HSTS_SECONDS") == 365 * 24 * 3600
    assert reglages == {
        "DEBUG": False,
        "SECURE_SSL_REDIRECT": True,
        "SESSION_COOKIE_SECURE": True,
        "CSRF_COOKIE_SECURE": True,
        "SECURE_HSTS_INCLUDE_SUBDOMAINS": True,
        "SESSION_COOKIE_HTTPONLY": True,
        "CSRF_COOKIE_HTTPONLY": True,
        "COURRIELS_LISIBLES": False,
    }


@override_settings(MAINTENANCE=True)
def test_en_maintenance_le_site_s_explique_sans_base() -> None:
    # Ce test n'a pas droit à la base : y toucher le ferait échouer.
    reponse = Client().get("/espaces/")
    assert reponse.status_code == 503
    assert reponse["Retry-After"] == "600"
    assert "maintenance" in reponse.content.decode()
    assert "Content-Security-Policy" in reponse


@pytest.mark.parametrize(
    ("vue", "code", "phrase"),
    [
        (views.erreur_400, 400, "n’a pas compris"),
        (views.erreur_413, 413, "trop lourd"),
        (views.erreur_500, 500, "vient du site"),
        (views.erreur_503, 503, "maintenance"),
        (views.erreur_csrf, 403, "expiré"),
    ],
)
def test_les_pages_de_panne_se_passent_de_la_base(vue, code: int, phrase: str, rf: RequestFactory) -> None:  # type: ignore[no-untyped-def]
    reponse: HttpResponse = vue(rf.get("/"))
    assert reponse.status_code == code
    assert phrase in reponse.content.decode()


@pytest.mark.django_db
def test_un_formulaire_sans_jeton_recoit_une_explication() -> None:
    reponse = Client(enforce_csrf_checks=True).post(reverse("account_login"), {"email": "a@exemple.fr"})
    assert reponse.status_code == 403
    assert "La page a expiré" in reponse.content.decode()


@pytest.mark.django_db
def test_un_envoi_trop_lourd_est_refuse_avant_lecture() -> None:
    reponse = Client().generic("POST", reverse("account_login"), b"x", CONTENT_LENGTH="20000000")
    assert reponse.status_code == 413
    assert "10 Mo" in reponse.content.decode()


@pytest.mark.django_db
def test_une_page_absente_s_explique(client: ClientGarde) -> None:
    reponse = client.get("/nulle-part/")
    assert reponse.status_code == 404
    assert "n’existe pas" in reponse.content.decode()
