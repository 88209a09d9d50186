"""Une structure demande des postes, de la première page à la page de suivi, au clavier là où c’est difficile."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from conum.courriels.models import Courriel
from conum.demandes.models import Demande
from conum.demandes.states import Etat
from conum.journal.models import Entree
from conum.passerelles.entreprises.faux import SIRET_SANS_REPONSE
from tests.comptes.aides import code_recu
from tests.comptes.fabriques import DepartementFactory, RoleFactory
from tests.structures.fabriques import CommuneFactory, StructureFactory

pytestmark = pytest.mark.django_db(transaction=True)
EMAIL = "lina.haddad@faubourg.example"


@pytest.fixture
def bretagne() -> None:
    """Des communes qui se ressemblent, et l'agent qui attend la demande."""
    ille = DepartementFactory(code="35", nom="Ille-et-Vilaine")
    CommuneFactory(code="35238", nom="Rennes", departement=ille, codes_postaux=["35000"], population=225_000)
    CommuneFactory(code="35115", nom="Fougères", departement=ille, codes_postaux=["35300"], population=20_000)
    aude = DepartementFactory(code="11", nom="Aude")
    CommuneFactory(code="11310", nom="Rennes-les-Bains", departement=aude, codes_postaux=["11190"], population=250)
    RoleFactory(prefecture=True, departement=ille, utilisateur__email="agent@ille-et-vilaine.gouv.fr")


def continuer(page: Page) -> None:
    page.get_by_role("button", name="Continuer").click()


def titre_d_etape(page: Page, titre: str) -> None:
    expect(page.locator(".fr-stepper__title")).to_contain_text(titre)


def lien_recu(code: str) -> str:
    """L'adresse de confirmation, lue dans le dernier courriel comme la personne la lit."""
    texte = Courriel.objects.filter(code=code, destinataire=EMAIL).latest("pk").texte
    return re.search(r"https?://[^/]+(/\S+)", texte).group(1)


def donner_la_structure(page: Page, axe: Callable[[Page], None]) -> None:
    page.get_by_label("Numéro SIRET").fill("789900115 0002")
    page.get_by_role("button", name="Chercher ma structure").click()
    expect(page.get_by_role("alert")).to_contain_text("13")
    axe(page)
    page.get_by_label("Numéro SIRET").fill("789 900 115 00021")
    page.get_by_role("button", name="Chercher ma structure").click()
    expect(page.get_by_text("MAISON DES JEUNES DU FAUBOURG")).to_be_visible()
    axe(page)
    # Au clavier : la case, puis le bouton.
    page.get_by_label("C’est bien ma structure").focus()
    page.keyboard.press("Space")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")


def donner_le_contact(page: Page, axe: Callable[[Page], None]) -> None:
    titre_d_etape(page, "Votre contact")
    page.get_by_label("Adresse électronique").fill("lina.haddad@")
    continuer(page)
    resume = page.get_by_role("alert")
    expect(resume).to_contain_text("4 réponses sont à revoir")
    expect(resume).to_be_focused()
    axe(page)
    # Le résumé mène au champ.
    resume.get_by_role("link", name="Prénom").click()
    expect(page.get_by_label("Prénom")).to_be_focused()
    for champ, valeur in (("Prénom", "Lina"), ("Nom", "Haddad"), ("Fonction", "Directrice")):
        page.get_by_label(champ, exact=champ == "Nom").fill(valeur)
    page.get_by_label("Adresse électronique").fill(EMAIL)
    page.get_by_label("Téléphone").fill("02 99 00 00 00")
    continuer(page)


def donner_le_besoin(page: Page, axe: Callable[[Page], None]) -> None:
    titre_d_etape(page, "Le besoin")
    axe(page)
    page.get_by_label("Combien de postes").fill("31")
    commune = page.get_by_role("combobox", name="Commune d’exercice")
    commune.focus()
    page.keyboard.type("fougeres")
    expect(page.get_by_role("option", name=re.compile("Fougères"))).to_be_visible()
    axe(page)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(commune).to_have_value("Fougères (35)")
    page.get_by_text("Dans un mois").click()
    page.get_by_text("Non", exact=True).click()
    continuer(page)
    expect(page.get_by_role("alert")).to_contain_text("au plus 30 postes")
    # Ce qui était juste est resté.
    expect(commune).to_have_value("Fougères (35)")
    page.get_by_label("Combien de postes").fill("3")
    continuer(page)


def motiver_et_s_engager(page: Page, axe: Callable[[Page], None]) -> None:
    titre_d_etape(page, "Votre motivation")
    motivation = page.get_by_label("Pourquoi demandez-vous ce poste")
    motivation.fill("Trop court")
    expect(page.get_by_text("Il reste 2 490 caractères.".replace(" 490", "\u202f490"))).to_be_visible()
    axe(page)
    motivation.fill("Les habitants du faubourg font leurs démarches à vingt kilomètres d'ici.")
    continuer(page)
    titre_d_etape(page, "Vos engagements")
    axe(page)
    continuer(page)
    expect(page.get_by_role("alert")).to_contain_text("6 réponses sont à revoir")
    cases = page.get_by_role("checkbox")
    for rang in range(cases.count()):
        cases.nth(rang).focus()
        page.keyboard.press("Space")
    continuer(page)


def relire_et_envoyer(page: Page, axe: Callable[[Page], None]) -> None:
    titre_d_etape(page, "Relire et envoyer")
    axe(page)
    page.get_by_role("link", name="Modifier : Le besoin").click()
    page.get_by_label("Combien de postes").fill("2")
    continuer(page)
    titre_d_etape(page, "Relire et envoyer")
    expect(page.get_by_text("Fougères (35)")).to_be_visible()
    page.get_by_role("button", name="Envoyer ma demande").click()
    expect(page.get_by_role("heading", name="Confirmez votre adresse")).to_be_visible()
    axe(page)


def confirmer(page: Page, axe: Callable[[Page], None]) -> None:
    lien = lien_recu("demandes/confirmation")
    page.goto(lien)
    axe(page)
    page.get_by_role("button", name="Confirmer ma demande").click()
    expect(page.get_by_role("heading", name="Votre demande est déposée")).to_be_visible()
    axe(page)
    page.goto(lien)
    expect(page.get_by_role("heading", name="Votre demande est déjà confirmée")).to_be_visible()
    axe(page)


def se_connecter(page: Page) -> None:
    page.get_by_role("main").get_by_role("link", name="Me connecter").click()
    page.get_by_label("Adresse électronique").fill(EMAIL)
    page.get_by_role("button", name="Recevoir un code").click()
    page.get_by_label("Code reçu par courriel").fill(code_recu(EMAIL))
    page.get_by_role("button", name="Me connecter").or_(page.get_by_role("button", name="Se connecter")).first.click()


@pytest.mark.usefixtures("bretagne")
def test_une_structure_demande_confirme_et_suit(page: Page, axe: Callable[[Page], None]) -> None:
    page.goto("/")
    page.get_by_role("link", name="Je demande un conseiller numérique").click()
    axe(page)
    page.get_by_role("link", name="Commencer", exact=True).click()
    axe(page)
    donner_la_structure(page, axe)
    donner_le_contact(page, axe)
    donner_le_besoin(page, axe)
    motiver_et_s_engager(page, axe)
    relire_et_envoyer(page, axe)
    assert Demande.objects.get().etat == Etat.A_CONFIRMER
    confirmer(page, axe)

    demande: Any = Demande.objects.select_related("structure").get()
    assert (demande.etat, demande.postes_demandes, demande.commune_id) == (Etat.DEPOSEE, 2, "35115")
    assert demande.structure.siret == "78990011500021"
    assert demande.contact_telephone == "+33 2 99 00 00 00"
    assert Courriel.objects.filter(destinataire="agent@ille-et-vilaine.gouv.fr").count() == 1
    assert not Entree.objects.filter(acteur__contains="@").exists()

    se_connecter(page)
    expect(page).to_have_url(re.compile(r"/espace/\d+/$"))
    role = re.search(r"/espace/(\d+)/", page.url).group(1)
    page.goto(f"/espace/{role}/demandes/")
    axe(page)
    page.get_by_role("link", name=demande.reference).first.click()
    expect(page.get_by_text("La préfecture donne son avis")).to_be_visible()
    axe(page)
    page.get_by_role("link", name="Corriger ma demande").click()
    axe(page)
    page.get_by_role("link", name="Annuler").click()
    page.get_by_role("link", name="Retirer ma demande").click()
    axe(page)


@pytest.mark.usefixtures("bretagne")
def test_les_chemins_de_traverse_du_formulaire(page: Page, axe: Callable[[Page], None]) -> None:
    """Registre en panne, structure déjà inscrite, finir plus tard, lien périmé : chaque page se lit."""
    StructureFactory(siret="78990011500021", commune_id="35238")
    page.goto("/demande/structure/")
    page.get_by_label("Numéro SIRET").fill("78990011500021")
    page.get_by_role("button", name="Chercher ma structure").click()
    expect(page.get_by_role("heading", name="Cette structure est déjà inscrite")).to_be_visible()
    axe(page)
    page.get_by_role("link", name="changer de numéro").click()
    page.get_by_label("Numéro SIRET").fill(SIRET_SANS_REPONSE)
    page.get_by_role("button", name="Chercher ma structure").click()
    expect(page.get_by_text("ne répond pas pour le moment")).to_be_visible()
    continuer(page)
    expect(page.get_by_role("alert").first).to_contain_text("réponses sont à revoir")
    axe(page)
    page.goto("/demande/etape/contact/")
    page.get_by_role("button", name="Finir plus tard").click()
    axe(page)
    page.get_by_label("Adresse électronique").fill(EMAIL)
    page.get_by_role("button", name="Recevoir le lien").click()
    expect(page.get_by_text("Vous avez une demande en cours")).to_be_visible()
    axe(page)
    page.goto(lien_recu("demandes/reprise"))
    expect(page.get_by_label("Nom officiel de la structure").or_(page.get_by_label("Numéro SIRET"))).to_be_visible()
    page.goto("/demande/confirmer/un-lien-qui-n-existe-pas/")
    expect(page.get_by_role("heading", name="Ce lien ne marche plus")).to_be_visible()
    axe(page)
