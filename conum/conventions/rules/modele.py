"""Les règles de subvention, telles que lues : des données datées et figées, sans Django.

Une règle dit ce que l'État finance pour un poste selon la phase, le statut de la structure et le territoire. Ce
qu'aucune source ne dit est marqué inconnu et refusé avec une phrase (facts-and-asks § 1.5 et § 10) : rien d'inventé.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from conum.socle.donnees_figees import Source
from conum.structures.rules import Statut

COORDINATEUR = "coordinateur"
METROPOLE = "metropole"
OUTRE_MER_CONNU = ("971", "972", "973", "974", "976")
AUTRES = "autres"
TERRITOIRES = (METROPOLE, *OUTRE_MER_CONNU, AUTRES)
ZONES = ("QPV", "ZRR")

# Avec la préposition : « l'aide en Polynésie française ».
COLLECTIVITES = {
    "971": "en Guadeloupe",
    "972": "en Martinique",
    "973": "en Guyane",
    "974": "à La Réunion",
    "975": "à Saint-Pierre-et-Miquelon",
    "976": "à Mayotte",
    "977": "à Saint-Barthélemy",
    "978": "à Saint-Martin",
    "984": "dans les Terres australes et antarctiques françaises",
    "986": "à Wallis-et-Futuna",
    "987": "en Polynésie française",
    "988": "en Nouvelle-Calédonie",
    "989": "à Clipperton",
}


class Phase(StrEnum):
    """V1 : première convention (plan de relance). V2 : renouvellement, trois ans dégressifs."""

    V1 = "v1"
    V2 = "v2"


class Nature(StrEnum):
    BASE = "base"
    BONIFICATION = "bonification"


class RegleInconnue(ValueError):
    """Aucune source ne permet de calculer ce cas ; le message se montre tel quel à l'usager."""


class RegleInvalide(ValueError):
    """Un fichier de règles se contredit ou a changé depuis sa publication : faute de qui le tient, pas de l'usager."""


class ConventionInvalide(ValueError):
    """La convention sort de ce que la règle permet ; le message se montre tel quel."""


@dataclass(frozen=True, slots=True)
class Montant:
    """Une ligne : tant par annuité, sur tant de mois. `inconnu` non vide : la raison de refuser."""

    statut: Statut
    territoires: tuple[str, ...]
    duree_mois: int
    annuites: tuple[Decimal, ...]
    etalement_max_mois: int
    sources: tuple[Source, ...]
    inconnu: str = ""

    @property
    def total(self) -> Decimal:
        return sum(self.annuites, Decimal(0))


@dataclass(frozen=True, slots=True)
class Bonification:
    """Ce qui s'ajoute pour un poste en zone prioritaire, aux mêmes annuités que la base."""

    statut: Statut
    zones: tuple[str, ...]
    duree_mois: int
    annuites: tuple[Decimal, ...]
    sources: tuple[Source, ...]

    @property
    def total(self) -> Decimal:
        return sum(self.annuites, Decimal(0))


@dataclass(frozen=True, slots=True)
class Remuneration:
    """Ce que l'aide paie, et ce que la structure peut ajouter."""

    salaire_minimum: str
    temps_plein: bool
    emploi: str
    complement: str
    contrats_exclus: tuple[str, ...]
    sources: tuple[Source, ...]


@dataclass(frozen=True, slots=True)
class Versements:
    """`nombre` nul : l'échéancier est inconnu, et `inconnu` le dit."""

    nombre: int
    inconnu: str
    note: str
    sources: tuple[Source, ...]


@dataclass(frozen=True, slots=True)
class Reserve:
    """Une phrase à montrer quand le cas la concerne : ce que les sources ne disent pas."""

    texte: str
    sources: tuple[Source, ...]
    statut: Statut | None = None
    territoires: tuple[str, ...] = ()
    contrat: str = ""
    zone: bool | None = None
    depuis: date | None = None


@dataclass(frozen=True, slots=True)
class CoutEtat:
    """Ce que l'État paie en plus pour un poste, sans le verser à la structure (moyenne)."""

    libelle: str
    montant: Decimal
    sources: tuple[Source, ...]


@dataclass(frozen=True, slots=True)
class Note:
    texte: str
    sources: tuple[Source, ...]


@dataclass(frozen=True, slots=True)
class Regle:
    """Une version des règles de subvention. `empreinte` : le SHA-256 de son fichier, à garder avec la convention."""

    code: str
    titre: str
    phase: Phase
    defaut: bool
    debut: date | None
    fin: date | None
    date_note: str
    empreinte: str
    sources: tuple[Source, ...]
    financeurs: tuple[str, ...]
    duree_max_mois: int
    sources_duree: tuple[Source, ...]
    remuneration: Remuneration
    montants: tuple[Montant, ...]
    bonifications: tuple[Bonification, ...]
    postes_inconnus: tuple[tuple[str, str], ...]
    versements: Versements
    prorata: Note
    reserves: tuple[Reserve, ...]
    couts_etat: tuple[CoutEtat, ...]
    observations: tuple[Note, ...]

    def couvre(self, jour: date) -> bool:
        """La version est en vigueur ce jour-là ; la version par défaut n'a pas de bornes."""
        return (self.debut is None or self.debut <= jour) and (self.fin is None or jour < self.fin)


@dataclass(frozen=True, slots=True)
class Poste:
    """Ce que la règle regarde d'un poste : type, statut de la structure, département, zone prioritaire (QPV ou ZRR)."""

    statut: Statut
    departement: str
    type: str = "conseiller"
    zone_prioritaire: bool = False

    @property
    def territoire(self) -> str:
        """« metropole », le code d'un département d'outre-mer dont l'aide est connue, ou « autres »."""
        return territoire_de(self.departement)


def territoire_de(departement: str) -> str:
    """Le territoire de subvention d'un code de département ou de collectivité d'outre-mer."""
    if departement in OUTRE_MER_CONNU:
        return departement
    return AUTRES if departement.startswith(("97", "98")) or not departement else METROPOLE


def lieu(departement: str) -> str:
    """« en Polynésie française », « en métropole »."""
    if departement in COLLECTIVITES:
        return COLLECTIVITES[departement]
    return "dans cette collectivité" if territoire_de(departement) == AUTRES else "en métropole"
