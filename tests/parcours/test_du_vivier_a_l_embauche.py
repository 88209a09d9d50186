"""Le parcours entier, dans un vrai navigateur : candidater, être proposé, se parler, offrir, accepter, signer.

Quatre personnes : la candidate sur son téléphone, la structure, deux autres candidats, et une structure qui n'a rien à
y voir.
"""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Page, expect

from conum.comptes.models import Role
from conum.courriels.models import Courriel
from conum.journal.models import Entree
from conum.recrutement.actions import passes
from conum.recrutement.models import Candidat, MiseEnRelation, PosteOuvert, Recrutement
from conum.recrutement.states import Etat, EtatCandidat, EtatRecrutement
from conum.socle.texte import normaliser
from conum.territoires.models import Commune
from tests.comptes.aides import code_recu
from tests.comptes.fabriques import connecter
from tests.recrutement.fabriques import CandidatFactory, commune, membre, recrutement
from tests.structures.fabriques import MembreFactory

pytestmark = pytest.mark.django_db(transaction=True)
ADRESSE = "ines.moreau@exemple.fr"


@pytest.fixture
def cherche() -> Recrutement:
    """Un poste à Reims, et deux autres candidats possibles."""
    reims = commune()
    Commune.objects.filter(pk=reims.pk).update(codes_postaux=["51100"])
    assert normaliser(reims.nom) == "reims"
    CandidatFactory(prenom="Karim", mobilite_km=40, experience=True)
    CandidatFactory(prenom="Lucie", mobilite_km=40)
    return recrutement(precisions="Permanences à la médiathèque.")


def _entrer(page: Page, role: Role) -> None:
    page.goto("/")
    session = connecter(Client(), role).cookies["sessionid"].value
    page.context.add_cookies([{"name": "sessionid", "value": session, "url": page.url}])


def _lien(code: str, a: str) -> str:
    texte = Courriel.objects.filter(code=code, destinataire=a).latest("pk").texte
    trouve = re.search(r"https?://[^/\s]+(/(?:proposition|candidature)/\S+)", texte)
    assert trouve, texte
    return trouve.group(1)


def _candidater(page: Page) -> None:
    page.goto("/candidature/")
    page.get_by_role("link", name="Commencer").click()
    # Une étape vide d'abord : la faute est dite à côté du champ.
    page.get_by_role("button", name="Continuer").click()
    expect(page.get_by_role("main")).to_contain_text("Cochez au moins une situation")
    page.get_by_text("Je cherche un emploi").click()
    page.get_by_role("radio", name="Oui", exact=True).check(force=True)
    page.get_by_role("button", name="Continuer").click()
    lieu = page.get_by_role("combobox", name="Dans quelle commune habitez-vous")
    lieu.press_sequentially("reim")
    expect(page.get_by_role("option").first).to_contain_text("Reims")
    lieu.press("ArrowDown")
    lieu.press("Enter")
    page.get_by_text("20 km", exact=True).click()
    page.get_by_role("button", name="Continuer").click()
    page.get_by_role("radio").first.check(force=True)
    page.get_by_role("button", name="Continuer").click()
    page.get_by_label("Prénom").fill("Inès")
    page.get_by_label("Nom", exact=True).fill("Moreau")
    page.get_by_label("Adresse électronique").fill(" Ines.Moreau@Exemple.fr")
    page.get_by_role("button", name="Continuer").click()
    page.get_by_label("Pourquoi voulez-vous devenir").fill("J’anime des ateliers dans mon quartier, je veux en vivre.")
    page.get_by_role("button", name="Continuer").click()


def _confirmer(page: Page, axe: Callable[[Page], None]) -> Candidat:
    axe(page)
    page.get_by_role("button", name="Envoyer ma candidature").click()
    expect(page.get_by_role("main")).to_contain_text(ADRESSE)
    lien = _lien("recrutement/candidature_confirmation", ADRESSE)
    page.goto(lien)
    assert Candidat.objects.get(email=ADRESSE).etat == EtatCandidat.A_CONFIRMER, "ouvrir le lien ne confirme rien"
    page.get_by_role("button", name="Confirmer ma candidature").click()
    axe(page)
    candidate = Candidat.objects.get(email=ADRESSE)
    assert candidate.etat == EtatCandidat.DISPONIBLE
    return candidate


def _se_connecter_par_code(page: Page) -> None:
    page.goto("/connexion/")
    page.get_by_label(re.compile("Adresse électronique")).fill(ADRESSE)
    page.get_by_role("button", name=re.compile("Recevoir|Continuer")).click()
    page.get_by_label(re.compile("Code")).fill(code_recu(ADRESSE))
    page.get_by_role("button", name=re.compile("connecte|Valider|Continuer", re.I)).click()


def _comparer_et_inviter(page: Page, role: Role, r: Recrutement, relation: MiseEnRelation, axe) -> None:  # type: ignore[no-untyped-def]
    _entrer(page, role)
    page.goto(f"/espace/{role.pk}/recrutements/{r.pk}/")
    axe(page)
    for case in page.get_by_role("checkbox", name=re.compile("^Comparer ")).all():
        case.check(force=True)
    page.get_by_role("button", name="Comparer les candidats cochés").click()
    expect(page.get_by_role("columnheader")).to_have_count(4)
    axe(page)
    assert "Moreau" in page.content(), "Inès a accepté d'être contactée : son nom se lit"
    page.goto(f"/espace/{role.pk}/mises-en-relation/{relation.pk}/")
    expect(page.get_by_role("main")).to_contain_text(ADRESSE)
    page.get_by_role("link", name="Fixer un entretien").click()
    page.get_by_label("Jour").fill((timezone.localdate() + timedelta(days=3)).isoformat())
    page.get_by_label("Heure").fill("14:30")
    page.get_by_text("Sur place").click()
    page.get_by_label("Adresse, lien de la visioconférence").fill("1 place de la Mairie, Reims")
    page.get_by_role("main").get_by_role("button").last.click()
    axe(page)


def _offrir(page: Page, role: Role, relation: MiseEnRelation) -> None:
    page.goto(f"/espace/{role.pk}/mises-en-relation/{relation.pk}/offre/")
    page.get_by_text("CDI", exact=True).click()
    page.get_by_label("Salaire brut mensuel").fill("1 950,50")
    page.get_by_label("Début du contrat").fill((timezone.localdate() + timedelta(days=40)).isoformat())
    page.get_by_label("Dernier jour pour répondre").fill((timezone.localdate() + timedelta(days=7)).isoformat())
    page.get_by_role("main").get_by_role("button").last.click()
    relation.refresh_from_db()
    assert (relation.etat, str(relation.offre_salaire)) == (Etat.OFFRE, "1950.50")


def test_du_vivier_a_l_embauche(
    ouvrir_page: Callable[..., Page], axe: Callable[[Page], None], cherche: Recrutement
) -> None:
    # Elle candidate, depuis un téléphone.
    telephone = ouvrir_page(375)
    _candidater(telephone)
    candidate = _confirmer(telephone, axe)

    # Un passage de l'appariement : trois candidats, trois propositions ; rejoué, il n'ajoute et n'envoie rien.
    passes.lancer()
    assert MiseEnRelation.objects.filter(recrutement=cherche, etat=Etat.PROPOSEE).count() == 3
    envoyes = Courriel.objects.count()
    passes.lancer()
    assert (MiseEnRelation.objects.count(), Courriel.objects.count()) == (3, envoyes)
    relation = MiseEnRelation.objects.get(candidat=candidate)

    # Avant son accord, la structure ne lit ni nom ni adresse ; le lien de l'une n'est pas celui de l'autre.
    structure = membre(cherche)
    bureau = ouvrir_page(1280)
    de_la_structure = _lien("recrutement/nouveaux_candidats", structure.utilisateur.email)
    bureau.goto(de_la_structure)
    axe(bureau)
    assert "Moreau" not in bureau.content()
    assert ADRESSE not in bureau.content()
    de_la_candidate = _lien("recrutement/nouvelles_propositions", ADRESSE)
    jeton = de_la_candidate.strip("/").split("/")[2]
    assert bureau.goto(f"/proposition/structure/{jeton}/").status == 404  # type: ignore[union-attr]
    jeton = de_la_structure.strip("/").split("/")[2]
    assert bureau.goto(f"/proposition/candidat/{jeton}/").status == 404  # type: ignore[union-attr]

    # Elle accepte d'être contactée, par son lien et son bouton.
    telephone.goto(de_la_candidate)
    axe(telephone)
    assert MiseEnRelation.objects.get(pk=relation.pk).etat == Etat.PROPOSEE, "ouvrir le lien n'accepte rien"
    telephone.get_by_role("button", name="Oui, la structure peut me contacter").click()
    axe(telephone)
    assert MiseEnRelation.objects.get(pk=relation.pk).etat == Etat.CONTACT_ACCEPTE

    _comparer_et_inviter(bureau, structure, cherche, relation, axe)
    assert "METHOD:REQUEST" in Courriel.objects.filter(code="recrutement/entretien").latest("pk").calendrier
    _offrir(bureau, structure, relation)

    # Une troisième structure ne trouve rien, nulle part.
    etrangere = MembreFactory().role
    ailleurs = ouvrir_page(1280)
    _entrer(ailleurs, etrangere)
    for chemin in (
        f"recrutements/{cherche.pk}/",
        f"mises-en-relation/{relation.pk}/",
        f"mises-en-relation/{relation.pk}/explication/",
        f"recrutements/{cherche.pk}/comparer/?m={relation.pk}",
    ):
        assert ailleurs.goto(f"/espace/{etrangere.pk}/{chemin}").status == 404, chemin  # type: ignore[union-attr]

    # Elle lit l'offre dans son espace et l'accepte ; les deux autres l'apprennent le jour même.
    _se_connecter_par_code(telephone)
    role = Candidat.objects.get(pk=candidate.pk).role
    assert role is not None
    telephone.goto(f"/espace/{role.pk}/propositions/")
    axe(telephone)
    telephone.goto(f"/espace/{role.pk}/propositions/{relation.pk}/")
    telephone.get_by_role("link", name="Accepter cette offre").click()
    axe(telephone)
    telephone.get_by_role("button", name="J’accepte cette offre").click()
    expect(telephone.get_by_role("main")).to_contain_text("Offre acceptée")
    autres = MiseEnRelation.objects.filter(recrutement=cherche).exclude(pk=relation.pk)
    assert {(a.etat, a.motif_fin) for a in autres} == {(Etat.SANS_OBJET, "poste_pourvu")}
    prevenus = set(Courriel.objects.filter(code="recrutement/relation_close").values_list("destinataire", flat=True))
    assert prevenus == {a.candidat.email for a in autres.select_related("candidat")}

    # La structure enregistre le contrat : le poste est pourvu.
    bureau.goto(f"/espace/{structure.pk}/mises-en-relation/{relation.pk}/")
    bureau.get_by_role("link", name="Enregistrer le contrat signé").click()
    bureau.get_by_label("Date de signature").fill(timezone.localdate().isoformat())
    bureau.get_by_role("main").get_by_role("button").last.click()
    axe(bureau)
    assert PosteOuvert.objects.get(recrutement=cherche).pourvu_par_id == relation.pk
    cherche.refresh_from_db()
    candidate.refresh_from_db()
    assert (cherche.etat, candidate.etat) == (EtatRecrutement.POURVU, EtatCandidat.RECRUTE)
    actes = list(Entree.objects.de_l_objet(relation).values_list("action", flat=True))
    pas = ["accepter_contact", "inviter", "offrir", "accepter_offre", "recruter"]
    assert [a for a in actes if a in pas] == pas
