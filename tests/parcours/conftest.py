"""Chromium, une page par test, et la garde d'accessibilité."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

from config.navigateur import OPTIONS, chromium

ICI = Path(__file__).parent
LARGEURS = (375, 1280)
REGLES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"], "resultTypes": ["violations"]}


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Deux files de parcours, une par largeur : deux Chromium au plus, chacun ouvert une fois."""
    for item in items:
        if ICI in item.path.parents:
            item.add_marker(pytest.mark.parcours)
            item.add_marker(pytest.mark.xdist_group(f"navigateur-{_file(item)}"))


def _file(item: pytest.Item) -> int:
    """La largeur du test s'il en a une ; sinon une file choisie par son nom, toujours la même."""
    params = getattr(item, "callspec", None)
    connue = next((v for v in params.params.values() if v in LARGEURS), None) if params else None
    return connue or LARGEURS[len(item.nodeid) % len(LARGEURS)]


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
        contexte.set_default_timeout(10_000)
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


@pytest.fixture
def axe() -> Callable[[Page], None]:
    """`axe(page)` : aucune infraction aux WCAG 2.1 A et AA ni aux bonnes pratiques d'axe, pas de défilement latéral."""

    def verifier(page: Page) -> None:
        page.wait_for_load_state("load")
        resultat = Axe().run(page, options=REGLES).response
        infractions = [
            f"{v['id']} : {v['help']}\n    " + "\n    ".join(n["html"][:200] for n in v["nodes"][:5])
            for v in resultat["violations"]
        ]
        assert not infractions, f"{page.url}\n" + "\n".join(infractions)
        deborde = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert deborde <= 0, f"{page.url} déborde de {deborde} px en largeur"

    return verifier
