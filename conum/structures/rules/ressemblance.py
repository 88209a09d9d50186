"""Rapprocher des noms et des adresses écrits de dix façons, deviner une catégorie, situer une commune."""

from conum.socle.texte import normaliser
from conum.structures.rules.categories import PAR_CODE, Categorie

# Les mêmes mots s'écrivent de dix façons dans les registres : on les ramène à une seule avant de comparer.
_SYNONYMES = (
    ("centre communal d action sociale", "ccas"),
    ("centre com action sociale", "ccas"),
    ("ctre com action sociale", "ccas"),
    ("centre intercommunal d action sociale", "cias"),
    ("ctre intercom action sociale", "cias"),
    ("communaute de communes", "cc"),
    ("communaute de commune", "cc"),
    ("communaute d agglomeration", "ca"),
    ("communaute d agglo", "ca"),
    ("communaute agglomeration", "ca"),
    ("communaute urbaine", "cu"),
    ("conseil departemental", "departement"),
    ("conseil general", "departement"),
    ("conseil regional", "region"),
    ("mairie", "commune"),
    ("ville", "commune"),
    ("maison des jeunes et de la culture", "mjc"),
    ("saint", "st"),
    ("sainte", "ste"),
)
_MOTS_VIDES = frozenset(
    {"a", "au", "aux", "d", "de", "des", "du", "en", "et", "l", "la", "le", "les", "association", "asso", "pour"}
)
_VOIES = {
    "av": "avenue",
    "bd": "boulevard",
    "bld": "boulevard",
    "chem": "chemin",
    "che": "chemin",
    "pl": "place",
    "rte": "route",
    "imp": "impasse",
    "all": "allee",
    "fg": "faubourg",
    "sq": "square",
    "st": "saint",
    "ste": "sainte",
    "gal": "general",
    "dr": "docteur",
}

SEUIL_NOM_COMMUNE = 0.5
"""Ressemblance de nom (trigrammes, 0 à 1) à partir de laquelle on montre deux structures d'une même commune."""
SEUIL_NOM_DEPARTEMENT = 0.75
"""Idem pour deux structures d'un même département, hors de la même commune."""


def cle_de_nom(nom: str) -> str:
    """Forme réduite d'un nom, pour repérer les ressemblances.

    >>> cle_de_nom("Mairie de Saint-Étienne")
    'commune st etienne'
    """
    texte = f" {normaliser(nom)} "
    for long, court in _SYNONYMES:
        texte = texte.replace(f" {long} ", f" {court} ")
    return " ".join(mot for mot in texte.split() if mot not in _MOTS_VIDES)


def cle_d_adresse(adresse: str) -> str:
    """Forme réduite d'une voie : abréviations développées, mots de liaison retirés ; vide si elle ne dit rien."""
    mots = [_VOIES.get(mot, mot) for mot in normaliser(adresse).split()]
    return " ".join(mot for mot in mots if mot not in _MOTS_VIDES)


def categorie_probable(siret: str, denomination: str) -> Categorie:
    """Catégorie supposée d'après le SIRET et le nom seuls, pour un import sans forme juridique ; à vérifier ensuite.

    Les SIREN des organismes publics commencent par 1 ou 2 ; les suivants disent la nature de la collectivité
    (21 commune, 22 département, 23 région, 24 EPCI, 25 syndicat, 26 à 28 établissement local).
    """
    nom = cle_de_nom(denomination).split()
    if siret[:1] in ("1", "2"):
        return PAR_CODE[_categorie_publique_probable(siret, nom)]
    if {"habitat", "hlm"} & set(nom):
        return PAR_CODE["esh"]
    if {"cooperative", "cooperatif", "scic", "scop", "mutuelle", "mutualite", "fondation"} & set(nom):
        return PAR_CODE["ess"]
    if {"poste", "msa", "caisse", "sas", "sarl", "sem"} & set(nom):
        return PAR_CODE["interet_general"]
    return PAR_CODE["association"]


def _categorie_publique_probable(siret: str, nom: list[str]) -> str:
    mots = set(nom)
    if {"ccas", "cias", "hlm", "oph", "office", "caisse"} & mots:
        return "etablissement_local"
    if "gip" in mots or {"groupement", "interet", "public"} <= mots:
        return "gip"
    if {"chambre", "cci", "cma"} & mots:
        return "consulaire"
    if {"syndicat", "petr", "pole", "pays"} & mots and not {"cc", "ca"} & mots:
        return "groupement"
    if {"cc", "ca", "cu", "metropole", "eurometropole"} & mots:
        return "epci"
    par_prefixe = {
        "21": "collectivite",
        "22": "collectivite",
        "23": "collectivite",
        "24": "epci",
        "25": "groupement",
        "26": "etablissement_local",
        "27": "etablissement_local",
        "28": "etablissement_local",
    }
    if {"commune", "departement", "region", "collectivite"} & mots:
        return "collectivite"
    return par_prefixe.get(siret[:2], "epa" if siret[:1] == "1" else "groupement")


def commune_sans_arrondissement(code_insee: str) -> str:
    """Le registre situe Paris, Lyon et Marseille par arrondissement ; nos territoires, par commune."""
    if code_insee.startswith("751") and code_insee != "75056":
        return "75056"
    if code_insee.startswith("6938"):
        return "69123"
    if code_insee.startswith("132") and "13201" <= code_insee <= "13216":
        return "13055"
    return code_insee
