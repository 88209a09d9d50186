"""La formation, dans le récit : un organisme, une conseillère en formation, un test en cours. Sans dates."""

from conum.comptes.models import TypeRole
from conum.portail.demo import Personnage

ORGANISMES = (
    {
        "nom": "La Fabrik", "contact_nom": "Camille Bonnet", "contact_email": "contact@lafabrik.demo.conum.example",
        "contact_telephone": "0326000001", "capacite_mensuelle": 45,
    },
    {"nom": "Francil’In", "contact_nom": "Rose Hoarau", "contact_email": "contact@francilin.demo.conum.example"},
)  # fmt: skip
"""Les deux que le marché en cours nomme."""
AGENTE = Personnage("Camille", "Bonnet", ((TypeRole.ORGANISME, "la-fabrik"),))
FORMATEUR = ("Dominique Petit", "dominique.petit@demo.conum.example")
EN_FORMATION = ("Nora", "Lambert")
"""Sa session a commencé il y a trois semaines ; elle signe ses demi-journées."""
COMMENCEE = {"intitule": "Médiation numérique, Reims", "commune": "51454", "lieu": "Maison des associations"}
A_VENIR = {"intitule": "Médiation numérique, Châlons", "commune": "51108", "lieu": "Espace Simone-Veil", "places": 12}
DEJA_REPONDU = 14
"""Questions auxquelles l'autre a répondu avant de s'arrêter."""
