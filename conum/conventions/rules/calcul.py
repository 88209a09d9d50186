"""Ce que l'État finance pour un poste, jour par jour, avec la trace de chaque montant. Fonctions pures.

La formule de prorata n'est pas publiée (facts-and-asks § 10). Celle de conum, écrite dans chaque version de règle :

- la tranche (24 mois, ou un an d'une aide dégressive) commence avec le financement et compte J jours ;
- un jour est financé quand il est dans la tranche, dans la convention, et couvert par un contrat ;
- chacun vaut 1/J du montant de la tranche. Une vacance de n jours coûte donc n/J, ni plus ni moins.

L'arrondi au centime se fait une fois, sur le total, puis descend par plus grand reste : tranches, puis mois.
"""

from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple, TypeVar

from conum.comptes.rules import ajouter_mois
from conum.conventions.rules.arrondi import en_centimes, en_euros, repartir, repartir_au_prorata
from conum.conventions.rules.catalogue import bonification_de, montant_de, reserves_de
from conum.conventions.rules.modele import (
    Bonification,
    ConventionInvalide,
    Montant,
    Nature,
    Poste,
    Regle,
    Reserve,
    Source,
)

Cle = TypeVar("Cle", bound=Hashable)
ANNEE = 12


@dataclass(frozen=True, slots=True)
class Contrat:
    """La période d'un contrat, demi-ouverte : `fin` est le lendemain du dernier jour ; None pour un CDI."""

    debut: date
    fin: date | None = None
    type: str = ""


@dataclass(frozen=True, slots=True)
class Convention:
    """La période de la convention (demi-ouverte). `financement` : premier jour financé, à défaut le début.

    `etalement_mois` : durée sur laquelle un montant unique est étalé, quand la règle le permet.
    """

    debut: date
    fin: date
    financement: date | None = None
    etalement_mois: int | None = None

    @property
    def debut_financement(self) -> date:
        return self.financement or self.debut


@dataclass(frozen=True, slots=True)
class Tranche:
    """Un montant de la règle et les jours sur lesquels il s'étale."""

    nature: Nature
    numero: int
    debut: date
    fin: date
    montant: Decimal
    sources: tuple[Source, ...]

    @property
    def jours(self) -> int:
        return (self.fin - self.debut).days


class Ligne(NamedTuple):
    """Un mois civil (ou sa part dans une année de financement) d'une tranche : l'atome de tous les totaux."""

    tranche: Tranche
    annee: int
    debut: date
    fin: date
    jours: int
    montant: Decimal

    @property
    def mois(self) -> date:
        """Le premier jour du mois civil."""
        return self.debut.replace(day=1)

    @property
    def jours_vacants(self) -> int:
        return (self.fin - self.debut).days - self.jours

    @property
    def part(self) -> Fraction:
        return Fraction(self.jours, self.tranche.jours)


@dataclass(frozen=True, slots=True)
class Echeance:
    """Un versement à prévoir. `date` est None quand l'échéancier est inconnu : un seul montant cumulé."""

    numero: int
    date: date | None
    montant: Decimal
    note: str


@dataclass(frozen=True, slots=True)
class Subvention:
    """Le résultat : des lignes dont la somme est `total`, et tout ce qu'il faut pour l'expliquer."""

    regle: Regle
    poste: Poste
    ligne_de_regle: Montant
    bonification: Bonification | None
    tranches: tuple[Tranche, ...]
    lignes: tuple[Ligne, ...]
    total: Decimal
    echeances: tuple[Echeance, ...]
    reserves: tuple[Reserve, ...]

    @property
    def plafond(self) -> Decimal:
        """Ce que la règle donne pour un poste occupé tous les jours."""
        return sum((t.montant for t in self.tranches), Decimal(0))

    @property
    def sources(self) -> tuple[Source, ...]:
        """Tout ce que le calcul cite, une fois chacun."""
        regle, bonification = self.regle, self.bonification
        citees = (
            *self.ligne_de_regle.sources,
            *(bonification.sources if bonification else ()),
            *regle.sources,
            *regle.sources_duree,
            *regle.remuneration.sources,
            *regle.versements.sources,
            *(s for r in self.reserves for s in r.sources),
            *(s for c in regle.couts_etat for s in c.sources),
            *regle.prorata.sources,
        )
        return tuple({s.cle: s for s in citees}.values())

    @property
    def jours_finances(self) -> int:
        return sum(x.jours for x in self.lignes if x.tranche.nature == Nature.BASE)

    @property
    def jours_vacants(self) -> int:
        return sum(x.jours_vacants for x in self.lignes if x.tranche.nature == Nature.BASE)

    def totaux(self, cle: Callable[[Ligne], Cle]) -> dict[Cle, Decimal]:
        """La somme des lignes par clé, dans l'ordre où les clés apparaissent."""
        sommes: dict[Cle, Decimal] = {}
        for x in self.lignes:
            sommes[cle(x)] = sommes.get(cle(x), Decimal(0)) + x.montant
        return sommes

    def par_mois(self) -> dict[date, Decimal]:
        return self.totaux(lambda x: x.mois)

    def par_annee_civile(self) -> dict[int, Decimal]:
        return self.totaux(lambda x: x.debut.year)

    def par_annee_de_financement(self) -> dict[int, Decimal]:
        return self.totaux(lambda x: x.annee)


def verifier_convention(convention: Convention, regle: Regle) -> None:
    """La convention a une fin après son début et ne dépasse pas la durée permise.

    Raises:
        ConventionInvalide: la phrase dit ce qui ne va pas.
    """
    if convention.fin <= convention.debut:
        raise ConventionInvalide("La convention finit avant d’avoir commencé.")
    limite = ajouter_mois(convention.debut, regle.duree_max_mois)
    if convention.fin > limite:
        raise ConventionInvalide(
            f"La convention dure au plus {regle.duree_max_mois} mois : "
            f"commencée le {convention.debut:%d/%m/%Y}, elle finit au plus tard la veille du {limite:%d/%m/%Y}."
        )
    if not convention.debut <= convention.debut_financement < convention.fin:
        raise ConventionInvalide("Le financement commence pendant la convention.")


def _duree(convention: Convention, ligne: Montant) -> int:
    duree = convention.etalement_mois or ligne.duree_mois
    if not ligne.duree_mois <= duree <= ligne.etalement_max_mois:
        if ligne.duree_mois == ligne.etalement_max_mois:
            raise ConventionInvalide(f"Cette aide porte sur {ligne.duree_mois} mois et ne s’étale pas.")
        raise ConventionInvalide(
            f"Cette aide porte sur {ligne.duree_mois} mois et s’étale sur {ligne.etalement_max_mois} au plus."
        )
    return duree


def _tranches(convention: Convention, ligne: Montant, bonification: Bonification | None) -> Iterator[Tranche]:
    debut, pas = convention.debut_financement, _duree(convention, ligne) // len(ligne.annuites)
    for nature, source in ((Nature.BASE, ligne), (Nature.BONIFICATION, bonification)):
        for i, montant in enumerate(source.annuites if source else ()):
            if montant:
                bornes = ajouter_mois(debut, i * pas), ajouter_mois(debut, (i + 1) * pas)
                yield Tranche(nature, i + 1, *bornes, montant, source.sources)  # type: ignore[union-attr]


def _reunir(contrats: Iterable[Contrat], convention: Convention) -> list[tuple[int, int]]:
    """Les jours couverts par un contrat pendant la convention : intervalles disjoints, dans l'ordre."""
    bornes = convention.debut.toordinal(), convention.fin.toordinal()
    reunis: list[tuple[int, int]] = []
    for debut, fin in sorted(
        (max(c.debut.toordinal(), bornes[0]), min(c.fin.toordinal() if c.fin else bornes[1], bornes[1]))
        for c in contrats
    ):
        if debut >= fin:
            continue
        if reunis and debut <= reunis[-1][1]:
            reunis[-1] = reunis[-1][0], max(reunis[-1][1], fin)
        else:
            reunis.append((debut, fin))
    return reunis


class Morceau(NamedTuple):
    """Une part de tranche dans un seul mois civil et une seule année de financement."""

    annee: int
    debut: date
    fin: date
    bornes: tuple[int, int]


@lru_cache(maxsize=4096)  # les postes d'un même jour partagent leur calendrier, base et bonification aussi
def decouper(debut: date, fin: date, debut_financement: date) -> tuple[Morceau, ...]:
    """La période coupée à chaque premier du mois et à chaque anniversaire du financement."""
    morceaux = []
    annee = 1
    while (anniversaire := ajouter_mois(debut_financement, annee * ANNEE)) <= debut:
        annee += 1
    while debut < fin:
        premier_suivant = ajouter_mois(debut.replace(day=1), 1)
        coupe = min(premier_suivant, anniversaire, fin)
        morceaux.append(Morceau(annee, debut, coupe, (debut.toordinal(), coupe.toordinal())))
        if coupe == anniversaire:
            annee += 1
            anniversaire = ajouter_mois(debut_financement, annee * ANNEE)
        debut = coupe
    return tuple(morceaux)


def jours_communs(bornes: tuple[int, int], couverts: list[tuple[int, int]]) -> int:
    debut, fin = bornes
    return sum(min(fin, f) - max(debut, d) for d, f in couverts if d < fin and f > debut)


def _lignes(tranche: Tranche, morceaux: tuple[Morceau, ...], jours: list[int], total: int) -> Iterator[Ligne]:
    montants = repartir_au_prorata(en_centimes(tranche.montant), jours, tranche.jours, total)
    for morceau, nombre, montant in zip(morceaux, jours, montants, strict=True):
        yield Ligne(tranche, morceau.annee, morceau.debut, morceau.fin, nombre, en_euros(montant))


def calculer_subvention(poste: Poste, contrats: Iterable[Contrat], convention: Convention, regle: Regle) -> Subvention:
    """L'aide due pour ce poste. Ni l'ordre ni le découpage des contrats ne comptent : seulement les jours couverts.

    Raises:
        RegleInconnue: aucune source ne donne ce montant.
        ConventionInvalide: la convention sort de la règle, ou un contrat n'ouvre pas droit à l'aide.
    """
    contrats = tuple(contrats)
    if any(c.type in regle.remuneration.contrats_exclus for c in contrats):
        raise ConventionInvalide("Un service civique n’ouvre pas droit à l’aide.")
    ligne, bonification = montant_de(regle, poste), bonification_de(regle, poste)
    verifier_convention(convention, regle)
    tranches = tuple(_tranches(convention, ligne, bonification))
    couverts = _reunir(contrats, convention)
    morceaux = [decouper(t.debut, t.fin, convention.debut_financement) for t in tranches]
    jours = [[jours_communs(m.bornes, couverts) for m in de_la_tranche] for de_la_tranche in morceaux]
    exacts = [Fraction(en_centimes(t.montant) * sum(j), t.jours) for t, j in zip(tranches, jours, strict=True)]
    totaux = repartir(exacts)
    lignes = tuple(
        x for t, m, j, total in zip(tranches, morceaux, jours, totaux, strict=True) for x in _lignes(t, m, j, total)
    )
    total = en_euros(sum(totaux))
    return Subvention(
        regle=regle,
        poste=poste,
        ligne_de_regle=ligne,
        bonification=bonification,
        tranches=tranches,
        lignes=lignes,
        total=total,
        echeances=_echeances(regle, tranches, totaux, total),
        reserves=reserves_de(regle, poste, jour=convention.debut, contrats=[c.type for c in contrats]),
    )


def _echeances(regle: Regle, tranches: tuple[Tranche, ...], totaux: list[int], total: Decimal) -> tuple[Echeance, ...]:
    """Un versement par annuité quand la règle le dit ; sinon un seul montant, sans date."""
    if not regle.versements.nombre:
        return (Echeance(1, None, total, regle.versements.inconnu),)
    return tuple(
        Echeance(
            numero=base.numero,
            date=base.debut,
            montant=en_euros(sum(c for t, c in zip(tranches, totaux, strict=True) if t.numero == base.numero)),
            note=regle.versements.note,
        )
        for base in tranches
        if base.nature == Nature.BASE
    )
