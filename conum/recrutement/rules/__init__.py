"""Règles du recrutement, en fonctions pures : candidature, délais, appariement, coût. Aucun import de Django."""
