"""Une agente de préfecture active un second facteur, puis se connecte avec sa seule clé d'accès."""

import re
from collections.abc import Callable

import pytest
from allauth.mfa.models import Authenticator
from django.core.cache import cache
from playwright.sync_api import Page, expect

from tests.comptes.aides import code_d_application, code_recu
from tests.comptes.fabriques import RoleFactory

pytestmark = pytest.mark.django_db(transaction=True)
EMAIL = "camille@marne.gouv.fr"


@pytest.fixture(autouse=True)
def _limites_remises_a_zero(transactional_db: None) -> None:
    """La table du cache survit aux tests à transactions : sans cela, la limite d'envoi de codes aussi."""
    cache.clear()


def brancher_une_cle(page: Page, *, reconnue: bool = True) -> None:
    """Une clé d'accès virtuelle, par le protocole de Chromium : elle répond seule, empreinte reconnue ou non."""
    cdp = page.context.new_cdp_session(page)
    cdp.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": reconnue,
        "automaticPresenceSimulation": True,
    }
    cdp.send("WebAuthn.addVirtualAuthenticator", {"options": options})


def entrer_par_code(page: Page, verifier: Callable[[Page], None] = lambda _: None) -> None:
    page.goto("/connexion/")
    verifier(page)
    page.get_by_label("Adresse électronique").fill(EMAIL)
    page.get_by_role("button", name="Recevoir un code").click()
    champ = page.get_by_role("textbox", name="Code reçu par courriel")
    expect(champ).to_be_visible()
    verifier(page)
    champ.fill(code_recu(EMAIL))
    page.locator("#contenu").get_by_role("button", name="Se connecter").click()
    expect(page.get_by_role("heading", name="À activer avant de continuer")).to_be_visible()
    verifier(page)


def test_activer_une_cle_puis_entrer_avec_elle_seule(page: Page, axe: Callable[[Page], None]) -> None:
    role = RoleFactory(prefecture=True, utilisateur__email=EMAIL)
    brancher_une_cle(page)
    entrer_par_code(page, axe)
    page.get_by_role("link", name="Ajouter une clé d’accès").click()
    axe(page)
    page.get_by_role("button", name="Ajouter cette clé").click()
    expect(page.get_by_role("heading", name="Codes de secours", level=1)).to_be_visible()
    axe(page)
    page.get_by_role("link", name="Je les ai notés, continuer").click()
    expect(page).to_have_url(re.compile(rf"/espace/{role.pk}/$"))
    assert Authenticator.objects.filter(type="webauthn").count() == 1

    page.context.clear_cookies()
    page.goto("/connexion/?next=/mon-compte/")
    page.get_by_role("button", name="Utiliser ma clé d’accès").click()
    expect(page.get_by_role("heading", name="Mon compte", level=1)).to_be_visible()
    axe(page)
    for adresse in ("agents/", "agents/inviter/", "agents/invitations/"):
        page.goto(f"/espace/{role.pk}/{adresse}")
        axe(page)


def test_activer_une_application_a_l_ecran(page: Page, axe: Callable[[Page], None]) -> None:
    role = RoleFactory(prefecture=True, utilisateur__email=EMAIL)
    entrer_par_code(page)
    page.get_by_role("link", name="Activer une application").click()
    axe(page)
    secret = page.locator("#contenu code").inner_text().replace(" ", "")
    page.get_by_label("Code affiché par l'application").fill(code_d_application(secret))
    page.get_by_role("button", name="Activer").click()
    page.get_by_role("link", name="Je les ai notés, continuer").click()
    expect(page).to_have_url(re.compile(rf"/espace/{role.pk}/$"))


def test_une_cle_qui_ne_reconnait_personne_se_dit_a_l_ecran(ouvrir_page: Callable[..., Page]) -> None:
    page = ouvrir_page(1280)
    brancher_une_cle(page, reconnue=False)
    page.goto("/connexion/")
    expect(page.locator("#erreur-cle")).to_be_hidden()
    page.get_by_role("button", name="Utiliser ma clé d’accès").click()
    expect(page.get_by_role("alert")).to_contain_text("La clé n’a pas répondu")
