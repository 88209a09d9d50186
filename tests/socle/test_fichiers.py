"""Un fichier se juge sur son contenu : son type, son début, sa fin, et ce qu'il ferait faire."""

import struct
import zlib

import pytest
from django.conf import settings
from django.db import transaction
from django.test import override_settings
from pypdf.generic import NameObject, TextStringObject

from conum.recrutement.models import Candidat
from conum.socle import depot, fichiers
from tests.recrutement.aides_candidature import pdf

JPEG = bytes.fromhex(
    "ffd8ffe000104a46494600010101004800480000ffdb004300" + "ff" * 64 + "ffc0000b080001000101011100"
    "ffc400140001" + "00" * 15 + "09ffc400141001" + "00" * 16 + "ffda0008010100003f0054dfffd9"
)


def _bloc(nom: bytes, corps: bytes) -> bytes:
    return struct.pack(">I", len(corps)) + nom + corps + struct.pack(">I", zlib.crc32(nom + corps))


def png(largeur: int = 1) -> bytes:
    entete = struct.pack(">IIBBBBB", largeur, 1, 8, 0, 0, 0, 0)
    image = zlib.compress(b"\x00" + b"\x80" * largeur)
    return fichiers.PNG.debut + _bloc(b"IHDR", entete) + _bloc(b"IDAT", image) + _bloc(b"IEND", b"")


@pytest.mark.parametrize(
    ("contenu", "type_"),
    [(pdf(), fichiers.PDF), (JPEG, fichiers.JPEG), (JPEG + b"\x00trailer", fichiers.JPEG), (png(), fichiers.PNG)],
    ids=["pdf", "jpeg", "jpeg-telephone", "png"],
)
def test_un_document_ou_sa_photo_passent(contenu, type_) -> None:
    assert fichiers.examiner(contenu) is type_


@pytest.mark.parametrize(
    ("contenu", "phrase"),
    [
        (b"", "vide"),
        (b"MZ\x90\x00 un programme", "format PDF, JPEG ou PNG"),
        (b"PK\x03\x04 un classeur", "format PDF, JPEG ou PNG"),
        (b"<html>%PDF-1.4</html>", "format PDF, JPEG ou PNG"),
        (b"%PDF-1.7 rien", "abîmé"),
        (pdf(pages=201), "de 1 à 200 pages"),
        (pdf(secret="x"), "protégé"),
        (pdf(lambda e: e._root_object.update({NameObject("/XFA"): TextStringObject("x")})), "formulaire actif"),
        (JPEG[:-2], "incomplète"),
        (JPEG[:40], "incomplète"),
        (JPEG.replace(b"\xff\xc0\x00\x0b\x08\x00\x01", b"\xff\xc0\x00\x0b\x08\x00\x00"), "incomplète"),
        (b"\xff\xd8\xff\xe0" + b"\x00" * 60, "incomplète"),
        (png()[:-12], "incomplète"),
        (png()[:30], "incomplète"),
        (png().replace(b"IDAT", b"IDAX"), "incomplète"),
        (png(0), "incomplète"),
        (b"%PDF-" + b"x" * fichiers.TAILLE_MAX, "5 Mo"),
    ],
)
def test_le_reste_est_refuse_avec_sa_phrase(contenu, phrase) -> None:
    with pytest.raises(fichiers.FichierRefuse, match=phrase):
        fichiers.examiner(contenu)


@pytest.fixture
def dossier(tmp_path):
    reglage = {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": str(tmp_path)}}
    with override_settings(STORAGES={**settings.STORAGES, "default": reglage}):
        yield tmp_path


def _ecrire(*, echouer: bool) -> str:
    with depot.ranger(Candidat(), "cv", b"contenu", "pdf") as chemin:
        assert depot.lire(chemin) == b"contenu"
        if echouer:
            raise RuntimeError("la ligne n'a pas pu s'écrire")
    return chemin


def test_un_fichier_que_rien_ne_cite_ne_reste_pas_au_depot(dossier) -> None:
    with pytest.raises(RuntimeError):
        _ecrire(echouer=True)
    assert [f for f in dossier.rglob("*") if f.is_file()] == []


def _remplacer(chemin: str, *, echouer: bool) -> None:
    with transaction.atomic():
        depot.effacer_apres_validation(chemin)
        if echouer:
            raise RuntimeError("l'acte est défait")


@pytest.mark.django_db(transaction=True)
def test_une_transaction_defaite_n_efface_rien(dossier) -> None:
    chemin = _ecrire(echouer=False)
    with pytest.raises(RuntimeError):
        _remplacer(chemin, echouer=True)
    assert depot.lire(chemin) == b"contenu"
    _remplacer(chemin, echouer=False)
    with pytest.raises(FileNotFoundError):
        depot.lire(chemin)
