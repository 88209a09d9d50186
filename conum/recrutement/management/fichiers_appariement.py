"""Les fichiers de l'appariement : structures et candidats en CSV, propositions en CSV.

UTF-8 (avec ou sans BOM) ou Windows-1252, séparés par des virgules, des points-virgules ou des tabulations. Une valeur
qu'on ne sait pas lire n'est jamais devinée : la ligne est refusée, nommée avec sa colonne et sa raison, et laissée de
côté.
"""

import csv
import io
import math
import os
import re
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from conum.recrutement.rules.appariement import FRANCE_ENTIERE_KM, Besoins, Candidats, Resultat, territoire_de

COLONNES_STRUCTURES = ("id", "type", "date_debut", "postes", "code_insee", "longitude", "latitude")
COLONNES_CANDIDATS = (
    "id",
    "en_recherche",
    "en_emploi",
    "en_formation",
    "diplome",
    "experience",
    "mobilite_km",
    "date_disponibilite",
    "code_insee",
    "longitude",
    "latitude",
)
ENTETE_SORTIE = ("structure_id", "candidat_id", "distance_km", "rang")
_CODE_INSEE = re.compile(r"\d{5}|2[AB]\d{3}")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_NOMBRE = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)")
_VRAI, _FAUX = {"true", "vrai", "oui", "1"}, {"false", "faux", "non", "0"}
_INFINI = {"inf", "infinity", "infini"}


class FichierIllisible(Exception):
    """Le fichier entier ne peut pas servir ; le message dit pourquoi."""


class Refus(NamedTuple):
    """Une valeur refusée : numéro de ligne du fichier (l'entête est la ligne 1), colonne, raison."""

    ligne: int
    colonne: str
    raison: str


@dataclass
class Lecture:
    """Lignes lues (une valeur par colonne, dans l'ordre du fichier) et refus."""

    colonnes: dict[str, list[Any]]
    refus: list[Refus] = field(default_factory=list)

    def __len__(self) -> int:
        return len(next(iter(self.colonnes.values())))

    @property
    def lignes_refusees(self) -> int:
        return len({refus.ligne for refus in self.refus})


class _Illisible(ValueError):
    """Une valeur qu'on refuse ; le message est la raison."""


def lire_structures(chemin: Path) -> Lecture:
    """Les structures du fichier. Erreur : `FichierIllisible`."""
    return _lire(chemin, COLONNES_STRUCTURES, _LECTEURS_STRUCTURES)


def lire_candidats(chemin: Path) -> Lecture:
    """Les candidats du fichier. Erreur : `FichierIllisible`."""
    return _lire(chemin, COLONNES_CANDIDATS, _LECTEURS_CANDIDATS)


def _lire(chemin: Path, colonnes: Sequence[str], lecteurs: dict[str, Callable[[str], Any]]) -> Lecture:
    lecture = Lecture({colonne: [] for colonne in colonnes})
    vus: dict[str, int] = {}
    for numero, ligne in _lignes(chemin, colonnes, lecture.refus):
        valeurs, refus = _une_ligne(numero, ligne, lecteurs)
        identifiant = valeurs.get("id")
        if identifiant is not None and vus.setdefault(identifiant, numero) != numero:
            refus.append(Refus(numero, "id", f"« {identifiant} » est déjà à la ligne {vus[identifiant]}"))
        if refus:
            lecture.refus += refus
            continue
        for colonne in colonnes:
            lecture.colonnes[colonne].append(valeurs[colonne])
    lecture.refus.sort(key=lambda refus: refus.ligne)
    return lecture


def _une_ligne(
    numero: int, ligne: dict[str, str], lecteurs: dict[str, Callable[[str], Any]]
) -> tuple[dict[str, Any], list[Refus]]:
    valeurs, refus = {}, []
    for colonne, lire in lecteurs.items():
        try:
            valeurs[colonne] = lire(ligne[colonne])
        except _Illisible as erreur:
            refus.append(Refus(numero, colonne, str(erreur)))
    return valeurs, refus


def _texte(chemin: Path) -> str:
    try:
        octets = chemin.read_bytes()
    except OSError as erreur:
        raise FichierIllisible(f"{chemin.name} : {erreur.strerror}.") from None
    try:
        texte = octets.decode("utf-8-sig")
    except UnicodeDecodeError:
        texte = octets.decode("cp1252", errors="replace")
    if not texte.strip():
        raise FichierIllisible(f"{chemin.name} est vide.")
    if "\0" in texte:
        raise FichierIllisible(f"{chemin.name} n'est pas un fichier CSV (il contient des octets nuls).")
    return texte


def _lignes(chemin: Path, colonnes: Sequence[str], refus: list[Refus]) -> Iterator[tuple[int, dict[str, str]]]:
    texte = _texte(chemin)
    premiere = texte.lstrip("\r\n").splitlines()[0]
    separateur = max(",;\t", key=premiere.count)
    # Les tableurs français écrivent la virgule décimale quand le point-virgule sépare ; là seulement, elle est sans
    # équivoque.
    virgule_decimale = separateur == ";"
    lecteur = csv.reader(io.StringIO(texte, newline=""), delimiter=separateur)
    entete: list[str] | None = None
    debut = 1
    try:
        for champs in lecteur:
            numero, debut = debut, lecteur.line_num + 1
            if not any(champ.strip() for champ in champs):
                continue
            if entete is None:
                entete = _verifier_entete(chemin, champs, colonnes)
            elif len(champs) != len(entete):
                refus.append(Refus(numero, "", f"{len(champs)} champs au lieu de {len(entete)}"))
            else:
                valeurs = (_decimal(champ.strip()) if virgule_decimale else champ.strip() for champ in champs)
                yield numero, dict(zip(entete, valeurs, strict=True))
    except csv.Error as erreur:
        raise FichierIllisible(f"{chemin.name}, ligne {lecteur.line_num} : CSV illisible ({erreur}).") from None


def _verifier_entete(chemin: Path, champs: Sequence[str], colonnes: Sequence[str]) -> list[str]:
    entete = [champ.strip().lower() for champ in champs]
    manquantes = [colonne for colonne in colonnes if colonne not in entete]
    if manquantes:
        pluriel = "la colonne" if len(manquantes) == 1 else "les colonnes"
        raise FichierIllisible(f"{chemin.name} : il manque {pluriel} {', '.join(manquantes)}.")
    doubles = sorted({colonne for colonne in colonnes if entete.count(colonne) > 1})
    if doubles:
        raise FichierIllisible(f"{chemin.name} : colonne en double, {', '.join(doubles)}.")
    return entete


def _decimal(champ: str) -> str:
    return champ.replace(",", ".") if re.fullmatch(r"[+-]?\d+,\d+", champ) else champ


def _identifiant(valeur: str) -> str:
    if not valeur:
        raise _Illisible("valeur absente")
    return valeur


def _nombre(valeur: str) -> float:
    if not valeur:
        raise _Illisible("valeur absente")
    if not _NOMBRE.fullmatch(valeur):
        raise _Illisible(f"« {valeur} » n'est pas un nombre")
    return float(valeur)


def _coordonnee(borne: float) -> Callable[[str], float]:
    def lire(valeur: str) -> float:
        nombre = _nombre(valeur)
        if not -borne <= nombre <= borne:
            raise _Illisible(f"{valeur} n'est pas compris entre -{borne:.0f} et {borne:.0f} degrés")
        return nombre

    return lire


def _mobilite(valeur: str) -> float:
    if valeur.lower() in _INFINI:
        return math.inf
    nombre = _nombre(valeur)
    if nombre < 0:
        raise _Illisible(f"{valeur} : une mobilité ne peut pas être négative")
    return math.inf if nombre >= FRANCE_ENTIERE_KM else nombre


def _booleen(valeur: str) -> bool:
    if valeur.lower() in _VRAI:
        return True
    if valeur.lower() in _FAUX:
        return False
    raise _Illisible(f"« {valeur} » n'est ni True ni False" if valeur else "valeur absente")


def _jour(valeur: str) -> int:
    if not valeur:
        raise _Illisible("valeur absente")
    if not _DATE.fullmatch(valeur):
        raise _Illisible(f"« {valeur} » n'est pas une date AAAA-MM-JJ")
    try:
        return date.fromisoformat(valeur).toordinal()
    except ValueError:
        raise _Illisible(f"{valeur} n'existe pas dans le calendrier") from None


def _postes(valeur: str) -> int:
    if not re.fullmatch(r"[+-]?\d{1,9}", valeur):
        raise _Illisible(f"« {valeur} » n'est pas un nombre entier" if valeur else "valeur absente")
    if int(valeur) < 1:
        raise _Illisible(f"{valeur} : au moins un poste est attendu")
    return int(valeur)


def _territoire(valeur: str) -> int:
    code = valeur.upper()
    if not valeur:
        raise _Illisible("valeur absente")
    if not _CODE_INSEE.fullmatch(code):
        raise _Illisible(f"« {valeur} » n'est pas un code INSEE de commune (5 caractères)")
    try:
        return territoire_de(code)
    except ValueError as erreur:
        raise _Illisible(str(erreur).removesuffix(".")) from None


_LIEU: dict[str, Callable[[str], Any]] = {
    "code_insee": _territoire,
    "longitude": _coordonnee(180),
    "latitude": _coordonnee(90),
}
_LECTEURS_STRUCTURES: dict[str, Callable[[str], Any]] = {
    "id": _identifiant,
    "type": _identifiant,
    "date_debut": _jour,
    "postes": _postes,
    **_LIEU,
}
_LECTEURS_CANDIDATS: dict[str, Callable[[str], Any]] = {
    "id": _identifiant,
    **dict.fromkeys(("en_recherche", "en_emploi", "en_formation", "diplome", "experience"), _booleen),
    "mobilite_km": _mobilite,
    "date_disponibilite": _jour,
    **_LIEU,
}


def besoins(lecture: Lecture, par_structure: int) -> Besoins:
    """Chaque structure est un besoin : un poste à servir, `par_structure` propositions au plus."""
    n, c = len(lecture), lecture.colonnes
    return Besoins(
        latitude=np.array(c["latitude"], dtype=np.float64),
        longitude=np.array(c["longitude"], dtype=np.float64),
        debut=np.array(c["date_debut"], dtype=np.int64),
        a_servir=np.ones(n, dtype=np.int64),
        capacite=np.full(n, par_structure, dtype=np.int64),
        territoire=np.array(c["code_insee"], dtype=np.int64),
        niveau=np.zeros(n, dtype=np.int64),
    )


def candidats(lecture: Lecture, par_candidat: int) -> Candidats:
    """Des candidats sans aucune proposition ouverte ; le fichier ne dit ni territoire choisi ni palier."""
    m, c = len(lecture), lecture.colonnes
    zeros = np.zeros(m, dtype=np.int64)
    return Candidats(
        latitude=np.array(c["latitude"], dtype=np.float64),
        longitude=np.array(c["longitude"], dtype=np.float64),
        mobilite_km=np.array(c["mobilite_km"], dtype=np.float64),
        disponible=np.array(c["date_disponibilite"], dtype=np.int64),
        capacite=np.full(m, par_candidat, dtype=np.int64),
        deja_servi=np.zeros(m, dtype=np.bool_),
        territoire=np.array(c["code_insee"], dtype=np.int64),
        territoires_choisis=zeros,
        experience=np.array(c["experience"], dtype=np.bool_),
        diplome=np.array(c["diplome"], dtype=np.bool_),
        palier=zeros,
    )


def ecrire_propositions(chemin: Path, resultat: Resultat, structures: Sequence[str], candidats: Sequence[str]) -> None:
    """Écrit les propositions d'un coup : on lit l'ancien fichier ou le nouveau, jamais la moitié d'un. Erreur :
    `OSError`."""
    lignes = zip(
        (structures[i] for i in resultat.besoin.tolist()),
        (candidats[j] for j in resultat.candidat.tolist()),
        (f"{km:.3f}" for km in resultat.distance_km.tolist()),
        resultat.rang.tolist(),
        strict=True,
    )
    _remplacer(chemin, lignes)


def _remplacer(chemin: Path, lignes: Iterable[Sequence[Any]]) -> None:
    descripteur, provisoire = tempfile.mkstemp(dir=chemin.parent, prefix=f".{chemin.name}.", suffix=".part")
    try:
        with open(descripteur, "w", encoding="utf-8", newline="") as fichier:
            ecrivain = csv.writer(fichier, lineterminator="\n")
            ecrivain.writerow(ENTETE_SORTIE)
            ecrivain.writerows(lignes)
            fichier.flush()
            os.fsync(fichier.fileno())
        Path(provisoire).chmod(_droits(chemin))
        Path(provisoire).replace(chemin)
    except BaseException:
        with suppress(OSError):
            Path(provisoire).unlink()
        raise


def _droits(chemin: Path) -> int:
    """Ceux du fichier remplacé, sinon ceux d'un fichier ordinaire : `mkstemp` ne laisserait lire que son auteur."""
    if chemin.exists():
        return chemin.stat().st_mode & 0o777
    masque = os.umask(0)
    os.umask(masque)
    return 0o666 & ~masque
