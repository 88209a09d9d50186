"""Un fichier déposé est-il ce qu'il dit être, entier et inerte ? On le juge sur son contenu, jamais sur son nom.

Un agent l'ouvrira sur son poste : un PDF qui agit, une photo coupée, un programme renommé s'arrêtent ici.
"""

import io
import struct
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pypdf import PdfReader
from pypdf.errors import PyPdfError
from pypdf.generic import ArrayObject, DictionaryObject, IndirectObject, NameObject

TAILLE_MAX = 5 * 1024 * 1024
PAGES_MAX = 200


@dataclass(frozen=True)
class TypeFichier:
    nom: str
    mime: str
    extension: str
    debut: bytes


PDF = TypeFichier("PDF", "application/pdf", "pdf", b"%PDF-")
JPEG = TypeFichier("JPEG", "image/jpeg", "jpg", b"\xff\xd8\xff")
PNG = TypeFichier("PNG", "image/png", "png", b"\x89PNG\r\n\x1a\n")
DOCUMENTS = (PDF, JPEG, PNG)
"""Ce qu'on accepte d'une pièce : un document, ou sa photo."""

_ACTIF = {
    "/JavaScript": "du code",
    "/JS": "du code",
    "/Launch": "une commande à lancer",
    "/EmbeddedFiles": "un fichier joint",
    "/EmbeddedFile": "un fichier joint",
    "/FileAttachment": "un fichier joint",
    "/EF": "un fichier joint",
    "/RichMedia": "un média actif",
    "/XFA": "un formulaire actif",
    "/SubmitForm": "un formulaire actif",
    "/ImportData": "un formulaire actif",
    "/GoToR": "un renvoi vers un autre fichier",
    "/GoToE": "un renvoi vers un autre fichier",
}
"""Clés et valeurs PDF (ISO 32000-1, § 12.6 et 7.11) qui font agir le lecteur ; un simple lien (/URI) est permis."""
_OBJETS_MAX = 50_000
_COUPEE = "Cette image est incomplète ou abîmée. Enregistrez-la de nouveau, puis réessayez."


class FichierRefuse(Exception):
    """Le fichier n'est pas recevable ; le message dit pourquoi et quoi faire."""


def examiner(contenu: bytes, *, admis: Sequence[TypeFichier] = DOCUMENTS, pages_max: int = PAGES_MAX) -> TypeFichier:
    """Le type de ce fichier, une fois sûr qu'il est entier.

    Raises:
        FichierRefuse: vide, trop lourd, d'un autre type, abîmé, protégé, ou qui fait agir qui l'ouvre.
    """
    if not contenu:
        raise FichierRefuse("Ce fichier est vide.")
    if len(contenu) > TAILLE_MAX:
        raise FichierRefuse("Ce fichier dépasse 5 Mo. Enregistrez-le en qualité « web », ou en plusieurs fois.")
    trouve = next((t for t in admis if contenu.startswith(t.debut)), None)
    if trouve is None:
        *premiers, dernier = (t.nom for t in admis)
        noms = f"{', '.join(premiers)} ou {dernier}" if premiers else dernier
        raise FichierRefuse(f"Ce fichier n'est pas au format {noms}. Enregistrez-le à ce format, puis réessayez.")
    if trouve is PDF and (refus := refus_du_pdf(contenu, pages_max=pages_max)):
        raise FichierRefuse(refus)
    if (trouve is JPEG and not _jpeg_entier(contenu)) or (trouve is PNG and not _png_entier(contenu)):
        raise FichierRefuse(_COUPEE)
    return trouve


# --- PDF ---


def refus_du_pdf(contenu: bytes, *, pages_max: int = PAGES_MAX) -> str:
    """La phrase qui refuse ce PDF, vide s'il est lisible et inerte ; il commence déjà comme un PDF."""
    try:
        return _refus_du_document(contenu, pages_max)
    # Un PDF abîmé fait échouer pypdf de bien des façons : boucle, clé absente, type inattendu. Toutes se valent ici.
    except (PyPdfError, RecursionError, ValueError, KeyError, TypeError, AttributeError, IndexError, AssertionError,
            OverflowError, NotImplementedError):  # fmt: skip
        return "Ce PDF est abîmé ou incomplet. Ouvrez-le, exportez-le de nouveau, puis réessayez."


def _refus_du_document(contenu: bytes, pages_max: int) -> str:
    lecteur = PdfReader(io.BytesIO(contenu))
    if lecteur.is_encrypted:
        return "Ce PDF est protégé par un mot de passe ou contre la copie. Déposez-le sans protection."
    pages = len(lecteur.pages)
    if not 1 <= pages <= pages_max:
        return f"Ce PDF a {pages} pages : déposez un document de 1 à {pages_max} pages."
    for page in lecteur.pages:
        _ = page.mediabox  # une page sans dimensions n'en est pas une
    for nom in _noms(lecteur):
        if nom in _ACTIF:
            return f"Ce PDF contient {_ACTIF[nom]} : nous n'acceptons qu'un document simple. Exportez-le à nouveau."
    return ""


def _noms(lecteur: PdfReader) -> Iterator[str]:
    """Toutes les clés et les noms du document, atteints depuis sa racine ; les flux ne sont pas décodés."""
    a_voir: list[Any] = [lecteur.trailer]
    vus: set[tuple[int, int]] = set()
    nombre = 0
    while a_voir:
        objet = a_voir.pop()
        nombre += 1
        if nombre > _OBJETS_MAX:
            raise ValueError("Document trop compliqué.")
        if isinstance(objet, IndirectObject):
            cle = (objet.idnum, objet.generation)
            if cle not in vus:
                vus.add(cle)
                a_voir.append(objet.get_object())
        elif isinstance(objet, DictionaryObject):
            for nom, valeur in objet.items():  # sans résoudre les renvois
                yield str(nom)
                a_voir.append(valeur)
        elif isinstance(objet, ArrayObject):
            a_voir.extend(objet)
        elif isinstance(objet, NameObject):
            yield str(objet)


# --- Images ---

_SANS_LONGUEUR = {0x01, *range(0xD0, 0xD9)}
_CADRES = set(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


def _jpeg_entier(contenu: bytes) -> bool:
    """Les segments s'enchaînent jusqu'à l'image, qui a des dimensions et une fin (ISO 10918-1, annexe B)."""
    place, cadre = 2, False
    while place + 4 <= len(contenu):
        if contenu[place] != 0xFF:
            return False
        marque = contenu[place + 1]
        if marque == 0xFF:  # remplissage
            place += 1
            continue
        if marque in _SANS_LONGUEUR:
            place += 2
            continue
        (longueur,) = struct.unpack_from(">H", contenu, place + 2)
        if marque in _CADRES:
            if longueur < 8 or place + 9 > len(contenu):
                return False
            cadre = all(struct.unpack_from(">HH", contenu, place + 5))
        if marque == 0xDA:  # l'image elle-même
            return cadre and contenu.find(b"\xff\xd9", place) != -1
        if longueur < 2:
            return False
        place += 2 + longueur
    return False


def _png_entier(contenu: bytes) -> bool:
    """Chaque bloc est là avec sa somme de contrôle, de l'en-tête à la fin (ISO 15948, § 5)."""
    place = len(PNG.debut)
    vus: list[bytes] = []
    while place + 12 <= len(contenu):
        longueur, nom = struct.unpack_from(">I4s", contenu, place)
        fin = place + 12 + longueur
        if fin > len(contenu):
            return False
        (somme,) = struct.unpack_from(">I", contenu, fin - 4)
        if zlib.crc32(contenu[place + 4 : fin - 4]) != somme:
            return False
        if not vus and (nom != b"IHDR" or longueur != 13 or not all(struct.unpack_from(">II", contenu, place + 8))):
            return False
        vus.append(nom)
        if nom == b"IEND":
            return b"IDAT" in vus
        place = fin
    return False
