"""Courriels du paiement d'un état récapitulatif : à l'organisme, ce que dit la banque."""

from dataclasses import dataclass
from typing import Any, Self

from conum.courriels.messages import Message
from conum.formations.models import EtatRecapitulatif
from conum.socle.texte import euros
from conum.versements.models import LigneLot

_EXEMPLE: dict[str, Any] = {
    "reference": "ER-00042",
    "organisme": "La Fabrik",
    "montant": "12 480,50 €",
    "virement": "ER-00042-1",
    "compte": "FR•• •••• •••• 0189",
    "lien": "https://conum.example/espace/7/formations/etats/42/",
}


@dataclass(frozen=True)
class SurPaiement(Message):
    reference: str
    organisme: str
    montant: str
    virement: str
    compte: str
    lien: str
    precision: str = ""

    @classmethod
    def base(cls, ligne: LigneLot, etat: EtatRecapitulatif, lien: str) -> dict[str, Any]:
        return {
            "reference": etat.reference,
            "organisme": etat.organisme.nom,
            "montant": euros(ligne.montant),
            "virement": ligne.reference,
            "compte": ligne.rib.masque,
            "lien": lien,
            "precision": cls.preciser(ligne),
        }

    @classmethod
    def preciser(cls, ligne: LigneLot) -> str:
        raise NotImplementedError


@dataclass(frozen=True)
class EtatPaye(SurPaiement):
    code = "versements/etat_paye"
    sujet = "État {reference} payé : {montant}"

    @classmethod
    def preciser(cls, ligne: LigneLot) -> str:
        return f"{ligne.payee_le:%d/%m/%Y}"

    @classmethod
    def exemple(cls) -> Self:
        return cls(**_EXEMPLE, precision="15/03/2027")


@dataclass(frozen=True)
class PaiementRejete(SurPaiement):
    """La banque a refusé ou rendu le virement : vérifier le compte."""

    code = "versements/paiement_rejete"
    sujet = "Virement rejeté par la banque : vérifiez votre compte ({reference})"

    @classmethod
    def preciser(cls, ligne: LigneLot) -> str:
        return ligne.motif

    @classmethod
    def exemple(cls) -> Self:
        return cls(**_EXEMPLE, precision="Compte clos (AC04)")
