"""Formations : marchés, prise de poste, positionnement, affectation, assiduité, droits. Pur, sans Django."""
