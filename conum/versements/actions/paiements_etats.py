"""Payer les états récapitulatifs des organismes : lesquels entrent dans un lot, et où en est le paiement de chacun.

L'état du paiement ne s'écrit nulle part : il se lit des lignes de lot.
"""

from collections.abc import Iterable
from decimal import Decimal

from django.db.models import Case, CharField, Count, Exists, F, OuterRef, Q, QuerySet, Sum, TextChoices, Value, When

from conum.formations.models import EtatRecapitulatif
from conum.formations.states import EtatRecap
from conum.versements.models import LigneLot, Rib
from conum.versements.states import EtatLigne, EtatRib


class Paiement(TextChoices):
    """Où en est le paiement d'un état validé."""

    A_PAYER = "a_payer", "À payer"
    EN_LOT = "en_lot", "Dans un lot"
    PAYE = "paye", "Payé"
    REJETE = "rejete", "Rejeté par la banque"


def avec_paiement(etats: QuerySet[EtatRecapitulatif]) -> QuerySet[EtatRecapitulatif]:
    """Annote `paiement` (un code de `Paiement`) et `compte_actif`."""
    lignes = LigneLot.objects.filter(etat_recapitulatif=OuterRef("pk"))
    actif = Rib.objects.filter(organisme=OuterRef("organisme"), etat=EtatRib.ACTIF)
    return etats.annotate(
        compte_actif=Exists(actif),
        paiement=Case(
            When(Exists(lignes.filter(etat=EtatLigne.PAYEE)), then=Value(Paiement.PAYE.value)),
            When(Exists(lignes.filter(etat=EtatLigne.EN_ATTENTE)), then=Value(Paiement.EN_LOT.value)),
            When(Exists(lignes.filter(etat=EtatLigne.REJETEE)), then=Value(Paiement.REJETE.value)),
            default=Value(Paiement.A_PAYER.value),
            output_field=CharField(),
        ),
    )


def valides() -> QuerySet[EtatRecapitulatif]:
    return avec_paiement(EtatRecapitulatif.objects.filter(etat=EtatRecap.VALIDE))


def payables() -> QuerySet[EtatRecapitulatif]:
    """Validés, dans aucun lot, et dont l'organisme a un compte confirmé ; `passages` : combien de lots déjà."""
    libres = valides().filter(compte_actif=True).exclude(lignes_de_lot__actif=True)  # type: ignore[misc]
    return libres.annotate(passages=Count("lignes_de_lot")).select_related("organisme").order_by("pk")


def verrouiller(critere: Q) -> None:
    verrou = EtatRecapitulatif.objects.select_for_update(of=("self",), no_key=True)
    list(verrou.filter(critere).order_by("pk").values_list("pk"))


def ribs_des(etats: Iterable[EtatRecapitulatif]) -> dict[int, Rib]:
    """Le compte actif de chaque organisme."""
    organismes = {e.organisme_id for e in etats}
    actifs = Rib.objects.filter(organisme__in=organismes, etat=EtatRib.ACTIF)
    return {r.organisme_id: r for r in actifs if r.organisme_id is not None}


def pourquoi(cles: Iterable[int], *, du_lot: bool = False) -> list[str]:
    """Les états qui ne se paient pas, et la raison de chacun ; `du_lot` : ils sont déjà dans celui que l'on relit."""
    refuses = avec_paiement(EtatRecapitulatif.objects.filter(pk__in=list(cles))).order_by("pk")
    return [f"{e.reference} ({_raison(e, du_lot)})" for e in refuses]


def _raison(etat: EtatRecapitulatif, du_lot: bool) -> str:
    if etat.etat != EtatRecap.VALIDE:
        return f"il est « {etat.get_etat_display()} »"
    if not etat.compte_actif:  # type: ignore[attr-defined]
        return "aucun compte confirmé"
    paiement = etat.paiement  # type: ignore[attr-defined]
    if paiement == Paiement.PAYE or (paiement == Paiement.EN_LOT and not du_lot):
        return Paiement(paiement).label.lower()
    return "le compte ou le montant a changé"


def lignes_justes(lignes: QuerySet[LigneLot]) -> QuerySet[LigneLot]:
    """Parmi des lignes actives, celles dont l'état se paie encore, au bon montant et au bon compte."""
    return lignes.filter(
        etat_recapitulatif__etat=EtatRecap.VALIDE,
        rib__etat=EtatRib.ACTIF,
        rib__organisme=F("etat_recapitulatif__organisme"),
        montant=F("etat_recapitulatif__total"),
    )


def sommes() -> dict[str, Decimal]:
    """Une requête : ce que valent les états validés, et ce qui en est payé."""
    lues = valides().aggregate(valide=Sum("total"), paye=Sum("total", filter=Q(paiement=Paiement.PAYE)))
    return {cle: lues[cle] or Decimal(0) for cle in ("valide", "paye")}
