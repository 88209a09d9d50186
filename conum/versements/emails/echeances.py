"""Courriels des échéances : à la structure, ce qui arrive à son argent, et pourquoi."""

from dataclasses import dataclass
from typing import Any, Self

from conum.courriels.messages import Message
from conum.socle.texte import euros
from conum.versements.models import Echeance

EXEMPLE: dict[str, Any] = {
    "reference": "EC-000042",
    "convention": "CV-00042",
    "structure": "Communauté de communes des Trois Sources",
    "montant": "12 500,00 €",
    "lien": "https://conum.example/espace/7/conventions/42/versements/",
}


@dataclass(frozen=True)
class SurEcheance(Message):
    """Ce que tout message dit : de quelle somme il parle, et où la lire."""

    reference: str
    convention: str
    structure: str
    montant: str
    lien: str

    @classmethod
    def base(cls, echeance: Echeance, lien: str) -> dict[str, Any]:
        return {
            "reference": echeance.reference,
            "convention": echeance.convention.reference,
            "structure": echeance.convention.structure.nom,
            "montant": euros(echeance.montant),
            "lien": lien,
        }


@dataclass(frozen=True)
class EcheanceSuspendue(SurEcheance):
    code = "versements/echeance_suspendue"
    sujet = "Versement suspendu : {montant} ({convention})"
    motif: str = ""

    @classmethod
    def exemple(cls) -> Self:
        return cls(**EXEMPLE, motif="Le justificatif du premier terme n'est pas arrivé.")


@dataclass(frozen=True)
class EcheanceReprise(SurEcheance):
    code = "versements/echeance_reprise"
    sujet = "Versement repris : {montant} ({convention})"

    @classmethod
    def exemple(cls) -> Self:
        return cls(**EXEMPLE)


@dataclass(frozen=True)
class ReversementDemande(SurEcheance):
    code = "versements/reversement_demande"
    sujet = "Somme à rendre : {montant} ({convention})"
    motif: str = ""

    @classmethod
    def exemple(cls) -> Self:
        return cls(**EXEMPLE, motif="Versé en trop, d'après l'avenant n° 1.")


@dataclass(frozen=True)
class ReversementRecu(SurEcheance):
    code = "versements/reversement_recu"
    sujet = "Reversement reçu : {montant} ({convention})"
    le: str = "15/03/2027"

    @classmethod
    def exemple(cls) -> Self:
        return cls(**EXEMPLE)


@dataclass(frozen=True)
class ReversementAnnule(SurEcheance):
    """L'État renonce à la somme demandée."""

    code = "versements/reversement_annule"
    sujet = "Reversement annulé : {montant} ({convention})"
    motif: str = ""

    @classmethod
    def exemple(cls) -> Self:
        return cls(**EXEMPLE, motif="La pièce manquante est arrivée : l'emploi est prouvé.")
