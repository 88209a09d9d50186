"""Plusieurs à la fois sur un lot, une échéance, un compte : un gagnant, jamais deux versements."""

import hashlib
from decimal import Decimal

import pytest

from conum.journal.acteurs import SYSTEME
from conum.journal.models import Entree
from conum.journal.workflow import TransitionImpossible
from conum.versements.actions import echeanciers, exports, lots, ribs
from conum.versements.models import LigneLot, Lot
from conum.versements.states import Etat
from tests.aides import ensemble
from tests.versements import fabriques as f

pytestmark = pytest.mark.django_db(transaction=True)
D = Decimal


def test_deux_approbateurs_ensemble_un_seul_passe():
    echeance, agent = f.echeance(f.signee()), f.anct()
    lot = lots.soumettre_lot(f.preparer(echeance, par=agent), par=agent)
    autres = [f.anct(), f.anct()]
    issues = ensemble(*(lambda a=a: lots.approuver_lot(lot, nombre=1, total=echeance.montant, par=a) for a in autres))
    assert sorted(type(i).__name__ for i in issues) == ["Lot", "TransitionImpossible"]
    refus = next(i for i in issues if isinstance(i, TransitionImpossible))
    assert "Approuvé" in str(refus)
    assert Entree.objects.filter(action="approuver_lot").count() == 1


def test_la_meme_echeance_dans_deux_lots_ensemble():
    echeances = [f.echeance(f.signee()) for _ in range(3)]
    # Deux lots qui se croisent : chacun prend ses échéances dans l'ordre, aucun ne bloque l'autre.
    choix = [(echeances[0], echeances[1]), (echeances[2], echeances[1])]
    agents = [f.anct(), f.anct()]
    issues = ensemble(*(lambda c=c, a=a: f.preparer(*c, par=a) for c, a in zip(choix, agents, strict=True)))
    assert sorted(type(i).__name__ for i in issues) == ["Lot", "TransitionImpossible"]
    assert LigneLot.objects.filter(echeance=echeances[1], actif=True).count() == 1
    assert Lot.objects.count() == 1


def test_deux_exports_ensemble_donnent_un_seul_fichier():
    lot, agents = f.approuve(f.echeance(f.signee())), [f.anct(), f.anct()]
    issues = ensemble(*(lambda a=a: exports.exporter_lot(lot, par=a) for a in agents))
    assert sorted(type(i).__name__ for i in issues) == ["Lot", "TransitionImpossible"]
    assert Entree.objects.filter(action="exporter_lot").count() == 1
    lot.refresh_from_db()
    assert hashlib.sha256(exports.fichier_du_lot(lot, par=agents[0])).hexdigest() == lot.sha256


def test_approuver_pendant_qu_un_avenant_recalcule():
    """L'un des deux passe d'abord : l'échéance est partie, ou sa ligne est retirée. Jamais les deux."""
    convention = f.signee()
    echeance = f.echeance(convention, montant="1000")
    agent, autre = f.anct(), f.anct()
    lot = lots.soumettre_lot(f.preparer(echeance, par=agent), par=agent)
    acte = f.signer(convention)
    ensemble(
        lambda: lots.approuver_lot(lot, nombre=1, total=D(1000), par=autre),
        lambda: echeanciers.etablir_echeancier(acte, par=SYSTEME),
    )
    echeance.refresh_from_db()
    active = lot.lignes.filter(actif=True).exists()
    assert (echeance.etat == Etat.ORDONNANCE) == active
    vivantes = convention.echeances.comptees().filter(nature="versement")
    assert sum(e.montant for e in vivantes) == acte.total


def test_changer_de_compte_pendant_qu_on_prepare():
    """Qui que ce soit qui passe d'abord, le lot ne s'approuve qu'avec le compte actif."""
    convention = f.signee()
    echeance = f.echeance(convention)
    rib = ribs.proposer_rib(convention.structure, iban=f.AUTRE_IBAN, titulaire="Mairie", par=f.anct())
    confirmateur, agent, autre = f.anct(), f.anct(), f.anct()
    _, lot = ensemble(lambda: ribs.confirmer_rib(rib, par=confirmateur), lambda: f.preparer(echeance, par=agent))
    lots.soumettre_lot(lot, par=agent)
    lots.approuver_lot(lot, nombre=1, total=echeance.montant, par=autre)
    octets = exports.fichier_du_lot(exports.exporter_lot(lot, par=agent), par=agent)
    assert f.AUTRE_IBAN.encode() in octets
