"""Le même CV sur un dépôt S3 : déposé, lu, remplacé, effacé, face à un vrai serveur S3 local (moto)."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import boto3
import pytest
from django.conf import settings
from django.core.files.storage import storages
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import override_settings
from django.urls import reverse
from django.utils import timezone
from moto.server import ThreadedMotoServer

from config import depot
from conum.recrutement.actions.cv import deposer_cv
from conum.recrutement.models import Candidat
from conum.socle import conservation
from tests.recrutement.aides_candidature import pdf
from tests.recrutement.fabriques import CandidatFactory

pytestmark = [pytest.mark.django_db, pytest.mark.xdist_group("s3")]
SEAU = "conum-cv"


@pytest.fixture(scope="module")
def serveur() -> Iterator[str]:
    fil = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    fil.start()
    hote, port = fil.get_host_and_port()
    yield f"http://{hote}:{port}"
    fil.stop()


@pytest.fixture
def seau(serveur: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Un seau vide, et Django réglé dessus par les variables qu'emploie l'exploitant."""
    variables = {"COMPARTIMENT": SEAU, "URL": serveur, "REGION": "fr-par", "CLE": "essai", "SECRET": "essai"}
    for nom, valeur in variables.items():
        monkeypatch.setenv(f"CONUM_S3_{nom}", valeur)
    client = boto3.client(
        "s3", endpoint_url=serveur, aws_access_key_id="essai", aws_secret_access_key="essai", region_name="fr-par"
    )
    client.create_bucket(Bucket=SEAU, CreateBucketConfiguration={"LocationConstraint": "fr-par"})
    with override_settings(STORAGES={**settings.STORAGES, "default": depot.stockage()}):
        yield client
    for objet in client.list_objects_v2(Bucket=SEAU).get("Contents", []):
        client.delete_object(Bucket=SEAU, Key=objet["Key"])
    client.delete_bucket(Bucket=SEAU)


def objets(seau: Any) -> dict[str, bytes]:
    cles = [o["Key"] for o in seau.list_objects_v2(Bucket=SEAU).get("Contents", [])]
    return {cle: seau.get_object(Bucket=SEAU, Key=cle)["Body"].read() for cle in cles}


def test_deposer_lire_remplacer_effacer(client, se_connecter, seau, django_capture_on_commit_callbacks) -> None:
    assert type(storages["default"]).__name__ == "S3Storage"
    candidat = CandidatFactory()
    role = candidat.role
    se_connecter(client, role)
    adresse = reverse("recrutement:cv", args=[role.pk])

    def deposer(contenu: bytes) -> None:
        with django_capture_on_commit_callbacks(execute=True):
            reponse = client.post(adresse, {"fichier": SimpleUploadedFile("cv.pdf", contenu)})
        assert reponse.status_code == 302, reponse.content.decode()

    premier, second = pdf(), pdf(pages=2)
    deposer(premier)
    candidat.refresh_from_db()
    assert objets(seau) == {candidat.cv.name: premier}

    fichier = client.get(reverse("recrutement:cv_fichier", args=[role.pk]))
    assert b"".join(fichier.streaming_content) == premier

    ancien = candidat.cv.name
    deposer(second)
    candidat.refresh_from_db()
    assert candidat.cv.name != ancien
    assert objets(seau) == {candidat.cv.name: second}

    with django_capture_on_commit_callbacks(execute=True):
        client.post(reverse("recrutement:supprimer_cv", args=[role.pk]))
    assert objets(seau) == {}


def test_la_regle_de_conservation_efface_aussi_sur_s3(seau, django_capture_on_commit_callbacks) -> None:
    candidat = CandidatFactory()
    deposer_cv(candidat, pdf(), nom="a.pdf", par=candidat.role)
    Candidat.objects.update(cv_depose_le=timezone.now() - timedelta(days=184))
    assert len(objets(seau)) == 1
    with django_capture_on_commit_callbacks(execute=True):
        assert conservation.appliquer("CV des candidats") == 1
    assert objets(seau) == {}


def test_un_cv_disparu_du_depot_se_dit_par_une_page(client, se_connecter, seau) -> None:
    candidat = CandidatFactory()
    nom = deposer_cv(candidat, pdf(), nom="a.pdf", par=candidat.role).cv.name
    seau.delete_object(Bucket=SEAU, Key=nom)
    page = se_connecter(client, candidat.role).get(reverse("recrutement:cv_fichier", args=[candidat.role.pk]))
    assert page.status_code == 404
