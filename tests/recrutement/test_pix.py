"""Le résultat Pix : déclaré, partagé ou non, importé par l'ANCT avec un compte rendu ligne à ligne."""

from datetime import date, timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from conum.journal.models import Entree
from conum.journal.workflow import TransitionImpossible
from conum.recrutement.actions import pix as actes
from conum.recrutement.actions.pix import Resultat
from conum.recrutement.models import Candidat
from conum.recrutement.states import EtatCandidat
from conum.socle.tableaux import TableauIllisible
from tests.aides import ensemble
from tests.comptes.fabriques import RoleFactory
from tests.recrutement.aides_candidature import envoyee
from tests.recrutement.fabriques import CandidatFactory

pytestmark = pytest.mark.django_db
TITRES = "email;palier;competence_1;competence_2;competence_3;date"
HIER = timezone.localdate() - timedelta(days=1)


def csv(*lignes: str, titres: str = TITRES) -> bytes:
    return "\n".join([titres, *lignes, ""]).encode()


@pytest.fixture
def anct(client, se_connecter):
    role = RoleFactory(anct=True)
    se_connecter(client, role)
    return role


def deposer(client, role, contenu: bytes, **options):
    fichier = SimpleUploadedFile("pix.csv", contenu, content_type="text/csv")
    return client.post(reverse("recrutement:importer_pix", args=[role.pk]), {"fichier": fichier}, **options)


# --- Déclarer, partager ---


def test_declarer_ne_montre_rien_tant_qu_on_ne_l_a_pas_dit(client, se_connecter) -> None:
    candidat = CandidatFactory()
    se_connecter(client, candidat.role)
    page = reverse("recrutement:pix", args=[candidat.role_id])
    reponse = client.post(page, {"palier": "2", "competences": ["1", "3"], "le": HIER.isoformat()}, follow=True)
    assert "vous êtes seul à le voir" in reponse.content.decode()
    candidat.refresh_from_db()
    assert (candidat.pix_palier, candidat.pix_competences, candidat.pix_le) == (2, [1, 3], HIER)
    assert (candidat.pix_origine, candidat.pix_partage) == ("declaration", False)
    partage = reverse("recrutement:partager_pix", args=[candidat.role_id])
    for choix, attendu in (("oui", True), ("oui", True), ("non", False), ("invente", False)):
        client.post(partage, {"choix": choix})
        candidat.refresh_from_db()
        assert candidat.pix_partage is attendu
    assert Entree.objects.de_l_objet(candidat).filter(action="partager_pix").count() == 2


def test_effacer_sa_declaration_retire_aussi_le_partage(client, se_connecter) -> None:
    candidat = CandidatFactory(pix_palier=1, pix_le=HIER, pix_origine="declaration", pix_partage=True)
    se_connecter(client, candidat.role)
    client.post(reverse("recrutement:partager_pix", args=[candidat.role_id]), {"choix": "effacer"})
    candidat.refresh_from_db()
    assert (candidat.pix_palier, candidat.pix_le, candidat.pix_origine, candidat.pix_partage) == (None, None, "", False)


@pytest.mark.parametrize(
    ("champs", "phrase"),
    [
        ({"palier": ""}, "Choisissez un palier"),
        ({"palier": "4"}, "choix valide"),
        ({"competences": ["9"]}, "choix valide"),
        ({"le": ""}, "Saisissez la date"),
        ({"le": "2999-01-01"}, "ne peut pas être à venir"),
    ],
)
def test_une_declaration_fausse_est_expliquee(client, se_connecter, champs, phrase) -> None:
    candidat = CandidatFactory()
    se_connecter(client, candidat.role)
    envoi = {"palier": "2", "competences": ["1"], "le": HIER.isoformat()} | champs
    page = client.post(reverse("recrutement:pix", args=[candidat.role_id]), envoi)
    assert phrase in page.content.decode()
    candidat.refresh_from_db()
    assert candidat.pix_palier is None


def test_ce_qui_vient_de_pix_ne_se_redeclare_pas(client, se_connecter) -> None:
    candidat = CandidatFactory(pix_palier=3, pix_le=HIER, pix_origine="import")
    with pytest.raises(TransitionImpossible, match="vient de Pix"):
        actes.declarer_pix(candidat, Resultat(1, (), HIER), par=candidat.role)
    actes.effacer_pix(candidat, par=candidat.role)
    candidat.refresh_from_db()
    assert candidat.pix_palier == 3
    se_connecter(client, candidat.role)
    page = client.get(reverse("recrutement:pix", args=[candidat.role_id])).content.decode()
    assert "Enregistrer mon résultat" not in page
    assert "Effacer ce résultat" not in page


def test_on_ne_partage_pas_ce_qu_on_n_a_pas() -> None:
    candidat = CandidatFactory()
    with pytest.raises(TransitionImpossible):
        actes.partager_pix(candidat, partage=True, par=candidat.role)


def test_les_actes_sont_a_la_personne_seule() -> None:
    candidat = CandidatFactory()
    for par in (CandidatFactory().role, RoleFactory(anct=True), RoleFactory(structure=True)):
        with pytest.raises(PermissionDenied):
            actes.declarer_pix(candidat, Resultat(1, (), HIER), par=par)
        with pytest.raises(PermissionDenied):
            actes.partager_pix(candidat, partage=False, par=par)
        with pytest.raises(PermissionDenied):
            actes.effacer_pix(candidat, par=par)
    for mauvais in (Resultat(4, (), HIER), Resultat(1, (9,), HIER), Resultat(1, (), HIER + timedelta(days=9))):
        with pytest.raises(ValidationError):
            actes.declarer_pix(candidat, mauvais, par=candidat.role)


# --- Importer ---


def test_du_fichier_au_resultat(client, anct) -> None:
    ines = CandidatFactory(email="ines@exemple.fr", pix_palier=1, pix_le=HIER, pix_origine="declaration")
    leo = CandidatFactory(email="leo@exemple.fr", pix_partage=False)
    contenu = csv(
        " INES@Exemple.fr ;2;oui;non;x;15/03/2026",
        "inconnue@exemple.fr;1;;;;2026-01-01",
        "leo@exemple.fr;9;;;;2026-01-01",
        "leo@exemple.fr;3;1;1;0;2026-02-01",
    )
    compte_rendu = deposer(client, anct, contenu)
    page = client.get(compte_rendu.url).content.decode()
    assert "Ligne 3</strong> (inconnue@exemple.fr)" in page
    assert "Aucune candidature confirmée" in page
    assert "Palier « 9 » inconnu" in page
    ines.refresh_from_db()
    assert ines.pix_palier == 1, "lire n'écrit pas"
    suite = client.post(compte_rendu.url, {"action": "importer"}, follow=True).content.decode()
    assert "Résultats importés : 1. Lignes refusées : 3." in suite
    ines.refresh_from_db()
    leo.refresh_from_db()
    assert (ines.pix_palier, ines.pix_competences, ines.pix_le) == (2, [1, 3], date(2026, 3, 15))
    assert (ines.pix_origine, ines.pix_partage) == ("import", False)
    assert leo.pix_palier is None, "sa première ligne est fausse : on ne devine pas que la seconde est la bonne"
    assert client.get(compte_rendu.url).status_code == 302, "le fichier n'est plus gardé"


def test_ne_rien_importer_n_ecrit_rien(client, anct) -> None:
    ines = CandidatFactory(email="ines@exemple.fr")
    compte_rendu = deposer(client, anct, csv("ines@exemple.fr;2;;;;2026-01-01"))
    client.post(compte_rendu.url, {"action": "renoncer"})
    ines.refresh_from_db()
    assert ines.pix_palier is None


@pytest.mark.parametrize("encodage", ["utf-8-sig", "latin-1"])
@pytest.mark.parametrize("separateur", [";", ","])
def test_ce_qu_ecrit_un_tableur_se_lit(encodage: str, separateur: str) -> None:
    CandidatFactory(email="ines@exemple.fr")
    texte = csv("ines@exemple.fr;2;Acquise;non;VRAI;15/03/2026").decode().replace(";", separateur)
    rapport = actes.examiner_pix((texte + "\r\n").encode(encodage))
    assert rapport.refusees == []
    assert rapport.a_importer[0].resultat == Resultat(2, (1, 3), date(2026, 3, 15))


@pytest.mark.parametrize(
    ("ligne", "phrase"),
    [
        (";2;;;;2026-01-01", "adresse électronique manque"),
        ("ines@exemple.fr;;;;;2026-01-01", "Palier « "),
        ("ines@exemple.fr;2;peut-être;;;2026-01-01", "Compétence 1"),
        ("ines@exemple.fr;2;;;;hier", "illisible"),
        ("ines@exemple.fr;2;;;;31/02/2026", "illisible"),
        ("ines@exemple.fr;2;;;;01/01/2999", "ne peut pas être à venir"),
        ("pas-une-adresse;2;;;;2026-01-01", "Aucune candidature confirmée"),
        ("attend@exemple.fr;2;;;;2026-01-01", "Aucune candidature confirmée"),
    ],
)
def test_chaque_refus_a_sa_raison(ligne: str, phrase: str) -> None:
    CandidatFactory(email="ines@exemple.fr")
    envoyee("attend@exemple.fr")
    (lue,) = actes.examiner_pix(csv(ligne)).lignes
    assert (lue.numero, lue.candidat) == (2, None)
    assert phrase in lue.erreur


def test_une_adresse_en_double_renvoie_a_sa_premiere_ligne() -> None:
    CandidatFactory(email="ines@exemple.fr")
    rapport = actes.examiner_pix(csv("ines@exemple.fr;2;;;;2026-01-01", "INES@exemple.fr;3;;;;2026-02-01"))
    assert len(rapport.a_importer) == 1
    assert rapport.refusees[0].erreur == "Cette adresse est déjà à la ligne 2."


def test_importer_deux_fois_ne_change_rien_la_seconde() -> None:
    candidat, par = CandidatFactory(email="ines@exemple.fr"), RoleFactory(anct=True)
    contenu = csv("ines@exemple.fr;2;oui;;;2026-01-01")
    rapport = actes.examiner_pix(contenu)
    assert actes.importer_pix(rapport.a_importer, par=par) == 1
    assert actes.importer_pix(rapport.a_importer, par=par) == 0
    assert actes.examiner_pix(contenu).inchangees == 1
    assert Entree.objects.de_l_objet(candidat).filter(action="importer_pix").count() == 1


def test_un_import_plus_ancien_que_l_import_connu_est_refuse() -> None:
    CandidatFactory(email="ines@exemple.fr", pix_palier=3, pix_le=date(2026, 2, 1), pix_origine="import")
    (lue,) = actes.examiner_pix(csv("ines@exemple.fr;1;;;;2026-01-01")).lignes
    assert "du 01/02/2026" in lue.erreur


def test_le_partage_decide_par_la_personne_survit_a_l_import() -> None:
    candidat = CandidatFactory(
        email="i@exemple.fr", pix_palier=1, pix_le=HIER, pix_origine="declaration", pix_partage=True
    )
    rapport = actes.examiner_pix(csv("i@exemple.fr;2;;;;2026-01-01"))
    actes.importer_pix(rapport.a_importer, par=RoleFactory(anct=True))
    candidat.refresh_from_db()
    assert (candidat.pix_palier, candidat.pix_partage) == (2, True)


def test_une_candidature_bloquee_entre_la_lecture_et_l_import_reste_telle() -> None:
    candidat = CandidatFactory(email="ines@exemple.fr")
    rapport = actes.examiner_pix(csv("ines@exemple.fr;2;;;;2026-01-01"))
    Candidat.objects.update(etat=EtatCandidat.BLOQUE)
    assert actes.importer_pix(rapport.a_importer, par=RoleFactory(anct=True)) == 0
    candidat.refresh_from_db()
    assert candidat.pix_palier is None


@pytest.mark.parametrize(
    ("contenu", "phrase"),
    [
        (b"PK\x03\x04", "classeur"),
        (csv("a@b.fr;1", titres="adresse;palier"), "Colonne absente"),
        (b"", "vide"),
    ],
)
def test_un_fichier_inexploitable_se_dit_pres_du_champ(client, anct, contenu: bytes, phrase: str) -> None:
    page = deposer(client, anct, contenu)
    assert page.status_code == 200
    assert phrase in page.content.decode()


def test_seule_l_anct_importe(client, se_connecter) -> None:
    candidat = CandidatFactory(email="ines@exemple.fr")
    rapport = actes.examiner_pix(csv("ines@exemple.fr;2;;;;2026-01-01"))
    prefecture = RoleFactory(prefecture=True)
    for par in (candidat.role, prefecture, RoleFactory(structure=True)):
        with pytest.raises(PermissionDenied):
            actes.importer_pix(rapport.a_importer, par=par)
        assert deposer(se_connecter(client, par), par, csv()).status_code == 403


def test_le_fichier_d_un_agent_n_est_pas_a_un_autre(client, anct, se_connecter) -> None:
    CandidatFactory(email="ines@exemple.fr")
    compte_rendu = deposer(client, anct, csv("ines@exemple.fr;2;;;;2026-01-01")).url
    autre = RoleFactory(anct=True)
    se_connecter(client, autre)
    depot = compte_rendu.rstrip("/").rsplit("/", 1)[1]
    reponse = client.get(reverse("recrutement:examiner_pix", args=[autre.pk, depot]), follow=True)
    assert "Ce fichier n’est plus là" in reponse.content.decode()


def test_le_nombre_de_requetes_de_la_lecture_ne_suit_pas_le_fichier() -> None:
    adresses = [CandidatFactory().email for _ in range(30)]

    def compter(combien: int) -> int:
        with CaptureQueriesContext(connection) as requetes:
            actes.examiner_pix(csv(*[f"{a};2;;;;2026-01-01" for a in adresses[:combien]]))
        return len(requetes)

    assert compter(30) == compter(1) == 1


def test_trop_de_lignes_se_dit() -> None:
    with pytest.raises(TableauIllisible, match="20000"):
        actes.examiner_pix(csv(*["x@y.fr;1;;;;2026-01-01"] * 20_001))


@pytest.mark.django_db(transaction=True)
def test_deux_imports_a_la_fois_n_ecrivent_qu_une_fois() -> None:
    candidat, par = CandidatFactory(email="ines@exemple.fr"), RoleFactory(anct=True)
    lignes = actes.examiner_pix(csv("ines@exemple.fr;2;;;;2026-01-01")).a_importer
    assert sorted(ensemble(*[lambda: actes.importer_pix(lignes, par=par)] * 4)) == [0, 0, 0, 1]
    assert Entree.objects.de_l_objet(candidat).count() == 1
