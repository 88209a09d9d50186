"""Lire un classeur XLSX ou un CSV déposé par une personne : ce qui peut être faux dans un fichier l'est un jour."""

import csv
import io
import re
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import python_calamine

from conum.socle.texte import normaliser

OCTETS_MAX = 5_000_000
OCTETS_DEPLIES_MAX = 60_000_000
_FORMULE = re.compile(rb"<f[ />]")


class TableauIllisible(Exception):
    """Le fichier n'est pas exploitable ; le message dit pourquoi et quoi faire."""


@dataclass(frozen=True)
class Ligne:
    """Une ligne non vide : son numéro dans la feuille (1 = titres) et ses cellules en texte, par clé de colonne."""

    numero: int
    cellules: Mapping[str, str]


def _texte(cellule: object) -> str:
    match cellule:
        case None:
            return ""
        case bool():
            return "oui" if cellule else "non"
        case float() if cellule.is_integer():
            return str(int(cellule))  # un SIRET saisi comme un nombre
        case datetime() | date():
            return cellule.isoformat()
        case _:
            return str(cellule).strip()


def _verifier_archive(contenu: bytes) -> None:
    """Un XLSX est une archive : on la regarde avant de la lire (macro, archive piégée, formules)."""
    if len(contenu) > OCTETS_MAX:
        raise TableauIllisible(f"Le fichier dépasse {OCTETS_MAX // 1_000_000} Mo.")
    try:
        with zipfile.ZipFile(io.BytesIO(contenu)) as archive:
            noms = archive.namelist()
            if "xl/workbook.xml" not in noms:
                raise TableauIllisible("Ce fichier n'est pas un classeur XLSX. Enregistrez-le au format « .xlsx ».")
            if any(nom.endswith("vbaProject.bin") for nom in noms):
                raise TableauIllisible("Ce fichier contient une macro. Enregistrez-le au format « .xlsx », sans macro.")
            if sum(fiche.file_size for fiche in archive.infolist()) > OCTETS_DEPLIES_MAX:
                raise TableauIllisible("Ce fichier est trop volumineux une fois ouvert.")
            for nom in noms:
                if nom.startswith("xl/worksheets/sheet") and _FORMULE.search(archive.read(nom)):
                    raise TableauIllisible(
                        "Ce fichier contient des formules. Copiez les cellules, puis collez leurs valeurs seules."
                    )
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, EOFError) as erreur:
        raise TableauIllisible(
            "Ce fichier n'est pas un classeur XLSX lisible. Enregistrez-le au format « .xlsx », sans mot de passe."
        ) from erreur


def lire_xlsx(contenu: bytes, colonnes: Mapping[str, str], *, obligatoires: Sequence[str], maximum: int) -> list[Ligne]:
    """Les lignes de la première feuille, vides sautées.

    `colonnes` : clé → titre attendu, accents et casse indifférents.

    Raises:
        TableauIllisible: pas un XLSX, macro, formules, colonne obligatoire absente ou en double, trop de lignes.
    """
    _verifier_archive(contenu)
    try:
        classeur = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(contenu))
        feuille = classeur.get_sheet_by_index(0)
        # Une seule cellule remplie tout en bas ferait lire un million de lignes vides.
        derniere = feuille.end[0] if feuille.end else 0
        if derniere > maximum:
            raise TableauIllisible(f"Le fichier a {derniere} lignes sous les titres : {maximum} au plus.")
        rangees = feuille.to_python(skip_empty_area=False)
    except (python_calamine.CalamineError, python_calamine.WorksheetNotFound) as erreur:
        raise TableauIllisible("Ce classeur est abîmé : ouvrez-le et enregistrez-le de nouveau.") from erreur
    if not rangees:
        raise TableauIllisible("La première feuille du classeur est vide.")
    places = _places([_texte(c) for c in rangees[0]], colonnes, obligatoires)
    lignes = []
    for numero, rangee in enumerate(rangees[1:], start=2):
        cellules = {cle: _texte(rangee[j]) if j < len(rangee) else "" for cle, j in places.items()}
        if any(cellules.values()):
            lignes.append(Ligne(numero, {**dict.fromkeys(colonnes, ""), **cellules}))
    return lignes


def _places(titres: list[str], colonnes: Mapping[str, str], obligatoires: Sequence[str]) -> dict[str, int]:
    formes = [normaliser(titre) for titre in titres]
    places = {}
    for cle, titre in colonnes.items():
        ou = [j for j, forme in enumerate(formes) if forme == normaliser(titre)]
        if len(ou) > 1:
            raise TableauIllisible(f"La colonne « {titre} » est en double.")
        if ou:
            places[cle] = ou[0]
    if manquantes := [colonnes[cle] for cle in obligatoires if cle not in places]:
        noms = ", ".join(f"« {nom} »" for nom in manquantes)
        raise TableauIllisible(f"Colonne absente de la première ligne : {noms}. Partez du modèle à télécharger.")
    return places


def lire_csv(contenu: bytes, colonnes: Mapping[str, str], *, obligatoires: Sequence[str], maximum: int) -> list[Ligne]:
    """Les lignes d'un CSV, vides sautées, comme l'écrit un tableur.

    UTF-8 ou Windows-1252 ; point-virgule, tabulation ou virgule.
    Le numéro d'une ligne est celui que montre un éditeur : une cellule sur plusieurs lignes compte autant de lignes.

    Raises:
        TableauIllisible: classeur, fichier binaire, colonne obligatoire absente ou en double, trop de lignes.
    """
    if len(contenu) > OCTETS_MAX:
        raise TableauIllisible(f"Le fichier dépasse {OCTETS_MAX // 1_000_000} Mo.")
    texte = _decoder(contenu)
    titres = texte.split("\n", 1)[0]
    separateur = next((s for s in ";\t" if s in titres), ",")
    lecteur = csv.reader(io.StringIO(texte, newline=""), delimiter=separateur, strict=True)
    lignes: list[Ligne] = []
    try:
        places = _places([c.strip() for c in next(lecteur, [])], colonnes, obligatoires)
        debut = lecteur.line_num + 1
        for rangee in lecteur:
            cellules = {cle: rangee[j].strip() if j < len(rangee) else "" for cle, j in places.items()}
            if any(cellules.values()):
                lignes.append(Ligne(debut, {**dict.fromkeys(colonnes, ""), **cellules}))
            if len(lignes) > maximum:
                raise TableauIllisible(f"Le fichier a plus de {maximum} lignes sous les titres.")
            debut = lecteur.line_num + 1
    except csv.Error as erreur:
        raise TableauIllisible(f"Le fichier est mal formé vers la ligne {lecteur.line_num} : {erreur}.") from erreur
    return lignes


def _decoder(contenu: bytes) -> str:
    if contenu.startswith(b"PK\x03\x04"):
        raise TableauIllisible("Ce fichier est un classeur. Enregistrez-le au format « CSV ».")
    if b"\x00" in contenu:
        raise TableauIllisible("Ce fichier n'est pas un texte. Enregistrez-le au format « CSV ».")
    for encodage in ("utf-8-sig", "cp1252"):
        try:
            return contenu.decode(encodage)
        except UnicodeDecodeError:
            continue
    return contenu.decode("latin-1")
