"""Délais et motifs d'une mise en relation. Sources : original-platform § 2.7, facts-and-asks § 1.3, 1.4 et 9."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

RAPPELS = (timedelta(days=3), timedelta(days=7))
"""Une proposition sans réponse est rappelée deux fois à qui doit répondre…"""
DELAI_REPONSE = timedelta(days=14)
"""… puis close, avec un message qui dit pourquoi : personne n'attend sans fin."""
DELAI_SIGNATURE = timedelta(days=15)
"""Signer dans les 15 jours qui suivent le choix (engagement de la structure)."""
NIVEAUX_DE_SERVICE = (3, 5)
"""Jours : part des propositions auxquelles la structure a répondu dans ces délais, publiée par département."""
OFFRE_JOURS_MIN, OFFRE_JOURS_MAX = 3, 30
"""Une offre ferme laisse de trois à trente jours pour répondre."""
DUREE_LIEN = timedelta(days=30)
"""Un lien personnel reçu par courriel vaut trente jours."""
RAYON_RECHERCHE_MAX_KM = 100
"""Une structure cherche autour de ses propres postes, jamais dans la France entière."""
PRESELECTIONS_MAX = 10
"""Présélections à la main encore ouvertes, par recrutement : chacune sollicite quelqu'un."""
TEXTE_MIN, TEXTE_MAX = 10, 1_000

TYPES_CONTRAT = {
    "cdi": "CDI",
    "cdd": "CDD",
    "contrat_de_projet": "Contrat de projet (public)",
    "pec": "Parcours emploi compétences",
}
"""Types de contrat admis (facts-and-asks § 1.5) ; seul le CDI est sans date de fin."""
MODES_ENTRETIEN = {"sur_place": "Sur place", "visio": "En visioconférence", "telephone": "Par téléphone"}

MOTIFS_ECART = {
    "autre_candidat": "Un autre candidat a été choisi",
    "experience": "L'expérience ne correspond pas à ce poste",
    "competences": "Les compétences numériques ne correspondent pas à ce poste",
    "mobilite": "Les déplacements demandés ne conviennent pas",
    "disponibilite": "Les dates ne conviennent pas",
    "entretien": "L'entretien n'a pas été concluant",
    "injoignable": "Le candidat n'a pas pu être joint",
    "autre": "Autre raison",
}
MOTIFS_DECLIN = {
    "distance": "C'est trop loin de chez moi",
    "dates": "Les dates ne me conviennent pas",
    "autre_emploi": "J'ai trouvé un autre emploi",
    "poste": "Ce poste ou cette structure ne me convient pas",
    "salaire": "Les conditions proposées ne me conviennent pas",
    "personnel": "Raison personnelle",
    "autre": "Autre raison",
}
MOTIFS_FIN = {
    "sans_reponse": "Personne n'a répondu à temps",
    "structure_muette": "La structure n'a pas répondu à temps",
    "candidat_muet": "Le candidat n'a pas répondu à temps",
    "offre_expiree": "L'offre est restée sans réponse jusqu'à son échéance",
    "offre_retiree": "La structure a retiré son offre",
    "poste_pourvu": "Le poste est pourvu",
    "recrutement_suspendu": "Le recrutement est suspendu",
    "recrutement_clos": "Le recrutement est clos",
    "candidat_engage": "Le candidat est engagé sur un autre poste",
    "candidat_en_pause": "Le candidat a mis sa recherche en pause",
    "candidat_retire": "Le candidat a retiré sa candidature",
    "candidat_bloque": "La candidature a été bloquée par l'ANCT",
}
"""Motifs posés par une règle, jamais choisis dans une liste. Les codes sont uniques à travers les trois tables,
sauf « autre_emploi » et « autre », qui y ont le même sens."""
MOTIFS: dict[str, str] = MOTIFS_FIN | MOTIFS_ECART | MOTIFS_DECLIN


def rappels_dus(attend_depuis: datetime, maintenant: datetime) -> int:
    """Nombre de rappels (0 à 2) qui devraient être partis à cet instant."""
    return sum(maintenant >= attend_depuis + delai for delai in RAPPELS)


def echeance(attend_depuis: datetime) -> datetime:
    """L'instant où une proposition sans réponse se clôt."""
    return attend_depuis + DELAI_REPONSE


def part_repondue(delais: Sequence[timedelta | None], jours: int) -> float | None:
    """Part (0 à 1) des propositions répondues en `jours` au plus ; None quand il n'y en a aucune à juger."""
    if not delais:
        return None
    return sum(d is not None and d <= timedelta(days=jours) for d in delais) / len(delais)


def en_retard(limite: date | None, aujourdhui: date) -> bool:
    return limite is not None and limite < aujourdhui
