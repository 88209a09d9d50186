"""Reconnaître un compte de la zone SEPA. Clés et longueurs : python-stdnum (ISO 13616, ISO 9362)."""

from stdnum import bic as stdnum_bic
from stdnum import iban as stdnum_iban
from stdnum.exceptions import ValidationError as NumeroInvalide

UNION = "AT BE BG HR CY CZ DK EE FI FR DE GR HU IE IT LV LT LU MT NL PL PT RO SK SI ES SE"
AUTRES = "IS LI NO AD AL CH GB GI GG IM JE MC MD ME MK RS SM VA"
PAYS_SEPA = frozenset(UNION.split()) | frozenset(AUTRES.split())
"""Pays membres de la zone SEPA (Conseil européen des paiements, liste EPC409-09)."""


class CompteInvalide(ValueError):
    """Le message se montre tel quel, près du champ."""


def lire_iban(saisie: str) -> str:
    """L'IBAN sans espaces, en majuscules.

    Raises:
        CompteInvalide: un chiffre faux, ou un pays hors de la zone SEPA.
    """
    try:
        iban: str = stdnum_iban.validate(saisie)
    except NumeroInvalide:
        raise CompteInvalide("Cet IBAN n'est pas valide : vérifiez-le chiffre par chiffre.") from None
    if iban[:2] not in PAYS_SEPA:
        raise CompteInvalide("Ce compte est hors de la zone SEPA : l'État ne peut pas y virer l'aide.")
    return iban


def lire_bic(saisie: str) -> str:
    """Le BIC sans espaces, en majuscules ; vide s'il n'est pas donné.

    Raises:
        CompteInvalide: ce n'est pas un BIC.
    """
    if not saisie.strip():
        return ""
    try:
        bic: str = stdnum_bic.validate(saisie)
    except NumeroInvalide:
        raise CompteInvalide("Ce BIC n'est pas valide : il compte 8 ou 11 caractères.") from None
    return bic


def par_quatre(iban: str) -> str:
    """« FR76 3000 1007 … » : se compare à un relevé sans se perdre."""
    return " ".join(iban[i : i + 4] for i in range(0, len(iban), 4))
