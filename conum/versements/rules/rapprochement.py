"""Ce qu'une opération de la banque vaut, face à ce que conum attend. Fonctions pures."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from conum.socle.texte import euros
from conum.versements.rules.retours import PAYE, Operation


class Verdict(StrEnum):
    """Ce que devient une opération lue."""

    CONSTATER = "constater"
    DEJA = "deja"
    A_TRAITER = "a_traiter"
    REFUSEE = "refusee"
    IGNOREE = "ignoree"


LIBELLES = {
    Verdict.CONSTATER: "Rapprochée",
    Verdict.DEJA: "Déjà constatée",
    Verdict.A_TRAITER: "À traiter",
    Verdict.REFUSEE: "Refusée",
    Verdict.IGNOREE: "Sans effet",
}
_DEJA = "Déjà constatée par un retour précédent : rien ne change."


class Situation(StrEnum):
    """Où en est la ligne de lot (les codes d'EtatLigne)."""

    EN_ATTENTE = "en_attente"
    PAYEE = "payee"
    REJETEE = "rejetee"
    RETIREE = "retiree"


@dataclass(frozen=True, slots=True)
class VirementAttendu:
    """Une ligne de lot, telle que conum la connaît. `soldee` : sa convention est arrêtée, plus rien n'y bouge seul."""

    lot: str
    remis: bool
    situation: str
    montant: Decimal
    soldee: bool = False


@dataclass(frozen=True, slots=True)
class SommeAttendue:
    """Une somme qu'une structure doit rendre."""

    reference: str
    montant: Decimal
    recue: bool
    annulee: bool


def juger_virement(operation: Operation, attendu: VirementAttendu | None) -> tuple[Verdict, str]:
    """Le verdict d'un virement payé ou rejeté, et la phrase qui l'explique quand il n'est pas rapproché."""
    if attendu is None:
        return Verdict.A_TRAITER, f"Aucun virement de conum ne porte la référence « {operation.reference} »."
    if not attendu.remis:
        return Verdict.A_TRAITER, f"Le lot {attendu.lot} n'a pas été remis à la banque."
    if operation.montant is not None and operation.montant != attendu.montant:
        return (
            Verdict.A_TRAITER,
            f"La banque dit {euros(operation.montant)}, le virement est de {euros(attendu.montant)}.",
        )
    paye = operation.sens == PAYE
    match attendu.situation:
        case Situation.EN_ATTENTE:
            return Verdict.CONSTATER, ""
        case Situation.RETIREE:
            return Verdict.A_TRAITER, f"Cette ligne a été retirée du lot {attendu.lot}."
        case Situation.PAYEE if paye:
            return Verdict.DEJA, _DEJA
        case Situation.PAYEE if attendu.soldee:
            return Verdict.A_TRAITER, "La banque rend un virement d'une convention déjà soldée."
        case Situation.PAYEE:
            return Verdict.CONSTATER, "La banque rend un virement qu'elle avait payé."
        case _ if paye:
            return Verdict.A_TRAITER, "Ce virement est constaté rejeté, et la banque le dit payé."
        case _:
            return Verdict.DEJA, _DEJA


def juger_credit(operation: Operation, attendue: SommeAttendue | None, memes_montants: int) -> tuple[Verdict, str]:
    """Le verdict d'un virement reçu. `memes_montants` : combien de sommes attendues ont exactement ce montant."""
    if attendue is None and operation.reference:
        return Verdict.A_TRAITER, f"Aucune somme à rendre ne porte la référence « {operation.reference} »."
    if attendue is None and memes_montants:
        s = "s" if memes_montants > 1 else ""
        return Verdict.A_TRAITER, f"Sans référence ; {memes_montants} somme{s} à rendre de ce montant."
    if attendue is None:
        return Verdict.IGNOREE, "Virement reçu sans référence, d'un montant que personne ne doit rendre."
    if operation.montant != attendue.montant:
        recu = euros(operation.montant or Decimal(0))
        return Verdict.A_TRAITER, f"La structure a viré {recu}, elle doit {euros(attendue.montant)}."
    if attendue.recue:
        return Verdict.DEJA, _DEJA
    if attendue.annulee:
        return Verdict.A_TRAITER, f"La somme {attendue.reference} n'est plus à rendre."
    return Verdict.CONSTATER, ""


def juger_lot(operation: Operation, total_attendu: Decimal | None, lot_connu: bool) -> tuple[Verdict, str]:
    """Le verdict d'une opération qui vaut pour tout un lot ; CONSTATER : elle se déplie en autant de virements."""
    if not lot_connu:
        return Verdict.A_TRAITER, f"Aucun lot remis ne porte la référence « {operation.lot} »."
    if total_attendu is None:
        return Verdict.DEJA, _DEJA
    if operation.montant is not None and operation.montant != total_attendu:
        return (
            Verdict.A_TRAITER,
            f"La banque dit {euros(operation.montant)} pour le lot {operation.lot}, "
            f"qui attend encore {euros(total_attendu)}.",
        )
    return Verdict.CONSTATER, ""
