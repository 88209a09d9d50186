"""La suite du récit : des candidats, un passage de l'appariement, des échanges à chaque étape. Données, sans dates."""

from dataclasses import dataclass

from conum.portail.demo import Personnage


@dataclass(frozen=True)
class Aspirant:
    """Une personne qui candidate. `fin` : l'état où s'arrête sa proposition, ou sa candidature si elle n'en a pas."""

    prenom: str
    nom: str
    commune: str
    mobilite_km: int
    fin: str
    situations: tuple[str, ...] = ("en_recherche",)
    experience: bool = False
    diplome: str = ""
    palier: int = 0
    langues: tuple[str, ...] = ()
    jours: int = 0
    motivation: str = "J'aime transmettre, je suis patiente, et je connais bien les habitants de mon quartier."

    @property
    def email(self) -> str:
        return Personnage(self.prenom, self.nom, ()).email


# La première candidate est celle qu'on ouvre dans la démonstration : un poste près de chez elle attend sa réponse.
ASPIRANTS = (
    Aspirant("Clara", "Benoît", "51454", 20, "retenue", experience=True, palier=2, langues=("en", "lsf")),
    Aspirant(
        "Yasmine", "Haddouche", "51454", 10, "entretien", ("en_emploi", "diplome"), True, "CCP1 médiateur numérique", 3,
        ("ar",), motivation="J'anime depuis deux ans les ateliers de ma médiathèque et je veux en faire mon métier.",
    ),
    Aspirant("Kévin", "Adam", "51573", 15, "recrutee", experience=True, palier=3, jours=10),
    Aspirant("Thomas", "Lemaire", "51573", 40, "offre", ("en_formation",), palier=1),
    Aspirant("Sarah", "Vallet", "51454", 20, "declinee", ("en_emploi",), True),
    Aspirant("Mélanie", "Gros", "51230", 40, "proposee", palier=2),
    Aspirant("Idriss", "Sow", "51108", 100, "en_pause", experience=True),
    Aspirant("Léon", "Marchetti", "38185", 20, "disponible", ("en_recherche", "en_formation")),
    Aspirant("Hélène", "Carlier", "51230", 20, "a_confirmer"),
)  # fmt: skip
