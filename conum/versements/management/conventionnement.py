"""Quelles conventions proposer aux postes qui n'en ont pas : groupées par structure, refusées avec leur raison."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date

from django.db.backends.postgresql.psycopg_any import DateRange

from conum.comptes.rules import ajouter_mois
from conum.conventions import rules
from conum.conventions.actions.preparation import Faits, Preparation, charger
from conum.conventions.models.convention import Phase
from conum.postes.models import Poste, Rattachement
from conum.postes.models.poste import UN_JOUR
from conum.structures.models import Structure


@dataclass(frozen=True)
class Souhait:
    """Ce que la commande demande ; sans début, celui de chaque poste ; sans durée, celle que la règle permet."""

    debut: date | None = None
    duree_mois: int | None = None
    phase: str = Phase.V1


@dataclass(frozen=True)
class Refus:
    """Des postes laissés sans convention, et pourquoi."""

    structure: Structure
    postes: int
    raison: str


@dataclass
class Propositions:
    faits: Faits
    preparations: list[Preparation] = field(default_factory=list)
    refus: list[Refus] = field(default_factory=list)
    deja: int = 0
    """Postes déjà dans une convention sur ces dates : rien à faire."""


def proposer(structures: Iterable[Structure], souhait: Souhait, jour: date) -> Propositions:
    """Une convention par structure, plusieurs quand ses postes commencent à plus d'une convention d'écart.

    Cinq questions en tout. Un poste dont l'aide est inconnue est refusé seul : les autres passent.
    """
    par_cle = {s.pk: s for s in structures}
    ouverts = Rattachement.objects.en_cours(jour).filter(structure__in=list(par_cle)).select_related("poste")
    rattachements = list(ouverts.order_by("structure_id", "poste_id"))
    faits = charger(r.poste for r in rattachements)
    par_structure: Mapping[int, list[Rattachement]] = defaultdict(list)
    for r in rattachements:
        par_structure[r.structure_id].append(r)
    sortie = Propositions(faits)
    for cle, siens in par_structure.items():
        _une_structure(par_cle[cle], siens, souhait, faits, sortie)
    return sortie


def _premier_jour(r: Rattachement, faits: Faits) -> date:
    """Le début du premier contrat passé pendant ce rattachement ; à défaut celui du rattachement."""
    debut: date = r.periode.lower
    contrats = (max(c.debut, debut) for c in faits.contrats.get(r.poste_id, ()) if c.fin is None or c.fin > debut)
    return min(contrats, default=debut)


def _une_structure(
    structure: Structure, rattachements: list[Rattachement], souhait: Souhait, faits: Faits, sortie: Propositions
) -> None:
    duree = souhait.duree_mois or rules.catalogue().defaut.duree_max_mois
    debuts = [(souhait.debut or _premier_jour(r, faits), r.poste) for r in rattachements]
    # Chacun sur ses propres dates : un poste arrivé après une convention ne prend pas le début de ceux qu'elle a déjà.
    libres = [x for x in debuts if not _pris(x[1], DateRange(x[0], ajouter_mois(x[0], duree)), faits)]
    sortie.deja += len(debuts) - len(libres)
    for debut, postes in _grouper(libres, duree):
        try:
            regle = rules.regle_au(debut, rules.Phase(souhait.phase))
        except rules.RegleInconnue as inconnue:
            sortie.refus.append(Refus(structure, len(postes), str(inconnue)))
            continue
        connus, raisons = _trier(structure, postes, regle)
        sortie.refus += [Refus(structure, nombre, raison) for raison, nombre in raisons.items()]
        if connus:
            fin = ajouter_mois(debut, souhait.duree_mois or regle.duree_max_mois)
            sortie.preparations.append(Preparation(structure, connus, debut, fin - UN_JOUR, souhait.phase))


def _grouper(debuts: list[tuple[date, Poste]], duree: int) -> Iterator[tuple[date, list[Poste]]]:
    """Les postes qui commencent pendant la convention du premier la partagent ; les autres en ouvrent une autre."""
    restants = sorted(debuts, key=lambda x: (x[0], x[1].pk))
    while restants:
        debut = restants[0][0]
        fin = ajouter_mois(debut, duree)
        yield debut, [p for jour, p in restants if jour < fin]
        restants = [(jour, p) for jour, p in restants if jour >= fin]


def _pris(poste: Poste, periode: DateRange, faits: Faits) -> bool:
    prises = faits.prises.get(poste.pk, ())
    return any(prise.lower < periode.upper and periode.lower < prise.upper for prise, _ in prises)


def _trier(structure: Structure, postes: list[Poste], regle: rules.Regle) -> tuple[list[Poste], dict[str, int]]:
    """Les postes dont la règle connaît l'aide ; et, par raison, combien elle n'en connaît pas."""
    statut, departement = rules.Statut(structure.statut), structure.commune.departement_id
    connus, raisons = [], dict[str, int]()
    for poste in postes:
        try:
            rules.montant_de(regle, rules.Poste(statut, departement, poste.type))
        except rules.RegleInconnue as inconnue:
            raisons[str(inconnue)] = raisons.get(str(inconnue), 0) + 1
        else:
            connus.append(poste)
    return connus, raisons
