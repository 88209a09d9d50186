"""Les fichiers déposés vont dans un dossier, ou dans un compartiment S3 dès qu'il est donné."""

import pytest

from config import depot
from config.env import ReglageInvalide

S3 = {
    "CONUM_S3_COMPARTIMENT": "cv",
    "CONUM_S3_URL": "http://127.0.0.1:9000",
    "CONUM_S3_CLE": "a",
    "CONUM_S3_SECRET": "b",
}


def test_sans_compartiment_un_dossier(monkeypatch):
    monkeypatch.delenv("CONUM_S3_COMPARTIMENT", raising=False)
    assert depot.stockage()["BACKEND"].endswith("FileSystemStorage")


def test_avec_un_compartiment_des_objets_prives(monkeypatch):
    for nom, valeur in S3.items():
        monkeypatch.setenv(nom, valeur)
    reglage = depot.stockage()
    assert reglage["BACKEND"] == "storages.backends.s3.S3Storage"
    assert reglage["OPTIONS"]["bucket_name"] == "cv"
    assert reglage["OPTIONS"]["default_acl"] == "private"
    assert reglage["OPTIONS"]["file_overwrite"] is False


def test_un_compartiment_sans_cle_empeche_de_demarrer(monkeypatch):
    monkeypatch.setenv("CONUM_S3_COMPARTIMENT", "cv")
    monkeypatch.delenv("CONUM_S3_CLE", raising=False)
    with pytest.raises(ReglageInvalide, match="CONUM_S3_CLE"):
        depot.stockage()
