"""Préparer beaucoup de conventions à la fois : les faits par lots, chaque convention réussit ou échoue seule."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from conum.comptes.rules import ajouter_mois
from conum.conventions import rules
from conum.conventions.actions import calcul
from conum.conventions.actions.preparation import (
    Faits,
    Preparation,
    charger,
    commun,
    composer,
    creer,
    photo,
    verrouiller,
)
from conum.conventions.models import Acte, Convention, LigneActe, Piece, PosteConventionne
from conum.conventions.models.convention import Phase
from conum.journal.acteurs import Acteur
from conum.journal.actions import Ligne, noter_en_masse
from conum.postes.models import Rattachement
from conum.postes.models.poste import UN_JOUR
from conum.structures.models import Structure

LOT = 200
"""Conventions dont les faits se chargent, et s'écrivent, ensemble."""


@dataclass
class Bilan:
    """Une préparation en masse : ce qui est écrit, et pourquoi le reste ne l'est pas."""

    conventions: list[Convention] = field(default_factory=list)
    refus: list[tuple[Preparation, str]] = field(default_factory=list)


def preparer_en_masse(
    preparations: Sequence[Preparation], *, par: Acteur, au_fil: Callable[[int], object] = lambda _: None
) -> Bilan:
    """Le même acte pour beaucoup de structures ; un refus n'arrête pas les autres.

    `au_fil(n)` est appelé après chaque lot, avec le nombre de structures vues.
    """
    bilan = Bilan()
    for i in range(0, len(preparations), LOT):
        lot = preparations[i : i + LOT]
        with transaction.atomic():
            postes = [poste for p in lot for poste in p.postes]
            verrouiller(postes)
            faits = charger(postes)
            try:
                with transaction.atomic():
                    fait = _ensemble(lot, faits, par=par)
            except IntegrityError:
                # Deux conventions du lot se gênent : chacune pour soi, pour savoir laquelle et pourquoi.
                fait = _une_a_une(lot, faits, par=par)
        bilan.conventions += fait.conventions
        bilan.refus += fait.refus
        au_fil(min(i + LOT, len(preparations)))
    return bilan


def _ensemble(lot: Sequence[Preparation], faits: Faits, *, par: Acteur) -> Bilan:
    """Tout le lot en une écriture par table ; la base refuse tout, ou rien."""
    bilan, brouillons = Bilan(), []
    for p in lot:
        try:
            brouillons.append(composer(p, faits, par=par))
        except ValidationError as refus:
            bilan.refus.append((p, " ".join(refus.messages)))
    for b in brouillons:
        calcul.remplir(b.acte, b.previsions)
    bilan.conventions = Convention.objects.bulk_create([b.convention for b in brouillons])
    PosteConventionne.objects.bulk_create([poste for b in brouillons for poste in b.postes])
    Acte.objects.bulk_create([b.acte for b in brouillons])
    LigneActe.objects.bulk_create([x for b in brouillons for x in calcul.lignes_a_ecrire(b.acte, b.previsions)])
    Piece.objects.bulk_create([piece for b in brouillons for piece in b.pieces])
    noter_en_masse(
        [
            Ligne(
                b.convention, "preparer_convention", vers=b.convention.etat,
                donnees=photo(b.convention, b.acte, b.postes),
            )
            for b in brouillons
        ],
        par=par,
    )  # fmt: skip
    return bilan


def _une_a_une(lot: Sequence[Preparation], faits: Faits, *, par: Acteur) -> Bilan:
    bilan = Bilan()
    for p in lot:
        try:
            with transaction.atomic():
                bilan.conventions.append(creer(p, faits, par=par))
        except ValidationError as refus:
            bilan.refus.append((p, " ".join(refus.messages)))
    return bilan


def preparer_postes_sans_convention(
    structures: Iterable[Structure], *, jour: date | None = None, phase: str = Phase.V1
) -> dict[int, Preparation]:
    """Ce que l'on propose à chaque structure (par `Structure.pk`) : ses postes sans convention, et leurs dates.

    Début : premier contrat, à défaut premier rattachement. Fin : autant de mois que la règle en permet. Une structure
    dont tous les postes sont dans une convention, ou dont l'aide est inconnue, est absente. Un poste dont la convention
    est finie se renouvelle ; transféré, il est libre depuis son arrivée.
    """
    par_cle = {s.pk: s for s in structures}
    ouverts = Rattachement.objects.en_cours(jour or timezone.localdate()).filter(structure__in=list(par_cle))
    par_structure: dict[int, list[Rattachement]] = defaultdict(list)
    for r in ouverts.select_related("poste").order_by("structure_id", "poste_id"):
        par_structure[r.structure_id].append(r)
    faits = charger(r.poste for rs in par_structure.values() for r in rs)
    proposees = {}
    for cle, rattachements in par_structure.items():
        libres = [
            r for r in rattachements if all(commun(p, r.periode) is None for p, _ in faits.prises.get(r.poste_id, ()))
        ]
        if (p := _proposer(par_cle[cle], libres, faits, phase)) is not None:
            proposees[cle] = p
    return proposees


def _proposer(structure: Structure, libres: list[Rattachement], faits: Faits, phase: str) -> Preparation | None:
    debuts = {r.poste_id: _premier_jour(r, faits) for r in libres}
    if not debuts:
        return None
    debut = min(debuts.values())
    try:
        regle = rules.regle_au(debut, rules.Phase(phase))
        statut, departement = rules.Statut(structure.statut), structure.commune.departement_id
        connus = [r for r in libres if _connu(regle, rules.Poste(statut, departement, r.poste.type))]
    except rules.RegleInconnue:
        return None
    if not connus:
        return None
    debut = min(debuts[r.poste_id] for r in connus)
    return Preparation(
        structure, [r.poste for r in connus], debut, ajouter_mois(debut, regle.duree_max_mois) - UN_JOUR, phase
    )


def _premier_jour(r: Rattachement, faits: Faits) -> date:
    """Le début du premier contrat passé pendant ce rattachement ; à défaut celui du rattachement."""
    debut: date = r.periode.lower
    contrats = (max(c.debut, debut) for c in faits.contrats.get(r.poste_id, ()) if c.fin is None or c.fin > debut)
    return min(contrats, default=debut)


def _connu(regle: rules.Regle, poste: rules.Poste) -> bool:
    try:
        rules.montant_de(regle, poste)
    except rules.RegleInconnue:
        return False
    return True
