"""Lecture du fichier publié des structures d'accueil (data.gouv.fr, ANCT, Licence Ouverte) : une ligne, une lecture."""

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from pathlib import Path

from conum.demandes.actions.reprise import AttributionPubliee
from conum.structures.actions import DonneesStructure
from conum.structures.rules import (
    Categorie,
    IdentifiantInvalide,
    Statut,
    categorie_probable,
    commune_sans_arrondissement,
    lire_identifiant,
)
from conum.territoires.models import AncienneCommune, Commune

COLONNES = ("nom", "siret", "code_postal", "code_insee", "postes_attribues")
# Part de l'investissement publié qui n'est pas la subvention : formation, équipement, certification, par poste
# (programme-apps § 2.6) ; et subvention d'une structure privée, qui dit son statut.
FRAIS_PAR_POSTE = Decimal("5428.83")
SUBVENTION_PRIVEE = Decimal("32000")


class FichierIllisible(Exception):
    """Le fichier n'a pas les colonnes attendues."""


class LigneRefusee(Exception):
    """La ligne ne peut pas être reprise ; le message dit pourquoi."""


@dataclass(frozen=True, slots=True)
class LigneLue:
    """Une ligne recevable ; `doutes` : ce qu'une personne devrait vérifier."""

    attribution: AttributionPubliee
    doutes: list[str] = field(default_factory=list)


def lignes(chemin: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Chaque ligne et son numéro dans le fichier (l'en-tête est la ligne 1).

    Raises:
        FichierIllisible: une colonne manque, ou le fichier n'est pas un CSV en UTF-8 ou latin-1.
    """
    octets = chemin.read_bytes()
    try:
        texte = octets.decode("utf-8-sig")
    except UnicodeDecodeError:
        texte = octets.decode("latin-1")
    premiere = texte.split("\n", 1)[0]
    lecteur = csv.DictReader(io.StringIO(texte), delimiter=";" if premiere.count(";") > premiere.count(",") else ",")
    manquantes = [c for c in COLONNES if c not in (lecteur.fieldnames or [])]
    if manquantes:
        raise FichierIllisible(f"Colonnes absentes : {', '.join(manquantes)}.")
    for ligne in lecteur:
        yield (
            lecteur.line_num,
            {
                cle: (valeur or "").strip()
                for cle, valeur in ligne.items()
                if isinstance(cle, str) and not isinstance(valeur, list)
            },
        )


class Lecteur:
    """Lit les lignes contre les communes qu'elles nomment, chargées une fois pour toutes."""

    def __init__(self, codes: Iterable[str]) -> None:
        voulus = {commune_sans_arrondissement(code) for code in codes}
        self.anciennes = dict(AncienneCommune.objects.filter(code__in=voulus).values_list("code", "commune_id"))
        voulus |= set(self.anciennes.values())
        self.communes = {c.pk: c for c in Commune.objects.filter(pk__in=voulus).select_related("departement")}
        self.vus: dict[str, int] = {}

    def lire(self, numero: int, ligne: dict[str, str]) -> LigneLue:
        """Raises: LigneRefusee."""
        nom = ligne["nom"]
        if not nom:
            raise LigneRefusee("le nom est vide")
        try:
            identifiant = lire_identifiant(ligne["siret"])
        except IdentifiantInvalide as erreur:
            raise LigneRefusee(f"SIRET « {ligne['siret']} » : {erreur.message}") from None
        if premiere := self.vus.get(identifiant.valeur):
            raise LigneRefusee(f"le SIRET {identifiant.valeur} est déjà à la ligne {premiere}")
        self.vus[identifiant.valeur] = numero
        commune = self._commune(ligne["code_insee"])
        doutes: list[str] = []
        if ligne["code_insee"] != commune.pk:
            doutes.append(f"code commune {ligne['code_insee']} lu comme {commune.pk} ({commune.nom})")
        if ligne["code_postal"] and commune.codes_postaux and ligne["code_postal"] not in commune.codes_postaux:
            doutes.append(f"code postal {ligne['code_postal']} inconnu à {commune.nom}")
        postes = self._entier("postes_attribues", ligne)
        recrutes = self._entier("conseillers_recrutes", ligne) if ligne.get("conseillers_recrutes") else 0
        if not postes:
            doutes.append(f"aucun poste attribué ({recrutes} conseiller(s) recruté(s)) : structure inscrite sans poste")
        elif recrutes > postes:
            doutes.append(f"{recrutes} conseillers recrutés pour {postes} poste(s)")
        categorie = self._categorie(identifiant.valeur, nom, ligne, postes, doutes)
        structure = DonneesStructure(
            identifiant=identifiant,
            denomination=nom,
            categorie=categorie.code,
            code_postal=ligne["code_postal"]
            if len(ligne["code_postal"]) == 5 and ligne["code_postal"].isdigit()
            else "",
            commune=commune,
        )
        return LigneLue(AttributionPubliee(structure=structure, postes=postes), doutes)

    def _commune(self, code: str) -> Commune:
        trouve = commune_sans_arrondissement(code)
        commune = self.communes.get(self.anciennes.get(trouve, trouve))
        if commune is None:
            raise LigneRefusee(f"commune « {code} » inconnue")
        return commune

    def _entier(self, colonne: str, ligne: dict[str, str]) -> int:
        valeur = ligne[colonne]
        if not valeur.isascii() or not valeur.isdigit() or len(valeur) > 4:
            raise LigneRefusee(f"{colonne} : « {valeur} » n'est pas un nombre")
        return int(valeur)

    def _categorie(self, siret: str, nom: str, ligne: dict[str, str], postes: int, doutes: list[str]) -> Categorie:
        categorie = categorie_probable(siret, nom)
        prive = _est_privee(ligne.get("investissement_etat_eur", ""), postes)
        if prive is not None and prive != (categorie.statut is Statut.PRIVE):
            publie = "privée" if prive else "publique"
            doutes.append(f"subvention publiée d'une structure {publie}, mais le SIREN dit « {categorie.libelle} »")
        return categorie


def _est_privee(investissement: str, postes: int) -> bool | None:
    """Ce que dit le montant publié ; None s'il ne dit rien."""
    try:
        montant = Decimal(investissement.replace(",", "."))
    except InvalidOperation:
        return None
    if not postes or not montant:
        return None
    return abs(montant / postes - FRAIS_PAR_POSTE - SUBVENTION_PRIVEE) < 1
