"""Règles pures : forme de recherche d'un nom de commune, distance entre deux points."""

import math
import re

from conum.socle.texte import normaliser

# Abréviations des noms de communes, mot entier (usage de La Poste).
_ABREGES = {"st": "saint", "ste": "sainte"}
_SUR = re.compile(r"\bs/\s*(s\b)?", re.IGNORECASE)
# Mots si fréquents qu'ils ne distinguent aucune commune : la ressemblance porte sur les autres.
_FREQUENTS = re.compile(r"\b(?:saint|sainte|le|la|les|l|de|du|des|d|en|sur|sous|et|lez|au|aux)\b ?")
ARTICLES = ("le", "la", "les", "l")
RAYON_TERRE_KM = 6371.0
# Terres australes et Clipperton : ni population recensée, ni structure à accompagner.
SANS_HABITANTS = frozenset({"984", "989"})

Point = tuple[float, float]  # latitude, longitude (WGS84, degrés)


def cle_recherche(texte: str) -> str:
    """Forme sous laquelle on cherche un nom ; la fonction SQL `conum_recherche` fait de même sur les noms stockés.

    >>> cle_recherche("St-Étienne-s/Usore")
    'saint etienne sur usore'
    """
    texte = _SUR.sub(lambda trouve: "sous " if trouve.group(1) else "sur ", texte)
    return " ".join(_ABREGES.get(mot, mot) for mot in normaliser(texte).split())


def cle_distinctive(cle: str) -> str:
    """La clé de recherche sans ses mots fréquents, ou telle quelle s'il n'en reste rien.

    >>> cle_distinctive("saint germain en laye")
    'germain laye'
    """
    return _FREQUENTS.sub("", cle).strip() or cle


def distance_km(a: Point, b: Point) -> float:
    """Distance à vol d'oiseau (haversine)."""
    lat1, lon1, lat2, lon2 = map(math.radians, (*a, *b))
    h = math.sin((lat2 - lat1) / 2) ** 2 + math.cos(lat1) * math.cos(lat2) * math.sin((lon2 - lon1) / 2) ** 2
    return 2 * RAYON_TERRE_KM * math.asin(math.sqrt(h))


METROPOLE = "metropole"


def territoire_de(code_insee: str) -> str:
    """La terre d'une commune : « metropole », ou le code à trois chiffres outre-mer.

    >>> territoire_de("2A004"), territoire_de("97411")
    ('metropole', '974')
    """
    return code_insee[:3] if code_insee[:2] in ("97", "98") else METROPOLE
