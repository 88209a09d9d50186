"""Courriels des justificatifs d'emploi et du solde : ce qui est attendu, jusqu'à quand, et ce qui a été décidé."""

from dataclasses import dataclass
from typing import Any, Self

from conum.courriels.messages import Message
from conum.versements.models import Justificatif

_EXEMPLE: dict[str, Any] = {
    "convention": "CV-00042",
    "structure": "Communauté de communes des Trois Sources",
    "terme": 1,
    "periode": "du 01/03/2026 au 28/02/2027",
    "du_le": "31/08/2027",
    "lien": "https://conum.example/espace/7/justificatifs/42/",
}


@dataclass(frozen=True)
class SurJustificatif(Message):
    """Ce que tout message dit : de quel terme il parle, la date due, et où agir."""

    convention: str
    structure: str
    terme: int
    periode: str
    du_le: str
    lien: str

    @classmethod
    def base(cls, justificatif: Justificatif, lien: str) -> dict[str, Any]:
        return {
            "convention": justificatif.convention.reference,
            "structure": justificatif.convention.structure.nom,
            "terme": justificatif.numero,
            "periode": justificatif.libelle_periode,
            "du_le": f"{justificatif.du_le:%d/%m/%Y}",
            "lien": lien,
        }


@dataclass(frozen=True)
class JustificatifARendre(SurJustificatif):
    """Rappel, avant ou après la date due ; `suspension_le` : le jour où les versements s'arrêtent."""

    code = "versements/justificatif_a_rendre"
    sujet = "Justificatif à rendre avant le {du_le} ({convention})"
    retard: bool = False
    suspension_le: str = "30/09/2027"

    @classmethod
    def exemple(cls) -> Self:
        return cls(**_EXEMPLE)


@dataclass(frozen=True)
class MiseEnDemeure(SurJustificatif):
    """Les rappels n'ont rien donné : versements suspendus, dernier délai."""

    code = "versements/mise_en_demeure"
    sujet = "Mise en demeure : justificatif du terme n° {terme} ({convention})"
    limite: str = "30/10/2027"
    suspendues: int = 2

    @classmethod
    def exemple(cls) -> Self:
        return cls(**_EXEMPLE)


@dataclass(frozen=True)
class JustificatifAExaminer(SurJustificatif):
    """À l'ANCT."""

    code = "versements/justificatif_a_examiner"
    sujet = "{structure} : justificatif à examiner ({convention})"
    montant: str = "17 500,00 €"

    @classmethod
    def exemple(cls) -> Self:
        return cls(**_EXEMPLE)


@dataclass(frozen=True)
class JustificatifAccepte(SurJustificatif):
    """`a_rendre` vide : tout est prouvé ; sinon un autre message demande la somme."""

    code = "versements/justificatif_accepte"
    sujet = "Justificatif accepté ({convention}, terme n° {terme})"
    montant: str = "16 000,00 €"
    a_rendre: str = ""
    reprises: int = 0

    @classmethod
    def exemple(cls) -> Self:
        return cls(**_EXEMPLE, a_rendre="1 500,00 €", reprises=2)


@dataclass(frozen=True)
class JustificatifRefuse(SurJustificatif):
    code = "versements/justificatif_refuse"
    sujet = "Justificatif refusé ({convention}, terme n° {terme})"
    motif: str = ""
    limite: str = "30/09/2027"

    @classmethod
    def exemple(cls) -> Self:
        return cls(**_EXEMPLE, motif="Les bulletins de paie de juin à août manquent.")


@dataclass(frozen=True)
class AbsenceConstatee(SurJustificatif):
    """Le dernier délai est passé ; `a_rendre` vide : rien n'avait été versé pour ce terme."""

    code = "versements/absence_constatee"
    sujet = "Aucun justificatif reçu : sommes à rendre ({convention}, terme n° {terme})"
    a_rendre: str = ""

    @classmethod
    def exemple(cls) -> Self:
        return cls(**_EXEMPLE, a_rendre="17 500,00 €")


@dataclass(frozen=True)
class SoldeArrete(Message):
    """La convention est finie : il reste à lui verser, ou les comptes tombent juste."""

    code = "versements/solde_arrete"
    sujet = "Convention {convention} : les comptes sont arrêtés"
    convention: str
    structure: str
    retenu: str
    lien: str
    a_verser: str = ""

    @classmethod
    def exemple(cls) -> Self:
        return cls(
            convention="CV-00042",
            structure="Communauté de communes des Trois Sources",
            retenu="41 200,00 €",
            a_verser="1 200,00 €",
            lien="https://conum.example/espace/7/conventions/42/solde/",
        )
