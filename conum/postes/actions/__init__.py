"""Les actes sur les postes et les contrats ; eux seuls écrivent."""

from conum.postes.actions.contrats import (
    annuler_contrat,
    corriger_contrat,
    rectifier_contrat,
    refuser_contrat,
    renouveler_contrat,
    saisir_contrat,
    saisir_contrat_par_adresse,
    terminer_contrat,
    terminer_contrats_echus,
    valider_contrat,
)
from conum.postes.actions.postes import creer_postes, rendre_postes, retirer_poste, transferer_poste
from conum.postes.actions.prolongations import prolonger_contrat, refuser_prolongation, valider_prolongation
from conum.postes.actions.ruptures import annuler_rupture, completer_rupture, notifier_rupture, valider_rupture

__all__ = [
    "annuler_contrat",
    "annuler_rupture",
    "completer_rupture",
    "corriger_contrat",
    "creer_postes",
    "notifier_rupture",
    "prolonger_contrat",
    "rectifier_contrat",
    "refuser_contrat",
    "refuser_prolongation",
    "rendre_postes",
    "renouveler_contrat",
    "retirer_poste",
    "saisir_contrat",
    "saisir_contrat_par_adresse",
    "terminer_contrat",
    "terminer_contrats_echus",
    "transferer_poste",
    "valider_contrat",
    "valider_prolongation",
    "valider_rupture",
]
