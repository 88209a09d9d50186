class CompteRefuse(Exception):
    """Une règle des comptes s'oppose à l'action ; le message est destiné à la personne."""


class LienPerime(CompteRefuse):
    """Le lien est inconnu, déjà employé, remplacé, annulé ou passé."""


class AucunCompte(CompteRefuse):
    """ProConnect désigne une personne que conum ne connaît pas."""
