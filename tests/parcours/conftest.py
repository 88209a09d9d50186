"""Un Chromium par processus de test, une page par test, et la garde d'accessibilité."""

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from django.conf import settings
from django.test import Client
from playwright.sync_api import Browser, Page, expect, sync_playwright

from config.navigateur import OPTIONS, chromium
from conum.comptes.models import Role
from tests.comptes.fabriques import connecter

ICI = Path(__file__).parent
LARGEURS = TELEPHONE, ORDINATEUR = 375, 1280
ATTENTE = 60_000
"""Millisecondes laissées à la page : large, une machine chargée ne fait pas échouer un parcours."""
expect.set_options(timeout=ATTENTE)
REGLES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"], "resultTypes": ["violations"]}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if ICI in item.path.parents:
            item.add_marker(pytest.mark.parcours)
            item.add_marker(pytest.mark.long)


def ouvrir_session(page: Page, role: Role | None) -> None:
    """La session du rôle, second facteur compris (la connexion a ses propres parcours) ; None : personne."""
    page.context.clear_cookies()
    if role is None:
        return
    page.goto("/robots.txt")
    session = connecter(Client(), role).cookies[settings.SESSION_COOKIE_NAME].value
    # L'origine seule : une adresse plus longue réserverait le cookie à son dossier.
    page.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": page.evaluate("origin")}])


def elargir(page: Page, largeur: int) -> None:
    """Change la largeur de la page ouverte, et la laisse se redessiner."""
    page.set_viewport_size({"width": largeur, "height": 800})
    page.evaluate("() => new Promise(fini => requestAnimationFrame(() => requestAnimationFrame(fini)))")


@pytest.fixture(scope="session")
def navigateur() -> Iterator[Browser]:
    executable = chromium()
    if executable is None:
        pytest.fail("Chromium manque pour les parcours. Lancez : sudo apt-get install chromium — puis recommencez.")
    # La boucle de Playwright tourne dans ce fil : Django croirait à un appel asynchrone et refuserait la base.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "oui"
    with sync_playwright() as playwright:
        navigateur = playwright.chromium.launch(executable_path=executable, args=list(OPTIONS))
        yield navigateur
        navigateur.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture
def ouvrir_page(navigateur: Browser, live_server: Any) -> Iterator[Callable[[int], Page]]:
    """`ouvrir_page(375)` rend une page neuve, sans cookie ; une infraction à la CSP ou une erreur de script échoue."""
    contextes, fautes = [], []

    def noter(texte: str) -> None:
        if "Content Security Policy" in texte or texte.startswith("Uncaught"):
            fautes.append(texte)

    def ouvrir(largeur: int = 1280, **options: Any) -> Page:
        contexte = navigateur.new_context(
            base_url=live_server.url,
            viewport={"width": largeur, "height": 800},
            locale="fr-FR",
            reduced_motion="reduce",
            **options,
        )
        contexte.set_default_timeout(ATTENTE)
        contextes.append(contexte)
        page = contexte.new_page()
        page.on("console", lambda message: noter(message.text))
        page.on("pageerror", lambda erreur: fautes.append(str(erreur)))
        return page

    yield ouvrir
    for contexte in contextes:
        contexte.close()
    assert not fautes, f"Erreurs dans le navigateur : {fautes}"


@pytest.fixture(params=LARGEURS)
def page(request: pytest.FixtureRequest, ouvrir_page: Callable[..., Page]) -> Page:
    """La même visite sur un téléphone et sur un ordinateur."""
    return ouvrir_page(request.param)


class Axe:
    """`axe(page)` : aucune infraction aux WCAG 2.1 A et AA ni aux bonnes pratiques d'axe, pas de défilement latéral."""

    # Les lignes fautives seulement : le rapport entier d'axe coûterait plus à transmettre que l'examen.
    EXAMEN = f"""async () => (await axe.run({json.dumps(REGLES)})).violations.map(
        v => `${{v.id}} : ${{v.help}}\\n    ` + v.nodes.slice(0, 5).map(n => n.html.slice(0, 200)).join("\\n    "))"""

    def __call__(self, page: Page) -> None:
        page.wait_for_load_state("load")
        fautes = self.fautes(page)
        assert not fautes, "\n".join(fautes)

    def fautes(self, page: Page) -> list[str]:
        if not page.evaluate("'axe' in window"):
            page.evaluate(AXE_SCRIPT)
        return [self._dire(page, faute) for faute in page.evaluate(self.EXAMEN)] + self.debordement(page)

    def debordement(self, page: Page) -> list[str]:
        deborde = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        return [self._dire(page, f"déborde de {deborde} px en largeur")] if deborde > 0 else []

    def _dire(self, page: Page, faute: str) -> str:
        largeur = page.viewport_size["width"] if page.viewport_size else "?"
        return f"{page.url} ({largeur} px)\n  {faute}"


@pytest.fixture
def axe() -> Axe:
    return Axe()
