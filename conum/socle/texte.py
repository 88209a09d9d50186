"""Comparer du français sans collation (la base embarquée n'a pas ICU, ADR 0002), écrire une somme."""

import re
import unicodedata
from decimal import Decimal

_LIGATURES = str.maketrans({"œ": "oe", "æ": "ae", "ß": "ss", "Œ": "OE", "Æ": "AE"})
_NON_MOT = re.compile(r"[^a-z0-9]+")


def sans_accent(texte: str) -> str:
    """« Cœur d'Été » → « Coeur d'Ete »."""
    decompose = unicodedata.normalize("NFKD", texte.translate(_LIGATURES))
    return "".join(c for c in decompose if not unicodedata.combining(c))


def normaliser(texte: str) -> str:
    """Forme de comparaison : minuscules sans accent, ponctuation réduite à une espace.

    >>> normaliser("  L'Haÿ-les-Roses ")
    'l hay les roses'
    """
    return _NON_MOT.sub(" ", sans_accent(texte).lower()).strip()


def euros(montant: Decimal) -> str:
    """Une somme en français, au centime, espaces insécables : « 12 345,60 € ».

    >>> euros(Decimal("-1234.5")).replace("\u202f", " ").replace("\xa0", " ")
    '−1 234,50 €'
    """
    signe, entier = "−" if montant < 0 else "", f"{abs(montant):,.2f}"
    return f"{signe}{entier.replace(',', ' ').replace('.', ',')}\xa0€".replace(" ", "\u202f")
