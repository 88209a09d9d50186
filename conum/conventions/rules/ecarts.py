"""Ce que les faits changent à ce qu'un acte a compté, et comment le dire. Fonctions pures.

Deux emplois : comparer un acte à l'avenant qui le remplace, et savoir qu'un avenant est à ouvrir.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from conum.conventions.rules.calcul import Contrat
from conum.conventions.rules.modele import Nature
from conum.conventions.rules.prevision import Hypothese, Suite
from conum.conventions.rules.trace import NATURES, en_jours, jour

Periode = tuple[date, date]
"""Demi-ouverte : le second jour est le lendemain du dernier."""
UN_JOUR = timedelta(days=1)


def reunir(periodes: Iterable[Periode]) -> list[Periode]:
    """Les mêmes jours, en périodes disjointes et dans l'ordre ; celles qui se touchent n'en font qu'une."""
    reunies: list[Periode] = []
    for debut, fin in sorted(p for p in periodes if p[0] < p[1]):
        if reunies and debut <= reunies[-1][1]:
            reunies[-1] = reunies[-1][0], max(reunies[-1][1], fin)
        else:
            reunies.append((debut, fin))
    return reunies


def retrancher(de: Iterable[Periode], ote: Iterable[Periode]) -> list[Periode]:
    """Les jours de `de` qui ne sont pas dans `ote`."""
    restes = []
    retires = reunir(ote)
    for debut, fin in reunir(de):
        for d, f in retires:
            if f <= debut or d >= fin:
                continue
            if d > debut:
                restes.append((debut, d))
            debut = max(debut, f)
        if debut < fin:
            restes.append((debut, fin))
    return restes


def nombre_de_jours(periodes: Iterable[Periode]) -> int:
    return sum((fin - debut).days for debut, fin in periodes)


def periodes_de(contrats: Iterable[Contrat], debut: date, fin: date) -> list[Periode]:
    """Les jours couverts entre `debut` et `fin` (non compris) ; un CDI va jusqu'au bout."""
    return reunir((max(c.debut, debut), min(c.fin or fin, fin)) for c in contrats)


def dire_periode(periode: Periode) -> str:
    """« le 03/05/2027 », « du 03/05/2027 au 30/06/2027, 59 jours »."""
    debut, dernier = periode[0], periode[1] - UN_JOUR
    if debut == dernier:
        return f"le {jour(debut)}, 1 jour"
    return f"du {jour(debut)} au {jour(dernier)}, {en_jours((dernier - debut).days + 1)}"


def hypothese_du_jour(hypothese: Hypothese, contrats: Sequence[Contrat], depart: date, aujourdhui: date) -> Hypothese:
    """La même hypothèse, qui ne suppose occupé aucun jour passé : une vacance vécue est un fait.

    `depart` : le premier jour financé du poste.
    """
    if hypothese.suite == Suite.NON_POURVU:
        return hypothese
    fins = [c.fin for c in contrats]
    if any(f is None for f in fins):
        return hypothese
    libre = max((f for f in fins if f is not None), default=depart)
    reprise = max(hypothese.reprise_le or libre, libre)
    if reprise >= aujourdhui:
        return hypothese
    return Hypothese(Suite.POURVU, aujourdhui)


@dataclass(frozen=True, slots=True)
class PosteCompte:
    """Ce qu'un acte compte d'un poste : sa période, et les jours occupés ou supposés l'être."""

    debut: date
    fin: date
    occupe: tuple[Periode, ...]


def dire_poste(avant: PosteCompte | None, apres: PosteCompte | None, finance_jusqu_au: date | None = None) -> list[str]:
    """Les faits qui changent pour un poste, une phrase chacun.

    `finance_jusqu_au` (non compris) : au-delà, la règle ne finance aucun jour, et rien n'y change.
    """
    if apres is None:
        return ["Poste retiré avant son premier jour : il n’est plus financé."] if avant else []
    if avant is None:
        return [f"Poste ajouté {dire_periode((apres.debut, apres.fin))}.", *_dire_vacances(apres)]
    phrases = []
    if apres.fin < avant.fin:
        phrases.append(f"Le poste quitte la convention : son dernier jour est le {jour(apres.fin - UN_JOUR)}.")
    elif apres.fin > avant.fin:
        phrases.append(f"Le poste reste jusqu’au {jour(apres.fin - UN_JOUR)}, au lieu du {jour(avant.fin - UN_JOUR)}.")
    commun = (max(avant.debut, apres.debut), min(avant.fin, apres.fin))
    hors = [(date.min, commun[0]), (min(commun[1], finance_jusqu_au or date.max), date.max)]
    perdus = retrancher(retrancher(avant.occupe, apres.occupe), hors)
    gagnes = retrancher(retrancher(apres.occupe, avant.occupe), hors)
    phrases += [f"Vacant {dire_periode(p)} : ces jours ne sont plus financés." for p in perdus]
    phrases += [f"Occupé {dire_periode(p)} : ces jours sont financés." for p in gagnes]
    return phrases


def _dire_vacances(poste: PosteCompte) -> list[str]:
    return [f"Vacant {dire_periode(p)}." for p in retrancher([(poste.debut, poste.fin)], poste.occupe)]


@dataclass(frozen=True, slots=True)
class LigneComptee:
    """Une ligne d'acte : ce qu'il faut pour expliquer un écart."""

    jours: int
    vacants: int
    montant: Decimal


RIEN = LigneComptee(0, 0, Decimal(0))


def titre_de_ligne(nature: str, annee: int, tranche: int) -> str:
    """« Aide 2027, tranche 1 »."""
    return f"{NATURES[Nature(nature)]} {annee}, tranche {tranche}"


def dire_ligne(avant: LigneComptee, apres: LigneComptee) -> str:
    """Pourquoi cette ligne change, en jours."""
    ecart = apres.jours - avant.jours
    if not ecart:
        if avant.montant == apres.montant:
            return "Inchangé."
        return "Même nombre de jours : seul l’arrondi au centime se répartit autrement."
    finances = f"{en_jours(apres.jours, 'financé')} au lieu de {avant.jours}"
    vacance = apres.vacants - avant.vacants
    if vacance and vacance == -ecart:
        plus = "de plus" if vacance > 0 else "de moins"
        return f"{en_jours(abs(vacance), 'vacant')} {plus} : {finances}."
    return f"{finances[:1].upper()}{finances[1:]}."


@dataclass(frozen=True, slots=True)
class Constat:
    """Ce que les faits disent d'un poste, et que son acte ne compte pas.

    Attributes:
        perdus: jours comptés, et vacants pour de bon : un contrat les suit.
        gagnes: jours de contrat qui ne sont pas comptés.
        vacant: jours comptés de la vacance en cours, jusqu'à la veille du jour où l'on regarde.
    """

    perdus: tuple[Periode, ...] = ()
    gagnes: tuple[Periode, ...] = ()
    vacant: tuple[Periode, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.perdus or self.gagnes or self.vacant)


def constater(compte: PosteCompte, contrats: Iterable[Contrat], aujourdhui: date, fin: date | None = None) -> Constat:
    """Compare ce qu'un acte a compté aux contrats connus ; `fin` : là où le poste quitte la convention, si c'est avant.

    Ce qui est supposé pour l'avenir n'est pas un écart : il n'a pas encore eu tort.
    """
    fin = min(compte.fin, fin or compte.fin)
    reels = periodes_de(contrats, compte.debut, fin)
    connu = max((f for _, f in reels), default=compte.debut)
    comptes = retrancher(compte.occupe, [(fin, date.max)])
    manquants = retrancher(comptes, reels)
    return Constat(
        tuple(retrancher(manquants, [(connu, date.max)])),
        tuple(retrancher(reels, comptes)),
        tuple(retrancher(manquants, [(date.min, connu), (max(aujourdhui, connu), date.max)])),
    )
