"""Le simulateur dans Chromium : remplir, lire, ouvrir un calcul au clavier, partager."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.territoires.fabriques import CommuneFactory


def test_simuler_lire_et_ouvrir_un_calcul(page: Page, axe: Callable[[Page], None]) -> None:
    CommuneFactory()
    page.goto("/simulateur/")
    axe(page)
    page.get_by_role("button", name="Calculer").click()
    # La saisie incomplète revient, faute à côté du champ, et passe axe.
    expect(page.get_by_role("alert")).to_contain_text("Commune du poste")
    axe(page)
    page.get_by_text("Publique (").click()
    page.get_by_label("Commune du poste").fill("Rennes")
    page.get_by_role("option", name="Rennes (35)").click()
    page.get_by_label("Salaire mensuel brut").fill("2 100")
    page.get_by_role("button", name="Calculer").click()
    expect(page.get_by_text("l’État finance")).to_be_visible()
    axe(page)
    montant = page.locator("#table-mois details").nth(1)
    montant.locator("summary").focus()
    page.keyboard.press("Enter")
    expect(montant.get_by_text("jours financés ÷")).to_be_visible()
    axe(page)
    lien = page.get_by_role("link", name="Lien à partager").get_attribute("href")
    page.goto(str(lien))
    expect(page.get_by_text("l’État finance")).to_be_visible()
