"""Écritures des territoires : données de référence, sans auteur ni journal, appelées par les commandes."""
