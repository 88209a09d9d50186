"""Convention ← Poste conventionné ; Convention ← Acte (initial, avenants) ← Ligne, Signature ; Convention ← Pièce.

Ce que l'État accorde, engage et verse se lit d'un seul endroit : les lignes (`LigneActe`) de l'acte en vigueur.
"""

from conum.conventions.models.acte import Acte, Etape, LigneActe, ObjetAvenant, Partie, Signature, Voie
from conum.conventions.models.convention import (
    Convention,
    MotifNonRenouvellement,
    MotifResiliation,
    PosteConventionne,
)
from conum.conventions.models.piece import Piece, TypePiece

__all__ = [
    "Acte",
    "Convention",
    "Etape",
    "LigneActe",
    "MotifNonRenouvellement",
    "MotifResiliation",
    "ObjetAvenant",
    "Partie",
    "Piece",
    "PosteConventionne",
    "Signature",
    "TypePiece",
    "Voie",
]
