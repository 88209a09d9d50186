"""Les dispenses : déposées par qui le peut, lues par l'ANCT, acceptées ou refusées ; le certificat s'efface."""

from datetime import date, timedelta

import pytest
import time_machine
from django.conf import settings
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import override_settings
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from conum.courriels.models import Courriel
from conum.formations.actions import dispenses as actes
from conum.formations.actions import prise_de_poste
from conum.formations.models import Dispense
from conum.formations.states import Etat, EtatDispense, EtatPlace
from conum.journal.models import Entree
from conum.journal.workflow import TransitionImpossible
from conum.socle import conservation
from tests.comptes.fabriques import RoleFactory
from tests.formations import fabriques_base as f
from tests.formations import fabriques_parcours as p
from tests.postes.fabriques import pdf
from tests.socle.test_fichiers import JPEG

pytestmark = pytest.mark.django_db
REGLE = "certificats des dispenses de formation"
CCP1 = {"certification": "ccp1", "titre": "remn", "obtenue_le": "2022-06-12"}


@pytest.fixture(autouse=True)
def depot(tmp_path):
    dossier = {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": str(tmp_path)}}
    with override_settings(STORAGES={**settings.STORAGES, "default": dossier}):
        yield tmp_path


def adresse(nom, role, *arguments) -> str:
    return reverse(f"formations:{nom}", args=[role.pk, *arguments])


def poster(client, role, de, *, fichier=None, follow=True, **champs):
    saisi = {**CCP1, "fichier": fichier or pdf("CCP1 de Zoé.pdf"), **champs}
    return client.post(adresse("demander_dispense", role, de.pk), saisi, follow=follow)


def deposer(de, par, **champs):
    valeurs = {"certification": "ccp1", "titre": "remn", "obtenue_le": date(2022, 6, 12), **champs}
    return actes.deposer_dispense(de, pdf(), par=par, **valeurs)


def test_deposer_lire_accepter_prendre_son_poste(client, se_connecter, depot):
    de = f.inscription(etat=Etat.POSITIONNEE)
    conseiller, employeur, agent = f.role_conseiller(de), f.employeur(de), f.anct()
    attente = f.place(f.session(), de, etat=EtatPlace.EN_ATTENTE, siege=None, convoquee_le=None, convocations=0)
    se_connecter(client, conseiller)
    lien = adresse("demander_dispense", conseiller, de.pk)
    assert lien in client.get(adresse("inscription", conseiller, de.pk)).content.decode()
    assert "Demander une dispense" in client.get(lien).content.decode()
    page = poster(client, conseiller, de).content.decode()
    assert "sa réponse arrive par courriel" in page
    assert "CCP1 de Zoé.pdf" in page
    dispense = Dispense.objects.get()
    assert (dispense.deposee_par, dispense.obtenue_le) == (conseiller, date(2022, 6, 12))
    courriel = Courriel.objects.get(code="formations/dispense_a_examiner", destinataire=agent.utilisateur.email)
    assert "Responsable" in courriel.texte

    se_connecter(client, agent)
    assert adresse("dispense", agent, dispense.pk) in client.get(adresse("dispenses", agent)).content.decode()
    assert "Accepter la dispense" in client.get(adresse("dispense", agent, dispense.pk)).content.decode()
    reponse = client.get(adresse("dispense_fichier", agent, dispense.pk))
    assert b"".join(reponse.streaming_content).startswith(b"%PDF-")
    assert reponse["Content-Disposition"] == f'attachment; filename="{de.reference}-certificat.pdf"'
    page = client.post(adresse("accepter_dispense", agent, dispense.pk), follow=True).content.decode()
    assert "La dispense est acceptée." in page
    de.refresh_from_db()
    attente.refresh_from_db()
    assert (de.etat, attente.etat) == (Etat.DISPENSEE, EtatPlace.RETIREE)
    assert [e.action for e in Entree.objects.de_l_objet(dispense)] == ["deposer_dispense", "accepter_dispense"]
    assert "dispenser" in [e.action for e in Entree.objects.de_l_objet(de)]
    accordes = Courriel.objects.filter(code="formations/dispense_accordee").values_list("destinataire", flat=True)
    assert set(accordes) == {conseiller.utilisateur.email, employeur.utilisateur.email}
    assert prise_de_poste.verdict(de).autorise
    page = client.post(adresse("accepter_dispense", agent, dispense.pk), follow=True).content.decode()
    assert "plus possible" in page


def test_refuser_dit_pourquoi_et_laisse_en_deposer_une_autre(client, se_connecter):
    de = f.inscription()
    conseiller, employeur, agent = f.role_conseiller(de), f.employeur(de), f.anct()
    dispense = deposer(de, employeur)
    se_connecter(client, agent)
    refus = adresse("refuser_dispense", agent, dispense.pk)
    assert "au moins 10 caractères" in client.post(refus, {"motif": "flou"}).content.decode()
    client.post(refus, {"motif": "Ce n’est qu’une attestation de présence."})
    assert (
        Courriel.objects.filter(code="formations/dispense_refusee", texte__contains="attestation de présence").count()
        == 2
    )
    de.refresh_from_db()
    assert de.etat == Etat.OUVERTE
    se_connecter(client, conseiller)
    page = client.get(adresse("inscription", conseiller, de.pk)).content.decode()
    assert "Ce n’est qu’une attestation de présence." in page
    assert poster(client, conseiller, de, fichier=SimpleUploadedFile("photo.jpg", JPEG)).status_code == 200
    assert Dispense.objects.filter(etat=EtatDispense.DEPOSEE).get().preuve.name.endswith(".jpg")
    with pytest.raises(TransitionImpossible):
        actes.refuser_dispense(dispense, motif="Une seconde fois non.", par=agent)


@pytest.mark.parametrize(
    ("champs", "phrase"),
    [
        ({"obtenue_le": "2099-01-01"}, "dans le futur"),
        ({"titre": "mednum", "obtenue_le": "2024-05-01"}, "n’existe que depuis le 13/07/2025"),
        ({"titre": ""}, "Choisissez le titre écrit sur le certificat."),
        ({"certification": "pix"}, "Sélectionnez un choix valide"),
        ({"obtenue_le": ""}, "Écrivez la date du certificat."),
        ({"fichier": SimpleUploadedFile("a.pdf", b"MZ")}, "au format PDF, JPEG ou PNG"),
        ({"fichier": ""}, "Joignez le certificat."),
    ],
)
def test_un_certificat_non_recevable_se_dit_pres_du_champ(client, se_connecter, depot, champs, phrase):
    de = f.inscription()
    conseiller = f.role_conseiller(de)
    se_connecter(client, conseiller)
    saisi = {**CCP1, "fichier": pdf(), **champs}
    page = client.post(adresse("demander_dispense", conseiller, de.pk), saisi).content.decode()
    assert phrase in page
    assert not Dispense.objects.exists()
    assert not list(depot.rglob("*.pdf"))


def test_un_seul_certificat_a_la_fois_et_avant_toute_session():
    de = f.inscription()
    conseiller = f.role_conseiller(de)
    deposer(de, conseiller)
    with pytest.raises(ValidationError, match="déjà à l'examen"):
        deposer(de, conseiller)
    inscrite = f.inscription(etat=Etat.INSCRITE)
    with pytest.raises(TransitionImpossible, match="avant d’avoir"):
        deposer(inscrite, f.role_conseiller(inscrite))


def test_la_regle_se_relit_a_l_acceptation():
    de = f.inscription()
    dispense = p.dispense(de, etat=EtatDispense.DEPOSEE, obtenue_le=f.jour(3))
    with pytest.raises(ValidationError, match="dans le futur"):
        actes.accepter_dispense(dispense, par=f.anct())
    de.refresh_from_db()
    dispense.refresh_from_db()
    assert (de.etat, dispense.etat) == (Etat.OUVERTE, EtatDispense.DEPOSEE)
    inscrite = f.inscription(etat=Etat.INSCRITE)
    tard = p.dispense(inscrite, etat=EtatDispense.DEPOSEE)
    with pytest.raises(TransitionImpossible):
        actes.accepter_dispense(tard, par=f.anct())


def test_personne_d_autre_ne_lit_ni_ne_decide(client, se_connecter):
    de = f.inscription()
    dispense = deposer(de, f.role_conseiller(de))
    voisin = f.inscription()
    attendus = {
        f.employeur(voisin): 404,
        f.role_conseiller(voisin): 404,
        f.role_organisme(f.organisme()): 403,
        RoleFactory(prefecture=True): 403,
    }
    for role, code in attendus.items():
        se_connecter(client, role)
        for nom, pk in (("dispense", dispense.pk), ("dispense_fichier", dispense.pk), ("demander_dispense", de.pk)):
            assert client.get(adresse(nom, role, pk)).status_code == code
        with pytest.raises(PermissionDenied):
            deposer(de, role)
        assert "Demander une dispense" not in client.get(adresse("inscription", role, de.pk)).content.decode()
    employeur = f.employeur(de)
    se_connecter(client, employeur)
    assert client.get(adresse("dispense_fichier", employeur, dispense.pk)).status_code == 200
    for nom in ("accepter_dispense", "refuser_dispense"):
        assert client.post(adresse(nom, employeur, dispense.pk), {"motif": "Dix caractères."}).status_code == 403
    assert client.get(adresse("dispenses", employeur)).status_code == 403
    for acte in (
        lambda: actes.accepter_dispense(dispense, par=employeur),
        lambda: actes.refuser_dispense(dispense, motif="Dix caractères.", par=employeur),
    ):
        with pytest.raises(PermissionDenied):
            acte()


def test_le_certificat_s_efface_un_an_apres_la_decision(depot, django_capture_on_commit_callbacks):
    de = f.inscription()
    dispense = actes.accepter_dispense(deposer(de, f.role_conseiller(de)), par=f.anct())
    attend = deposer(autre := f.inscription(), f.role_conseiller(autre))
    assert conservation.appliquer(REGLE) == 0
    with time_machine.travel(timezone.now() + timedelta(days=366)), django_capture_on_commit_callbacks(execute=True):
        assert conservation.appliquer(REGLE) == 1
        assert conservation.appliquer(REGLE) == 0
    dispense.refresh_from_db()
    attend.refresh_from_db()
    assert (dispense.preuve.name, dispense.preuve_nom) == ("", "")
    assert dispense.efface_le
    assert [x.name for x in (depot / "formations" / "dispenses").glob("*")] == [attend.preuve.name.rsplit("/", 1)[1]]
    assert prise_de_poste.verdict(de).autorise


def test_la_file_se_filtre_sans_croitre(client, se_connecter):
    agent = f.anct()
    se_connecter(client, agent)
    premiere = p.dispense(f.inscription(), etat=EtatDispense.DEPOSEE)
    refusee = p.dispense(f.inscription(), etat=EtatDispense.REFUSEE)
    file = adresse("dispenses", agent)
    with CaptureQueriesContext(connection) as peu:
        page = client.get(file).content.decode()
    assert adresse("dispense", agent, premiere.pk) in page
    assert adresse("dispense", agent, refusee.pk) not in page
    for _ in range(3):
        p.dispense(f.inscription(), etat=EtatDispense.DEPOSEE)
    with CaptureQueriesContext(connection) as plus:
        client.get(file)
    assert len(plus) == len(peu)
    assert adresse("dispense", agent, refusee.pk) in client.get(file, {"etat": "traitees"}).content.decode()
    page = client.get(file, {"recherche": premiere.inscription.reference}).content.decode()
    assert page.count("/formations/dispenses/") >= 1
