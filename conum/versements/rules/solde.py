"""Ce qui est à rendre pour un terme, et le solde d'une convention. Fonctions pures, au centime.

Ce dont l'emploi n'est pas prouvé se rend (article 8 de la convention ; facts-and-asks § 1.7), et rien n'est dû pour un
jour sans contrat. Une fois la convention soldée, toujours :

    versé + reste à verser − reversements = le moindre de ce qui est dû et de ce qui est prouvé

à ce à quoi l'État a renoncé près. La preuve d'un terme ne dépasse pas ce qui lui est accordé : l'aide d'une année ne se
justifie pas par les dépenses d'une autre.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from conum.socle.texte import euros
from conum.versements.rules.justificatifs import ARTICLE

ZERO = Decimal("0.00")


@dataclass(frozen=True, slots=True)
class Terme:
    """Un terme : ce que l'acte en vigueur lui accorde, et la preuve retenue (nulle si l'absence est constatée)."""

    numero: int
    periode: str
    accorde: Decimal
    prouve: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class ARendre:
    """La somme à rendre pour un terme, et ses phrases."""

    verse: Decimal
    montant: Decimal
    trace: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Compte:
    """L'argent d'une convention. `demande_par_poste` : trop-versés réclamés par avenant ; `demande` : tout compris."""

    verse: Decimal = ZERO
    demande_par_poste: Decimal = ZERO
    demande: Decimal = ZERO
    remis: Decimal = ZERO
    versements: tuple[str, ...] = ()

    @property
    def net(self) -> Decimal:
        return self.verse - self.demande


def imputer(paye: Decimal, accordes: Sequence[Decimal]) -> list[Decimal]:
    """Ce qui a été versé pour chaque terme : le premier d'abord, chacun au plus ce qui lui est accordé."""
    parts = []
    for accorde in accordes:
        part = min(max(paye, ZERO), accorde)
        parts.append(part)
        paye -= part
    return parts


def a_rendre_du_terme(compte: Compte, termes: Sequence[Terme], numero: int) -> ARendre:
    """Versé pour le terme moins prouvé ; jamais plus que ce que la structure a encore."""
    terme = next(t for t in termes if t.numero == numero)
    paye = compte.verse - compte.demande_par_poste
    verse = dict(zip((t.numero for t in termes), imputer(paye, [t.accorde for t in termes]), strict=True))[numero]
    ecart = max(ZERO, verse - terme.prouve)
    montant = min(ecart, max(ZERO, compte.net))
    trace = [*compte.versements]
    if compte.demande_par_poste:
        trace.append(f"Trop-versé déjà demandé par avenant : {euros(compte.demande_par_poste)}.")
    trace += [
        f"Accordé pour le terme n° {numero}, {terme.periode} : {euros(terme.accorde)}.",
        f"Versé pour ce terme : {euros(verse)}.",
        f"Emploi prouvé : {euros(terme.prouve)}.",
        f"Écart : {euros(verse)} − {euros(min(terme.prouve, verse))} = {euros(ecart)}.",
    ]
    if montant < ecart:
        trace.append(f"Déjà demandé ou rendu : {euros(compte.demande)} sur {euros(compte.verse)} versés.")
    trace.append(f"À rendre : {euros(montant)} ({ARTICLE})." if montant else "Rien n’est à rendre.")
    return ARendre(verse, montant, tuple(trace))


@dataclass(frozen=True, slots=True)
class Solde:
    """L'arrêté : `retenu` est le moindre de ce qui est dû et de ce qui est prouvé."""

    prouve: Decimal
    retenu: Decimal
    a_verser: Decimal
    a_rendre: Decimal
    trace: tuple[str, ...]


def solder(compte: Compte, du: Decimal, termes: Sequence[Terme]) -> Solde:
    """Le solde d'une convention dont tous les termes sont clos.

    Ce à quoi l'État a renoncé ne se réclame pas de nouveau ; demandé en trop, il se rembourse.
    """
    prouve = sum((min(t.prouve, t.accorde) for t in termes), ZERO)
    retenu = min(du, prouve)
    exces = compte.net - retenu
    a_rendre = max(ZERO, exces - compte.remis)
    a_verser = max(ZERO, -exces)
    trace = [*compte.versements, f"Versé en tout : {euros(compte.verse)}."]
    trace += [
        f"Terme n° {t.numero}, {t.periode} : accordé {euros(t.accorde)}, emploi prouvé {euros(t.prouve)}."
        for t in termes
    ]
    trace.append(f"Emploi prouvé, dans la limite de chaque terme : {euros(prouve)}.")
    trace.append(f"Dû sur les contrats vécus : {euros(du)}.")
    trace.append(f"Retenu, le moindre des deux : {euros(retenu)}.")
    if compte.demande:
        trace.append(f"Reversements déjà demandés ou reçus : {euros(compte.demande)}.")
    if compte.remis:
        trace.append(f"Reversements auxquels l’État a renoncé : {euros(compte.remis)}.")
    trace.append(_conclure(compte, retenu, a_verser, a_rendre))
    return Solde(prouve, retenu, a_verser, a_rendre, tuple(trace))


def _conclure(compte: Compte, retenu: Decimal, a_verser: Decimal, a_rendre: Decimal) -> str:
    if a_rendre:
        return f"À rendre : {euros(a_rendre)} ({ARTICLE})."
    if a_verser:
        return f"Reste à verser : {euros(retenu)} − {euros(compte.net)} = {euros(a_verser)}."
    return "Les comptes tombent juste : rien à verser, rien à rendre."
