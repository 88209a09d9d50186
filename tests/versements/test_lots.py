"""Un lot : deux personnes, un fichier, jamais deux fois la même échéance."""

import hashlib
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.conf import settings
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from conum.courriels.models import Courriel
from conum.journal.acteurs import SYSTEME
from conum.journal.models import Entree
from conum.journal.workflow import TransitionImpossible
from conum.socle import conservation
from conum.versements.actions import echeances as echeances_actes
from conum.versements.actions import echeanciers, exports, lots, ribs
from conum.versements.models import Echeance, LigneLot, Lot
from conum.versements.rules import coffre, virement
from conum.versements.states import Etat, EtatLigne, EtatLot
from tests.versements import fabriques as f

pytestmark = pytest.mark.django_db
D = Decimal


def _etats(*echeances):
    return list(Echeance.objects.filter(pk__in=[e.pk for e in echeances]).order_by("pk").values_list("etat", flat=True))


def _url(nom, role, *arguments):
    return reverse(f"versements:{nom}", args=[role.pk, *arguments])


def test_de_la_preparation_au_fichier():
    un, deux = f.echeance(f.signee(), montant="1500.50"), f.echeance(f.signee(), montant="2500")
    preparateur, approbateur = f.anct(), f.anct()
    lot = f.preparer(un, deux, par=preparateur)
    assert (lot.etat, lot.lignes.count(), lots.somme(lot.lignes.all())) == (EtatLot.PREPARATION, 2, D("4000.50"))
    assert set(lot.lignes.values_list("reference", flat=True)) == {f"{un.reference}-1", f"{deux.reference}-1"}
    lots.soumettre_lot(lot, par=preparateur)
    courriel = Courriel.objects.get(code="versements/lot_a_approuver", destinataire=approbateur.utilisateur.email)
    assert "4 000,50" in courriel.texte.replace("\u202f", " ")
    assert not Courriel.objects.filter(code="versements/lot_a_approuver", destinataire=preparateur.utilisateur.email)
    lots.approuver_lot(lot, nombre=2, total=D("4000.50"), par=approbateur)
    assert _etats(un, deux) == ["ordonnance", "ordonnance"]
    lot = exports.exporter_lot(lot, par=approbateur)
    octets = exports.fichier_du_lot(lot, par=approbateur)
    assert hashlib.sha256(octets).hexdigest() == lot.sha256
    # Redemandé, le même ; et rien en clair dans le dépôt.
    assert exports.fichier_du_lot(lot, par=preparateur) == octets
    assert f.IBAN.encode() in octets
    assert f.IBAN.encode() not in lot.fichier.open().read()
    actions = list(Entree.objects.de_l_objet(lot).values_list("action", flat=True))
    assert actions == ["preparer_lot", "soumettre_lot", "approuver_lot", "exporter_lot", *["telecharger_lot"] * 2]
    assert Entree.objects.filter(action="ordonnancer_echeance", donnees={"lot": lot.reference}).count() == 2
    with pytest.raises(TransitionImpossible, match="Remis à la banque"):
        exports.exporter_lot(lot, par=approbateur)


def test_seule_l_anct_et_deux_personnes():
    convention = f.signee()
    echeance = f.echeance(convention)
    membre, agent = f.membre_de(convention.structure), f.anct()
    with pytest.raises(PermissionDenied):
        f.preparer(echeance, par=membre)
    lot = f.preparer(echeance, par=agent)
    with pytest.raises(PermissionDenied):
        lots.soumettre_lot(lot, par=f.anct())
    lots.soumettre_lot(lot, par=agent)
    for role in (agent, membre):
        with pytest.raises(PermissionDenied):
            lots.approuver_lot(lot, nombre=1, total=echeance.montant, par=role)
    with pytest.raises(IntegrityError, match="lot_deux_personnes"), transaction.atomic():
        Lot.objects.filter(pk=lot.pk).update(
            etat=EtatLot.APPROUVE, approuve_par=agent.utilisateur, approuve_le=timezone.now()
        )
    assert _etats(echeance) == ["a_verser"]


@pytest.mark.parametrize("decalage", [-1, 61])
def test_la_date_d_execution(decalage):
    with pytest.raises(ValidationError, match="date"):
        f.preparer(f.echeance(f.signee()), execution_le=f.jour(decalage))
    assert not Lot.objects.exists()


def test_jamais_un_samedi():
    with pytest.raises(ValueError, match="samedi"):
        virement.exiger_date(date(2027, 3, 13), date(2027, 3, 10))


def test_ce_qui_ne_se_met_pas_en_lot():
    """Chaque échéance refusée est nommée, avec la raison, et rien n'est écrit."""
    bonne = f.echeance(f.signee())
    sans_compte = f.echeance(f.signee(rib=False))
    suspendue = f.echeance(f.signee(), etat=Etat.SUSPENDU, motif="Contrôle")
    avenant = f.echeance(convention := f.signee())
    f.signer(convention)
    prise = f.echeance(f.signee())
    deja = f.preparer(prise)
    for mauvaise, raison in (
        (sans_compte, "pas de compte bancaire"),
        (suspendue, "Contrôle"),
        (avenant, "avenant signé"),
        (prise, f"déjà dans le lot {deja.reference}"),
    ):
        with pytest.raises(TransitionImpossible) as refus:
            f.preparer(bonne, mauvaise)
        assert mauvaise.reference in str(refus.value)
        assert raison in str(refus.value)
    assert Lot.objects.count() == 1
    with pytest.raises(TransitionImpossible, match="Aucune échéance"):
        f.preparer()


def test_retirer_renvoyer_abandonner():
    un, deux = f.echeance(f.signee()), f.echeance(f.signee())
    agent, autre = f.anct(), f.anct()
    lot = f.preparer(un, deux, par=agent)
    ligne = lots.retirer_ligne(lot.lignes.get(echeance=deux), motif="À vérifier d'abord.", par=agent)
    assert (ligne.etat, ligne.actif) == (EtatLigne.RETIREE, False)
    # Libre, elle entre dans un autre lot, sous un autre identifiant.
    suivant = f.preparer(deux)
    assert suivant.lignes.get().reference == f"{deux.reference}-2"
    lots.soumettre_lot(lot, par=agent)
    with pytest.raises(TransitionImpossible, match="plus en préparation"):
        lots.retirer_ligne(lot.lignes.get(actif=True), motif="À vérifier d'abord.", par=agent)
    lots.renvoyer_lot(lot, motif="La date tombe un jour férié.", par=autre)
    assert Courriel.objects.get(code="versements/lot_renvoye").destinataire == agent.utilisateur.email
    lots.soumettre_lot(lot, par=agent)
    lots.approuver_lot(lot, nombre=1, total=un.montant, par=autre)
    lots.abandonner_lot(lot, motif="Crédits non reçus.", par=autre)
    assert _etats(un, deux) == ["a_verser", "a_verser"]
    assert not lot.lignes.filter(actif=True).exists()
    assert Entree.objects.filter(action="desordonnancer_echeance").count() == 1


def test_approuver_ce_que_l_on_a_lu():
    convention = f.signee()
    un, deux = f.echeance(convention), f.echeance(f.signee())
    agent = f.anct()
    lot = lots.soumettre_lot(f.preparer(un, deux, par=agent), par=agent)
    # Pendant la lecture, un avenant remplace une échéance : sa ligne sort du lot.
    acte = f.signer(convention)
    with pytest.raises(TransitionImpossible, match="avenant signé"):
        lots.approuver_lot(lot, nombre=2, total=un.montant + deux.montant, par=f.anct())
    echeanciers.etablir_echeancier(acte, par=SYSTEME)
    retiree = lot.lignes.get(echeance=un)
    assert (retiree.etat, retiree.motif) == (EtatLigne.RETIREE, "Remplacée par l'avenant n° 1.")
    with pytest.raises(TransitionImpossible, match="a changé pendant votre lecture"):
        lots.approuver_lot(lot, nombre=2, total=un.montant + deux.montant, par=f.anct())
    assert lots.approuver_lot(lot, nombre=1, total=deux.montant, par=f.anct()).etat == EtatLot.APPROUVE


def test_un_compte_change_suit_dans_un_lot_non_approuve_et_arrete_l_export_d_un_lot_approuve():
    convention = f.signee()
    echeance = f.echeance(convention)
    agent = f.anct()
    lot = f.preparer(echeance, par=agent)

    def changer(iban):
        rib = ribs.proposer_rib(convention.structure, iban=iban, titulaire="Mairie", par=f.anct())
        return ribs.confirmer_rib(rib, par=f.anct())

    nouveau = changer(f.AUTRE_IBAN)
    assert lot.lignes.get().rib == nouveau
    lots.soumettre_lot(lot, par=agent)
    lots.approuver_lot(lot, nombre=1, total=echeance.montant, par=f.anct())
    changer(f.TROISIEME_IBAN)
    with pytest.raises(TransitionImpossible, match="Le compte a changé depuis l'approbation"):
        exports.exporter_lot(lot, par=agent)
    assert not default_storage.exists(exports.nom_du_fichier(lot))
    lots.abandonner_lot(lot, motif="Compte changé entre-temps.", par=agent)
    assert exports.exporter_lot(f.approuve(echeance), par=agent).etat == EtatLot.EXPORTE


def test_sans_payeur_rien_ne_s_exporte(settings):
    lot = f.approuve(f.echeance(f.signee()))
    settings.PAYEUR = {"iban": "", "bic": "", "nom": ""}
    with pytest.raises(TransitionImpossible, match="CONUM_PAYEUR_IBAN"):
        exports.exporter_lot(lot, par=f.anct())
    lot.refresh_from_db()
    assert lot.etat == EtatLot.APPROUVE


def test_une_panne_entre_le_fichier_et_l_enregistrement_se_rattrape_a_l_ecran(client, se_connecter, monkeypatch):
    """La transaction meurt une fois le fichier rangé : l'écran le dit, et recommencer rend les mêmes octets."""
    lot, agent = f.approuve(f.echeance(f.signee())), f.anct()
    ranges = []
    d_origine = default_storage.save

    def ranger_puis_mourir(nom, contenu, **options):
        ranges.append(d_origine(nom, contenu, **options))
        raise ConnectionError("la machine s'arrête")

    with monkeypatch.context() as panne:
        panne.setattr(default_storage, "save", ranger_puis_mourir)
        with pytest.raises(ConnectionError), transaction.atomic():
            exports.exporter_lot(lot, par=agent)
    lot.refresh_from_db()
    assert (lot.etat, lot.sha256, ranges) == (EtatLot.APPROUVE, "", [exports.nom_du_fichier(lot)])
    orphelin = coffre.dechiffrer(default_storage.open(ranges[0]).read(), settings.CLES_BANCAIRES)
    with pytest.raises(TransitionImpossible, match="n'a pas de fichier"):
        exports.fichier_du_lot(lot, par=agent)
    se_connecter(client, agent)
    page = client.get(_url("lot", agent, lot.pk)).content.decode()
    assert "Un export s’est interrompu" in page
    assert "Télécharger le fichier" not in page
    assert client.post(_url("exporter_lot", agent, lot.pk)).status_code == 302
    remis = client.post(_url("fichier_lot", agent, lot.pk)).content
    assert remis == orphelin
    # Un seul fichier dans le dépôt.
    assert [n for n in default_storage.listdir("versements/lots")[1] if n.startswith(lot.reference)] == [
        f"{lot.reference}.chiffre"
    ]


def test_abandonner_apres_une_panne_jette_le_fichier_orphelin():
    lot = f.approuve(f.echeance(f.signee()))
    default_storage.save(exports.nom_du_fichier(lot), ContentFile(b"orphelin"))
    assert exports.export_interrompu(lot)
    lots.abandonner_lot(lot, motif="Crédits non reçus.", par=f.anct())
    assert not default_storage.exists(exports.nom_du_fichier(lot))


def test_un_fichier_change_dans_le_depot_ne_se_rend_pas():
    lot = exports.exporter_lot(f.approuve(f.echeance(f.signee())), par=f.anct())
    with default_storage.open(lot.fichier.name, "wb") as fichier:
        fichier.write(coffre.chiffrer(b"<Document/>", settings.CLES_BANCAIRES))
    with pytest.raises(exports.FichierAltere):
        exports.fichier_du_lot(lot, par=f.anct())


def test_la_base_refuse_un_second_versement():
    echeance = f.echeance(f.signee())
    lot = f.lot_remis(echeance)
    ligne = lot.lignes.get()
    copie = {"echeance": echeance, "rib": ligne.rib, "montant": ligne.montant}
    autre = f.lot_remis()
    with pytest.raises(IntegrityError, match="ligne_lot_une_fois"), transaction.atomic():
        LigneLot.objects.create(lot=autre, reference="EC-X-2", **copie)
    # Payée, la ligne reste active : elle ne se libère pas.
    LigneLot.objects.filter(pk=ligne.pk).update(etat=EtatLigne.PAYEE)
    with pytest.raises(IntegrityError, match="ligne_lot_active"), transaction.atomic():
        LigneLot.objects.filter(pk=ligne.pk).update(actif=False)
    with pytest.raises(IntegrityError, match="ligne_lot_une_fois"), transaction.atomic():
        LigneLot.objects.create(lot=autre, reference="EC-X-2", **copie)


def test_une_echeance_en_lot_ne_se_suspend_pas():
    echeance = f.echeance(f.signee())
    lot = f.preparer(echeance)
    with pytest.raises(TransitionImpossible, match=lot.reference):
        echeances_actes.suspendre_echeance(echeance, motif="Contrôle en cours.", par=SYSTEME)


def test_clore_quand_la_banque_a_tout_dit():
    lot = f.lot_remis(f.echeance(f.signee()))
    with pytest.raises(TransitionImpossible, match="attend encore la banque"):
        lots.clore_lot(lot, par=f.anct())
    lot.lignes.update(etat=EtatLigne.PAYEE)
    assert lots.clore_lot(lot, par=f.anct()).etat == EtatLot.CLOS


def test_les_fichiers_s_effacent_apres_dix_ans():
    lot = exports.exporter_lot(f.approuve(f.echeance(f.signee())), par=f.anct())
    assert conservation.appliquer("fichiers de virements") == 0
    Lot.objects.update(exporte_le=timezone.now() - timedelta(days=3700))
    assert conservation.appliquer("fichiers de virements") == 1
    lot.refresh_from_db()
    assert (lot.fichier.name, len(lot.sha256)) == ("", 64)
    with pytest.raises(TransitionImpossible, match="conservation"):
        exports.fichier_du_lot(lot, par=f.anct())
