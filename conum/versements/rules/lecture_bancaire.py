"""Montants et dates d'un fichier de banque : stricts, et chaque refus a sa phrase."""

import re
from datetime import date, datetime, timedelta
from decimal import Decimal

_MONTANT = re.compile(r"\d{1,10}(\.\d{1,5})?")
_FORMATS_DATE = ("%Y-%m-%d", "%d/%m/%Y", "%d-%m-%Y", "%d.%m.%Y", "%Y%m%d", "%d/%m/%y")
AVANT_LE_DISPOSITIF = date(2020, 1, 1)
AVANCE_MAX = timedelta(days=10)
"""Une date de valeur peut suivre l'écriture de quelques jours, pas davantage."""


class RetourIllisible(Exception):
    """Le fichier n'est pas exploitable ; le message dit pourquoi et quoi faire."""


def lire_montant(texte: str) -> tuple[Decimal | None, str]:
    """Un montant positif au centime, et la phrase qui le refuse.

    >>> lire_montant("1234.5")
    (Decimal('1234.50'), '')
    """
    if texte.startswith(("-", "−", "(")):
        return None, "Le montant est négatif : le sens de l'opération se lit ailleurs."
    if not _MONTANT.fullmatch(texte):
        return None, f"Montant « {texte[:20]} » illisible." if texte else "Le montant manque."
    montant = Decimal(texte)
    if montant != montant.quantize(Decimal("0.01")):
        return None, f"Montant « {texte[:20]} » : deux chiffres au plus après la virgule."
    if not montant:
        return None, "Le montant est nul."
    return montant.quantize(Decimal("0.01")), ""


def lire_montant_francais(texte: str) -> tuple[Decimal | None, str]:
    """Le même, écrit dans un tableur : « 1 234,56 € », « 1,234.56 », « 1.234,56 »."""
    propre = re.sub(r"[\s\u00a0\u202f€\x80']|EUR", "", texte)
    virgule, point = propre.rfind(","), propre.rfind(".")
    if virgule > point:
        propre = propre.replace(".", "").replace(",", ".")
    elif virgule != -1:
        propre = propre.replace(",", "")
    return lire_montant(propre)


def lire_date(texte: str) -> date | None:
    """Une date ISO (avec ou sans heure) ou française ; None si elle ne se lit pas."""
    texte = texte.strip()
    if re.match(r"\d{4}-\d{2}-\d{2}", texte):
        texte = texte[:10]
    for format_ in _FORMATS_DATE:
        try:
            return datetime.strptime(texte, format_).date()  # noqa: DTZ007 - un jour, sans heure
        except ValueError:
            continue
    return None


def exiger_date(le: date | None, aujourdhui: date) -> str:
    """La phrase qui refuse une date invraisemblable, vide sinon."""
    if le is not None and not AVANT_LE_DISPOSITIF <= le <= aujourdhui + AVANCE_MAX:
        return f"La date de valeur, {le:%d/%m/%Y}, est invraisemblable."
    return ""
