"""Le test de positionnement sur un téléphone : une réponse part dès qu'elle est choisie, une coupure ne perd rien."""

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from conum.formations.actions import positionnement as actions
from conum.formations.models import Positionnement
from conum.formations.rules import positionnement as regles
from tests.formations import fabriques_base as fab
from tests.parcours.conftest import TELEPHONE, Axe, ouvrir_session

pytestmark = pytest.mark.django_db(transaction=True)
PREMIERE, SECONDE = regles.questionnaires()[-1].items[:2]


def choisir(page: Page, item: regles.Item, rang: int) -> str:
    """Touche une réponse ; rend son code."""
    page.locator(f'label[for="id_q-{item.code}_{rang}"]').click()
    return item.reponses[rang].code


def test_une_coupure_ne_perd_rien(ouvrir_page, axe: Axe) -> None:
    inscription = fab.inscription()
    role = fab.role_conseiller(inscription)
    page = ouvrir_page(TELEPHONE)
    ouvrir_session(page, role)
    etat = page.locator("#enregistrement")

    page.goto(reverse("formations:ma_formation", args=[role.pk]))
    page.get_by_role("link", name="Passer le test").click()
    axe(page)
    page.get_by_role("button", name="Commencer le test").click()
    expect(page.get_by_text("Étape 1 sur 8")).to_be_visible()
    axe(page)
    premier = choisir(page, PREMIERE, 1)
    expect(etat).to_contain_text("Enregistré")
    assert Positionnement.objects.get().reponses == {PREMIERE.code: premier}

    # Plus de réseau, puis plus de session : c'est dit, et la réponse d'avant est toujours là.
    page.context.set_offline(True)
    choisir(page, SECONDE, 0)
    expect(etat).to_contain_text("pas encore enregistrée")
    page.context.set_offline(False)
    page.context.clear_cookies()
    choisir(page, SECONDE, 1)
    expect(etat).to_contain_text("pas encore enregistrée")
    assert Positionnement.objects.get().reponses == {PREMIERE.code: premier}

    # Reconnectée, la personne reprend à la première question sans réponse.
    ouvrir_session(page, role)
    page.goto(reverse("formations:ma_formation", args=[role.pk]))
    page.get_by_role("link", name="Reprendre le test").click()
    axe(page)
    page.get_by_role("link", name="Reprendre où j’en suis").click()
    expect(page.locator(f"#id_q-{PREMIERE.code}_1")).to_be_checked()
    assert page.url.endswith(f"#id_q-{SECONDE.code}")
    actions.repondre(Positionnement.objects.get(), _toutes_sauf(SECONDE), par=role)
    choisir(page, SECONDE, 1)
    page.get_by_role("button", name="Enregistrer et continuer").click()
    expect(page.get_by_text("Étape 2 sur 8")).to_be_visible()

    page.goto(reverse("formations:positionnement", args=[role.pk, inscription.pk]))
    page.get_by_role("button", name="Terminer le test").click()
    expect(page.get_by_role("heading", name="Le test recommande")).to_be_visible()
    axe(page)


def _toutes_sauf(item: regles.Item) -> dict[str, str]:
    return {i.code: i.reponses[0].code for i in regles.questionnaires()[-1].items if i != item}
