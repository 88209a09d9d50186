"""Les pages ouvertes à tous, dans Chromium : accessibilité, clavier, thème, menu du téléphone."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.parcours.conftest import LARGEURS, TELEPHONE, Axe, elargir

PAGES = (
    "/",
    "/mentions-legales/",
    "/donnees-personnelles/",
    "/cookies/",
    "/plan-du-site/",
    "/accessibilite/",
    "/contact/",
    "/page-qui-n-existe-pas/",
)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_les_pages_publiques_sont_accessibles(ouvrir_page: Callable[..., Page], axe: Axe, theme: str) -> None:
    page, fautes = ouvrir_page(TELEPHONE, color_scheme=theme), []
    for adresse in PAGES:
        page.goto(adresse)
        expect(page.locator("html")).to_have_attribute("data-fr-theme", theme)
        for largeur in LARGEURS:
            elargir(page, largeur)
            fautes += axe.fautes(page)
    assert not fautes, "\n".join(fautes)


def test_au_clavier_le_premier_pas_mene_au_contenu(page: Page) -> None:
    page.goto("/")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Contenu", exact=True)).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()


def test_au_clavier_on_choisit_le_theme_sombre_et_il_reste(ouvrir_page: Callable[..., Page]) -> None:
    page = ouvrir_page(1280, color_scheme="light")
    page.goto("/cookies/")
    bouton = page.locator("header").get_by_role("button", name="Paramètres d’affichage")
    bouton.focus()
    page.keyboard.press("Enter")
    fenetre = page.get_by_role("dialog", name="Paramètres d’affichage")
    expect(fenetre).to_be_visible()
    page.get_by_label("Thème sombre").focus()
    page.keyboard.press("Space")
    expect(page.locator("html")).to_have_attribute("data-fr-theme", "dark")
    # Le DSFR garde la touche Échap aux champs : on ferme depuis le bouton.
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    expect(fenetre).to_be_hidden()
    expect(bouton).to_be_focused()
    page.goto("/contact/")
    expect(page.locator("html")).to_have_attribute("data-fr-theme", "dark")


def test_sur_un_telephone_le_menu_s_ouvre_au_clavier(ouvrir_page: Callable[..., Page]) -> None:
    page = ouvrir_page(375)
    page.goto("/")
    page.get_by_role("button", name="Menu", exact=True).focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("navigation", name="Menu principal")).to_be_visible()
    expect(page.locator("#menu-mobile").get_by_role("link", name="Accueil", exact=True)).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("navigation", name="Menu principal")).to_be_hidden()


def test_sans_javascript_la_page_se_lit(ouvrir_page: Callable[..., Page]) -> None:
    page = ouvrir_page(375, java_script_enabled=False)
    page.goto("/")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page.get_by_role("link", name="Je me connecte")).to_be_visible()
