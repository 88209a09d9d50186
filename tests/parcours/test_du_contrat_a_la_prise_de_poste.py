"""De la signature du contrat à la prise de poste, dans un vrai navigateur : chacun formé, et la preuve que tous lisent.

Cinq personnes : la conseillère sur son téléphone, son employeur, l'organisme qui la forme, le formateur sur la tablette
de la salle, un passant qui vérifie l'attestation. Une formation dure des mois : la session est à venir quand on
l'inscrit, puis le calendrier recule d'autant (`vieillir`) ; les premières demi-journées s'écrivent signées, les deux
dernières se signent à l'écran.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from urllib.parse import urlsplit

import pytest
from django.core.cache import cache
from django.db.models import F
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, expect

from conum.comptes.models import Role, TypeRole
from conum.courriels.models import Courriel
from conum.formations.actions.inscriptions import ouvrir_inscriptions
from conum.formations.models import Attestation, Emargement, Inscription, Place, PriseDePoste, Seance, SessionFormation
from conum.formations.models.presence import VoieSignature
from conum.formations.models.session import NatureSeance
from conum.formations.states import Etat
from conum.postes import actions as postes
from conum.postes.models import Contrat
from conum.territoires.models import Commune
from tests.formations import fabriques_base as formations
from tests.parcours.aides_argent import Axe, Regard, lire_pdf, telecharger
from tests.parcours.conftest import ORDINATEUR, TELEPHONE, ouvrir_session
from tests.postes import fabriques as contrats

pytestmark = pytest.mark.django_db(transaction=True)
COURS, STAGE = 50, 60
"""Demi-journées de 3 h 30 : 175 heures de cours, 210 de stage, le parcours de 2025."""
SEMAINE = timedelta(days=7)


@pytest.fixture(autouse=True)
def _limites_remises_a_zero(transactional_db: None) -> None:
    cache.clear()


@dataclass
class Recit:
    telephone: Page
    employeur: Page
    organisme: Page
    tablette: Page
    passant: Page
    voir: Regard
    contrat: Contrat
    anct: Role
    membre: Role
    agent: Role
    session: SessionFormation

    def page(self, page: Page, nom: str, role: Role, *arguments: object) -> None:
        page.goto(reverse(f"formations:{nom}", args=[role.pk, *arguments]))

    @property
    def inscription(self) -> Inscription:
        return Inscription.objects.get(contrat=self.contrat)

    @property
    def conseillere(self) -> Role:
        return Role.objects.get(utilisateur=self.contrat.personne, type=TypeRole.CONSEILLER)


@pytest.fixture
def recit(ouvrir_page: Callable[..., Page], axe: Axe) -> Recit:
    structure, (poste,) = contrats.structure_avec(1)
    Commune.objects.filter(pk=structure.commune_id).update(latitude=49.26, longitude=4.03)
    contrat = contrats.saisir(poste, debut=formations.jour(-160), type="cdi")
    contrat.personne.prenom, contrat.personne.nom = "Zoé", "Durand"
    contrat.personne.save()
    session = _session()
    recit = Recit(
        telephone=ouvrir_page(TELEPHONE),
        employeur=ouvrir_page(ORDINATEUR),
        organisme=ouvrir_page(ORDINATEUR),
        tablette=ouvrir_page(ORDINATEUR),
        passant=ouvrir_page(TELEPHONE),
        voir=Regard(axe),
        contrat=contrat,
        anct=contrats.anct(),
        membre=contrats.membre_de(structure),
        agent=formations.role_organisme(session.organisme),
        session=session,
    )
    ouvrir_session(recit.employeur, recit.membre)
    ouvrir_session(recit.organisme, recit.agent)
    return recit


def _session() -> SessionFormation:
    """Les cours puis le stage, deux demi-journées par jour, à partir de dans un mois."""
    session = formations.session(seances=COURS + STAGE, intitule="Médiation numérique, Reims")
    debut_du_stage = formations.jour(30) + timedelta(days=COURS // 2)
    Seance.objects.filter(session=session, jour__gte=debut_du_stage).update(nature=NatureSeance.STAGE)
    return session


def test_du_contrat_a_la_prise_de_poste(recit: Recit) -> None:
    valider_le_contrat(recit)
    refuser_la_prise_de_poste(recit, "inscrite à aucune session")
    passer_le_test_en_deux_fois(recit)
    retenir_le_parcours(recit)
    inscrire_et_convoquer(recit)
    suivre_jusqu_au_dernier_jour(recit)
    signer_les_deux_demi_journees(recit)
    refuser_la_prise_de_poste(recit, "L’attestation de fin de formation n’est pas délivrée")
    document = delivrer_l_attestation(recit)
    verifier_en_public(recit, document)
    prendre_le_poste(recit)


def valider_le_contrat(r: Recit) -> None:
    """L'agente de l'ANCT valide ; le travail de fond ouvre l'inscription, écrit à chacun."""
    r.contrat = postes.valider_contrat(r.contrat, par=r.anct)
    assert ouvrir_inscriptions(timezone.localdate()) == 1
    assert ouvrir_inscriptions(timezone.localdate()) == 0
    ouvrir_session(r.telephone, r.conseillere)
    assert Courriel.objects.filter(destinataire=r.contrat.personne.email, objet_id=str(r.inscription.pk)).exists()


def refuser_la_prise_de_poste(r: Recit, raison: str) -> None:
    r.page(r.employeur, "prise_de_poste", r.membre, r.contrat.pk)
    expect(r.employeur.get_by_role("main")).to_contain_text(raison)
    expect(r.employeur.get_by_role("button", name="Enregistrer la prise de poste")).to_have_count(0)
    r.voir(r.employeur, "prise-de-poste-refusee")
    assert not PriseDePoste.objects.exists()


def _repondre(page: Page, combien: int | None = None) -> None:
    """La dernière réponse de chaque question de l'étape, par son étiquette."""
    for question in page.get_by_role("radiogroup").all()[:combien]:
        question.locator("label").last.click()


def passer_le_test_en_deux_fois(r: Recit) -> None:
    """Au téléphone : trois étapes et demie, la page se ferme sans rien enregistrer, on reprend où l'on en était."""
    page = r.telephone
    page.goto(reverse("formations:ma_formation", args=[r.conseillere.pk]))
    r.voir(page, "ma-formation")
    page.get_by_role("link", name="Passer le test").click()
    page.get_by_role("button", name="Commencer le test").click()
    page.get_by_role("link", name="Répondre à la première question").or_(
        page.get_by_text("Étape 1 sur 8")
    ).first.wait_for()
    if page.get_by_role("link", name="Répondre à la première question").count():
        page.get_by_role("link", name="Répondre à la première question").click()
    for etape in (1, 2, 3):
        expect(page.get_by_text(f"Étape {etape} sur 8")).to_be_visible()
        _repondre(page)
        page.get_by_role("button", name="Enregistrer et continuer").click()
    expect(page.get_by_text("Étape 4 sur 8")).to_be_visible()
    with page.expect_response(re.compile("/reponse/")):
        _repondre(page, 1)
    expect(page.get_by_role("status")).to_contain_text("Enregistré")
    r.voir(page, "test-etape")
    repondues = len(r.inscription.positionnement.reponses)
    page.goto("about:blank")
    page.goto(reverse("formations:ma_formation", args=[r.conseillere.pk]))
    expect(page.get_by_role("main")).to_contain_text(f"{repondues} réponses sur 50")
    page.get_by_role("link", name="Reprendre le test").click()
    r.voir(page, "test-repris")
    page.get_by_role("link", name="Reprendre où j’en suis").click()
    for etape in (4, 5, 6, 7, 8):
        expect(page.get_by_text(f"Étape {etape} sur 8")).to_be_visible()
        _repondre(page)
        page.get_by_role("button", name="Enregistrer et continuer").click()
    page.get_by_role("button", name="Terminer le test").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Résultat")
    r.voir(page, "resultat")
    r.page(r.employeur, "resultat_positionnement", r.membre, r.inscription.pk)
    expect(r.employeur.get_by_role("main")).to_contain_text("Le test recommande")
    expect(r.employeur.get_by_role("main")).not_to_contain_text("Les réponses")
    r.voir(r.employeur, "resultat-employeur")


def retenir_le_parcours(r: Recit) -> None:
    page = r.organisme
    r.page(page, "inscriptions", r.agent)
    page.get_by_role("link", name=r.inscription.reference).click()
    r.voir(page, "personne-vue-par-l-organisme")
    page.get_by_role("link", name="Retenir un parcours").click()
    page.get_by_role("button", name="Retenir ce parcours").click()
    expect(page.get_by_text("Le parcours est retenu")).to_be_visible()
    assert r.inscription.etat == Etat.POSITIONNEE


def inscrire_et_convoquer(r: Recit) -> None:
    """L'employeur choisit la session ; la conseillère reçoit sa convocation et son calendrier."""
    page = r.employeur
    r.page(page, "inscription", r.membre, r.inscription.pk)
    page.get_by_role("link", name="Choisir une session").click()
    r.voir(page, "choisir-une-session")
    page.get_by_role("link", name=r.session.reference).click()
    page.get_by_role("button", name="Inscrire").click()
    expect(page.get_by_text("Convoquée", exact=True).first).to_be_visible()
    r.voir(page, "inscrite-et-convoquee")
    convocation = Courriel.objects.filter(destinataire=r.contrat.personne.email).latest("pk")
    assert "vous avez une place dans la session" in convocation.texte.lower()
    r.page(r.telephone, "inscription", r.conseillere, r.inscription.pk)
    agenda = r.telephone.get_by_role("link", name="Mettre dans un agenda")
    nom, contenu = telecharger(r.telephone, agenda.click)
    assert nom.endswith(".ics")
    assert contenu.count(b"BEGIN:VEVENT") == COURS + STAGE


def suivre_jusqu_au_dernier_jour(r: Recit) -> None:
    """Le temps passe : le dernier jour était hier. Tout est signé, sauf lui."""
    vieillir(r.session, r.session.seances.latest("jour").jour - formations.jour(-1))
    r.session.refresh_from_db()
    place, maintenant = Place.objects.get(session=r.session), timezone.now()
    Emargement.objects.bulk_create(
        Emargement(
            seance=seance, place=place, signe_apprenant_le=maintenant, apprenant_voie=VoieSignature.ESPACE,
            signe_formateur_le=maintenant, formateur_voie=VoieSignature.LIEN, formateur_nom=seance.formateur_nom,
        )
        for seance in r.session.seances.exclude(jour=r.session.fin)
    )  # fmt: skip
    Inscription.objects.filter(pk=r.inscription.pk).update(etat=Etat.EN_FORMATION)


def vieillir(session: SessionFormation, de: timedelta) -> None:
    jours: list[date] = sorted(set(session.seances.values_list("jour", flat=True)))
    for jour in jours:
        Seance.objects.filter(session=session, jour=jour).update(jour=jour - de)
    SessionFormation.objects.filter(pk=session.pk).update(debut=F("debut") - de, fin=F("fin") - de)


def signer_les_deux_demi_journees(r: Recit) -> None:
    page = r.telephone
    r.page(page, "demi_journees", r.conseillere, r.inscription.pk)
    r.voir(page, "demi-journees-a-signer")
    for reste in (2, 1):
        boutons = page.get_by_role("button", name="J’étais là, je signe")
        expect(boutons).to_have_count(reste)
        boutons.first.click()
    expect(page.get_by_role("button", name="J’étais là, je signe")).to_have_count(0)
    _signer_en_formateur(r)
    assert Emargement.objects.faits().filter(seance__session=r.session).count() == COURS + STAGE


def _signer_en_formateur(r: Recit) -> None:
    """L'organisme envoie son lien au formateur, qui signe sans compte."""
    derniere = r.session.seances.order_by("-jour", "-debut").first()
    assert derniere is not None
    r.page(r.organisme, "tenir_seance", r.agent, derniere.pk)
    r.voir(r.organisme, "seance-vue-par-l-organisme")
    r.organisme.get_by_role("button", name="Envoyer les liens").click()
    expect(r.organisme.get_by_role("alert").or_(r.organisme.locator(".fr-alert")).first).to_be_visible()
    texte = Courriel.objects.filter(destinataire=derniere.formateur_email).latest("pk").texte
    lien = re.search(r"https?://\S+/formations/seances/\S+", texte)
    assert lien is not None
    page = r.tablette
    for rang in range(2):
        page.goto(urlsplit(lien.group()).path)
        if not rang:
            r.voir(page, "lien-du-formateur")
        page.get_by_role("link", name="Ouvrir").nth(rang).click()
        page.get_by_label("Zoé Durand").select_option(label="Présent")
        if not rang:
            r.voir(page, "formateur-signe")
        page.get_by_role("button", name="Signer la demi-journée").click()
        expect(page.get_by_text("Chacun est dit présent ou absent")).to_be_visible()


def delivrer_l_attestation(r: Recit) -> bytes:
    page = r.organisme
    r.page(page, "inscription", r.agent, r.inscription.pk)
    page.get_by_role("button", name="Délivrer l’attestation").click()
    expect(page.get_by_role("link", name="Télécharger l’attestation")).to_be_visible()
    r.voir(page, "attestation-delivree")
    r.page(r.telephone, "inscription", r.conseillere, r.inscription.pk)
    lien = r.telephone.get_by_role("link", name="Télécharger l’attestation")
    nom, contenu = telecharger(r.telephone, lien.click)
    assert nom.endswith(".pdf")
    lu = lire_pdf(contenu)
    assert (lu.balise, lu.langue[:2]) == (True, "fr")
    return contenu


def verifier_en_public(r: Recit, document: bytes) -> None:
    """Le passant écrit le code, compare le fichier, ne lit pas le nom entier."""
    attestation, page = Attestation.objects.get(), r.passant
    page.goto(reverse("conventions:verifier"))
    page.get_by_label("Code de vérification").fill(attestation.code_lisible)
    page.get_by_role("button", name="Vérifier").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Attestation de fin de formation")
    expect(page.get_by_role("main")).to_contain_text("385 h")
    expect(page.get_by_role("main")).not_to_contain_text("Durand")
    page.locator("input[type=file]").set_input_files(
        {"name": "attestation.pdf", "mimeType": "application/pdf", "buffer": document}
    )
    page.get_by_role("button", name="Comparer", exact=True).click()
    expect(page.get_by_text("Fichier identique")).to_be_visible()
    r.voir(page, "attestation-verifiee")


def prendre_le_poste(r: Recit) -> None:
    r.page(r.employeur, "prise_de_poste", r.membre, r.contrat.pk)
    expect(r.employeur.get_by_role("main")).to_contain_text("La prise de poste est permise")
    r.employeur.get_by_label("Date de la prise de poste").fill(timezone.localdate().isoformat())
    r.employeur.get_by_role("button", name="Enregistrer la prise de poste").click()
    expect(r.employeur.get_by_role("main")).to_contain_text("Poste pris le")
    r.voir(r.employeur, "poste-pris")
    assert PriseDePoste.objects.get().le == timezone.localdate()
