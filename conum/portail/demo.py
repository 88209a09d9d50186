"""Le récit de démonstration : des personnes nommées, des demandes dans chaque état, amenées là par les vraies actions.

Données, sauf les dates : tout se compte à partir du jour où l'on joue le récit.
"""

from dataclasses import dataclass

from conum.comptes.models import TypeRole
from conum.socle.texte import sans_accent

DOMAINE = "demo.conum.example"


@dataclass(frozen=True)
class Personnage:
    """Une personne et ses rôles : (type, code de département ou de région ; vide pour l'ANCT)."""

    prenom: str
    nom: str
    roles: tuple[tuple[str, str], ...]

    @property
    def email(self) -> str:
        return f"{sans_accent(self.prenom)}.{sans_accent(self.nom)}@{DOMAINE}".lower()


AGENTS = (
    Personnage("Sami", "Roux", ((TypeRole.ANCT, ""),)),
    # L'argent demande deux personnes : Sami prépare, Lucie approuve.
    Personnage("Lucie", "Fabre", ((TypeRole.ANCT, ""),)),
    Personnage("Paul", "Mercier", ((TypeRole.PREFECTURE, "51"),)),
    Personnage("Inès", "Aubert", ((TypeRole.PREFECTURE, "38"),)),
    Personnage("Anne", "Keller", ((TypeRole.REGION, "44"),)),
    Personnage("Nadia", "Benali", ((TypeRole.PREFECTURE, "51"), (TypeRole.PREFECTURE, "08"))),
)


@dataclass(frozen=True)
class Recit:
    """Une structure et sa demande. `fin` : l'état où l'on s'arrête ; `jours` : ancienneté du dépôt."""

    nom: str
    categorie: str
    commune: str
    contact: tuple[str, str]
    fin: str
    jours: int
    postes: int = 1
    favorable: bool = True
    motivation: str = "Beaucoup d'habitants renoncent à leurs démarches faute de savoir se servir d'internet."
    avis: str = "Besoin réel : aucun lieu d'accompagnement numérique à moins de vingt kilomètres."


# La première structure est celle qu'on ouvre dans la démonstration : deux postes obtenus sur trois, un ajout en cours.
RECITS = (
    Recit("Centre social du Chemin vert", "association", "51454", ("Lina", "Haddad"), "attribuee", 60, postes=3),
    Recit("Ville d'Épernay", "collectivite", "51230", ("Marc", "Lefort"), "deposee", 16, postes=2),
    Recit("Communauté de communes des Paysages", "epci", "51612", ("Élodie", "Garnier"), "deposee", 9),
    Recit("Médiathèque associative du Perthois", "association", "51649", ("Yanis", "Colin"), "deposee", 1),
    Recit("Ville de Châlons", "collectivite", "51108", ("Sophie", "Renaud"), "en_instruction", 25, postes=4),
    Recit(
        "Les Ateliers du fleuve", "association", "51573", ("Hugo", "Petit"), "en_instruction", 22, favorable=False,
        avis="Deux conseillers numériques interviennent déjà dans ce quartier, le projet ne dit pas ce qu'il ajoute.",
    ),
    Recit("CCAS de Tinqueux", "etablissement_local", "51573", ("Awa", "Diop"), "examen_complementaire", 30),
    Recit("Tiers-lieu La Filature", "association", "51454", ("Jean", "Marchal"), "refusee", 58, favorable=False),
    Recit("Foyer rural de Sézanne", "association", "51535", ("Claire", "Noël"), "abandonnee", 12),
    Recit("Régie de quartier Croix-Rouge", "association", "51454", ("Ali", "Meziane"), "annulee", 20),
    Recit("Ville de Grenoble", "collectivite", "38185", ("Julie", "Faure"), "en_instruction", 28, postes=5),
    Recit("Maison des habitants de Voiron", "association", "38563", ("Tom", "Vidal"), "deposee", 18),
    Recit("Ville de Reims", "collectivite", "51454", ("Karim", "Saïdi"), "a_confirmer", 3),
)  # fmt: skip
ENVELOPPES = {"": 60, "51": 12, "38": 10}
"""Postes à attribuer dans l'année : nationale, puis par département."""
