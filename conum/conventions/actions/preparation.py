"""Préparer une convention à partir des postes attribués et de leurs contrats, et corriger son brouillon."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.db.backends.postgresql.psycopg_any import DateRange

from conum.conventions import access, rules
from conum.conventions.actions import calcul
from conum.conventions.models import Acte, Convention, Piece, PosteConventionne
from conum.conventions.models.convention import Phase
from conum.conventions.rules.pieces import pieces_demandees
from conum.conventions.states import TRANSITIONS
from conum.journal.acteurs import Acteur
from conum.journal.actions import noter
from conum.journal.workflow import TransitionImpossible, transition
from conum.postes.models import Poste, Rattachement
from conum.postes.models.poste import UN_JOUR, periode_de
from conum.socle.enregistrement import enregistrer, traduire
from conum.structures.models import Structure


@dataclass(frozen=True)
class Preparation:
    """Ce que demande une convention à écrire. `fin` : le dernier jour. `zones` : `Poste.pk` en QPV ou ZRR."""

    structure: Structure
    postes: Sequence[Poste]
    debut: date
    fin: date
    phase: str = Phase.V1
    financement_debut: date | None = None
    etalement_mois: int | None = None
    financeur: str = ""
    hypotheses: calcul.Hypotheses = field(default_factory=dict)
    zones: Collection[int] = ()
    precedente: Convention | None = None

    @property
    def periode(self) -> DateRange:
        return periode_de(self.debut, self.fin)


@dataclass(frozen=True)
class Faits:
    """Ce que la base sait des postes d'un lot de conventions, chargé d'un coup : trois questions en tout."""

    contrats: calcul.Contrats
    rattachements: Mapping[int, Sequence[tuple[int, DateRange]]]
    prises: Mapping[int, Sequence[tuple[DateRange, Convention]]]


def verrouiller(postes: Iterable[Poste]) -> None:
    """Deux agents sur les mêmes postes passent l'un après l'autre, toujours dans le même ordre."""
    cles = {p.pk for p in postes}
    # Une exclusion seule peut bloquer deux écritures l'une sur l'autre (PostgreSQL en annule alors une au hasard).
    list(Poste.objects.filter(pk__in=cles).order_by("pk").select_for_update(no_key=True).values_list("pk"))


def charger(postes: Iterable[Poste]) -> Faits:
    """Les contrats, rattachements et conventions retenues de ces postes."""
    cles = [p.pk for p in postes]
    rattachements, prises = defaultdict(list), defaultdict(list)
    lignes = Rattachement.objects.filter(poste__in=cles).order_by("poste_id", "periode")
    for poste, structure, periode in lignes.values_list("poste_id", "structure_id", "periode"):
        rattachements[poste].append((structure, periode))
    retenues = PosteConventionne.objects.filter(poste__in=cles, retenu=True).order_by("poste_id", "periode")
    for pris in retenues.select_related("convention"):
        prises[pris.poste_id].append((pris.periode, pris.convention))
    return Faits(calcul.contrats_des_postes(cles), rattachements, prises)


@contextmanager
def _refus(champ: str) -> Iterator[None]:
    """Une phrase de la règle devient l'erreur d'un champ."""
    try:
        yield
    except (rules.RegleInconnue, rules.ConventionInvalide) as refus:
        raise ValidationError({champ: str(refus)}) from refus


def _regle(p: Preparation) -> rules.Regle:
    """La règle de ce jour, et une convention qui y tient.

    Raises:
        ValidationError: aucune règle connue, fin avant le début, plus de 36 mois, financement hors de la convention.
    """
    with _refus("phase"):
        regle = rules.regle_au(p.debut, rules.Phase(p.phase))
    # Avant toute période : la base ne sait pas écrire une période qui finit avant d'avoir commencé.
    with _refus("fin"):
        rules.verifier_convention(rules.Convention(p.debut, p.fin + UN_JOUR), regle)
    with _refus("financement_debut"):
        rules.verifier_convention(rules.Convention(p.debut, p.fin + UN_JOUR, p.financement_debut), regle)
    if p.financeur and p.financeur not in regle.financeurs:
        choix = " ou ".join(regle.financeurs)
        raise ValidationError({"financeur": f"Cette règle est financée par : {choix}."})
    return regle


def periode_du_poste(p: Preparation, poste: Poste, faits: Faits) -> DateRange:
    """Les jours de la convention où la structure a le poste.

    Raises:
        ValidationError: aucun, ou le poste est déjà dans une autre convention.
    """
    de_la_structure = [r for s, r in faits.rattachements.get(poste.pk, ()) if s == p.structure.pk]
    communs = [c for r in de_la_structure if (c := commun(p.periode, r)) is not None]
    if not communs:
        raise ValidationError(
            {"postes": f"Le poste {poste.reference} n'est pas à cette structure du {p.debut:%d/%m/%Y} "
                       f"au {p.fin:%d/%m/%Y}."}
        )  # fmt: skip
    periode = communs[-1]
    for prise, autre in faits.prises.get(poste.pk, ()):
        if commun(prise, periode) is not None:
            raise ValidationError(
                {"postes": f"Le poste {poste.reference} est déjà dans la convention {autre.reference}, "
                           f"du {prise.lower:%d/%m/%Y} au {prise.upper - UN_JOUR:%d/%m/%Y}."}
            )  # fmt: skip
    return periode


def commun(a: DateRange, b: DateRange) -> DateRange | None:
    """Les jours communs à deux périodes demi-ouvertes, l'une au moins bornée."""
    debut = max(a.lower, b.lower)
    fin = min(x for x in (a.upper, b.upper) if x is not None)
    return DateRange(debut, fin) if debut < fin else None


def _composer(
    p: Preparation, regle: rules.Regle, faits: Faits, convention: Convention
) -> tuple[list[PosteConventionne], list[calcul.PrevisionDePoste]]:
    """Remplit la convention et calcule ses postes, sans rien écrire."""
    if not p.postes:
        raise ValidationError({"postes": "Choisissez au moins un poste."})
    convention.phase, convention.periode = p.phase, p.periode
    convention.financement_debut = p.financement_debut or p.debut
    convention.etalement_mois = p.etalement_mois
    convention.statut = p.structure.statut
    convention.departement = p.structure.commune.departement
    convention.financeur = p.financeur or regle.financeurs[0]
    convention.precedente = p.precedente
    # Toujours dans le même ordre : deux agents qui prennent les mêmes postes s'attendent, ils ne se bloquent pas.
    postes = [
        PosteConventionne(
            convention=convention,
            poste=poste,
            type=poste.type,
            zone_prioritaire=poste.pk in p.zones,
            periode=periode_du_poste(p, poste, faits),
        )
        for poste in sorted(p.postes, key=lambda x: x.pk)
    ]
    for pc in postes:
        with _refus("postes"):
            rules.montant_de(regle, calcul.poste_de_regle(convention, pc.type))
    with _refus("etalement_mois"):
        previsions = calcul.prevoir(convention, postes, regle, hypotheses=p.hypotheses, contrats=faits.contrats)
    return postes, previsions


def apercevoir(
    p: Preparation, *, a_la_place_de: Convention | None = None
) -> tuple[Convention, rules.Regle, list[calcul.PrevisionDePoste]]:
    """Les montants d'une convention qui n'est pas encore écrite ; `a_la_place_de` : le brouillon qu'elle corrige.

    Raises:
        ValidationError: ce que refuserait l'enregistrement, chaque phrase sur son champ.
    """
    regle = _regle(p)
    convention = Convention(structure=p.structure)
    faits = charger(p.postes)
    _, previsions = _composer(p, regle, sans(faits, a_la_place_de) if a_la_place_de else faits, convention)
    return convention, regle, previsions


def _ecrire_postes(postes: list[PosteConventionne]) -> None:
    try:
        with transaction.atomic(savepoint=False):
            PosteConventionne.objects.bulk_create(postes)
    except IntegrityError as erreur:
        raise traduire(PosteConventionne, erreur) from erreur


@dataclass(frozen=True)
class Brouillon:
    """Une convention vérifiée et chiffrée, que rien n'a encore écrite."""

    convention: Convention
    postes: list[PosteConventionne]
    acte: Acte
    previsions: list[calcul.PrevisionDePoste]

    @property
    def pieces(self) -> list[Piece]:
        return [Piece(convention=self.convention, type=t) for t in pieces_demandees(self.convention.statut)]


def composer(p: Preparation, faits: Faits, *, par: Acteur) -> Brouillon:
    """Vérifie et calcule une convention, sans rien écrire."""
    if not access.peut_preparer(par):
        raise PermissionDenied
    regle = _regle(p)
    convention = Convention(structure=p.structure)
    postes, previsions = _composer(p, regle, faits, convention)
    acte = Acte(
        convention=convention, effet_le=p.debut, regle_code=regle.code, regle_empreinte=regle.empreinte
    )  # fmt: skip
    return Brouillon(convention, postes, acte, previsions)


def creer(p: Preparation, faits: Faits, *, par: Acteur) -> Convention:
    """Vérifie, calcule et écrit une convention, dans la transaction en cours."""
    b = composer(p, faits, par=par)
    enregistrer(b.convention)
    _ecrire_postes(b.postes)
    calcul.ecrire_lignes(b.acte, b.previsions)
    Piece.objects.bulk_create(b.pieces)
    donnees = photo(b.convention, b.acte, b.postes)
    noter(b.convention, "preparer_convention", par=par, vers=b.convention.etat, donnees=donnees)
    return b.convention


def photo(convention: Convention, acte: Acte, postes: Iterable[PosteConventionne]) -> dict[str, Any]:
    """Ce que le journal garde d'une préparation."""
    return {
        "debut": convention.debut.isoformat(),
        "fin": convention.fin.isoformat(),
        "financement": convention.financement_debut.isoformat(),
        "phase": convention.phase,
        "financeur": convention.financeur,
        "regle": acte.regle_code,
        "postes": [p.poste.numero for p in postes],
        "total": str(acte.total),
    }


def preparer_convention(
    structure: Structure,
    *,
    postes: Sequence[Poste],
    debut: date,
    fin: date,
    phase: str = Phase.V1,
    financement_debut: date | None = None,
    etalement_mois: int | None = None,
    financeur: str = "",
    suites: calcul.Hypotheses | None = None,
    zones: Collection[int] = (),
    precedente: Convention | None = None,
    par: Acteur,
) -> Convention:
    """Écrit le brouillon : convention, postes, acte initial et ses lignes, pièces à demander.

    `fin` est le dernier jour. Statut et département sont ceux de la structure ce jour-là ; la règle est celle du début.

    Raises:
        PermissionDenied: ni ANCT, ni reprise de données.
        ValidationError: rien n'est écrit ; une phrase par champ.
    """
    p = Preparation(
        structure, postes, debut, fin, phase, financement_debut, etalement_mois, financeur, suites or {}, zones,
        precedente,
    )  # fmt: skip
    with transaction.atomic():
        verrouiller(postes)
        return creer(p, charger(postes), par=par)


def acte_ouvert(convention: Convention) -> Acte:
    """L'acte en préparation ou à signer, sous verrou ; la convention est déjà verrouillée.

    Raises:
        TransitionImpossible: il n'y en a pas.
    """
    acte = Acte.objects.ouverts().filter(convention=convention).select_for_update(of=("self",), no_key=True).first()
    if acte is None:
        raise TransitionImpossible("Aucun acte n'est en cours pour cette convention.")
    return acte


def corriger_convention(
    convention: Convention,
    *,
    postes: Sequence[Poste],
    debut: date,
    fin: date,
    phase: str = Phase.V1,
    financement_debut: date | None = None,
    etalement_mois: int | None = None,
    financeur: str = "",
    suites: calcul.Hypotheses | None = None,
    zones: Collection[int] = (),
    par: Acteur,
) -> Convention:
    """Refait un brouillon, des postes aux montants ; les pièces déjà reçues restent.

    Raises:
        ValidationError: comme à la préparation.
    """
    donnees: dict[str, Any] = {}
    with transition(
        convention, "corriger_convention", table=TRANSITIONS, par=par, peut=access.peut_preparer, donnees=donnees
    ) as courante:
        structure = Structure.objects.select_related("commune__departement").get(pk=courante.structure_id)
        p = Preparation(
            structure, postes, debut, fin, phase, financement_debut, etalement_mois, financeur, suites or {}, zones,
            courante.precedente,
        )  # fmt: skip
        acte = acte_ouvert(courante)
        anciens = list(courante.postes.select_related("poste").order_by("pk").select_for_update(of=("self",)))
        donnees["avant"] = photo(courante, acte, anciens)
        regle = _regle(p)
        verrouiller(postes)
        faits = sans(charger(postes), courante)
        nouveaux, previsions = _composer(p, regle, faits, courante)
        acte.lignes.all().delete()
        PosteConventionne.objects.filter(pk__in=[p.pk for p in anciens]).delete()
        enregistrer(courante)
        _ecrire_postes(nouveaux)
        acte.effet_le, acte.regle_code, acte.regle_empreinte = debut, regle.code, regle.empreinte
        calcul.ecrire_lignes(acte, previsions)
        _accorder_pieces(courante)
        donnees["apres"] = photo(courante, acte, nouveaux)
    return courante


def sans(faits: Faits, convention: Convention) -> Faits:
    """Les mêmes faits, sans ce que la convention elle-même prend."""
    prises = {
        poste: [(periode, autre) for periode, autre in liste if autre.pk != convention.pk]
        for poste, liste in faits.prises.items()
    }
    return replace(faits, prises=prises)


def _accorder_pieces(convention: Convention) -> None:
    """Ajoute les pièces que le statut demande et qui manquent."""
    demandees = set(convention.pieces.values_list("type", flat=True))
    Piece.objects.bulk_create(
        [Piece(convention=convention, type=t) for t in pieces_demandees(convention.statut) if t not in demandees]
    )
