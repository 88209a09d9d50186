"""Le fichier de virements remis à la banque : ISO 20022, pain.001.001.09, écrit et validé par sepaxml.

Le même lot donne toujours les mêmes octets : la date du message est celle de l'approbation, ses identifiants sont ceux
du lot. Un export recommencé après une panne rend donc le fichier d'avant, et la banque reconnaît un doublon au MsgId.
"""

import re
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from sepaxml import SepaTransfer
from sepaxml.validation import ValidationError as SchemaInvalide
from text_unidecode import unidecode

SCHEMA = "pain.001.001.09"
LONGUEUR_NOM, LONGUEUR_MOTIF = 70, 140
# Les seuls caractères que toute banque SEPA accepte (EPC217-08).
_INTERDITS = re.compile(r"[^A-Za-z0-9/\-?:().,'+ ]")
_ESPACES = re.compile(r"\s+")


class VirementImpossible(ValueError):
    """Le message se montre tel quel à l'agent."""


@dataclass(frozen=True, slots=True)
class Payeur:
    nom: str
    iban: str
    bic: str


@dataclass(frozen=True, slots=True)
class Virement:
    """Une ligne : `reference` est l'identifiant de bout en bout, que la banque rend dans son retour."""

    reference: str
    titulaire: str
    iban: str
    bic: str
    montant: Decimal
    motif: str


@dataclass(frozen=True, slots=True)
class Ordre:
    """Le lot : `reference` est le MsgId, `cree_le` la date du message."""

    reference: str
    cree_le: datetime
    execution_le: date
    payeur: Payeur
    virements: tuple[Virement, ...]

    @property
    def total(self) -> Decimal:
        return sum((v.montant for v in self.virements), Decimal(0))


def translitterer(texte: str, longueur: int) -> str:
    """Le texte dans l'alphabet SEPA, ni commencé, ni fini, ni doublé par une barre oblique.

    >>> translitterer("Mairie de L'Haÿ-les-Roses — « Espace n° 3 »", 70)
    "Mairie de L'Hay-les-Roses -- Espace ndeg 3"
    """
    propre = _ESPACES.sub(" ", _INTERDITS.sub(" ", unidecode(texte)))
    propre = re.sub(r"/{2,}", "/", propre).strip(" /")
    return propre[:longueur].rstrip(" /")


class _Fichier(SepaTransfer):
    """Celui de sepaxml, dont la date et les identifiants sont donnés au lieu d'être tirés au sort."""

    def __init__(self, ordre: Ordre, config: dict[str, object]) -> None:
        self.ordre = ordre
        super().__init__(config, schema=SCHEMA, clean=False)

    def _create_header(self) -> None:
        self.msg_id = self.ordre.reference
        super()._create_header()
        self._xml.find("CstmrCdtTrfInitn/GrpHdr/CreDtTm").text = f"{self.ordre.cree_le:%Y-%m-%dT%H:%M:%S}"

    def _finalize_batch(self) -> None:
        super()._finalize_batch()
        for noeud in self._xml.iter("PmtInfId"):
            noeud.text = self.ordre.reference


def produire(ordre: Ordre) -> bytes:
    """Les octets du fichier, validés contre le schéma publié.

    Raises:
        VirementImpossible: pas de payeur, pas de ligne, montant nul, ou fichier que le schéma refuse.
    """
    payeur = ordre.payeur
    if not (payeur.iban and payeur.bic and payeur.nom):
        raise VirementImpossible(
            "Le compte du payeur n'est pas réglé : l'exploitant donne CONUM_PAYEUR_IBAN, CONUM_PAYEUR_BIC et "
            "CONUM_PAYEUR_NOM. Rien n'est parti."
        )
    if not ordre.virements:
        raise VirementImpossible("Ce lot n'a aucune ligne à payer.")
    fichier = _Fichier(
        ordre,
        {
            "name": translitterer(payeur.nom, LONGUEUR_NOM),
            "IBAN": payeur.iban,
            "BIC": payeur.bic,
            "batch": True,
            "currency": "EUR",
        },
    )
    for virement in ordre.virements:
        fichier.add_payment(_paiement(virement, ordre.execution_le))
    try:
        return bytes(fichier.export(validate=True))
    except SchemaInvalide as erreur:
        raise VirementImpossible(
            "Le fichier produit n'est pas conforme au schéma de la banque : rien n'est parti."
        ) from erreur


def _paiement(virement: Virement, le: date) -> dict[str, object]:
    centimes = int(virement.montant * 100)
    if centimes <= 0 or virement.montant != Decimal(centimes) / 100:
        raise VirementImpossible(f"Le montant de {virement.reference} n'est pas payable au centime.")
    nom = translitterer(virement.titulaire, LONGUEUR_NOM)
    if not nom:
        raise VirementImpossible(f"Le titulaire de {virement.reference} ne s'écrit pas dans l'alphabet SEPA.")
    paiement: dict[str, object] = {
        "name": nom,
        "IBAN": virement.iban,
        "amount": centimes,
        "execution_date": le,
        "description": translitterer(virement.motif, LONGUEUR_MOTIF),
        "endtoend_id": virement.reference,
    }
    return {**paiement, "BIC": virement.bic} if virement.bic else paiement


JOURS_MAX = 60
SAMEDI = 5


def exiger_date(le: date, aujourdhui: date) -> None:
    """La date d'exécution est un jour de banque, à venir, et assez proche pour que l'on sache ce que l'on paie.

    Raises:
        ValueError: la phrase se montre près du champ.
    """
    if le < aujourdhui:
        raise ValueError("La date d'exécution est passée.")
    if (le - aujourdhui).days > JOURS_MAX:
        raise ValueError(f"Choisissez une date dans les {JOURS_MAX} jours.")
    if le.weekday() >= SAMEDI:
        raise ValueError("La banque n'exécute rien le samedi ni le dimanche.")
