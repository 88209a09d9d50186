"""Chaque module inscrit ses messages au registre des courriels en s'important."""

from conum.versements.emails import echeances, etats, justificatifs, lots, retours, ribs

__all__ = ["echeances", "etats", "justificatifs", "lots", "retours", "ribs"]
