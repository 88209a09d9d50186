"""Établir l'échéancier d'un acte signé : une fois, et pour des milliers d'actes aussi bien que pour un.

Tiré par une question (`actes_a_etablir`), jamais poussé par la signature. Un avenant remplace ce qui n'est pas parti.
Une échéance déjà dans un lot que personne n'a approuvé en est retirée : payer un montant que l'on sait faux pour le
réclamer ensuite coûterait plus à tous que de refaire une ligne. Un lot approuvé ne bouge plus : il compte comme parti.

Verrous : lots, conventions, échéances, dans cet ordre, chacun par numéro.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet

from conum.comptes.rules import ajouter_mois
from conum.conventions import rules
from conum.conventions.models import Acte, Convention, LigneActe, PosteConventionne
from conum.conventions.states import SIGNEES
from conum.journal.acteurs import Acteur
from conum.journal.actions import Ligne, noter_en_masse
from conum.journal.workflow import TransitionImpossible
from conum.socle.texte import euros
from conum.versements import access
from conum.versements.actions.messages import prevenir_du_reversement
from conum.versements.models import Echeance, Echeancier, LigneLot, Lot, Nature
from conum.versements.rules import echeancier as regles
from conum.versements.states import A_VENIR, PARTIS, Etat, EtatLigne, EtatLot

LOT = 200
"""Actes dont l'échéancier s'établit dans une même transaction."""
ESSAIS = 3
OUVERTS = (EtatLot.PREPARATION, EtatLot.A_APPROUVER)


class _LotApparu(Exception):
    """Un lot a pris une échéance entre nos deux verrous : on recommence, les lots d'abord."""


@dataclass
class _Travail:
    """Ce qu'une transaction a chargé, et ce qu'elle va écrire."""

    situations: dict[int, dict[int, regles.Situation]]
    en_tout: dict[int, Decimal]
    a_venir: dict[int, list[Echeance]]
    demandees: dict[int, list[Echeance]]
    lignes_de_lot: dict[int, LigneLot]
    nouvelles: list[Echeance] = field(default_factory=list)
    journal: list[Ligne] = field(default_factory=list)


def actes_a_etablir() -> QuerySet[Acte]:
    """Les actes signés et en vigueur qui n'ont pas encore d'échéancier."""
    signees = Acte.objects.en_vigueur().filter(convention__etat__in=sorted(SIGNEES), echeancier=None)
    return signees.order_by("convention_id")


def etablir_echeancier(acte: Acte, *, par: Acteur) -> Echeancier:
    """L'échéancier de cet acte ; le redemander rend le même.

    Raises:
        PermissionDenied: ni l'ANCT ni la machine.
        TransitionImpossible: acte non signé, remplacé par un avenant, ou dont la règle ne se lit plus.
    """
    if not access.peut_etablir(par):
        raise PermissionDenied
    return _recommencer([acte], par, seul=True)[0]


def etablir_echeanciers(
    actes: Iterable[Acte], *, par: Acteur, au_fil: Callable[[int], object] = lambda _: None
) -> tuple[int, list[tuple[Acte, str]]]:
    """Le même acte pour beaucoup, par lots ; rend le nombre d'échéanciers, et les actes refusés avec la phrase.

    `au_fil(n)` est appelé après chaque lot, avec le nombre d'actes vus.
    """
    if not access.peut_etablir(par):
        raise PermissionDenied
    actes, faits = list(actes), 0
    refus: list[tuple[Acte, str]] = []
    for i in range(0, len(actes), LOT):
        tranche = actes[i : i + LOT]
        try:
            faits += len(_recommencer(tranche, par, seul=False))
        except TransitionImpossible:
            # L'un d'eux est refusé : chacun pour soi, les autres passent.
            faits += _un_par_un(tranche, par, refus)
        au_fil(min(i + LOT, len(actes)))
    return faits, refus


def _un_par_un(actes: Sequence[Acte], par: Acteur, refus: list[tuple[Acte, str]]) -> int:
    faits = 0
    for acte in actes:
        try:
            faits += len(_recommencer([acte], par, seul=False))
        except TransitionImpossible as erreur:
            refus.append((acte, str(erreur)))
    return faits


def _recommencer(actes: Sequence[Acte], par: Acteur, *, seul: bool) -> list[Echeancier]:
    for _ in range(ESSAIS - 1):
        try:
            with transaction.atomic():
                return _etablir(actes, par, seul=seul)
        except _LotApparu:
            continue
    try:
        with transaction.atomic():
            return _etablir(actes, par, seul=seul)
    except _LotApparu:
        raise TransitionImpossible("Un lot se prépare avec ces échéances : réessayez dans un instant.") from None


def _etablir(actes: Sequence[Acte], par: Acteur, *, seul: bool) -> list[Echeancier]:
    conventions = sorted({a.convention_id for a in actes})
    lots = _verrouiller_lots(conventions)
    verrou = Convention.objects.select_for_update(no_key=True).filter(pk__in=conventions).order_by("pk")
    par_cle = {c.pk: c for c in verrou}
    deja = {e.acte_id: e for e in Echeancier.objects.filter(acte__in=[a.pk for a in actes])}
    if seul and (existant := deja.get(actes[0].pk)) is not None:
        return [existant]
    a_faire = _en_vigueur([a for a in actes if a.pk not in deja], par_cle, seul=seul)
    if not a_faire:
        return []
    travail = _charger([a.convention_id for a in a_faire], lots)
    tranches = _tranches(a_faire)
    faits = Echeancier.objects.bulk_create([Echeancier(acte=a) for a in a_faire])
    for acte, fait in zip(a_faire, faits, strict=True):
        _appliquer(acte, fait, tranches[acte.pk], travail)
    Echeancier.objects.bulk_update(faits, ["trace"])
    Echeance.objects.bulk_create(travail.nouvelles, batch_size=1_000)
    reversements = [e for e in travail.nouvelles if e.nature == Nature.REVERSEMENT]
    travail.journal += [
        Ligne(e, "demander_reversement", vers=e.etat, motif=e.motif, donnees={"montant": str(e.montant)})
        for e in reversements
    ]
    noter_en_masse(travail.journal, par=par)
    for reversement in reversements:
        prevenir_du_reversement(reversement)
    return list(faits)


def _verrouiller_lots(conventions: Sequence[int]) -> set[int]:
    concernes = LigneLot.objects.filter(
        actif=True, echeance__convention__in=conventions, echeance__etat=Etat.A_VERSER, lot__etat__in=OUVERTS
    )
    lots = Lot.objects.select_for_update(no_key=True).filter(pk__in=concernes.values("lot_id")).order_by("pk")
    return {lot.pk for lot in lots}


def _en_vigueur(actes: Sequence[Acte], conventions: dict[int, Convention], *, seul: bool) -> list[Acte]:
    """Relus sous verrou : signés, et les derniers de leur convention."""
    cles = [a.pk for a in actes]
    vivants = {a.pk: a for a in Acte.objects.en_vigueur().filter(pk__in=cles).select_related("convention__structure")}
    retenus = []
    for acte in actes:
        if acte.pk in vivants and conventions[acte.convention_id].etat in SIGNEES:
            retenus.append(vivants[acte.pk])
        elif seul:
            raise TransitionImpossible(
                "Seul le dernier acte signé des deux parties a un échéancier : celui-ci ne l'est pas, ou ne l'est plus."
            )
    return retenus


def _charger(conventions: Sequence[int], lots: set[int]) -> _Travail:
    """L'état présent des conventions : ce qui est parti, revenu, à venir."""
    verrou = Echeance.objects.select_for_update(of=("self",), no_key=True).filter(convention__in=conventions)
    echeances = list(verrou.exclude(remplacee_par__isnull=False).order_by("pk"))
    en_lot = LigneLot.objects.filter(actif=True, echeance__in=[e.pk for e in echeances if e.etat == Etat.A_VERSER])
    lignes = {x.echeance_id: x for x in en_lot.select_related("lot") if x.echeance_id is not None}
    if {x.lot_id for x in lignes.values()} - lots:
        raise _LotApparu
    travail = _Travail({}, defaultdict(Decimal), defaultdict(list), defaultdict(list), lignes)
    par_poste: dict[int, dict[int, list[Echeance]]] = defaultdict(lambda: defaultdict(list))
    for e in echeances:
        if e.etat in A_VENIR:
            travail.a_venir[e.convention_id].append(e)
        if e.poste_id is not None:
            par_poste[e.convention_id][e.poste_id].append(e)
            if e.etat == Etat.REVERSEMENT_DEMANDE:
                travail.demandees[e.convention_id].append(e)
        elif e.nature == Nature.REVERSEMENT and e.etat != Etat.ANNULE:
            travail.en_tout[e.convention_id] += e.montant
    for convention, postes in par_poste.items():
        a_venir = travail.a_venir[convention]
        suspension = next((e.motif for e in a_venir), "") if all(e.etat == Etat.SUSPENDU for e in a_venir) else ""
        travail.situations[convention] = {p: _situation(siennes, suspension) for p, siennes in postes.items()}
    return travail


def _situation(echeances: Sequence[Echeance], suspension: str) -> regles.Situation:
    def somme(*etats: str, nature: str = Nature.VERSEMENT) -> Decimal:
        return sum((e.montant for e in echeances if e.etat in etats and e.nature == nature), regles.ZERO)

    return regles.Situation(
        verse=somme(*PARTIS),
        rendu=somme(Etat.REVERSEMENT_RECU, nature=Nature.REVERSEMENT),
        remis=somme(Etat.ANNULE, nature=Nature.REVERSEMENT),
        a_venir=tuple(
            regles.Attendue(e.montant, e.prevue_le, e.motif if e.etat == Etat.SUSPENDU else "")
            for e in echeances
            if e.etat in A_VENIR
        ),
        suspension=suspension,
    )


def _tranches(actes: Sequence[Acte]) -> dict[int, dict[int, list[regles.Tranche]]]:
    """Par acte et par poste conventionné, ce que la règle date et ce que les lignes donnent."""
    lignes: dict[int, dict[int, list[LigneActe]]] = defaultdict(lambda: defaultdict(list))
    for x in LigneActe.objects.filter(acte__in=[a.pk for a in actes]).order_by(
        "poste_id", "annee", "nature", "tranche"
    ):
        lignes[x.acte_id][x.poste_id].append(x)
    postes = PosteConventionne.objects.filter(convention__in=[a.convention_id for a in actes])
    conventionnes = {p.pk: p for p in postes}
    resultat: dict[int, dict[int, list[regles.Tranche]]] = {}
    for acte in actes:
        siennes = lignes[acte.pk]
        somme = sum((x.montant for du_poste in siennes.values() for x in du_poste), Decimal(0))
        if somme != acte.total:
            raise TransitionImpossible(f"Les lignes de {acte} font {euros(somme)}, son total {euros(acte.total)}.")
        try:
            regle = rules.regle(acte.regle_code, acte.regle_empreinte)
            resultat[acte.pk] = {p: _du_poste(acte, regle, conventionnes[p], xs) for p, xs in siennes.items()}
        except (rules.RegleInconnue, rules.RegleInvalide) as erreur:
            raise TransitionImpossible(str(erreur)) from erreur
    return resultat


def _du_poste(
    acte: Acte, regle: rules.Regle, poste: PosteConventionne, lignes: Sequence[LigneActe]
) -> list[regles.Tranche]:
    """Une tranche par annuité, datée de son premier jour, quand la règle le dit ; sinon un seul montant, sans date."""
    versements = regle.versements
    if not versements.nombre:
        raison = versements.inconnu.rstrip(".")
        phrases = [f"Règle « {regle.titre} » ({regle.code}) : {raison}.", *map(_dire, lignes)]
        return [regles.Tranche(1, sum((x.montant for x in lignes), regles.ZERO), None, tuple(phrases))]
    convention = acte.convention
    de_la_regle = rules.Poste(
        rules.Statut(convention.statut), convention.departement_id, poste.type, poste.zone_prioritaire
    )
    montant = rules.montant_de(regle, de_la_regle)
    pas = (convention.etalement_mois or montant.duree_mois) // len(montant.annuites)
    debut = max(convention.financement_debut, poste.periode.lower)
    par_tranche: dict[int, list[LigneActe]] = defaultdict(list)
    for x in lignes:
        par_tranche[x.tranche].append(x)
    return [
        regles.Tranche(
            numero,
            sum((x.montant for x in siennes), regles.ZERO),
            ajouter_mois(debut, (numero - 1) * pas),
            (f"Règle « {regle.titre} » ({regle.code}), tranche {numero}. {versements.note}", *map(_dire, siennes)),
        )
        for numero, siennes in sorted(par_tranche.items())
    ]


def _dire(x: LigneActe) -> str:
    vacants = f", {x.jours_vacants} vacants" if x.jours_vacants else ""
    return f"{x.annee}, {x.get_nature_display().lower()} : {x.jours} jours financés{vacants} = {euros(x.montant)}."


def _appliquer(
    acte: Acte, echeancier: Echeancier, tranches: dict[int, list[regles.Tranche]], travail: _Travail
) -> None:
    convention = acte.convention_id
    plans = regles.planifier_convention(
        tranches, travail.situations.get(convention, {}), demande_en_tout=travail.en_tout[convention]
    )
    numero = f"l'avenant n° {acte.numero}" if acte.numero else "la convention initiale"
    gardees = _deja_demandees(travail.demandees[convention], plans)
    _remplacer(travail, convention, echeancier, f"Remplacée par {numero}.", sauf=gardees)
    for poste, plan in plans.items():
        travail.nouvelles += _echeances(acte, poste, plan)
        if plan.a_rendre and poste not in gardees:
            travail.nouvelles.append(_reversement(acte, poste, plan, numero))
    echeancier.trace = [{"poste": poste, "phrases": list(plan.trace)} for poste, plan in plans.items()]
    a_venir = sum((p.a_venir for p in plans.values()), regles.ZERO)
    a_rendre = sum((p.a_rendre for p in plans.values()), regles.ZERO)
    donnees: dict[str, Any] = {"acte": acte.numero, "total": str(acte.total)}
    donnees |= {"a_venir": str(a_venir), "a_rendre": str(a_rendre)}
    travail.journal.append(Ligne(acte.convention, "etablir_echeancier", donnees=donnees))


def _deja_demandees(demandees: Sequence[Echeance], plans: dict[int, regles.Plan]) -> set[int]:
    """Les postes dont on réclame déjà exactement ce qui est à rendre : la demande reste, personne n'est dérangé."""
    sommes: dict[int, Decimal] = defaultdict(Decimal)
    for e in demandees:
        assert e.poste_id is not None
        sommes[e.poste_id] += e.montant
    return {poste for poste, somme in sommes.items() if plans[poste].a_rendre == somme}


def _remplacer(travail: _Travail, convention: int, echeancier: Echeancier, motif: str, *, sauf: set[int]) -> None:
    """Ce qui n'est pas parti laisse sa place, lignes de lot comprises."""
    demandees = [e for e in travail.demandees[convention] if e.poste_id not in sauf]
    anciennes = travail.a_venir[convention] + demandees
    if not anciennes:
        return
    retirees = [travail.lignes_de_lot[e.pk] for e in anciennes if e.pk in travail.lignes_de_lot]
    LigneLot.objects.filter(pk__in=[x.pk for x in retirees]).update(actif=False, etat=EtatLigne.RETIREE, motif=motif)
    travail.journal += [Ligne(x.lot, "retirer_ligne", motif=motif, donnees={"ligne": x.reference}) for x in retirees]
    travail.journal += [Ligne(e, "annuler_echeance", de=e.etat, vers=Etat.ANNULE, motif=motif) for e in anciennes]
    Echeance.objects.filter(pk__in=[e.pk for e in anciennes]).update(
        etat=Etat.ANNULE, motif=motif, remplacee_par=echeancier
    )


def _echeances(acte: Acte, poste: int, plan: regles.Plan) -> list[Echeance]:
    return [
        Echeance(
            convention_id=acte.convention_id,
            poste_id=poste,
            acte=acte,
            rang=e.rang,
            montant=e.montant,
            prevue_le=e.date,
            etat=Etat.SUSPENDU if e.motif else Etat.PREVU,
            motif=e.motif,
            trace=list(e.trace),
        )
        for e in plan.echeances
    ]


def _reversement(acte: Acte, poste: int, plan: regles.Plan, numero: str) -> Echeance:
    return Echeance(
        convention=acte.convention,
        poste_id=poste,
        acte=acte,
        nature=Nature.REVERSEMENT,
        montant=plan.a_rendre,
        etat=Etat.REVERSEMENT_DEMANDE,
        motif=f"Versé en trop, d'après {numero}.",
        trace=list(plan.trace),
    )
