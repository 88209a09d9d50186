"""Le parcours entier dans un vrai navigateur : demande, avis, comité, décision lue, procès-verbal, journal."""

import io
import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Page, expect
from pypdf import PdfReader

from conum.comptes.models import Role
from conum.courriels.models import Courriel
from conum.demandes.models import Demande, Enveloppe
from conum.demandes.rules import ENGAGEMENTS_CONSEILLER
from conum.demandes.states import Etat
from conum.journal.models import Entree
from conum.postes.models import Poste
from conum.socle.texte import normaliser
from conum.structures.models import Structure
from conum.territoires.models import Departement
from tests.comptes.aides import code_recu
from tests.comptes.fabriques import DepartementFactory, RoleFactory, connecter
from tests.structures.fabriques import CommuneFactory

pytestmark = pytest.mark.django_db(transaction=True)
ADRESSE = "lina.haddad@exemple.fr"
MOTIVATION = "Nos accueils débordent : mille personnes n'ont fait aucune démarche en ligne cette année."


@pytest.fixture
def haute_garonne():
    departement = DepartementFactory(code="31", nom="Haute-Garonne")
    CommuneFactory(
        code="31555",
        nom="Toulouse",
        nom_recherche=normaliser("Toulouse"),
        departement=departement,
        codes_postaux=["31000"],
    )
    for territoire in (None, departement):
        Enveloppe.objects.create(annee=timezone.localdate().year, departement=territoire, postes=10)
    return departement


def _entrer(page: Page, role: Role) -> None:
    """Ouvre la session de l'agent, second facteur compris (la connexion a ses propres parcours)."""
    session = connecter(Client(), role).cookies["sessionid"].value
    page.context.add_cookies([{"name": "sessionid", "value": session, "url": page.url}])


def _dernier_lien(code: str) -> str:
    trouve = re.search(r"https?://[^/\s]+(/\S+)", Courriel.objects.filter(code=code).latest("pk").texte)
    assert trouve
    return trouve.group(1)


def _remplir(page: Page) -> None:
    page.goto("/demande/")
    page.get_by_role("link", name="Commencer").click()
    # Une faute d'abord : elle est dite à côté du champ, et ce qui est tapé reste.
    page.get_by_label("Numéro SIRET").fill("21310555400018")
    page.get_by_role("button", name="Chercher ma structure").click()
    expect(page.get_by_label("Numéro SIRET")).to_have_value("21310555400018")
    expect(page.get_by_label("Numéro SIRET")).to_have_attribute("aria-invalid", "true")
    page.get_by_label("Numéro SIRET").fill("213 105 554 00017")
    page.get_by_role("button", name="Chercher ma structure").click()
    page.get_by_text("C’est bien ma structure").click()
    page.get_by_role("button", name="Continuer").click()
    page.get_by_label("Prénom").fill("Lina")
    page.get_by_label("Nom", exact=True).fill("Haddad")
    page.get_by_label("Fonction").fill("Directrice")
    page.get_by_label("Adresse électronique").fill("Lina.Haddad@Exemple.fr ")
    page.get_by_role("button", name="Continuer").click()
    page.get_by_text("Un ou plusieurs conseillers numériques").click()
    page.get_by_label("Combien de postes").fill("3")
    commune = page.get_by_role("combobox", name="Commune d’exercice")
    commune.press_sequentially("toulou")
    expect(page.get_by_role("option").first).to_contain_text("Toulouse")
    commune.press("ArrowDown")
    commune.press("Enter")
    page.get_by_text("Dans un mois").click()
    page.get_by_role("radio", name="Non", exact=True).check(force=True)
    page.get_by_role("button", name="Continuer").click()
    page.get_by_label("Pourquoi demandez-vous").fill(MOTIVATION)
    page.get_by_role("button", name="Continuer").click()
    for phrase in ENGAGEMENTS_CONSEILLER.values():
        page.get_by_text(phrase).click()
    page.get_by_role("button", name="Continuer").click()


def _rendre_l_avis(agent: Page, prefecture: Role, demande: Demande, axe: Callable[[Page], None]) -> None:
    agent.goto("/")
    _entrer(agent, prefecture)
    agent.goto(f"/espace/{prefecture.pk}/instruction/")
    axe(agent)
    agent.get_by_role("link", name=demande.reference).click()
    agent.get_by_text("Favorable", exact=True).click()
    agent.get_by_label("Motif").fill("Besoin réel : aucun conseiller dans ces quartiers.")
    agent.get_by_role("button", name="Rendre l’avis").click()
    expect(agent.get_by_role("main")).to_contain_text("aucun conseiller dans ces quartiers")
    axe(agent)


def _tenir_le_comite(comite: Page, anct: Role, demande: Demande, axe: Callable[[Page], None]) -> None:
    """Une session du jour, la demande inscrite, deux postes accordés sur trois."""
    comite.goto("/")
    _entrer(comite, anct)
    comite.goto(f"/espace/{anct.pk}/comite/")
    comite.get_by_label("Numéro").fill("66")
    comite.get_by_label("Date de la session").fill(timezone.localdate().isoformat())
    comite.get_by_role("button", name="Créer").click()
    comite.get_by_role("link", name="Compléter l’ordre du jour").click()
    comite.get_by_text(demande.reference).first.click()
    comite.get_by_role("button", name="Inscrire les demandes cochées").click()
    comite.get_by_label("Décision", exact=True).select_option(label="Attribuer")
    comite.get_by_label("Postes accordés").fill("2")
    axe(comite)
    comite.get_by_role("button", name="Enregistrer les décisions").click()


def _clore_et_lire_le_proces_verbal(comite: Page) -> tuple[PdfReader, str]:
    comite.get_by_role("link", name="Clore la session").click()
    comite.get_by_role("button", name="Clore la session").click()
    with comite.expect_download() as telechargement:
        comite.get_by_role("link", name="Procès-verbal (PDF)").click()
    pdf = PdfReader(io.BytesIO(telechargement.value.path().read_bytes()))
    return pdf, " ".join(feuille.extract_text() for feuille in pdf.pages)


def _se_connecter_par_code(page: Page) -> None:
    page.goto("/connexion/")
    page.get_by_label(re.compile("Adresse électronique")).fill(ADRESSE)
    page.get_by_role("button", name=re.compile("Recevoir|Continuer")).click()
    page.get_by_label(re.compile("Code")).fill(code_recu(ADRESSE))
    page.get_by_role("button", name=re.compile("connecte|Valider|Continuer", re.I)).click()


def test_une_structure_demande_et_lit_la_decision(
    ouvrir_page: Callable[..., Page], axe: Callable[[Page], None], haute_garonne: Departement
) -> None:
    prefecture, anct = RoleFactory(prefecture=True, departement=haute_garonne), RoleFactory(anct=True)
    # La structure dépose, depuis un téléphone.
    page = ouvrir_page(375)
    _remplir(page)
    axe(page)
    page.get_by_role("button", name="Envoyer ma demande").click()
    expect(page.get_by_role("main")).to_contain_text(ADRESSE)
    assert Demande.objects.get().etat == Etat.A_CONFIRMER
    assert not Structure.objects.exists()
    page.goto(_dernier_lien("demandes/confirmation"))
    assert Demande.objects.get().etat == Etat.A_CONFIRMER, "ouvrir le lien ne confirme rien"
    page.get_by_role("button", name="Confirmer ma demande").click()
    axe(page)
    demande = Demande.objects.get()
    assert (demande.etat, demande.postes_demandes, demande.departement_id) == (Etat.DEPOSEE, 3, "31")

    _rendre_l_avis(ouvrir_page(1280), prefecture, demande, axe)
    comite = ouvrir_page(1280)
    _tenir_le_comite(comite, anct, demande, axe)
    demande.refresh_from_db()
    assert demande.etat == Etat.ATTRIBUEE
    assert Poste.objects.rattaches_a(demande.structure, timezone.localdate() + timedelta(days=60)).count() == 2
    pdf, texte = _clore_et_lire_le_proces_verbal(comite)
    assert "/StructTreeRoot" in pdf.trailer["/Root"]
    assert demande.reference in texte
    assert "66" in texte

    _se_connecter_par_code(page)
    membre = demande.structure.membres.get().role
    page.goto(f"/espace/{membre.pk}/demandes/{demande.pk}/suivi/")
    expect(page.get_by_role("main")).to_contain_text("2 postes")
    axe(page)

    # Le journal a chaque pas, dans l'ordre ; chacun a été prévenu.
    actions = list(Entree.objects.de_l_objet(demande).values_list("action", flat=True))
    pas = ["soumettre", "confirmer", "donner_avis", "attribuer"]
    assert [a for a in actions if a in pas] == pas
    assert {c.code for c in Courriel.objects.all()} >= {
        "demandes/demande_deposee",
        "demandes/nouvelle_demande",
        "demandes/avis_rendu",
        "demandes/attribution",
    }
