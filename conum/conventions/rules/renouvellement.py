"""Renouveler une convention (phase V2) : quand, à partir de quel jour. Fonctions pures ; facts-and-asks § 1.6.

La structure qui garde ses postes signe une nouvelle convention de 36 mois au plus, avec la même personne ou une autre.
Elle peut être rétroactive si la personne reste ; sinon le nouveau contrat commence dans les trois mois de la fin du
précédent.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from conum.comptes.rules import ajouter_mois
from conum.conventions.rules.ecarts import Periode

MOIS_AVANT_LE_TERME = 6
"""Choix de conum : les sources disent « à la fin de la première », pas combien de temps avant."""
MOIS_ENTRE_CONTRATS = 3
"""Nouveau recrutement dans les trois mois de la fin du contrat précédent (PR-VDF)."""
UN_JOUR = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class PosteARenouveler:
    """Un poste que la structure garde, et les jours de ses contrats, passés et à venir (demi-ouverts)."""

    reference: str
    contrats: tuple[Periode, ...]


def ouverture(fin: date) -> date:
    """Le premier jour où le renouvellement se prépare ; `fin` est le dernier jour de la convention."""
    return ajouter_mois(fin + UN_JOUR, -MOIS_AVANT_LE_TERME)


def limite_de_reprise(contrats: Iterable[Periode], debut: date) -> date | None:
    """Le dernier jour où la nouvelle convention peut commencer pour ce poste ; None si rien ne presse.

    Occupé ce jour-là, ou jamais occupé : rien ne presse.
    """
    contrats = list(contrats)
    if any(d <= debut < f for d, f in contrats):
        return None
    finis = [f for _, f in contrats if f <= debut]
    return ajouter_mois(max(finis), MOIS_ENTRE_CONTRATS) if finis else None


def verifier(
    *, fin_precedente: date, debut: date, postes: Iterable[PosteARenouveler], aujourdhui: date
) -> dict[str, str]:
    """Ce qui empêche le renouvellement, par champ ; vide s'il est possible."""
    ouvert = ouverture(fin_precedente)
    if aujourdhui < ouvert:
        return {"debut": f"Le renouvellement se prépare à partir du {ouvert:%d/%m/%Y}, six mois avant le terme."}
    if debut <= fin_precedente:
        return {
            "debut": f"La nouvelle convention commence après la fin de la précédente, le {fin_precedente:%d/%m/%Y}."
        }
    for poste in postes:
        limite = limite_de_reprise(poste.contrats, debut)
        if limite is not None and debut > limite:
            return {
                "debut": f"Le contrat précédent du poste {poste.reference} est fini depuis plus de trois mois : il "
                f"fallait commencer au plus tard le {limite:%d/%m/%Y}."
            }
    return {}
