"""Écrire beaucoup d'un coup : les mêmes lignes de journal que `journal.noter`, en une requête."""

from conum.journal.actions import Ligne, noter_en_masse

__all__ = ["Ligne", "noter_en_masse"]
