"""Les documents : produits, balisés, figés, et leurs modèles avec eux."""

import hashlib
import shutil
from datetime import date
from io import BytesIO
from itertools import pairwise

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from pypdf import PdfReader

from conum.conventions import actions
from conum.conventions.actions import documents
from conum.conventions.actions.contenu import contenu_de
from conum.conventions.models import Etape, LigneActe
from conum.conventions.rules import documents as modeles
from conum.conventions.states import Etat
from conum.courriels.models import Courriel
from conum.journal.models import Entree
from conum.journal.workflow import TransitionImpossible
from tests.conventions import fabriques as f
from tests.postes import fabriques as p

pytestmark = pytest.mark.django_db

# Un modèle publié ne change plus : un nouveau texte est une nouvelle version, et une ligne de plus ici.
PUBLIES = {
    "2026-01/avenant.typ": "ad966417b79ba1048369d588e7d73cdda8961831b685a4d88a4b43b6c47f3626",
    "2026-01/commun.typ": "57d55c87d9ccbce494911799c6a01605f1cd318f719c230eed1c42d3a797f60a",
    "2026-01/convention.typ": "ec9671944bc60abf1b6795020f9353b8e0eadd7e69ef714a2b8dab438a1d19eb",
}


@pytest.fixture(autouse=True)
def _depot(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def figee():
    """Une convention de deux postes au renouvellement, l'un en zone prioritaire et vacant dix jours."""
    structure, postes = f.structure_et_postes(2, denomination="Communauté de communes des Trois Sources")
    p.en_poste(postes[0], debut=f.DEBUT, fin=date(2027, 3, 31))
    p.en_poste(postes[0], debut=date(2027, 4, 11), fin=date(2027, 12, 31))
    convention = f.preparer(structure, postes, phase="v2", zones=[postes[0].pk])
    f.valider_pieces(convention)
    return actions.proposer_convention(convention, par=p.anct()).actes.get()


# --- Proposer, retirer, annuler -------------------------------------------------------------------------------------


def test_proposer_fige_le_document_et_previent_la_structure():
    convention = f.brouillon(2)
    membre = p.membre_de(convention.structure)
    f.valider_pieces(convention)
    convention = actions.proposer_convention(convention, par=p.anct())
    acte = convention.actes.get()
    assert (convention.etat, acte.etape) == (Etat.A_SIGNER_STRUCTURE, Etape.A_SIGNER_STRUCTURE)
    contenu = acte.document.open().read()
    assert hashlib.sha256(contenu).hexdigest() == acte.sha256
    assert (acte.modele_code, acte.modele_empreinte) == (modeles.CODE_COURANT, modeles.courant().empreinte)
    courriel = Courriel.objects.get(destinataire=membre.utilisateur.email)
    assert convention.reference in courriel.sujet
    assert Entree.objects.get(action="proposer_convention").donnees["sha256"] == acte.sha256


def test_une_piece_a_valider_arrete_la_proposition():
    convention = f.brouillon()
    with pytest.raises(TransitionImpossible, match="Relevé d'identité bancaire"):
        actions.proposer_convention(convention, par=p.anct())
    convention.refresh_from_db()
    assert (convention.etat, convention.actes.get().sha256) == (Etat.BROUILLON, "")


def test_un_contrat_change_depuis_le_calcul_oblige_a_recalculer():
    structure, (poste,) = f.structure_et_postes()
    convention = f.preparer(structure, [poste])
    f.valider_pieces(convention)
    # Le poste était supposé pourvu dès le premier jour : il ne l'est qu'en mars.
    p.en_poste(poste, debut=date(2027, 3, 1), fin=date(2028, 2, 29))
    with pytest.raises(TransitionImpossible, match="Les contrats ont changé"):
        actions.proposer_convention(convention, par=p.anct())
    actions.corriger_convention(convention, postes=[poste], debut=f.DEBUT, fin=f.FIN, par=p.anct())
    convention.refresh_from_db()
    actions.proposer_convention(convention, par=p.anct())
    assert convention.actes.get().total < 50_000


def test_la_structure_ne_propose_pas():
    convention = f.brouillon()
    with pytest.raises(PermissionDenied):
        actions.proposer_convention(convention, par=p.membre_de(convention.structure))


def test_retirer_rend_un_brouillon_neuf_et_ne_compte_rien_deux_fois():
    convention = f.proposee(2)
    ancien = convention.actes.get()
    actions.retirer_document(convention, motif="La date de début était fausse.", par=p.anct())
    ancien.refresh_from_db()
    neuf = convention.actes.get(retire_le=None)
    assert (ancien.etape, neuf.etape, neuf.code != ancien.code) == (Etape.RETIRE, Etape.BROUILLON, True)
    assert sum(x.montant for x in LigneActe.objects.all()) == neuf.total == ancien.total
    convention.refresh_from_db()
    postes = [x.poste for x in convention.postes.select_related("poste").order_by("pk")]
    actions.corriger_convention(convention, postes=postes[:1], debut=f.DEBUT, fin=f.FIN, par=p.anct())
    assert convention.postes.count() == 1


def test_annuler_libere_les_postes():
    structure, postes = f.structure_et_postes()
    convention = f.preparer(structure, postes)
    with pytest.raises(ValidationError, match="motif"):
        actions.annuler_convention(convention, motif="  ", par=p.anct())
    actions.annuler_convention(convention, motif="Poste rendu.", par=p.anct())
    convention.refresh_from_db()
    assert (convention.etat, convention.postes.get().retenu) == (Etat.ANNULEE, False)
    assert not LigneActe.objects.exists()
    assert f.preparer(structure, postes).pk != convention.pk
    with pytest.raises(TransitionImpossible):
        actions.annuler_convention(convention, motif="Encore.", par=p.anct())


# --- Le PDF ---------------------------------------------------------------------------------------------------------


def test_le_document_se_refait_octet_pour_octet(figee):
    assert documents.produire(figee) == figee.document.open().read()


def test_le_pdf_est_balise_en_francais_avec_ses_polices(figee):
    lu = PdfReader(BytesIO(figee.document.open().read()))
    racine = lu.trailer["/Root"]
    assert bool(racine["/MarkInfo"]["/Marked"])
    assert racine["/Lang"].startswith("fr")
    assert "/StructTreeRoot" in racine
    assert racine["/ViewerPreferences"]["/DisplayDocTitle"]
    assert figee.convention.reference in lu.metadata.title
    for page in lu.pages:
        for police in page["/Resources"]["/Font"].values():
            descripteur = police.get_object()["/DescendantFonts"][0].get_object()["/FontDescriptor"]
            assert {"/FontFile2", "/FontFile3"} & set(descripteur)


def _balises(noeud, trouvees):
    """Les balises dans l'ordre de lecture, avec leur texte de remplacement."""
    noeud = noeud.get_object() if hasattr(noeud, "get_object") else noeud
    if isinstance(noeud, list):
        for enfant in noeud:
            _balises(enfant, trouvees)
    elif isinstance(noeud, dict):
        if "/S" in noeud:
            trouvees.append((str(noeud["/S"]), str(noeud.get("/Alt", ""))))
        if "/K" in noeud:
            _balises(noeud["/K"], trouvees)
    return trouvees


def test_les_titres_les_entetes_et_le_code_qr_sont_dans_l_arbre(figee):
    lu = PdfReader(BytesIO(figee.document.open().read()))
    balises = _balises(lu.trailer["/Root"]["/StructTreeRoot"], [])
    noms = [nom for nom, _ in balises]
    assert noms.count("/H1") == 1
    niveaux = [int(nom[2:]) for nom in noms if nom in ("/H1", "/H2", "/H3")]
    assert niveaux[0] == 1
    assert all(apres - avant <= 1 for avant, apres in pairwise(niveaux))
    assert noms.count("/Table") == 5
    assert noms.count("/TH") >= 4 + 5 + 2 + 2 + 2
    (alternative,) = [alt for nom, alt in balises if nom == "/Figure"]
    assert "Code QR" in alternative
    assert figee.code in alternative


def test_le_texte_se_lit_dans_l_ordre(figee):
    lu = PdfReader(BytesIO(figee.document.open().read()))
    texte = " ".join(" ".join(page.extract_text() for page in lu.pages).split())
    texte = texte.replace("\u202f", " ").replace("\xa0", " ")
    reperes = [
        "Convention de subvention", "Entre les parties", "Communauté de communes des Trois Sources", "Article 1. Objet",
        "Article 2. Durée", "prend effet le 1er janvier 2027", "au plus 36 mois", "Article 3. Montant",
        "Jours vacants", "Article 5. Versements", "Article 6. Engagements de la structure",
        "dans les quinze jours suivants", "Article 8. Justificatifs d’emploi et reversement", "Article 10. Résiliation",
        "Article 11. Données personnelles", "Signatures", "Pour la structure", "Vérifier ce document",
        figee.code_lisible, "Annexe. Comment l’aide est calculée", "v2-2023-01", "355 jours financés",
    ]  # fmt: skip
    places = []
    for repere in reperes:
        place = texte.find(repere, places[-1] if places else 0)
        assert place >= 0, f"« {repere} » n'est pas à sa place"
        places.append(place)
    assert "Projet" not in texte


def test_le_projet_se_dit_projet_et_n_a_pas_de_code():
    acte = f.brouillon().actes.get()
    texte = "".join(page.extract_text() for page in PdfReader(BytesIO(documents.apercu(acte))).pages)
    assert "Projet, sans valeur" in texte
    assert acte.code_lisible not in texte
    acte.refresh_from_db()
    assert acte.sha256 == ""


def test_le_document_ne_porte_le_nom_d_aucune_personne(figee):
    contrat = figee.convention.postes.order_by("pk").first().poste.contrats.order_by("pk").first()
    texte = "".join(page.extract_text() for page in PdfReader(figee.document.open()).pages)
    assert contrat.personne.nom not in texte
    assert str(contrat.salaire) not in texte


def test_un_acte_fige_ne_se_refige_pas(figee):
    with pytest.raises(TransitionImpossible, match="déjà à la signature"):
        documents.figer(figee)


def test_le_total_imprime_est_celui_des_lignes(figee):
    contenu = contenu_de(figee, date(2027, 1, 1))
    assert sum(x.montant for x in figee.lignes.all()) == figee.total
    assert contenu["total"] == figee.donnees["document"]["total"]
    # La part de chaque versement daté, tous postes ensemble.
    assert [x["date"] for x in contenu["versements"]["lignes"]] == [
        "1er janvier 2027", "1er janvier 2028", "1er janvier 2029"
    ]  # fmt: skip


# --- Les modèles ----------------------------------------------------------------------------------------------------


def test_les_modeles_publies_n_ont_pas_change():
    assert modeles.lire_empreintes() == PUBLIES
    for code in {chemin.split("/")[0] for chemin in PUBLIES}:
        assert modeles.charger(code).code == code


def test_un_modele_change_ne_se_charge_pas(tmp_path):
    copie = tmp_path / "modeles"
    shutil.copytree(modeles.MODELES, copie)
    gabarit = copie / modeles.CODE_COURANT / "convention.typ"
    gabarit.write_text(gabarit.read_text() + "\n")
    with pytest.raises(modeles.ModeleInvalide, match="a changé après sa publication"):
        modeles.charger(modeles.CODE_COURANT, copie)
    gabarit.unlink()
    with pytest.raises(modeles.ModeleInvalide):
        modeles.charger(modeles.CODE_COURANT, copie)
    with pytest.raises(modeles.ModeleInvalide):
        modeles.modele(modeles.CODE_COURANT, "0" * 64)
