"""Poste ← Rattachement ← Contrat : trois tables de faits datés. L'état d'un poste se déduit, il n'est jamais écrit."""

from conum.postes.models.contrat import Contrat, PieceRupture, Prolongation, TypeContrat
from conum.postes.models.poste import Compteurs, EtatPoste, Poste, Rattachement, TypePoste

__all__ = [
    "Compteurs",
    "Contrat",
    "EtatPoste",
    "PieceRupture",
    "Poste",
    "Prolongation",
    "Rattachement",
    "TypeContrat",
    "TypePoste",
]
