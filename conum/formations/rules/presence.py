"""Quand une demi-journée se signe : de quinze minutes avant son début à sept jours après, à l'heure du lieu.

Les délais sont un choix de conum (aucun texte public) : signer d'avance ne prouve rien, signer tard ne se vérifie plus.
"""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

AVANCE = timedelta(minutes=15)
JOURS_POUR_SIGNER = 7
PARIS = ZoneInfo("Europe/Paris")
_FUSEAUX = {
    "971": "America/Guadeloupe",
    "972": "America/Martinique",
    "973": "America/Cayenne",
    "974": "Indian/Reunion",
    "975": "America/Miquelon",
    "976": "Indian/Mayotte",
    "977": "America/St_Barthelemy",
    "978": "America/Marigot",
    "986": "Pacific/Wallis",
    "987": "Pacific/Tahiti",
    "988": "Pacific/Noumea",
}


def fuseau_de(departement: str) -> ZoneInfo:
    """L'heure d'un département ; celle de Paris pour la métropole et pour une session à distance."""
    nom = _FUSEAUX.get(departement)
    return ZoneInfo(nom) if nom else PARIS


@dataclass(frozen=True, slots=True)
class Fenetre:
    """Le temps où une demi-journée se signe : `ouverture` comprise, `fermeture` exclue."""

    ouverture: datetime
    fermeture: datetime

    def refus(self, maintenant: datetime) -> str:
        """La phrase qui refuse la signature ; vide si elle est possible."""
        if maintenant < self.ouverture:
            return f"La signature ouvre le {self.ouverture:%d/%m/%Y à %H:%M}, quinze minutes avant le début."
        if maintenant >= self.fermeture:
            dernier = self.fermeture - timedelta(days=1)
            return f"La signature a fermé le {dernier:%d/%m/%Y}, sept jours après la demi-journée."
        return ""

    def ouverte(self, maintenant: datetime) -> bool:
        return not self.refus(maintenant)


def fenetre(jour: date, debut: time, departement: str = "") -> Fenetre:
    """
    >>> f = fenetre(date(2026, 11, 2), time(9), "974")
    >>> f.ouverture.isoformat(), f.fermeture.isoformat()
    ('2026-11-02T08:45:00+04:00', '2026-11-10T00:00:00+04:00')
    """
    fuseau = fuseau_de(departement)
    ouverture = datetime.combine(jour, debut, fuseau) - AVANCE
    return Fenetre(ouverture, datetime.combine(jour + timedelta(days=JOURS_POUR_SIGNER + 1), time(0), fuseau))


def lien_valable(jour: date, aujourd_hui: date) -> bool:
    """Le lien d'un apprenant vaut jusqu'au lendemain de la demi-journée."""
    return aujourd_hui <= jour + timedelta(days=1)
