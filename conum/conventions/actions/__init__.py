"""Les actes sur les conventions ; eux seuls écrivent."""

from conum.conventions.actions.masse import Bilan, preparer_en_masse, preparer_postes_sans_convention
from conum.conventions.actions.preparation import Preparation, apercevoir, corriger_convention, preparer_convention
from conum.conventions.actions.proposition import annuler_convention, proposer_convention, retirer_document

__all__ = [
    "Bilan",
    "Preparation",
    "annuler_convention",
    "apercevoir",
    "corriger_convention",
    "preparer_convention",
    "preparer_en_masse",
    "preparer_postes_sans_convention",
    "proposer_convention",
    "retirer_document",
]
