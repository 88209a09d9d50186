"""Règles de subvention datées, calcul et simulation. Fonctions pures, sans Django.

`regle_au(jour, phase)` choisit la version ; `calculer_subvention(poste, contrats, convention, regle)` compte.
"""

from conum.conventions.rules.calcul import (
    Contrat,
    Convention,
    Echeance,
    Ligne,
    Subvention,
    Tranche,
    calculer_subvention,
    verifier_convention,
)
from conum.conventions.rules.catalogue import catalogue, montant_de, regle, regle_au, reserves_de
from conum.conventions.rules.modele import (
    ConventionInvalide,
    Montant,
    Nature,
    Phase,
    Poste,
    Regle,
    RegleInconnue,
    RegleInvalide,
    Reserve,
    Source,
    Statut,
    territoire_de,
)

__all__ = [
    "Contrat",
    "Convention",
    "ConventionInvalide",
    "Echeance",
    "Ligne",
    "Montant",
    "Nature",
    "Phase",
    "Poste",
    "Regle",
    "RegleInconnue",
    "RegleInvalide",
    "Reserve",
    "Source",
    "Statut",
    "Subvention",
    "Tranche",
    "calculer_subvention",
    "catalogue",
    "montant_de",
    "regle",
    "regle_au",
    "reserves_de",
    "territoire_de",
    "verifier_convention",
]
