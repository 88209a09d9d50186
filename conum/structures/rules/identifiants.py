"""SIRET et RIDET : lecture d'une saisie, raison de chaque refus."""

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum

from stdnum.fr import siren as numero_siren
from stdnum.fr import siret as numero_siret


class TypeIdentifiant(StrEnum):
    SIRET = "siret"
    RIDET = "ridet"


class MotifIdentifiant(StrEnum):
    VIDE = "vide"
    TVA = "tva"
    ETRANGER = "etranger"
    RNA = "rna"
    LETTRES = "lettres"
    SIREN = "siren"
    RIDET_LONG = "ridet_long"
    LONGUEUR = "longueur"
    CLE = "cle"


class IdentifiantInvalide(ValueError):
    """La saisie n'est ni un SIRET ni un RIDET ; `message` dit pourquoi, à l'attention de la personne."""

    def __init__(self, motif: MotifIdentifiant, message: str) -> None:
        super().__init__(message)
        self.motif = motif
        self.message = message


@dataclass(frozen=True, slots=True)
class Identifiant:
    """Identifiant valide : `valeur` sans espace (14 chiffres pour un SIRET, 6 ou 7 pour un RIDET)."""

    type: TypeIdentifiant
    valeur: str

    @property
    def siren(self) -> str:
        """Les neuf premiers chiffres d'un SIRET, vide pour un RIDET."""
        return self.valeur[:9] if self.type is TypeIdentifiant.SIRET else ""

    def __str__(self) -> str:
        return formater_identifiant(self.valeur)


# Préfixes des numéros de TVA intracommunautaire (et suisse, britannique) : deux lettres de pays puis le numéro.
_PAYS_TVA = re.compile(
    r"(AT|BE|BG|CHE?|CY|CZ|DE|DK|EE|EL|ES|FI|GB|GR|HR|HU|IE|IT|LT|LU|LV|MC|MT|NL|NO|PL|PT|RO|SE|SI|SK|XI)[0-9A-Z]{6,14}"
)
_SEPARATEURS = re.compile(r"[\s.\-_/\u00a0\u202f]+")
_CONFUSIONS = str.maketrans({"O": "0", "Q": "0", "I": "1", "L": "1", "S": "5", "B": "8", "Z": "2"})


def compacter(saisie: str) -> str:
    """Majuscules, sans espace, point, tiret ni barre oblique."""
    return _SEPARATEURS.sub("", unicodedata.normalize("NFKC", saisie)).upper()


def siret_valide(numero: str) -> bool:
    """Clé du SIRET : Luhn, sauf La Poste (SIREN 356000000) où la somme des chiffres est un multiple de 5."""
    return numero.isascii() and numero_siret.is_valid(numero)


def siren_valide(numero: str) -> bool:
    return numero.isascii() and numero_siren.is_valid(numero)


def lire_identifiant(saisie: str) -> Identifiant:
    """Lit un SIRET (14 chiffres) ou un RIDET de Nouvelle-Calédonie (6 ou 7 chiffres).

    Lève `IdentifiantInvalide` avec la raison propre à l'erreur commise.
    """
    numero = compacter(saisie)
    if not numero:
        raise IdentifiantInvalide(
            MotifIdentifiant.VIDE,
            "Saisissez le numéro SIRET de la structure (14 chiffres), ou son RIDET en Nouvelle-Calédonie.",
        )
    if not (numero.isascii() and numero.isdigit()):
        raise _refus_avec_lettres(numero)
    if len(numero) in (6, 7):
        return Identifiant(TypeIdentifiant.RIDET, numero)
    if len(numero) == 14:
        if siret_valide(numero):
            return Identifiant(TypeIdentifiant.SIRET, numero)
        raise _refus_de_cle(numero)
    raise _refus_de_longueur(numero)


def _refus_de_cle(numero: str) -> IdentifiantInvalide:
    if not siren_valide(numero[:9]):
        ou = "dans les neuf premiers chiffres (le SIREN)"
    else:
        ou = "dans les cinq derniers chiffres (le numéro d'établissement)"
    return IdentifiantInvalide(
        MotifIdentifiant.CLE,
        f"Ce numéro a bien 14 chiffres, mais sa clé de contrôle est fausse : une erreur de frappe s'est sans doute "
        f"glissée {ou}. Recopiez-le depuis votre avis de situation SIRENE.",
    )


def _refus_de_longueur(numero: str) -> IdentifiantInvalide:
    n = len(numero)
    if n == 9 and siren_valide(numero):
        return IdentifiantInvalide(
            MotifIdentifiant.SIREN,
            "Ceci est un SIREN (9 chiffres) : il désigne l'organisme entier. Saisissez le SIRET de l'établissement, "
            "c'est-à-dire le SIREN suivi de cinq chiffres.",
        )
    if n in (9, 10):
        return IdentifiantInvalide(
            MotifIdentifiant.RIDET_LONG,
            f"{n} chiffres : ce n'est pas un SIRET (14 chiffres). S'il s'agit d'un RIDET de Nouvelle-Calédonie, "
            "saisissez seulement ses 6 ou 7 premiers chiffres, sans le numéro d'établissement.",
        )
    return IdentifiantInvalide(
        MotifIdentifiant.LONGUEUR,
        f"Un SIRET compte 14 chiffres (un RIDET, 6 ou 7) : vous en avez saisi {n}.",
    )


def _refus_avec_lettres(numero: str) -> IdentifiantInvalide:
    if re.fullmatch(r"FR[0-9A-Z]{2}\d{9}", numero):
        return IdentifiantInvalide(
            MotifIdentifiant.TVA,
            "Ceci est un numéro de TVA intracommunautaire. Saisissez le SIRET : 14 chiffres, sans lettre "
            f"(il commence par {numero[4:]}).",
        )
    if re.fullmatch(r"W\d[0-9A-Z]\d{7}", numero):
        return IdentifiantInvalide(
            MotifIdentifiant.RNA,
            "Ceci est un numéro d'association (RNA). Saisissez le SIRET de l'association ; si elle n'en a pas, "
            "elle peut le demander à l'INSEE depuis Le Compte Asso.",
        )
    if _PAYS_TVA.fullmatch(numero) and sum(signe.isdigit() for signe in numero) >= 6:
        return IdentifiantInvalide(
            MotifIdentifiant.ETRANGER,
            "Ce numéro semble délivré par un autre pays. Seules les structures immatriculées en France "
            "(SIRET) ou en Nouvelle-Calédonie (RIDET) peuvent accueillir un conseiller numérique.",
        )
    corrige = numero.translate(_CONFUSIONS)
    if corrige.isascii() and corrige.isdigit() and siret_valide(corrige):
        return IdentifiantInvalide(
            MotifIdentifiant.LETTRES,
            "Un SIRET ne contient que des chiffres : une lettre semble avoir pris la place d'un chiffre. "
            f"Vouliez-vous écrire {formater_identifiant(corrige)} ?",
        )
    return IdentifiantInvalide(
        MotifIdentifiant.LETTRES,
        "Un SIRET ou un RIDET ne contient que des chiffres : retirez les lettres et les autres signes.",
    )


def formater_identifiant(valeur: str) -> str:
    """`200073419 00018` devient `200 073 419 00018` ; un RIDET est rendu tel quel."""
    if len(valeur) != 14:
        return valeur
    return f"{valeur[:3]} {valeur[3:6]} {valeur[6:9]} {valeur[9:]}"
