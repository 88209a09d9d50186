"""Règles d'une candidature. Sources : original-platform § 2.5–2.6 et 8.3, programme-apps § 2.8 et 3.C."""

from datetime import date, timedelta

from conum.territoires.rules import METROPOLE

FRANCE_ENTIERE = 2_000
"""Code de la mobilité « France entière » : tout le territoire où la personne habite (programme-apps § 2.8)."""
MOBILITES: dict[int, str] = {
    5: "5 km",
    10: "10 km",
    15: "15 km",
    20: "20 km",
    40: "40 km",
    100: "100 km",
    FRANCE_ENTIERE: "France entière",
}
MOTIVATION_MIN, MOTIVATION_MAX = 10, 2_500
DUREE_CONFIRMATION = timedelta(days=30)
DUREE_BROUILLON = timedelta(days=30)
RENVOIS_PAR_HEURE = 3
DOMAINE_REFUSE = "@conseiller-numerique.fr"
"""Boîtes professionnelles de conseillers déjà en poste : elles ferment avec le contrat (original-platform § 5)."""

SITUATIONS = {
    "en_recherche": "Je cherche un emploi",
    "en_emploi": "J'ai un emploi",
    "en_formation": "Je suis en formation",
    "diplome": "J'ai un diplôme ou une certification de médiation numérique",
}
"""Au moins une ; « diplome » demande le nom du diplôme."""

TERRITOIRES: dict[str, str] = {
    METROPOLE: "Hexagone et Corse",
    "971": "Guadeloupe",
    "972": "Martinique",
    "973": "Guyane",
    "974": "La Réunion",
    "975": "Saint-Pierre-et-Miquelon",
    "976": "Mayotte",
    "977": "Saint-Barthélemy",
    "978": "Saint-Martin",
    "986": "Wallis-et-Futuna",
    "987": "Polynésie française",
    "988": "Nouvelle-Calédonie",
}
"""Terres que la mer sépare : d'une à l'autre, on ne propose un poste qu'à qui l'a choisi."""

LANGUES: dict[str, str] = {
    "lsf": "Langue des signes française",
    "en": "Anglais",
    "ar": "Arabe",
    "es": "Espagnol",
    "pt": "Portugais",
    "it": "Italien",
    "de": "Allemand",
    "tr": "Turc",
    "ro": "Roumain",
    "pl": "Polonais",
    "uk": "Ukrainien",
    "ru": "Russe",
    "zh": "Chinois",
    "vi": "Vietnamien",
    "ta": "Tamoul",
    "fa": "Persan, dari",
    "ps": "Pachto",
    "ber": "Berbère",
    "wo": "Wolof",
    "bm": "Bambara",
    "ff": "Peul",
    "ln": "Lingala",
    "gcf": "Créole guadeloupéen ou martiniquais",
    "gcr": "Créole guyanais",
    "rcf": "Créole réunionnais",
    "swb": "Mahorais (shimaore)",
    "ty": "Tahitien",
    "br": "Breton",
    "eu": "Basque",
    "co": "Corse",
    "oc": "Occitan",
    "gsw": "Alsacien",
}
"""Codes ISO 639 (« lsf » : la LSF n'a de code qu'ISO 639-3, fsl, que personne n'écrit)."""

NIVEAUX = {1: "Débutant", 2: "Intermédiaire", 3: "Avancé"}
"""Paliers du test Pix passé à la candidature, et niveau qu'une structure peut demander (facts-and-asks § 2)."""
COMPETENCES_PIX = {
    1: "Usage professionnel",
    2: "Production de ressources",
    3: "E-citoyenneté",
}

MOTIFS_RETRAIT = {
    "emploi_conseiller": "J'ai été recruté comme conseiller numérique",
    "autre_emploi": "J'ai trouvé un autre emploi",
    "plus_interesse": "Le métier ne m'intéresse plus",
    "trop_long": "Le processus est trop long, je n'ai pas de réponse",
    "trop_loin": "Les postes sont trop loin",
    "autre": "Autre raison",
}

CV_TAILLE_MAX = 5 * 1024 * 1024
"""5 Mo."""
CV_CONSERVATION = timedelta(days=183)
"""Six mois après le dernier usage (règle en vigueur : programme-apps § 6.3)."""
INACTIVITE = timedelta(days=730)
"""Vingt-quatre mois sans nouvelle de la personne."""
AVERTISSEMENTS_INACTIVITE = (30, 7)
"""Jours avant l'effacement où la personne est prévenue."""
MOIS_RECONFIRMATION = 2
"""La disponibilité se reconfirme tous les deux mois."""
DELAI_RECONFIRMATION = timedelta(days=14)
"""Sans réponse passé ce délai, la candidature est mise en pause : un poste n'attend pas quelqu'un qui est parti."""


def est_france_entiere(mobilite_km: int) -> bool:
    return mobilite_km >= FRANCE_ENTIERE


def disponible_a_temps(disponible_le: date, debut: date, aujourdhui: date) -> bool:
    """La personne est libre pour le début du poste ; un début déjà passé vaut aujourd'hui.

    L'ancienne règle fermait à jamais un poste dont la date était passée (original-platform § 3.4, M10).
    """
    return disponible_le <= max(debut, aujourdhui)
