"""Du contrat saisi à la rupture validée, dans un vrai navigateur : la structure d'un côté, l'ANCT de l'autre."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import Page

from conum.comptes.models import Role
from conum.postes.models import Contrat
from conum.postes.states import Etat
from tests.comptes.fabriques import connecter
from tests.postes import fabriques as f

pytestmark = pytest.mark.django_db(transaction=True)


def _entrer(page: Page, role: Role, base: str) -> None:
    cookie = connecter(Client(), role).cookies[settings.SESSION_COOKIE_NAME].value
    page.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": base}])


def _voir(page: Page, axe: Callable[[Page], None], nom: str) -> None:
    axe(page)
    if dossier := os.environ.get("CONUM_VUES"):
        largeur = page.viewport_size["width"] if page.viewport_size else 0
        page.screenshot(path=Path(dossier) / f"{nom}-{largeur}.png", full_page=True)


def test_un_contrat_de_la_saisie_a_la_rupture(page: Page, ouvrir_page, live_server, axe) -> None:
    structure, postes = f.structure_avec(3)
    f.en_poste(postes[1])
    membre, agent = f.membre_de(structure), f.anct()
    _entrer(page, membre, live_server.url)
    page.goto(f"/espace/{membre.pk}/mes-postes/")
    _voir(page, axe, "mes-postes")
    page.get_by_role("link", name="Saisir un contrat").first.click()
    page.get_by_label("Prénom").fill("Zoé")
    page.get_by_label("Nom", exact=True).fill("Durand")
    page.get_by_label("Adresse électronique").fill("zoe@exemple.fr")
    page.locator("label", has_text="CDD").click()
    page.get_by_label("Début du contrat").fill(f.jour().isoformat())
    page.get_by_label("Fin du contrat").fill(f.jour(20).isoformat())
    page.get_by_label("Salaire").fill("1 500")
    page.get_by_role("button", name="Envoyer le contrat").click()
    page.get_by_text("inférieur au SMIC").first.wait_for()
    _voir(page, axe, "saisie-refusee")
    page.get_by_label("Salaire").fill("1 950,50")
    page.get_by_role("button", name="Envoyer le contrat").click()
    page.get_by_text("transmis à l'ANCT").wait_for()
    _voir(page, axe, "contrat-a-valider")
    contrat = Contrat.objects.get(personne__email="zoe@exemple.fr")

    anct = ouvrir_page(page.viewport_size["width"] if page.viewport_size else 1280)
    _entrer(anct, agent, live_server.url)
    anct.goto(f"/espace/{agent.pk}/contrats/")
    _voir(anct, axe, "contrats")
    anct.get_by_role("link", name=contrat.reference).click()
    anct.get_by_role("button", name="Valider le contrat").click()
    anct.get_by_text("Le contrat est validé").wait_for()

    page.reload()
    page.get_by_role("link", name="Notifier une rupture").click()
    page.get_by_label("Dernier jour du contrat").fill(f.jour().isoformat())
    page.locator("label", has_text="CDIsation").click()
    _voir(page, axe, "rupture")
    page.get_by_role("button", name="Notifier la rupture").click()
    page.get_by_role("link", name="Déposer une pièce").click()
    page.get_by_label("Nature du document").select_option("dernier_bulletin")
    page.get_by_label("Document", exact=False).last.set_input_files(
        {"name": "bulletin.pdf", "mimeType": "application/pdf", "buffer": f.pdf().read()}
    )
    page.get_by_role("button", name="Déposer").click()
    page.get_by_text("La pièce est déposée").wait_for()
    _voir(page, axe, "rupture-notifiee")

    anct.reload()
    anct.get_by_role("button", name="Valider la rupture").click()
    anct.get_by_text("La rupture est validée").wait_for()
    _voir(anct, axe, "contrat-rompu")
    contrat.refresh_from_db()
    assert contrat.etat == Etat.ROMPU
    for nom in ("postes", "alarmes", "alarmes/vacants", f"postes/{postes[2].pk}", f"postes/{postes[2].pk}/transferer"):
        anct.goto(f"/espace/{agent.pk}/{nom}/")
        _voir(anct, axe, nom.replace("/", "-"))
