"""Rapport d'équité d'un passage : qui est servi, selon le lieu, l'ancienneté, la mobilité, la situation.

La liste de ce que le calcul lit sort du code qui calcule (champs de `Besoins` et de `Candidats`) : une donnée qui n'y
est pas ne peut pas peser. Le genre n'est ni demandé, ni enregistré, ni lu.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date
from typing import TypedDict

from conum.recrutement.rules.appariement.marche import Besoins, Candidats
from conum.recrutement.rules.candidature import MOBILITES, SITUATIONS

TRANCHES: dict[str, tuple[str, int | None]] = {
    "30": ("Moins d'un mois", 30),
    "90": ("De un à trois mois", 90),
    "180": ("De trois à six mois", 180),
    "365": ("De six mois à un an", 365),
    "plus": ("Plus d'un an", None),
}
"""Ancienneté de l'attribution des postes : libellé, et borne haute en jours (exclue)."""
STATUTS = {"public": "Structures publiques", "prive": "Structures privées"}

LUES_DES_POSTES = {
    "latitude": "latitude du centre de la commune d'exercice",
    "longitude": "longitude du centre de la commune d'exercice",
    "debut": "date de début du poste (aujourd'hui si elle est passée)",
    "a_servir": "nombre de postes vacants encore sans proposition",
    "capacite": "nombre de propositions encore possibles sous le plafond",
    "territoire": "territoire (métropole, ou chaque outre-mer)",
    "niveau": "niveau numérique demandé par la structure",
}
LUES_DES_CANDIDATS = {
    "latitude": "latitude du centre de la commune de résidence",
    "longitude": "longitude du centre de la commune de résidence",
    "mobilite_km": "mobilité choisie",
    "disponible": "date de disponibilité",
    "capacite": "nombre de propositions encore possibles sous le plafond",
    "deja_servi": "une proposition est déjà ouverte, ou non",
    "territoire": "territoire de résidence (métropole, ou chaque outre-mer)",
    "territoires_choisis": "autres territoires acceptés",
    "experience": "expérience de la médiation numérique déclarée, ou non",
    "diplome": "diplôme de médiation numérique déclaré, ou non",
    "palier": "palier Pix, seulement si la personne l'a communiqué aux structures",
}
JAMAIS_LUES = (
    "le genre (ni demandé, ni enregistré)",
    "le prénom et le nom",
    "l'âge et la date de naissance (ni demandés, ni enregistrés)",
    "la nationalité (ni demandée, ni enregistrée)",
    "le téléphone, l'adresse électronique et le CV",
    "la motivation et les langues",
    "la situation (en recherche, en emploi, en formation)",
    "le nom, le statut et la taille de la structure",
)


class Ligne(TypedDict):
    """Une catégorie et ce qu'elle a reçu."""

    cle: str
    libelle: str
    total: int
    servis: int


@dataclass(frozen=True)
class PosteLibre:
    """Les postes libres d'un recrutement, et combien ont au moins une proposition ouverte."""

    departement: str
    attribue_le: date
    statut: str
    libres: int
    servis: int


@dataclass(frozen=True)
class Chercheur:
    """Un candidat au vivier."""

    departement: str
    mobilite_km: int
    situations: tuple[str, ...]
    servi: bool


def donnees_lues() -> dict[str, list[str]]:
    """Ce que le calcul lit, en mots, dans l'ordre du code. KeyError : un champ du calcul n'est pas publié ici."""
    return {
        "postes": [LUES_DES_POSTES[champ.name] for champ in fields(Besoins)],
        "candidats": [LUES_DES_CANDIDATS[champ.name] for champ in fields(Candidats)],
    }


def tranche(attribue_le: date, jour: date) -> str:
    """
    >>> tranche(date(2026, 1, 1), date(2026, 2, 15))
    '90'
    """
    age = (jour - attribue_le).days
    return next(cle for cle, (_, borne) in TRANCHES.items() if borne is None or age < borne)


def repartir(parts: Iterable[tuple[str, int, int]], libelles: Mapping[str, str]) -> list[Ligne]:
    """Additionne (catégorie, total, servis), dans l'ordre de `libelles` ; les catégories vides sont omises."""
    totaux: Counter[str] = Counter()
    servis: Counter[str] = Counter()
    for cle, total, servi in parts:
        totaux[cle] += total
        servis[cle] += servi
    inconnues = sorted(set(totaux) - set(libelles))
    return [
        Ligne(cle=cle, libelle=libelles.get(cle, cle), total=totaux[cle], servis=servis[cle])
        for cle in [*libelles, *inconnues]
        if totaux[cle]
    ]


def rapport(
    postes: Sequence[PosteLibre], chercheurs: Sequence[Chercheur], jour: date, departements: Mapping[str, str]
) -> dict[str, list[Ligne]]:
    """Les tableaux du rapport, prêts à être gardés avec le passage."""
    mobilites = {str(km): libelle for km, libelle in MOBILITES.items()}
    return {
        "postes_par_anciennete": repartir(
            ((tranche(p.attribue_le, jour), p.libres, p.servis) for p in postes),
            {c: n for c, (n, _) in TRANCHES.items()},
        ),
        "postes_par_statut": repartir(((p.statut, p.libres, p.servis) for p in postes), STATUTS),
        "postes_par_departement": repartir(((p.departement, p.libres, p.servis) for p in postes), departements),
        "candidats_par_mobilite": repartir(((str(c.mobilite_km), 1, c.servi) for c in chercheurs), mobilites),
        "candidats_par_situation": repartir(
            ((situation, 1, c.servi) for c in chercheurs for situation in c.situations), SITUATIONS
        ),
        "candidats_par_departement": repartir(((c.departement, 1, c.servi) for c in chercheurs), departements),
    }
