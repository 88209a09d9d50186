"""Courriels de la signature : le reçu du signataire, ce qui attend l'État, la preuve des deux parties."""

from dataclasses import dataclass
from typing import Any, Self

from conum.conventions.emails import EXEMPLE, SurConvention
from conum.conventions.models import Acte, Signature
from conum.socle.texte import euros

_EXEMPLE: dict[str, Any] = {**EXEMPLE, "lien": "https://conum.example/espace/7/conventions/42/actes/0/signer/"}


@dataclass(frozen=True)
class SurActe(SurConvention):
    """`reference` est celle de l'acte (« CV-00042-A1 » pour un avenant)."""

    acte: str = "Convention initiale"
    montant: str = "50 000,00 €"
    signataire: str = "Camille Martin"
    qualite: str = "directrice générale"
    sur_papier: bool = False
    empreinte: str = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
    verification: str = "ABCD-EFGH-JKLM"

    @classmethod
    def de(cls, acte: Acte, signature: Signature, lien: str) -> Self:
        return cls(
            **cls.base(acte.convention, lien) | {"reference": acte.reference},
            acte=acte.titre,
            montant=euros(acte.total),
            signataire=signature.nom,
            qualite=signature.qualite,
            sur_papier=signature.exemplaire_id is not None,
            empreinte=acte.sha256,
            verification=acte.code_lisible,
        )

    @classmethod
    def exemple(cls) -> Self:
        return cls(**_EXEMPLE)


@dataclass(frozen=True)
class RecuDeSignature(SurActe):
    """À la structure : sa signature est prise, ce qu'elle a signé, ce qui suit."""

    code = "conventions/recu_de_signature"
    sujet = "{reference} : votre signature est enregistrée"


@dataclass(frozen=True)
class ASignerPourLEtat(SurActe):
    """À l'ANCT : la structure a signé."""

    code = "conventions/a_signer_etat"
    sujet = "{structure} a signé : à signer pour l'État ({reference})"


@dataclass(frozen=True)
class ActeSigne(SurActe):
    """Aux deux parties : l'acte est signé, il engage."""

    code = "conventions/acte_signe"
    sujet = "{reference} : la structure et l'État ont signé"
