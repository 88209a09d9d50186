"""Échéancier ← Échéance ← Ligne de lot → Lot ; Retour bancaire ← Ligne de retour ; RIB ; Justificatif."""

from conum.versements.models.echeance import Echeance, Echeancier, Nature
from conum.versements.models.justificatif import Justificatif, Solde
from conum.versements.models.lot import LigneLot, Lot
from conum.versements.models.mouvement import Mouvement
from conum.versements.models.retour import LigneRetour, RetourBancaire, SensRetour
from conum.versements.models.rib import Rib

__all__ = [
    "Echeance",
    "Echeancier",
    "Justificatif",
    "LigneLot",
    "LigneRetour",
    "Lot",
    "Mouvement",
    "Nature",
    "RetourBancaire",
    "Rib",
    "SensRetour",
    "Solde",
]
