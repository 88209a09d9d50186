"""Courriels des postes et des contrats : à l'ANCT ce qui attend, à la structure et à la personne ce qui est décidé."""

from dataclasses import dataclass
from typing import Any, Self

from conum.courriels.messages import Message
from conum.postes.models import Contrat, Poste

_EXEMPLE: dict[str, Any] = {
    "reference": "CT-00042",
    "poste": "P-00101",
    "structure": "Communauté de communes des Trois Sources",
    "personne": "Camille Martin",
    "periode": "du 01/03/2026 au 28/02/2027",
    "lien": "https://conum.example/espace/7/contrats/42/",
}


@dataclass(frozen=True)
class SurContrat(Message):
    """Ce que tout message dit : de quel contrat il parle, et où le lire."""

    reference: str
    poste: str
    structure: str
    personne: str
    periode: str
    lien: str

    @classmethod
    def base(cls, contrat: Contrat, structure: str, lien: str) -> dict[str, Any]:
        return {
            "reference": contrat.reference,
            "poste": contrat.poste.reference,
            "structure": structure,
            "personne": contrat.personne.get_full_name(),
            "periode": contrat.libelle_periode,
            "lien": lien,
        }


@dataclass(frozen=True)
class ATraiter(SurContrat):
    """À l'ANCT : un contrat, un renouvellement, une prolongation ou une rupture attend ; ou ne l'attend plus."""

    code = "postes/a_traiter"
    sujet = "{structure} : {quoi} ({reference})"
    quoi: str = "contrat à valider"
    precisions: str = ""
    rien_a_faire: bool = False

    @classmethod
    def exemple(cls) -> Self:
        return cls(**_EXEMPLE, quoi="rupture à valider", precisions="Démission, dernier jour le 30/06/2026.")


@dataclass(frozen=True)
class ContratValide(SurContrat):
    code = "postes/contrat_valide"
    sujet = "Contrat {reference} validé : {personne}"
    renouvellement: bool = False

    @classmethod
    def exemple(cls) -> Self:
        return cls(**_EXEMPLE)


@dataclass(frozen=True)
class BienvenueEnPoste(SurContrat):
    """À la personne : son contrat est validé, ce qui commence pour elle."""

    code = "postes/bienvenue_en_poste"
    sujet = "Votre contrat de conseiller numérique est validé"
    renouvellement: bool = False
    coordinateur: bool = False

    @classmethod
    def exemple(cls) -> Self:
        return cls(**_EXEMPLE)


@dataclass(frozen=True)
class ContratEcarte(SurContrat):
    """À la structure (et à la personne pour une annulation) : refusé, annulé ou rectifié, et pourquoi."""

    code = "postes/contrat_ecarte"
    sujet = "Contrat {reference} {decision}"
    decision: str = "refusé"
    motif: str = ""

    @classmethod
    def exemple(cls) -> Self:
        return cls(**_EXEMPLE, motif="Le contrat transmis porte une autre date de début.")


@dataclass(frozen=True)
class ProlongationDecidee(SurContrat):
    code = "postes/prolongation_decidee"
    sujet = "Contrat {reference} : prolongation {decision}"
    decision: str = "acceptée"
    fin: str = "30/06/2027"
    motif: str = ""

    @classmethod
    def exemple(cls) -> Self:
        return cls(**_EXEMPLE)


@dataclass(frozen=True)
class RuptureValidee(SurContrat):
    code = "postes/rupture_validee"
    sujet = "Contrat {reference} : rupture validée"
    dernier_jour: str = "30/06/2026"
    motif: str = "Démission"
    limite: str = "30/12/2026"
    pour_la_personne: bool = False

    @classmethod
    def exemple(cls) -> Self:
        return cls(**_EXEMPLE)


@dataclass(frozen=True)
class SurPoste(Message):
    poste: str
    structure: str
    le: str
    motif: str
    lien: str

    @classmethod
    def base(cls, poste: Poste, structure: str, le: str, motif: str, lien: str) -> dict[str, Any]:
        return {"poste": poste.reference, "structure": structure, "le": le, "motif": motif, "lien": lien}


_EXEMPLE_POSTE: dict[str, Any] = {
    "poste": "P-00101",
    "structure": "Communauté de communes des Trois Sources",
    "le": "01/07/2026",
    "motif": "La structure cesse son activité de médiation.",
    "lien": "https://conum.example/espace/7/mes-postes/",
}


@dataclass(frozen=True)
class PosteTransfere(SurPoste):
    """Aux deux structures et à la préfecture."""

    code = "postes/poste_transfere"
    sujet = "Le poste {poste} est transféré à {vers}"
    vers: str = "Association Coup de pouce numérique"

    @classmethod
    def exemple(cls) -> Self:
        return cls(**_EXEMPLE_POSTE)


@dataclass(frozen=True)
class PosteRetire(SurPoste):
    """À la structure et à la préfecture : le poste est rendu à l'État."""

    code = "postes/poste_retire"
    sujet = "Le poste {poste} est rendu à l'État"

    @classmethod
    def exemple(cls) -> Self:
        return cls(**_EXEMPLE_POSTE)
