"""Une convention, de ses pièces à ses deux signatures, dans un vrai navigateur : au clavier, sur téléphone et écran."""

import re
from pathlib import Path

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from conum.comptes.models import Role
from conum.conventions.models import Acte, Signature, TypePiece, Voie
from conum.conventions.states import Etat
from tests.comptes.aides import code_d_application
from tests.comptes.fabriques import donner_application
from tests.conventions import fabriques as f
from tests.parcours.conftest import LARGEURS, elargir, ouvrir_session
from tests.postes import fabriques as postes

pytestmark = pytest.mark.django_db(transaction=True)


def lien(nom: str, role: Role, *arguments: int) -> str:
    return reverse(f"conventions:{nom}", args=[role.pk, *arguments])


@pytest.fixture
def page(ouvrir_page) -> Page:
    return ouvrir_page(1280)


@pytest.fixture
def examiner(page: Page, axe):
    """La page telle qu'elle est, sur un téléphone puis sur un écran."""

    def faire() -> None:
        for largeur in LARGEURS:
            elargir(page, largeur)
            axe(page)

    return faire


def test_deposer_et_examiner_une_piece(page: Page, examiner, tmp_path: Path) -> None:
    convention = f.brouillon(2)
    membre, agent = postes.membre_de(convention.structure), postes.anct()
    identite = convention.pieces.get(type=TypePiece.IDENTITE)
    scan = tmp_path / "carte.pdf"
    scan.write_bytes(postes.pdf().read())

    # La structure dépose, l'ANCT refuse, la structure recommence, l'ANCT valide.
    ouvrir_session(page, membre)
    page.goto(lien("convention", membre, convention.pk))
    page.get_by_role("link", name=identite.get_type_display()).click()
    examiner()
    page.get_by_role("button", name="Déposer ce fichier").click()
    expect(page.get_by_text("Choisissez un fichier.").first).to_be_visible()
    examiner()
    page.get_by_label("Fichier").set_input_files(scan)
    page.get_by_role("button", name="Déposer ce fichier").click()
    expect(page.get_by_text("Le fichier est déposé.")).to_be_visible()

    ouvrir_session(page, agent)
    page.goto(lien("pieces", agent))
    examiner()
    page.get_by_role("link", name=identite.get_type_display()).first.click()
    examiner()
    page.get_by_role("link", name="Refuser la pièce").click()
    page.get_by_label("Ce qui ne va pas").fill("La photo est floue : photographiez la carte à la lumière du jour.")
    examiner()
    page.get_by_role("button", name="Refuser la pièce").click()
    page.wait_for_url(re.compile(lien("convention", agent, convention.pk)))
    page.get_by_role("link", name="Demander une pièce de plus").click()
    examiner()
    ouvrir_session(page, membre)
    page.goto(lien("piece", membre, identite.pk))
    expect(page.get_by_text("La photo est floue")).to_be_visible()
    examiner()


def test_signer_dans_l_outil_au_clavier(page: Page, examiner) -> None:
    convention = f.proposee(2)
    acte = Acte.objects.get(convention=convention)
    membre, agent = postes.membre_de(convention.structure), postes.anct()
    secret = donner_application(membre.utilisateur)
    ouvrir_session(page, membre)
    page.goto(lien("convention", membre, convention.pk))
    page.get_by_role("link", name="Lire et signer").click()
    examiner()
    with page.expect_download() as recu:
        page.get_by_role("link", name=re.compile("CV-")).filter(has_text="PDF").click()
    assert recu.value.suggested_filename == f"{acte.reference}.pdf"

    # Tout au clavier : qualité, case, bouton ; puis le second facteur, qui ramène ici sans rien perdre.
    page.get_by_label("Votre qualité").focus()
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type("Maire de la commune")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("second-facteur/verifier"))
    examiner()
    page.get_by_label("Code de l'application").focus()
    page.keyboard.type(code_d_application(secret))
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/signer/"))
    expect(page.get_by_label("Votre qualité")).to_have_value("Maire de la commune")
    expect(page.get_by_label("J’ai lu")).to_be_checked()
    examiner()
    page.get_by_role("button", name="Signer", exact=True).press("Enter")
    expect(page.get_by_text("Signé pour la structure.")).to_be_visible()
    examiner()

    ouvrir_session(page, agent)
    page.goto(lien("signer", agent, convention.pk, 0))
    page.get_by_label("Votre qualité").fill("Cheffe de bureau")
    page.get_by_text("J’ai lu le document").click()
    examiner()
    page.get_by_role("button", name="Signer", exact=True).click()
    expect(page.get_by_text("Signé pour l’État.")).to_be_visible()
    examiner()
    convention.refresh_from_db()
    assert convention.etat == Etat.ACTIVE


def test_signer_sur_papier(page: Page, examiner, tmp_path: Path) -> None:
    convention = f.proposee()
    acte = Acte.objects.get(convention=convention)
    membre, agent = postes.membre_de(convention.structure), postes.anct()
    scan = tmp_path / "convention-signee.pdf"
    scan.write_bytes(postes.pdf().read())
    ouvrir_session(page, membre)
    page.goto(lien("signer", membre, convention.pk, 0))
    page.get_by_role("link", name="Signer sur papier").click()
    examiner()
    page.get_by_label("Fichier").set_input_files(scan)
    page.get_by_role("button", name="Déposer l’exemplaire").click()
    expect(page.get_by_text("L’ANCT le compare au document.")).to_be_visible()
    examiner()

    ouvrir_session(page, agent)
    page.goto(lien("pieces", agent))
    page.get_by_role("link", name="Exemplaire papier signé").first.click()
    examiner()
    page.get_by_role("button", name="Valider la signature").click()
    expect(page.get_by_text("Recopiez le code imprimé au bas des pages.").first).to_be_visible()
    examiner()
    page.get_by_label("Code de vérification").fill(acte.code_lisible)
    page.get_by_label("Prénom et nom").fill("Zoé Durand")
    page.get_by_label("Qualité du signataire").fill("présidente")
    page.get_by_label("Date écrite").fill(f"{postes.jour():%Y-%m-%d}")
    page.get_by_role("button", name="Valider la signature").click()
    expect(page.get_by_text("L’exemplaire vaut signature de la structure.")).to_be_visible()
    examiner()
    assert Signature.objects.get().voie == Voie.PAPIER
