"""Pourquoi une banque refuse ou rend un virement : les codes ISO 20022 (ExternalStatusReason1Code), en français."""

LONGUEUR = 200
INCONNU = "Motif non précisé par la banque"

CODES = {
    "AC01": "numéro de compte incorrect",
    "AC03": "compte du bénéficiaire incorrect",
    "AC04": "compte clos",
    "AC06": "compte bloqué",
    "AC13": "type de compte incorrect",
    "AG01": "opération interdite sur ce compte",
    "AG02": "code d'opération incorrect",
    "AGNT": "banque du bénéficiaire incorrecte",
    "AM01": "montant nul",
    "AM02": "montant au-delà de ce qui est permis",
    "AM03": "devise non admise",
    "AM04": "provision insuffisante",
    "AM05": "opération en double",
    "AM09": "montant incorrect",
    "ARDT": "virement déjà rendu",
    "BE01": "titulaire qui ne correspond pas au compte",
    "BE04": "adresse du bénéficiaire manquante",
    "BE05": "donneur d'ordre inconnu",
    "BE06": "bénéficiaire inconnu",
    "CNOR": "banque du bénéficiaire inconnue dans le circuit",
    "CUST": "à la demande du client",
    "DNOR": "banque du payeur inconnue dans le circuit",
    "DT01": "date incorrecte",
    "DUPL": "opération en double",
    "ED05": "règlement entre banques impossible",
    "FF01": "format du fichier incorrect",
    "FOCR": "rendu après une demande d'annulation",
    "FRAD": "fraude soupçonnée",
    "LEGL": "décision de justice ou disposition légale",
    "MD06": "remboursement demandé par le client",
    "MD07": "titulaire du compte décédé",
    "MS02": "refus du bénéficiaire, sans raison donnée",
    "MS03": "motif non précisé par la banque",
    "NOAS": "pas de réponse du bénéficiaire",
    "NOCM": "compte qui n'a pas les informations exigées",
    "RC01": "code BIC incorrect",
    "RC07": "code BIC du bénéficiaire incorrect",
    "RR01": "compte ou identifiant du payeur manquant",
    "RR02": "nom ou adresse du payeur manquants",
    "RR03": "nom ou adresse du bénéficiaire manquants",
    "RR04": "raison réglementaire",
    "TECH": "incident technique",
    "TM01": "remis après l'heure limite",
    "UPAY": "paiement indu",
}


def dire(code: str, precision: str = "") -> str:
    """« Compte clos (AC04) », ou ce que la banque a écrit d'autre.

    >>> dire("ac04")
    'Compte clos (AC04)'
    """
    code, precision = code.strip().upper(), " ".join(precision.split())
    if code in CODES:
        libelle = CODES[code]
        phrase = f"{libelle[0].upper()}{libelle[1:]} ({code})"
    elif code:
        phrase = f"Motif « {code[:35]} »"
    else:
        return precision[:LONGUEUR] or INCONNU
    return (f"{phrase} : {precision}" if precision else phrase)[:LONGUEUR]
