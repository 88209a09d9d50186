"""Numéros de téléphone, outre-mer compris : lus et vérifiés par phonenumbers, une seule fois pour toutes les apps."""

import re

import phonenumbers

# Indicatifs essayés dans l'ordre : la métropole, puis les territoires qui ont le leur.
_REGIONS_TELEPHONE = ("FR", "RE", "YT", "GP", "MQ", "GF", "NC", "PF", "PM", "WF")
_REGION_DU_DEPARTEMENT = {
    "971": "GP", "972": "MQ", "973": "GF", "974": "RE", "975": "PM", "976": "YT", "977": "GP", "978": "GP",
    "986": "WF", "987": "PF", "988": "NC",
}  # fmt: skip


def lire_telephone(saisie: str, departement: str = "") -> str | None:
    """Le numéro au format international (« +33 6 12 34 56 78 »), None s'il n'existe pas.

    `departement` départage les numéros courts d'outre-mer ; sans lui, on essaie chaque territoire.
    """
    ici = _REGION_DU_DEPARTEMENT.get(departement)
    for region in dict.fromkeys(filter(None, (ici, *_REGIONS_TELEPHONE))):
        try:
            numero = phonenumbers.parse(saisie, region)
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_valid_number(numero):
            ecrit = phonenumbers.format_number(numero, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
            return re.sub(r"[^0-9+]+", " ", ecrit)
    return None
