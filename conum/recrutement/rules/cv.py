"""Un CV déposé est-il un vrai PDF, sans rien qui s'exécute ? Un recruteur l'ouvrira sur le poste de sa mairie."""

import io
from collections.abc import Iterator
from typing import Any

from pypdf import PdfReader
from pypdf.errors import PyPdfError
from pypdf.generic import ArrayObject, DictionaryObject, IndirectObject, NameObject

from conum.recrutement.rules.candidature import CV_TAILLE_MAX
from conum.recrutement.rules.profil import CV_PAGES_MAX

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


def refus_du_pdf(contenu: bytes) -> str:
    """La phrase qui refuse ce fichier, vide si c'est un PDF lisible et inerte."""
    if not contenu:
        return "Ce fichier est vide."
    if len(contenu) > CV_TAILLE_MAX:
        return "Ce fichier dépasse 5 Mo. Enregistrez-le en qualité « web » ou retirez les images."
    if not contenu.startswith(b"%PDF-"):
        return "Ce fichier n'est pas un PDF. Depuis un traitement de texte, choisissez « Exporter en PDF »."
    try:
        return _refus_du_document(contenu)
    # Un PDF abîmé fait échouer pypdf de bien des façons : boucle, clé absente, type inattendu. Toutes se valent ici.
    except (PyPdfError, RecursionError, ValueError, KeyError, TypeError, AttributeError, IndexError, AssertionError,
            OverflowError, NotImplementedError):  # fmt: skip
        return "Ce PDF est abîmé ou incomplet. Ouvrez-le, exportez-le de nouveau, puis réessayez."


def _refus_du_document(contenu: bytes) -> str:
    lecteur = PdfReader(io.BytesIO(contenu))
    if lecteur.is_encrypted:
        return "Ce PDF est protégé par un mot de passe ou contre la copie. Déposez-le sans protection."
    pages = len(lecteur.pages)
    if not 1 <= pages <= CV_PAGES_MAX:
        return f"Ce PDF a {pages} pages : un CV en a de 1 à {CV_PAGES_MAX}."
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
            raise ValueError("Document trop compliqué pour un CV.")
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
