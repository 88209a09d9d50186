"""Ce qu'un organisme demande à l'État pour une personne et un mois.

**Choix de conum** : aucune source publique ne dit comment les organismes sont payés ; seuls les coûts moyens d'un
marché le sont (facts-and-asks § 2). Ici, le prix du parcours se gagne à la minute signée des deux mains, au centime le
plus proche ; le dernier mois prend le reste, la somme ne dépasse jamais le prix. La certification se gagne une fois,
quand la personne se présente.
"""

from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from conum.formations.rules.assiduite import en_heures
from conum.socle.texte import euros

CENTIME, ZERO = Decimal("0.01"), Decimal("0.00")


@dataclass(frozen=True, slots=True)
class Prix:
    """Ce qu'une personne vaut, et ce qui le dit : le marché publié, ou un acte."""

    montant: Decimal
    source: str


@dataclass(frozen=True, slots=True)
class Acquis:
    """Ce que d'autres états comptent déjà pour cette personne : `ailleurs`, chez un autre organisme ou marché."""

    minutes: int = 0
    montant: Decimal = ZERO
    minutes_ailleurs: int = 0


@dataclass(frozen=True, slots=True)
class Calcul:
    """Le montant d'une ligne, vide tant que le prix manque, et comment on y arrive."""

    montant: Decimal | None
    trace: tuple[str, ...]


def au_centime(montant: Decimal) -> Decimal:
    """L'arrondi des comptes : la moitié de centime va au-dessus."""
    return montant.quantize(CENTIME, rounding=ROUND_HALF_UP)


def calculer_formation(prix: Prix | None, parcours: int, minutes: int, acquis: Acquis) -> Calcul:
    """Le montant d'un mois : prix × minutes ÷ minutes du parcours ; le mois qui finit le parcours prend le reste.

    Les heures au-delà du parcours ne valent rien ; celles d'un autre organisme sont à lui.
    """
    signees = f"{en_heures(minutes)} signées des deux mains, sur {en_heures(parcours)} de parcours."
    if prix is None:
        return Calcul(None, (signees, "Aucun prix n’est connu : la ligne n’a pas de montant."))
    trace = [f"Prix du parcours : {euros(prix.montant)} ({prix.source}).", signees]
    part = max(parcours - acquis.minutes_ailleurs, 0)
    reste = max(part - acquis.minutes, 0)
    plafond = au_centime(prix.montant * part / parcours)
    disponible = max(plafond - acquis.montant, ZERO)
    if acquis.minutes_ailleurs:
        trace.append(f"{en_heures(acquis.minutes_ailleurs)} suivies ailleurs : la part d’ici est {euros(plafond)}.")
    if acquis.minutes:
        trace.append(f"Déjà compté ici : {en_heures(acquis.minutes)}, pour {euros(acquis.montant)}.")
    if minutes > reste:
        trace.append(f"{en_heures(minutes - reste)} au-delà du parcours : elles ne comptent pas.")
    if minutes >= reste:
        trace.append(f"Le parcours est fini : ce mois prend le reste, {euros(disponible)}.")
        return Calcul(disponible, tuple(trace))
    brut = au_centime(prix.montant * minutes / parcours)
    trace.append(f"{euros(prix.montant)} × {minutes} min ÷ {parcours} min = {euros(brut)}.")
    if brut > disponible:
        trace.append(f"Ramené à ce qui reste : {euros(disponible)}.")
    return Calcul(min(brut, disponible), tuple(trace))


def calculer_certification(prix: Prix | None, presentee_le: date) -> Calcul:
    """Le prix entier, la première fois que la personne se présente, reçue ou non."""
    quand = f"Première présentation le {presentee_le:%d/%m/%Y}, reçue ou non."
    if prix is None:
        return Calcul(None, (quand, "Aucun prix n’est connu : la ligne n’a pas de montant."))
    return Calcul(prix.montant, (quand, f"Prix des certifications : {euros(prix.montant)} ({prix.source})."))


def mois_suivant(mois: date) -> date:
    annee, rang = divmod(mois.year * 12 + mois.month, 12)
    return date(annee, rang + 1, 1)


def est_acheve(mois: date, jour: date) -> bool:
    """Le mois est fini ce jour-là."""
    return jour >= mois_suivant(mois)
