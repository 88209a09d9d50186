"""Imports par commune, versionnés par millésime : indice de fragilité numérique et zonages.

Le fichier fait foi pour son millésime : réimporter remplace. Un ancien code compte pour la commune d'aujourd'hui.
"""

import csv
import io
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from pathlib import Path

from django.db import transaction

from conum.territoires.models import AncienneCommune, Commune, IndiceFragilite, Zonage

COLONNES_CODE = ("code_insee", "codgeo", "insee_com", "code_commune", "code_commune_insee")
AXES = (
    "score_global",
    "acces_information",
    "acces_interfaces",
    "competences_administratives",
    "competences_numeriques",
)
INDICE_MAXIMAL = Decimal("999.9")
PAR_LOT = 2000


class FichierIllisible(Exception):
    """Le fichier n'a pas les colonnes attendues."""


class LigneRefusee(Exception):
    """Le motif, en une phrase."""


@dataclass
class Rapport:
    """`refus` et `remarques` : (numéro de ligne dans le fichier, phrase)."""

    lues: int = 0
    ecrites: int = 0
    refus: list[tuple[int, str]] = field(default_factory=list)
    remarques: list[tuple[int, str]] = field(default_factory=list)


Ligne = tuple[int, dict[str, str]]


def lire_csv(chemin: Path) -> tuple[str, list[Ligne]]:
    """La colonne du code commune et les lignes numérotées ; UTF-8 ou latin-1, virgule ou point-virgule."""
    octets = chemin.read_bytes()
    try:
        texte = octets.decode("utf-8-sig")
    except UnicodeDecodeError:
        texte = octets.decode("cp1252", errors="replace")
    entete = texte.split("\n", 1)[0]
    separateur = max(",;\t", key=entete.count)
    lecteur = csv.DictReader(io.StringIO(texte, newline=""), delimiter=separateur)
    colonnes = [(nom or "").strip().lower() for nom in lecteur.fieldnames or []]
    lecteur.fieldnames = colonnes
    colonne = next((c for c in COLONNES_CODE if c in colonnes), None)
    if colonne is None:
        raise FichierIllisible(f"Il manque la colonne du code commune ({', '.join(COLONNES_CODE)}).")
    return colonne, [(lecteur.line_num, {c: (v or "").strip() for c, v in li.items() if c}) for li in lecteur]


def _resolveur() -> Callable[[str], str]:
    """Code lu → code d'aujourd'hui ; lève `LigneRefusee`."""
    actuelles = set(Commune.objects.filter(ancienne=False).values_list("code", flat=True).order_by("code"))
    anciennes = dict(AncienneCommune.objects.order_by("commune__population", "pk").values_list("code", "commune_id"))

    def resoudre(lu: str) -> str:
        if not lu:
            raise LigneRefusee("code commune absent")
        code = lu.upper().zfill(5)
        actuel = code if code in actuelles else anciennes.get(code)
        if actuel is None:
            raise LigneRefusee(f"code commune inconnu : {lu}")
        return actuel

    return resoudre


def _parcourir(chemin: Path, rapport: Rapport) -> Iterator[tuple[int, dict[str, str], str]]:
    """Numéro, ligne et commune d'aujourd'hui de chaque ligne ; les autres vont au rapport, avec leur motif."""
    colonne, lignes = lire_csv(chemin)
    resoudre = _resolveur()
    for numero, ligne in lignes:
        rapport.lues += 1
        lu = ligne[colonne]
        try:
            code = resoudre(lu)
        except LigneRefusee as refus:
            rapport.refus.append((numero, str(refus)))
            continue
        if code != lu.upper().zfill(5):
            rapport.remarques.append((numero, f"ancien code {lu}, compté pour {code}"))
        yield numero, ligne | {"code": lu}, code


def _nombre(ligne: dict[str, str], colonne: str) -> Decimal:
    lu = ligne.get(colonne, "").replace(",", ".")
    try:
        nombre = Decimal(lu)
    except InvalidOperation:
        nombre = Decimal("nan")
    if not nombre.is_finite():
        raise LigneRefusee(f"{colonne} : « {lu} » n'est pas un nombre")
    if not Decimal(0) <= nombre <= INDICE_MAXIMAL:
        raise LigneRefusee(f"{colonne} : {lu} hors de 0 à {INDICE_MAXIMAL}")
    return nombre


def _poids(ligne: dict[str, str]) -> Decimal:
    population = ligne.get("population", "")
    return Decimal(max(int(population), 1)) if population.isascii() and population.isdigit() else Decimal(1)


def importer_fragilite(
    chemin: Path, *, millesime: int, simulation: bool = False, tout_ou_rien: bool = False
) -> Rapport:
    """Colonnes : code commune, score_global et les quatre axes ; `population` pondère les communes fusionnées."""
    rapport = Rapport()
    valeurs: dict[str, list[tuple[Decimal, list[Decimal]]]] = defaultdict(list)
    vues: dict[str, int] = {}
    for numero, ligne, code in _parcourir(chemin, rapport):
        try:
            if (premiere := vues.setdefault(ligne["code"], numero)) != numero:
                raise LigneRefusee(f"code {ligne['code']} déjà vu ligne {premiere}")
            valeurs[code].append((_poids(ligne), [_nombre(ligne, axe) for axe in AXES]))
        except LigneRefusee as refus:
            rapport.refus.append((numero, str(refus)))
    indices = [
        IndiceFragilite(commune_id=code, millesime=millesime, **dict(zip(AXES, _moyenne(lots), strict=True)))
        for code, lots in sorted(valeurs.items())
        if lots
    ]
    if _a_ecrire(rapport, simulation, tout_ou_rien):
        with transaction.atomic():
            IndiceFragilite.objects.filter(millesime=millesime).delete()
            IndiceFragilite.objects.bulk_create(indices, batch_size=PAR_LOT)
        rapport.ecrites = len(indices)
    return rapport


def _moyenne(lots: list[tuple[Decimal, list[Decimal]]]) -> list[Decimal]:
    total = sum(poids for poids, _ in lots)
    return [
        (sum((poids * axes[i] for poids, axes in lots), Decimal(0)) / total).quantize(Decimal("0.1"))
        for i in range(len(AXES))
    ]


def importer_zonages(
    chemin: Path, *, type_: str, millesime: int, simulation: bool = False, tout_ou_rien: bool = False
) -> Rapport:
    """Chaque ligne met une commune dans le zonage ; une commune peut revenir (plusieurs quartiers prioritaires)."""
    rapport = Rapport()
    codes = {code for _, _, code in _parcourir(chemin, rapport)}
    if _a_ecrire(rapport, simulation, tout_ou_rien):
        with transaction.atomic():
            Zonage.objects.filter(type=type_, millesime=millesime).delete()
            Zonage.objects.bulk_create(
                [Zonage(commune_id=code, type=type_, millesime=millesime) for code in sorted(codes)],
                batch_size=PAR_LOT,
            )
        rapport.ecrites = len(codes)
    return rapport


def _a_ecrire(rapport: Rapport, simulation: bool, tout_ou_rien: bool) -> bool:
    return not simulation and not (tout_ou_rien and rapport.refus)
