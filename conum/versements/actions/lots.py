"""Un lot : préparé par une personne, approuvé par une autre, remis à la banque une fois.

Verrous : le lot, puis ses échéances et ses états récapitulatifs par numéro, puis ses lignes. Une échéance, ou un état,
n'est active que dans un lot, et le reste une fois payée : la base refuse un second versement.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Count, F, Q, QuerySet
from django.utils import timezone

from conum.comptes.models import Role
from conum.courriels.actions import mettre_en_file
from conum.formations.models import EtatRecapitulatif
from conum.journal.acteurs import Acteur
from conum.journal.actions import Ligne, noter, noter_en_masse
from conum.journal.workflow import TransitionImpossible, transition
from conum.postes.access import est_anct
from conum.postes.actions.gardes import exiger_texte
from conum.postes.emails import destinataires
from conum.socle.enregistrement import enregistrer
from conum.socle.texte import euros
from conum.versements import access
from conum.versements.actions import exports, paiements_etats, ribs
from conum.versements.emails import lots as emails
from conum.versements.models import Echeance, LigneLot, Lot, Rib
from conum.versements.rules.virement import exiger_date
from conum.versements.states import TRANSITIONS, TRANSITIONS_LOT, Etat, EtatLigne, EtatLot, EtatRib

PAGE = "versements:lot"
MONTREES = 5
"""Échéances nommées dans un refus ; les autres se comptent."""


def somme(lignes: Iterable[LigneLot]) -> Decimal:
    return sum((x.montant for x in lignes), Decimal("0.00"))


def preparer_lot(*, execution_le: date, echeances: Iterable[int] = (), etats: Iterable[int] = (), par: Role) -> Lot:
    """Met ensemble des échéances à verser et des états validés (leurs numéros en base), chacun au compte confirmé.

    Raises:
        PermissionDenied: seul un agent de l'ANCT prépare.
        ValidationError: date d'exécution passée, trop lointaine, ou un jour sans banque.
        TransitionImpossible: rien à payer, ou l'un d'eux n'est plus à prendre ; la phrase dit lesquels.
    """
    if not access.peut_ordonnancer(par):
        raise PermissionDenied
    try:
        exiger_date(execution_le, timezone.localdate())
    except ValueError as erreur:
        raise ValidationError({"execution_le": str(erreur)}) from erreur
    voulues, voulus = sorted(set(echeances)), sorted(set(etats))
    if not voulues and not voulus:
        raise TransitionImpossible("Aucune échéance ni aucun état n'est à mettre dans ce lot.")
    with transaction.atomic():
        _verrouiller_echeances(Q(pk__in=voulues))
        prises = list(_payables(voulues))
        if len(prises) < len(voulues):
            raise TransitionImpossible(_pourquoi(set(voulues) - {e.pk for e in prises}))
        pris = _prendre_etats(voulus)
        lot = Lot(execution_le=execution_le, prepare_par=par.utilisateur)
        enregistrer(lot)
        lot.refresh_from_db(fields=["numero"])
        lignes = _lignes(lot, prises) + _lignes_etats(lot, pris)
        LigneLot.objects.bulk_create(lignes, batch_size=1_000)
        donnees = {"lignes": len(lignes), "total": str(somme(lignes)), "execution_le": execution_le.isoformat()}
        noter(lot, "preparer_lot", par=par, vers=lot.etat, donnees=donnees)
        return lot


def _verrouiller_echeances(critere: Q) -> None:
    list(Echeance.objects.select_for_update(of=("self",), no_key=True).filter(critere).order_by("pk").only("pk"))


def _payables(cles: Sequence[int]) -> QuerySet[Echeance]:
    passages = Count("lignes_de_lot")
    libres = Echeance.objects.a_mettre_en_lot().filter(pk__in=cles).select_related("convention")
    return libres.annotate(passages=passages).order_by("pk")


def _lignes(lot: Lot, echeances: Sequence[Echeance]) -> list[LigneLot]:
    structures = {e.convention.structure_id for e in echeances}
    comptes = {r.structure_id: r for r in Rib.objects.filter(structure__in=structures, etat=EtatRib.ACTIF)}
    return [
        LigneLot(
            lot=lot,
            echeance=e,
            rib=comptes[e.convention.structure_id],
            montant=e.montant,
            reference=f"{e.reference}-{e.passages + 1}",  # type: ignore[attr-defined]
        )
        for e in echeances
    ]


def _prendre_etats(cles: Sequence[int]) -> list[EtatRecapitulatif]:
    if not cles:
        return []
    paiements_etats.verrouiller(Q(pk__in=cles))
    pris = list(paiements_etats.payables().filter(pk__in=cles))
    if manquent := set(cles) - {e.pk for e in pris}:
        phrases = ", ".join(paiements_etats.pourquoi(manquent))
        raise TransitionImpossible(f"À ne pas payer dans ce lot : {phrases}.")
    return pris


def _lignes_etats(lot: Lot, etats: Sequence[EtatRecapitulatif]) -> list[LigneLot]:
    comptes = paiements_etats.ribs_des(etats)
    return [
        LigneLot(
            lot=lot,
            etat_recapitulatif=e,
            rib=comptes[e.organisme_id],
            montant=e.total,
            reference=f"{e.reference}-{e.passages + 1}",  # type: ignore[attr-defined]
        )
        for e in etats
    ]


def _pourquoi(cles: set[int]) -> str:
    """Les échéances qui ne se prennent pas, et la raison de chacune."""
    refusees = list(
        Echeance.objects.avec_faits().filter(pk__in=cles).select_related("convention").order_by("pk")[:MONTREES]
    )
    lignes = LigneLot.objects.filter(echeance__in=refusees, actif=True).select_related("lot")
    en_lot = {x.echeance_id: x.lot.reference for x in lignes if x.echeance_id is not None}
    phrases = []
    for e in refusees:
        raison = f"déjà dans le lot {en_lot[e.pk]}" if e.pk in en_lot else e.blocage() or e.get_etat_display().lower()
        phrases.append(f"{e.reference} ({raison.rstrip('.')})")
    reste = len(cles) - len(phrases)
    suite = f" et {reste} autre{'s' if reste > 1 else ''}" if reste > 0 else ""
    return f"À ne pas payer dans ce lot : {', '.join(phrases)}{suite}."


def _est_le_preparateur(acteur: Acteur, lot: Lot) -> bool:
    return est_anct(acteur) and acteur.utilisateur_id == lot.prepare_par_id


def retirer_ligne(ligne: LigneLot, *, motif: str, par: Acteur) -> LigneLot:
    """Sort une ligne d'un lot en préparation ; elle est de nouveau à payer, dans un autre lot."""
    motif = exiger_texte("motif", motif)[:200]
    with transaction.atomic():
        lot = Lot.objects.select_for_update(no_key=True).get(pk=ligne.lot_id)
        if not access.peut_ordonnancer(par, lot):
            raise PermissionDenied
        if lot.etat != EtatLot.PREPARATION:
            raise TransitionImpossible(f"Ce lot n'est plus en préparation : il est « {lot.get_etat_display()} ».")
        courante = LigneLot.objects.select_for_update(no_key=True).get(pk=ligne.pk)
        if not courante.actif:
            raise TransitionImpossible("Cette ligne n'est plus dans le lot.")
        courante.actif, courante.etat, courante.motif = False, EtatLigne.RETIREE, motif
        enregistrer(courante)
        noter(lot, "retirer_ligne", par=par, motif=motif, donnees={"ligne": courante.reference})
        return courante


def soumettre_lot(lot: Lot, *, par: Role) -> Lot:
    """Présente le lot à l'approbation ; un compte changé depuis la préparation est pris en compte.

    Raises:
        TransitionImpossible: lot vide, ou une ligne qui ne se paie plus ; la phrase dit laquelle et pourquoi.
    """
    donnees: dict[str, Any] = {}
    with transition(
        lot, "soumettre_lot", table=TRANSITIONS_LOT, par=par, peut=_est_le_preparateur, donnees=donnees
    ) as courant:
        _rafraichir_les_comptes(courant)
        lignes = exiger_payable(courant)
        courant.motif = ""
        donnees |= {"lignes": len(lignes), "total": str(somme(lignes))}
        auteur = par.utilisateur.get_full_name()
        for qui in destinataires.de_l_anct(PAGE, courant.pk):
            if qui.email != par.utilisateur.email:
                base = emails.SurLot.base(courant, len(lignes), somme(lignes), auteur, qui.lien)
                mettre_en_file(emails.LotAApprouver(**base), a=qui.email, objet=courant)
    return courant


def _rafraichir_les_comptes(lot: Lot) -> None:
    perimees = lot.lignes.filter(actif=True).exclude(rib__etat=EtatRib.ACTIF)
    siens = Q(structure__in=perimees.values("echeance__convention__structure")) | Q(
        organisme__in=perimees.values("etat_recapitulatif__organisme")
    )
    for rib in list(Rib.objects.filter(siens, etat=EtatRib.ACTIF).order_by("pk")):
        lot.lignes.filter(ribs.payees_a(rib), actif=True).update(rib=rib)


def exiger_payable(lot: Lot) -> list[LigneLot]:
    """Les lignes actives du lot, chacune encore à payer, au bon montant et au bon compte ; échéances sous verrou.

    Raises:
        TransitionImpossible: aucune ligne, ou des lignes à retirer d'abord.
    """
    du_lot = Q(lignes_de_lot__lot=lot, lignes_de_lot__actif=True)
    _verrouiller_echeances(du_lot)
    paiements_etats.verrouiller(du_lot)
    lignes = list(lot.lignes.filter(actif=True).select_related("echeance", "etat_recapitulatif").order_by("pk"))
    if not lignes:
        raise TransitionImpossible("Ce lot n'a plus aucune ligne.")
    bonnes = set(
        lot.lignes.filter(
            actif=True,
            rib__etat=EtatRib.ACTIF,
            rib__structure=F("echeance__convention__structure"),
            montant=F("echeance__montant"),
            echeance__in=Echeance.objects.payables().filter(etat=Etat.A_VERSER).order_by().values("pk"),
        ).values_list("pk", flat=True)
    )
    bonnes |= set(paiements_etats.lignes_justes(lot.lignes.filter(actif=True)).values_list("pk", flat=True))
    if fausses := [x for x in lignes if x.pk not in bonnes]:
        raise TransitionImpossible(f"{_pourquoi_plus(fausses)} Retirez ces lignes du lot.")
    return lignes


def _pourquoi_plus(lignes: Sequence[LigneLot]) -> str:
    cles = {x.echeance_id for x in lignes if x.echeance_id is not None}
    etats = [x.etat_recapitulatif_id for x in lignes if x.etat_recapitulatif_id is not None]
    echeances = Echeance.objects.avec_faits().filter(pk__in=cles).select_related("convention").order_by("pk")[:MONTREES]
    phrases = [f"{e.reference} ({(e.blocage() or 'le compte ou le montant a changé').rstrip('.')})" for e in echeances]
    phrases += paiements_etats.pourquoi(etats, du_lot=True)
    reste = len(lignes) - len(phrases)
    return f"Ne se paient plus : {', '.join(phrases)}{f' et {reste} autres' if reste > 0 else ''}."


def approuver_lot(lot: Lot, *, nombre: int, total: Decimal, par: Role) -> Lot:
    """Une autre personne que celle qui a préparé approuve ce qu'elle a lu : `nombre` de lignes et `total`.

    La vue exige un second facteur présenté dans les cinq minutes. Les échéances sont ordonnancées : elles comptent
    comme parties dans tout recalcul.

    Raises:
        PermissionDenied: pas de l'ANCT, ou c'est elle qui a préparé (la base le refuse aussi).
        TransitionImpossible: déjà approuvé, changé depuis la lecture, ou une ligne ne se paie plus.
    """
    donnees = {"lignes": nombre, "total": str(total)}
    with transition(
        lot, "approuver_lot", table=TRANSITIONS_LOT, par=par, peut=access.peut_approuver, donnees=donnees
    ) as courant:
        lignes = exiger_payable(courant)
        if (len(lignes), somme(lignes)) != (nombre, total):
            raise TransitionImpossible(
                f"Le lot a changé pendant votre lecture : {len(lignes)} virements, {euros(somme(lignes))}. Relisez-le."
            )
        courant.approuve_par, courant.approuve_le = par.utilisateur, timezone.now()
        _passer([x.echeance for x in lignes if x.echeance is not None], "ordonnancer_echeance", courant, par)
    return courant


def _passer(echeances: Sequence[Echeance], action: str, lot: Lot, par: Acteur) -> None:
    """La même transition pour toutes les échéances du lot, déjà sous verrou."""
    regle = TRANSITIONS[action]
    Echeance.objects.filter(pk__in=[e.pk for e in echeances]).update(etat=regle.vers)
    donnees = {"lot": lot.reference}
    noter_en_masse([Ligne(e, action, e.etat, regle.vers, donnees=donnees) for e in echeances], par=par)


def renvoyer_lot(lot: Lot, *, motif: str, par: Role) -> Lot:
    """Rend le lot à qui l'a préparé, avec un motif."""
    motif = exiger_texte("motif", motif)
    with transition(
        lot, "renvoyer_lot", table=TRANSITIONS_LOT, par=par, peut=access.peut_ordonnancer, motif=motif
    ) as courant:
        courant.motif = motif
        lignes = list(courant.lignes.filter(actif=True))
        auteur = par.utilisateur.get_full_name()
        siens = Role.objects.actifs().filter(utilisateur=courant.prepare_par_id).values_list("utilisateur__email")
        for qui in destinataires.de_l_anct(PAGE, courant.pk):
            if (qui.email,) in siens:
                base = emails.SurLot.base(courant, len(lignes), somme(lignes), auteur, qui.lien)
                mettre_en_file(emails.LotRenvoye(**base, motif=motif), a=qui.email, objet=courant)
    return courant


def abandonner_lot(lot: Lot, *, motif: str, par: Acteur) -> Lot:
    """Écarte un lot avant de le remettre à la banque : ses échéances sont de nouveau à verser."""
    motif = exiger_texte("motif", motif)
    with transition(
        lot, "abandonner_lot", table=TRANSITIONS_LOT, par=par, peut=access.peut_ordonnancer, motif=motif
    ) as courant:
        actives = Q(lignes_de_lot__lot=courant, lignes_de_lot__actif=True)
        _verrouiller_echeances(actives)
        paiements_etats.verrouiller(actives)
        if courant.etat == EtatLot.APPROUVE:
            parties = Echeance.objects.filter(actives, etat=Etat.ORDONNANCE).order_by("pk")
            _passer(list(parties), "desordonnancer_echeance", courant, par)
        courant.lignes.filter(actif=True).update(actif=False, etat=EtatLigne.RETIREE, motif="Lot abandonné.")
        courant.motif = motif
        exports.jeter_l_orphelin(courant)
    return courant


def clore_lot(lot: Lot, *, par: Acteur) -> Lot:
    """Chaque ligne est payée ou rejetée : le lot n'attend plus rien.

    Raises:
        TransitionImpossible: une ligne attend encore le retour de la banque.
    """
    with transition(lot, "clore_lot", table=TRANSITIONS_LOT, par=par, peut=access.peut_ordonnancer) as courant:
        if attendent := courant.lignes.filter(etat=EtatLigne.EN_ATTENTE).count():
            raise TransitionImpossible(f"{attendent} ligne{'s' if attendent > 1 else ''} attend encore la banque.")
    return courant
