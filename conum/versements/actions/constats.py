"""Constater ce que dit la banque : payé, rejeté, reçu. Pour mille lignes aussi bien que pour une.

L'appelant a verrouillé (`verrouiller`) et jugé. Ici, chaque ligne garde son état, son journal, et la structure est
prévenue : un courriel par convention et par sens, pas un par virement ; l'organisme, un par état.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from django.core.exceptions import ValidationError
from django.db.models import Exists, OuterRef, Q

from conum.courriels.actions import Envoi, mettre_en_file_en_masse
from conum.formations.actions.etats import PAGE as PAGE_ETAT
from conum.formations.emails.destinataires import de_l_organisme
from conum.journal.acteurs import Acteur
from conum.journal.actions import Ligne, noter_en_masse
from conum.journal.workflow import TransitionImpossible
from conum.versements.actions import paiements_etats
from conum.versements.actions.lots import clore_lot
from conum.versements.actions.messages import PAGE
from conum.versements.emails.carnet import Carnet
from conum.versements.emails.echeances import ReversementRecu
from conum.versements.emails.etats import EtatPaye, PaiementRejete, SurPaiement
from conum.versements.emails.retours import SurRetour, VersementEffectue, VirementRejete
from conum.versements.models import Echeance, LigneLot, Lot
from conum.versements.rules.retours import PAYE, RECU, REJETE
from conum.versements.states import TRANSITIONS, EtatLigne, EtatLot

LOT = 1_000


@dataclass(frozen=True)
class Constat:
    """Une ligne de lot payée ou rejetée, ou un reversement reçu."""

    sens: str
    date: date | None
    motif: str
    reference: str
    ligne_lot: LigneLot | None = None
    reversement: Echeance | None = None

    @property
    def echeance(self) -> Echeance | None:
        """Rien quand la ligne paie un état récapitulatif."""
        return self.ligne_lot.echeance if self.ligne_lot is not None else self.reversement


def verrouiller(lots: Iterable[int], echeances: Iterable[int], etats: Iterable[int] = ()) -> None:
    """Les lots, puis les échéances et les états, puis les lignes, chacun par numéro."""
    lots, echeances, etats = sorted(lots), sorted(echeances), sorted(etats)
    list(Lot.objects.select_for_update(no_key=True).filter(pk__in=lots).order_by("pk").only("pk"))
    verrou = Echeance.objects.select_for_update(of=("self",), no_key=True)
    list(verrou.filter(pk__in=echeances).order_by("pk").only("pk"))
    paiements_etats.verrouiller(Q(pk__in=etats))
    lignes = LigneLot.objects.select_for_update(of=("self",), no_key=True)
    des_objets = Q(echeance__in=echeances) | Q(etat_recapitulatif__in=etats)
    list(lignes.filter(des_objets).order_by("pk").values_list("pk"))


def constater(faits: Sequence[Constat], *, origine: str, par: Acteur) -> None:
    """Écrit tout d'un coup ; `origine` rend uniques les courriels (« retour:12 »).

    Raises:
        TransitionImpossible: une échéance n'est plus dans l'état que la ligne de lot suppose.
    """
    journal: list[Ligne] = []
    par_sens: dict[str, list[Constat]] = defaultdict(list)
    for fait in faits:
        par_sens[fait.sens].append(fait)
    journal += _payer(par_sens[PAYE])
    journal += _rejeter(par_sens[REJETE])
    journal += _recevoir(par_sens[RECU])
    _enregistrer(faits)
    noter_en_masse(journal, par=par)
    _prevenir(par_sens, origine)
    _clore({f.ligne_lot.lot_id for f in faits if f.ligne_lot is not None}, par)


def _passer(echeance: Echeance, action: str, donnees: dict[str, str], motif: str = "") -> Ligne:
    """La transition en mémoire ; la ligne de journal à écrire."""
    regle = TRANSITIONS[action]
    if echeance.etat not in regle.depuis:
        raise TransitionImpossible(
            f"L'échéance {echeance.reference} est maintenant « {echeance.get_etat_display()} » : relisez le fichier."
        )
    de, echeance.etat = echeance.etat, str(regle.vers)
    return Ligne(echeance, action, de=de, vers=echeance.etat, motif=motif, donnees=donnees)


def _payer(faits: Sequence[Constat]) -> list[Ligne]:
    journal = []
    for f in faits:
        ligne = f.ligne_lot
        assert ligne is not None
        if f.date is None:
            raise ValidationError("Un versement se constate à une date de valeur.")
        donnees = {"lot": ligne.lot.reference, "virement": ligne.reference, "le": f.date.isoformat()}
        ligne.etat, ligne.payee_le = EtatLigne.PAYEE, f.date
        if f.echeance is None:
            journal.append(Ligne(ligne.objet, "constater_paiement", donnees=donnees))
            continue
        journal.append(_passer(f.echeance, "constater_versement", donnees))
        f.echeance.realisee_le, f.echeance.reference_bancaire = f.date, ligne.reference
    return journal


def _rejeter(faits: Sequence[Constat]) -> list[Ligne]:
    journal = []
    for f in faits:
        ligne = f.ligne_lot
        assert ligne is not None
        donnees = {"lot": ligne.lot.reference, "virement": ligne.reference}
        ligne.etat, ligne.actif, ligne.motif, ligne.payee_le = EtatLigne.REJETEE, False, f.motif[:200], None
        if f.echeance is None:
            journal.append(Ligne(ligne.objet, "constater_rejet_paiement", motif=f.motif, donnees=donnees))
            continue
        journal.append(_passer(f.echeance, "constater_rejet", donnees, f.motif))
        f.echeance.realisee_le, f.echeance.reference_bancaire = None, ""
    return journal


def _recevoir(faits: Sequence[Constat]) -> list[Ligne]:
    journal = []
    for f in faits:
        if f.date is None:
            raise ValidationError("Un reversement se constate à une date de valeur.")
        assert f.echeance is not None
        donnees = {"le": f.date.isoformat(), "reference": f.reference}
        journal.append(_passer(f.echeance, "constater_reversement", donnees))
        f.echeance.realisee_le, f.echeance.reference_bancaire = f.date, f.reference[:140]
    return journal


def _enregistrer(faits: Sequence[Constat]) -> None:
    # Payé puis rendu dans le même fichier : une ligne, deux constats.
    lignes = {f.ligne_lot.pk: f.ligne_lot for f in faits if f.ligne_lot is not None}
    LigneLot.objects.bulk_update(lignes.values(), ["etat", "actif", "motif", "payee_le"], batch_size=LOT)
    echeances = {f.echeance.pk: f.echeance for f in faits if f.echeance is not None}
    Echeance.objects.bulk_update(echeances.values(), ["etat", "realisee_le", "reference_bancaire"], batch_size=LOT)


def _prevenir(par_sens: dict[str, list[Constat]], origine: str) -> None:
    echeances = [f.echeance for fs in par_sens.values() for f in fs if f.echeance is not None]
    carnet = Carnet(e.convention.structure_id for e in echeances)
    rendus = {f.ligne_lot for f in par_sens[REJETE]}
    # Un virement payé puis rendu le même jour ne s'annonce pas comme payé.
    payes = [f for f in par_sens[PAYE] if f.ligne_lot not in rendus]
    envois = _envois(VersementEffectue, payes, carnet, f"{origine}:{PAYE}")
    envois += _envois(VirementRejete, par_sens[REJETE], carnet, f"{origine}:{REJETE}")
    for f in par_sens[RECU]:
        e = f.echeance
        assert e is not None
        for qui in carnet.de_la_structure(e.convention.structure_id, PAGE, e.convention_id):
            message = ReversementRecu(**ReversementRecu.base(e, qui.lien), le=f"{f.date:%d/%m/%Y}")
            envois.append(Envoi(message, qui.email, e, f"{origine}:{RECU}:{e.pk}:{qui.email}"))
    for classe, faits in ((EtatPaye, payes), (PaiementRejete, par_sens[REJETE])):
        envois += _envois_etats(classe, [f.ligne_lot for f in faits if f.ligne_lot is not None], origine)
    mettre_en_file_en_masse(envois)


def _envois(classe: type[SurRetour], faits: Sequence[Constat], carnet: Carnet, origine: str) -> list[Envoi]:
    """Un message par convention et par membre de sa structure."""
    par_convention: dict[int, list[LigneLot]] = defaultdict(list)
    for f in faits:
        if f.echeance is not None and f.ligne_lot is not None:
            par_convention[f.echeance.convention_id].append(f.ligne_lot)
    envois = []
    for pk, lignes in par_convention.items():
        assert lignes[0].echeance is not None
        convention = lignes[0].echeance.convention
        for qui in carnet.de_la_structure(convention.structure_id, PAGE, pk):
            message = classe(**classe.base(convention, lignes, qui.lien))
            envois.append(Envoi(message, qui.email, convention, f"{origine}:{pk}:{qui.email}"))
    return envois


def _envois_etats(classe: type[SurPaiement], lignes: Sequence[LigneLot], origine: str) -> list[Envoi]:
    """Un message par état et par agent de son organisme."""
    envois = []
    for x in lignes:
        etat = x.etat_recapitulatif
        if etat is None:
            continue
        for qui in de_l_organisme(etat.organisme, PAGE_ETAT, etat.pk):
            message = classe(**classe.base(x, etat, qui.lien))
            envois.append(Envoi(message, qui.email, etat, f"{origine}:{classe.code}:{x.pk}:{qui.email}"))
    return envois


def _clore(lots: set[int], par: Acteur) -> None:
    """Les lots dont la banque a tout dit."""
    attendent = LigneLot.objects.filter(lot=OuterRef("pk"), etat=EtatLigne.EN_ATTENTE)
    for lot in Lot.objects.filter(pk__in=lots, etat=EtatLot.EXPORTE).exclude(Exists(attendent)).order_by("pk"):
        clore_lot(lot, par=par)
