"""Courriels du retour de banque : à la structure, ce qui est arrivé sur son compte, ou ce que la banque a rendu."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Self

from conum.conventions.models import Convention
from conum.courriels.messages import Message
from conum.socle.texte import euros
from conum.versements.models import LigneLot


@dataclass(frozen=True)
class SurRetour(Message):
    """Les virements d'une convention qu'un même fichier de banque constate."""

    convention: str
    structure: str
    montant: str
    virements: tuple[str, ...]
    lien: str

    @classmethod
    def base(cls, convention: Convention, lignes: Iterable[LigneLot], lien: str) -> dict[str, Any]:
        lignes = list(lignes)
        return {
            "convention": convention.reference,
            "structure": convention.structure.nom,
            "montant": euros(sum((x.montant for x in lignes), Decimal(0))),
            "virements": tuple(cls.decrire(x) for x in lignes),
            "lien": lien,
        }

    @classmethod
    def decrire(cls, ligne: LigneLot) -> str:
        raise NotImplementedError


_EXEMPLE: dict[str, Any] = {
    "convention": "CV-00042",
    "structure": "Communauté de communes des Trois Sources",
    "montant": "30 000,00 €",
    "lien": "https://conum.example/espace/7/conventions/42/versements/",
}


@dataclass(frozen=True)
class VersementEffectue(SurRetour):
    code = "versements/versement_effectue"
    sujet = "Versement effectué : {montant} ({convention})"

    @classmethod
    def decrire(cls, ligne: LigneLot) -> str:
        return f"{ligne.reference} : {euros(ligne.montant)}, le {ligne.payee_le:%d/%m/%Y}"

    @classmethod
    def exemple(cls) -> Self:
        deux = ("EC-000041-1 : 17 500,00 €, le 15/03/2027", "EC-000042-1 : 12 500,00 €, le 15/03/2027")
        return cls(**_EXEMPLE, virements=deux)


@dataclass(frozen=True)
class VirementRejete(SurRetour):
    """La banque a refusé ou rendu le virement : vérifier le compte."""

    code = "versements/virement_rejete"
    sujet = "Virement rejeté par la banque : vérifiez votre compte ({convention})"

    @classmethod
    def decrire(cls, ligne: LigneLot) -> str:
        return f"{ligne.reference} : {euros(ligne.montant)}. {ligne.motif}. Compte {ligne.rib.masque}"

    @classmethod
    def exemple(cls) -> Self:
        return cls(**_EXEMPLE, virements=("EC-000042-1 : 30 000,00 €. Compte clos (AC04). Compte FR•• •••• •••• 0189",))
