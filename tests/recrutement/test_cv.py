"""Le CV : un vrai PDF, rangé sous un nom qui ne se devine pas, lu par son titulaire, effacé pour de bon."""

import io
import re
import zlib

import pytest
from django.conf import settings
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import override_settings
from django.urls import reverse
from pypdf.generic import ArrayObject, DictionaryObject, NameObject, TextStringObject

from conum.journal.acteurs import SYSTEME
from conum.journal.models import Entree
from conum.recrutement.access import porteur
from conum.recrutement.actions import cv as actes
from conum.recrutement.models import Candidat
from conum.recrutement.rules.cv import refus_du_pdf
from conum.recrutement.states import EtatCandidat
from tests.comptes.fabriques import RoleFactory
from tests.recrutement.aides_candidature import pdf
from tests.recrutement.fabriques import CandidatFactory, membre, relation

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def depot(tmp_path):
    """Un dossier vide, comme l'est un dépôt qui démarre sans réglage."""
    dossier = {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": str(tmp_path)}}
    with override_settings(STORAGES={**settings.STORAGES, "default": dossier}):
        yield tmp_path


def fichiers(depot) -> list[str]:
    return sorted(f.relative_to(depot).as_posix() for f in depot.rglob("*.pdf"))


def televerser(client, role, contenu, nom="Mon CV.pdf", **options):
    fichier = SimpleUploadedFile(nom, contenu, content_type="application/pdf")
    return client.post(reverse("recrutement:cv", args=[role.pk]), {"fichier": fichier}, **options)


# --- La règle ---


def _action(ecrivain, action: str, **cles) -> None:
    """Une action à l'ouverture du document."""
    corps = {NameObject("/S"): NameObject(action)} | {NameObject(f"/{c}"): TextStringObject(v) for c, v in cles.items()}
    ecrivain._root_object[NameObject("/OpenAction")] = DictionaryObject(corps)


def _sur_la_page(ecrivain, action: str) -> None:
    annotation = DictionaryObject(
        {
            NameObject("/Type"): NameObject("/Annot"),
            NameObject("/Subtype"): NameObject("/Link"),
            NameObject("/A"): DictionaryObject({NameObject("/S"): NameObject(action)}),
        }
    )
    ecrivain.pages[0][NameObject("/Annots")] = ArrayObject([ecrivain._add_object(annotation)])


def test_un_pdf_simple_passe_avec_un_lien_vers_un_portfolio() -> None:
    assert refus_du_pdf(pdf()) == ""
    assert refus_du_pdf(pdf(pages=30)) == ""
    assert refus_du_pdf(pdf(lambda e: _sur_la_page(e, "/URI"))) == ""


@pytest.mark.parametrize(
    ("contenu", "phrase"),
    [
        (b"", "vide"),
        (b"PK\x03\x04docx", "n'est pas un PDF"),
        (b"<html>%PDF-1.4</html>", "n'est pas un PDF"),
        (b"\x89PNG%PDF-", "n'est pas un PDF"),
        (b"%PDF-1.7\nrien d'autre", "abîmé"),
        (b"%PDF-1.7\n" + b"\x00" * 5_000, "abîmé"),
        (b"%PDF-1.7\n" + zlib.compress(b"x" * 100), "abîmé"),
        (b"%PDF-" + b"x" * (5 * 1024 * 1024), "5 Mo"),
    ],
    ids=["vide", "docx", "html", "png", "tronque", "zeros", "flux", "lourd"],
)
def test_ce_qui_n_est_pas_un_pdf_est_refuse(contenu: bytes, phrase: str) -> None:
    assert phrase in refus_du_pdf(contenu)


@pytest.mark.parametrize(
    ("preparer", "phrase"),
    [
        (lambda e: _action(e, "/JavaScript", JS="app.alert(1)"), "du code"),
        (lambda e: _action(e, "/Launch", F="cmd.exe"), "une commande"),
        (lambda e: _action(e, "/SubmitForm"), "formulaire actif"),
        (lambda e: _sur_la_page(e, "/GoToR"), "un autre fichier"),
        (lambda e: e.add_attachment("virus.exe", b"MZ"), "un fichier joint"),
        (lambda e: e._root_object.update({NameObject("/XFA"): TextStringObject("x")}), "formulaire actif"),
    ],
    ids=["javascript", "lancement", "envoi", "autre-fichier", "piece-jointe", "xfa"],
)
def test_un_pdf_qui_agit_est_refuse(preparer, phrase: str) -> None:
    assert phrase in refus_du_pdf(pdf(preparer))


def test_un_pdf_protege_vide_ou_trop_long_est_refuse() -> None:
    assert "protégé" in refus_du_pdf(pdf(secret="x"))
    assert "0 pages" in refus_du_pdf(pdf(pages=0))
    assert "31 pages" in refus_du_pdf(pdf(pages=31))


def test_un_vrai_pdf_coupe_en_route_est_refuse() -> None:
    entier = pdf(pages=3)
    for part in (0.3, 0.6, 0.9):
        assert "abîmé" in refus_du_pdf(entier[: int(len(entier) * part)]), part


# --- Déposer, remplacer, effacer ---


def test_deposer_puis_telecharger(client, se_connecter, depot) -> None:
    candidat = CandidatFactory()
    role = candidat.role
    se_connecter(client, role)
    contenu = pdf()
    suite = televerser(client, role, contenu, "CV d'Inès (2026).pdf", follow=True)
    assert "Votre CV est déposé" in suite.content.decode()
    candidat.refresh_from_db()
    assert candidat.cv_nom == "CV_dInès_2026.pdf"
    assert re.fullmatch(r"cv/\d{4}/\d\d/[\w-]{32}\.pdf", candidat.cv.name)
    assert fichiers(depot) == [candidat.cv.name]
    reponse = client.get(reverse("recrutement:cv_fichier", args=[role.pk]))
    assert b"".join(reponse.streaming_content) == contenu
    assert reponse["Content-Type"] == "application/pdf"
    assert reponse["Content-Disposition"].startswith("attachment")
    assert Entree.objects.de_l_objet(candidat).last().action == "deposer_cv"


def test_remplacer_efface_l_ancien_une_fois_le_nouveau_acquis(depot, django_capture_on_commit_callbacks) -> None:
    candidat = CandidatFactory()
    with django_capture_on_commit_callbacks(execute=True):
        ancien = actes.deposer_cv(candidat, pdf(), nom="a.pdf", par=candidat.role).cv.name
    with django_capture_on_commit_callbacks() as suites:
        nouveau = actes.deposer_cv(candidat, pdf(pages=2), nom="b.pdf", par=candidat.role).cv.name
        assert fichiers(depot) == sorted([ancien, nouveau])
    for suite in suites:
        suite()
    assert fichiers(depot) == [nouveau]


def test_effacer_son_cv(client, se_connecter, depot, django_capture_on_commit_callbacks) -> None:
    candidat = CandidatFactory()
    role = candidat.role
    se_connecter(client, role)
    televerser(client, role, pdf())
    for _ in range(2):
        with django_capture_on_commit_callbacks(execute=True):
            client.post(reverse("recrutement:supprimer_cv", args=[role.pk]))
    candidat.refresh_from_db()
    assert (candidat.cv.name, candidat.cv_nom, candidat.cv_depose_le) == ("", "", None)
    assert fichiers(depot) == []
    assert client.get(reverse("recrutement:cv_fichier", args=[role.pk])).status_code == 404
    assert Entree.objects.de_l_objet(candidat).filter(action="supprimer_cv").count() == 1


def test_un_refus_n_efface_rien_et_dit_pourquoi(client, se_connecter, depot) -> None:
    candidat = CandidatFactory()
    role = candidat.role
    se_connecter(client, role)
    televerser(client, role, pdf())
    page = televerser(client, role, b"PK\x03\x04 un document Word", "cv.docx")
    assert page.status_code == 200
    assert "Exporter en PDF" in page.content.decode()
    assert len(fichiers(depot)) == 1
    page = client.post(reverse("recrutement:cv", args=[role.pk]))
    assert "Choisissez un fichier PDF" in page.content.decode()


def test_une_ecriture_qui_echoue_ne_laisse_pas_de_fichier(depot, monkeypatch) -> None:
    candidat = CandidatFactory()

    def echouer(*_args, **_kwargs):
        raise RuntimeError("panne")

    monkeypatch.setattr(actes, "noter", echouer)
    with pytest.raises(RuntimeError):
        actes.deposer_cv(candidat, pdf(), nom="a.pdf", par=candidat.role)
    assert fichiers(depot) == []
    candidat.refresh_from_db()
    assert candidat.cv.name == ""


def test_un_depot_muet_n_empeche_rien_un_travail_reessaie(
    depot, monkeypatch, django_capture_on_commit_callbacks
) -> None:
    from conum.socle import depot as socle_depot
    from conum.socle.jobs import effacer_fichier

    candidat = CandidatFactory()
    nom = actes.deposer_cv(candidat, pdf(), nom="a.pdf", par=candidat.role).cv.name
    demandes = []
    monkeypatch.setattr(socle_depot, "differer", lambda travail, **arguments: demandes.append((travail, arguments)))
    with monkeypatch.context() as panne:
        panne.setattr(default_storage, "delete", lambda _: (_ for _ in ()).throw(OSError("dépôt muet")))
        with django_capture_on_commit_callbacks(execute=True):
            actes.supprimer_cv(candidat, par=candidat.role)
    assert demandes == [("socle.effacer_fichier", {"chemin": nom})]
    effacer_fichier(chemin=nom)
    assert fichiers(depot) == []


@pytest.mark.parametrize(
    ("nom", "attendu"),
    [
        ("../../etc/passwd.pdf", "passwd.pdf"),
        ("C:\\Users\\ines\\cv.pdf", "cv.pdf"),
        ("a" * 400 + ".pdf", "a" * 146 + ".pdf"),
        ("..", "CV.pdf"),
        ("résumé\r\nSet-Cookie: x.pdf", "résuméSet-Cookie_x.pdf"),
    ],
)
def test_le_nom_du_fichier_ne_sort_pas_de_son_role(nom: str, attendu: str) -> None:
    candidat = CandidatFactory()
    actes.deposer_cv(candidat, pdf(), nom=nom, par=candidat.role)
    candidat.refresh_from_db()
    assert candidat.cv_nom == attendu


# --- Droits ---


def test_personne_d_autre_ne_depose_ni_ne_lit(client, se_connecter) -> None:
    candidat, autre = CandidatFactory(), CandidatFactory()
    for par in (autre.role, RoleFactory(anct=True), SYSTEME, porteur(autre)):
        with pytest.raises(PermissionDenied):
            actes.deposer_cv(candidat, pdf(), nom="a.pdf", par=par)
        with pytest.raises(PermissionDenied):
            actes.supprimer_cv(candidat, par=par)
    actes.deposer_cv(candidat, pdf(), nom="a.pdf", par=candidat.role)
    adresse = reverse("recrutement:cv_fichier", args=[candidat.role.pk])
    assert client.get(adresse).status_code == 302
    assert se_connecter(client, autre.role).get(adresse).status_code == 404
    structure = membre(relation(candidat=candidat).recrutement)
    assert se_connecter(client, structure).get(adresse).status_code == 404
    assert client.get(reverse("recrutement:cv_fichier", args=[structure.pk])).status_code == 403


@pytest.mark.parametrize("etat", [EtatCandidat.RETIRE, EtatCandidat.BLOQUE])
def test_une_candidature_inactive_ne_recoit_pas_de_cv(client, se_connecter, depot, etat: str) -> None:
    candidat = CandidatFactory(etat=etat)
    role = candidat.role
    se_connecter(client, role)
    page = televerser(client, role, pdf(), follow=True)
    assert "elle ne reçoit plus de CV" in page.content.decode()
    assert fichiers(depot) == []


def test_un_pdf_invalide_ne_s_ecrit_pas_meme_hors_de_l_ecran(depot) -> None:
    candidat = CandidatFactory()
    with pytest.raises(ValidationError):
        actes.deposer_cv(candidat, io.BytesIO(b"GIF89a").read(), nom="a.pdf", par=candidat.role)
    assert fichiers(depot) == []


def test_le_dossier_du_depot_n_est_pas_servi_au_public(client) -> None:
    candidat = CandidatFactory()
    actes.deposer_cv(candidat, pdf(), nom="a.pdf", par=candidat.role)
    nom = Candidat.objects.get().cv.name
    for base in ("/", "/media/", "/static/", settings.MEDIA_URL or "/"):
        assert client.get(f"{base}{nom}").status_code == 404


def test_lire_un_cv_repousse_son_effacement() -> None:
    candidat = CandidatFactory()
    actes.deposer_cv(candidat, pdf(), nom="a.pdf", par=candidat.role)
    actes.noter_usage_cv(candidat, par=candidat.role)
    candidat.refresh_from_db()
    assert candidat.cv_utilise_le is not None
