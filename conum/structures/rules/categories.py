"""Catégories éligibles et lecture de la catégorie juridique.

Source : centre d'aide Conseiller numérique, « Structure d'accueil : quels types de structure peuvent accueillir un
Conseiller numérique ? » (aide.conseiller-numerique.gouv.fr), et article L. 5111-1 du CGCT.
Les codes de catégorie juridique sont ceux de la nomenclature de l'INSEE (niveau III, septembre 2022).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

T = TypeVar("T")


class Statut(StrEnum):
    PUBLIC = "public"
    PRIVE = "prive"


@dataclass(frozen=True, slots=True)
class Categorie:
    """Catégorie éligible, telle que le règlement la nomme ; `a_verifier` dit ce que l'instruction doit contrôler."""

    code: str
    libelle: str
    statut: Statut
    a_verifier: str = ""


CATEGORIES: tuple[Categorie, ...] = (
    Categorie("collectivite", "Collectivité territoriale", Statut.PUBLIC),
    Categorie("collectivite_outre_mer", "Territoire ou collectivité d'outre-mer", Statut.PUBLIC),
    Categorie("epci", "EPCI, métropole ou établissement public territorial", Statut.PUBLIC),
    Categorie("groupement", "Autre groupement de collectivités (syndicat, PETR, entente)", Statut.PUBLIC),
    Categorie(
        "etablissement_local",
        "Établissement public local rattaché (CCAS, CIAS, office public de l'habitat…)",
        Statut.PUBLIC,
    ),
    Categorie(
        "gip",
        "GIP constitué de personnes morales de droit public",
        Statut.PUBLIC,
        "Le groupement ne réunit que des personnes morales de droit public.",
    ),
    Categorie("consulaire", "Chambre consulaire", Statut.PUBLIC),
    Categorie("epa", "Établissement public administratif sous tutelle de l'État", Statut.PUBLIC),
    Categorie(
        "epic", "EPIC préalablement identifié par l'État", Statut.PUBLIC, "L'État a identifié cet EPIC au préalable."
    ),
    Categorie("association", "Association déclarée (loi de 1901, ou de 1908 en Alsace-Moselle)", Statut.PRIVE),
    Categorie(
        "ess",
        "Entreprise de l'économie sociale et solidaire (loi n° 2014-856)",
        Statut.PRIVE,
        "La structure relève de l'article 1er de la loi n° 2014-856 du 31 juillet 2014.",
    ),
    Categorie("esh", "Entreprise sociale pour l'habitat", Statut.PRIVE),
    Categorie(
        "interet_general",
        "Personne morale de droit privé poursuivant une mission d'intérêt général, à but non exclusivement lucratif",
        Statut.PRIVE,
        "La mission d'intérêt général est établie et le but n'est pas exclusivement lucratif.",
    ),
)
PAR_CODE = {categorie.code: categorie for categorie in CATEGORIES}
PUBLIQUES = tuple(c for c in CATEGORIES if c.statut is Statut.PUBLIC)
PRIVEES = tuple(c for c in CATEGORIES if c.statut is Statut.PRIVE)

REGLE_ETAT = (
    "« Les services déconcentrés de l'État ne sont pas éligibles. » (conditions d'accueil d'un conseiller numérique)"
)
_REFUS_DECONCENTRE = (
    "D'après le registre, cette structure est un service déconcentré de l'État. Règle du dispositif : "
    f"{REGLE_ETAT} Une collectivité, un établissement public ou une association de votre territoire peut en revanche "
    "déposer une demande."
)
_REFUS_ETAT = (
    "D'après le registre, cette structure est une administration de l'État. Le dispositif est ouvert aux collectivités "
    "et à leurs groupements, aux établissements publics, aux GIP, aux chambres consulaires et aux structures privées "
    f"d'intérêt général, mais pas aux services de l'État. Règle du dispositif : {REGLE_ETAT}"
)
_REFUS_ETRANGER = (
    "D'après le registre, cette structure est une personne morale de droit étranger : elle ne fait pas partie des "
    "structures éligibles."
)
_REFUS_SANS_PERSONNALITE = (
    "D'après le registre, cette structure n'a pas la personnalité morale ou n'est pas déclarée : elle ne peut pas "
    "conclure de convention. Le dispositif est ouvert aux associations déclarées et aux personnes morales."
)
_REFUS_PERSONNE_PHYSIQUE = (
    "D'après le registre, il s'agit d'un entrepreneur individuel. Le dispositif est réservé aux personnes morales "
    "(collectivités, établissements publics, associations, entreprises de l'économie sociale et solidaire…)."
)


@dataclass(frozen=True, slots=True)
class Eligibilite:
    """Ce que la catégorie juridique permet : `proposee` s'il n'y a qu'une lecture, sinon on demande parmi `possibles`.

    `refus` non vide : la structure n'est pas éligible, et voici la règle à lire à la personne.
    """

    possibles: tuple[Categorie, ...]
    proposee: Categorie | None = None
    refus: str = ""

    @property
    def eligible(self) -> bool:
        return not self.refus


def _codes(*codes: str) -> tuple[Categorie, ...]:
    return tuple(PAR_CODE[code] for code in codes)


def _table(*lignes: tuple[Iterable[str], tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    return {prefixe: categories for prefixes, categories in lignes for prefixe in prefixes}


# Préfixe de catégorie juridique -> catégories lisibles ; la première est proposée quand la ligne n'en a qu'une.
# Le préfixe le plus long l'emporte.
_LECTURE: dict[str, tuple[str, ...]] = _table(
    (("7210", "7220", "7229", "7230", "7312", "7313", "7341"), ("collectivite",)),
    (("7225",), ("collectivite_outre_mer",)),
    (("7340", "7342", "7343", "7344", "7346", "7347", "7348"), ("epci",)),
    (("7314", "7349"), ("epci", "groupement")),
    (("7345", "7351", "7352", "7353", "7354", "7355", "7356", "7357"), ("groupement",)),
    (("7361", "7362", "7363", "7366", "7367", "7371", "7372", "7373", "7378", "7331"), ("etablissement_local",)),
    (("7379",), ("etablissement_local", "epci", "epa")),
    (("7364", "7365"), ("etablissement_local", "epa")),
    (("4140", "4150"), ("etablissement_local", "epic")),
    (("7381",), ("consulaire",)),
    (("7382", "7383", "7384", "7385", "7389", "7430", "7450", "7321", "7322", "7323"), ("epa",)),
    (("4110", "4120", "4130", "4160"), ("epic",)),
    (("7410",), ("gip",)),
    (("7470",), ("gip", "epa", "etablissement_local")),
    (("7490",), ("epa", "epic", "etablissement_local")),
    (("9220", "9221", "9222", "9223", "9224", "9230", "9260", "5195"), ("association",)),
    (("9300", "8210", "8250", "8290", "6411"), ("ess",)),
    (("5546", "5646"), ("esh",)),
    (("5547", "5647", "5443", "5543", "5643", "5548", "5648"), ("esh", "ess")),
    (("5415", "5515", "5615"), ("esh", "ess", "interet_general")),
    # Coopératives : l'article 1er de la loi n° 2014-856 les nomme.
    (("5192", "5193", "5194", "5196", "5203", "5307", "5309", "5451", "5453", "5454", "5455", "5458"), ("ess",)),
    (("5459", "5460", "5551", "5552", "5553", "5554", "5555", "5558", "5559", "5560"), ("ess",)),
    (("5651", "5652", "5653", "5654", "5655", "5658", "5659", "5660", "6316", "6317", "6318"), ("ess",)),
    (("6543", "6551", "6554", "6558", "6560", "6595", "6596"), ("ess",)),
    (("8110", "8120", "8130", "8140", "8150", "8160", "8170", "8190", "85"), ("interet_general",)),
    (("5", "6"), ("ess", "esh", "interet_general")),
    (("8", "9"), ("interet_general", "ess", "association")),
)

_REFUS: dict[str, str] = {
    "7111": _REFUS_ETAT,
    "7112": _REFUS_ETAT,
    "7113": _REFUS_ETAT,
    "7120": _REFUS_ETAT,
    "7150": _REFUS_ETAT,
    "7160": _REFUS_DECONCENTRE,
    "7171": _REFUS_DECONCENTRE,
    "7172": _REFUS_DECONCENTRE,
    "7179": _REFUS_DECONCENTRE,
    "7190": _REFUS_ETAT,
    "71": _REFUS_ETAT,
    "1": _REFUS_PERSONNE_PHYSIQUE,
    "2": _REFUS_SANS_PERSONNALITE,
    "3": _REFUS_ETRANGER,
    "9210": _REFUS_SANS_PERSONNALITE,
}


def _plus_long_prefixe(table: Mapping[str, T], code: str) -> T | None:
    for longueur in range(len(code), 0, -1):
        if code[:longueur] in table:
            return table[code[:longueur]]
    return None


def eligibilite(categorie_juridique: str, *, est_ess: bool = False, est_association: bool = False) -> Eligibilite:
    """Catégories ouvertes à une forme juridique INSEE (4 chiffres, vide si inconnue).

    Les marques du registre (ESS, association) tranchent quand la forme juridique seule ne le permet pas.
    """
    code = categorie_juridique.strip()
    refus = _plus_long_prefixe(_REFUS, code) if code else None
    if refus:
        return Eligibilite(possibles=(), refus=refus)
    lues = _plus_long_prefixe(_LECTURE, code) if code else None
    if lues is None:
        proposee = PAR_CODE["association"] if est_association else PAR_CODE["ess"] if est_ess else None
        return Eligibilite(possibles=CATEGORIES, proposee=proposee)
    possibles = _codes(*lues)
    if len(possibles) == 1:
        return Eligibilite(possibles=possibles, proposee=possibles[0])
    proposee = next(
        (PAR_CODE[c] for c, vrai in (("association", est_association), ("ess", est_ess)) if vrai and c in lues), None
    )
    return Eligibilite(possibles=possibles, proposee=proposee)


def categorie_admise(code: str, categorie_juridique: str) -> bool:
    """La catégorie choisie est-elle compatible avec la forme juridique connue (vide : tout est possible) ?"""
    return any(c.code == code for c in eligibilite(categorie_juridique).possibles)


def statut_de(code: str) -> Statut:
    """Statut public ou privé d'une catégorie ; KeyError si le code est inconnu."""
    return PAR_CODE[code].statut
