"""Payer les organismes : leur compte à deux personnes, leurs états dans un lot, une fois, et ce qu'en dit la banque."""

from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, connection, transaction
from django.test import override_settings
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from conum.comptes.second_facteur import AUTHENTICATION_METHODS_SESSION_KEY
from conum.courriels.models import Courriel
from conum.formations.models import EtatRecapitulatif
from conum.journal.models import Entree
from conum.journal.workflow import TransitionImpossible
from conum.versements.actions import exports, lots, ribs
from conum.versements.actions.paiements_etats import Paiement, payables, sommes, valides
from conum.versements.models import LigneLot, Lot, Rib
from conum.versements.states import EtatLigne, EtatLot, EtatRib
from tests.aides import ensemble
from tests.demandes.fabriques import prefecture_de
from tests.formations import fabriques_base as fb
from tests.formations import fabriques_etats as e
from tests.versements import fabriques as f
from tests.versements import fabriques_retours as r
from tests.versements.test_retours import _importer

pytestmark = pytest.mark.django_db
D = Decimal
SAISIE = {"iban": f.IBAN, "titulaire": "La Fabrik SCOP", "bic": ""}


@pytest.fixture(autouse=True)
def depot(tmp_path, settings):
    dossier = {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": str(tmp_path)}}
    with override_settings(STORAGES={**settings.STORAGES, "default": dossier}):
        yield tmp_path


def adresse(nom, role, *arguments) -> str:
    return reverse(f"versements:{nom}", args=[role.pk, *arguments])


def compte(organisme, **champs) -> Rib:
    """Un compte actif, comme `f.compte` pour une structure."""
    agent = fb.role_organisme(organisme)
    rib = ribs.proposer_rib(organisme, par=agent, **(SAISIE | champs))
    return ribs.confirmer_rib(rib, par=f.anct())


def a_payer(**session) -> EtatRecapitulatif:
    """Un état validé de 70 €, dont l'organisme a un compte."""
    etat = e.valide(**session)
    if not etat.organisme.ribs.filter(etat=EtatRib.ACTIF).exists():
        compte(etat.organisme)
    return etat


def paiement(etat) -> str:
    return valides().get(pk=etat.pk).paiement


def approuve(etat, *echeances) -> Lot:
    preparateur = f.anct()
    lot = lots.preparer_lot(
        execution_le=f.ouvrable(), etats=[etat.pk], echeances=[x.pk for x in echeances], par=preparateur
    )
    lots.soumettre_lot(lot, par=preparateur)
    total = etat.total + sum((x.montant for x in echeances), D(0))
    return lots.approuver_lot(lot, nombre=1 + len(echeances), total=total, par=f.anct())


def remis(etat, *echeances) -> Lot:
    return exports.exporter_lot(approuve(etat, *echeances), par=f.anct())


# --- Le compte de l'organisme ---


def test_l_organisme_saisit_son_compte_une_autre_personne_le_confirme(client, se_connecter):
    chez = fb.organisme()
    agent, collegue, anct = fb.role_organisme(chez), fb.role_organisme(chez), f.anct()
    se_connecter(client, agent)
    assert client.get(adresse("mon_compte", agent))["Location"] == adresse("rib_organisme", agent, chez.pk)
    page = client.get(adresse("rib_organisme", agent, chez.pk)).content.decode()
    assert "rien ne peut être versé à cet organisme" in page
    session = client.session
    session[AUTHENTICATION_METHODS_SESSION_KEY][-1]["at"] -= 301
    session.save()
    saisir = adresse("saisir_rib_organisme", agent, chez.pk)
    assert client.get(saisir)["Location"].startswith(reverse("mfa_reauthenticate"))
    assert client.post(saisir, SAISIE)["Location"].startswith(reverse("mfa_reauthenticate"))
    assert not Rib.objects.exists()
    se_connecter(client, agent)
    assert 'value="La Fabrik"' in client.get(saisir).content.decode()
    assert client.post(saisir, SAISIE)["Location"] == adresse("rib_organisme", agent, chez.pk)
    rib = Rib.objects.get()
    assert (rib.organisme, rib.structure, rib.etat) == (chez, None, EtatRib.PROPOSE)
    codes = set(Courriel.objects.filter(destinataire=collegue.utilisateur.email).values_list("code", flat=True))
    assert codes == {"versements/rib_propose"}

    se_connecter(client, anct)
    assert "La Fabrik" in client.get(adresse("ribs", anct)).content.decode()
    confirmer = adresse("confirmer_rib", anct, rib.pk)
    assert "FR76 3000 6000" in client.post(confirmer, {"afficher": "oui"}).content.decode()
    client.post(confirmer, {"iban": "on", "titulaire": "on"})
    rib.refresh_from_db()
    assert (rib.etat, rib.confirme_par) == (EtatRib.ACTIF, anct.utilisateur)
    page = client.get(adresse("rib_organisme", anct, chez.pk)).content.decode()
    assert "0189" in page
    assert f.IBAN not in page


def test_le_compte_d_un_autre_ne_se_lit_ni_ne_se_saisit(client, se_connecter):
    chez = fb.organisme()
    rib = ribs.proposer_rib(chez, par=fb.role_organisme(chez), **SAISIE)
    autre = fb.role_organisme(fb.organisme("Francil’In"))
    se_connecter(client, autre)
    for nom, cle in (("rib_organisme", chez.pk), ("saisir_rib_organisme", chez.pk), ("refuser_rib", rib.pk)):
        assert client.get(adresse(nom, autre, cle)).status_code == 404
    assert client.get(adresse("confirmer_rib", autre, rib.pk)).status_code == 403
    de = fb.inscription()
    for role in (fb.employeur(de), prefecture_de(de.commune.departement)):
        se_connecter(client, role)
        assert client.get(adresse("rib_organisme", role, chez.pk)).status_code == 403
        assert client.get(adresse("paiements_etats", role)).status_code == 403
        with pytest.raises(PermissionDenied):
            ribs.proposer_rib(chez, par=role, **SAISIE)
    with pytest.raises(PermissionDenied):
        ribs.proposer_rib(chez, par=autre, **SAISIE)
    anct = f.anct()
    ribs.proposer_rib(chez, par=anct, iban=f.AUTRE_IBAN, titulaire="La Fabrik")
    with pytest.raises(PermissionDenied):
        ribs.confirmer_rib(Rib.objects.latest("pk"), par=anct)


def test_un_compte_a_un_seul_beneficiaire():
    etat = a_payer()
    structure = f.signee().structure
    rib = etat.organisme.ribs.get(etat=EtatRib.ACTIF)
    for champs in ({"structure": structure}, {"organisme": None}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Rib.objects.filter(pk=rib.pk).update(**champs)


# --- Dans un lot ---


def test_un_lot_melange_subventions_et_etats(client, se_connecter):
    etat = a_payer()
    convention = f.signee()
    echeance = f.echeance(convention)
    preparateur, approbateur = f.anct(), f.anct()
    se_connecter(client, preparateur)
    page = client.get(adresse("preparer_lot", preparateur)).content.decode()
    assert "États de formation validés : 1" in page
    envoi = {"execution_le": f.ouvrable().isoformat(), "departement": "", "contenu": "tout"}
    client.post(adresse("preparer_lot", preparateur), envoi)
    lot = Lot.objects.get()
    references = {x.reference for x in lot.lignes.all()}
    assert references == {f"{etat.reference}-1", f"{echeance.reference}-1"}
    page = client.get(adresse("lot", preparateur, lot.pk)).content.decode()
    assert "La Fabrik" in page
    assert reverse("formations:etat", args=[preparateur.pk, etat.pk]) in page
    assert paiement(etat) == Paiement.EN_LOT
    client.post(adresse("soumettre_lot", preparateur, lot.pk))
    lus = {"nombre": "2", "total": "1070.00"}
    client.post(adresse("approuver_lot", preparateur, lot.pk), lus)
    assert Lot.objects.get().etat == EtatLot.A_APPROUVER
    se_connecter(client, approbateur)
    client.post(adresse("approuver_lot", approbateur, lot.pk), lus)
    client.post(adresse("exporter_lot", approbateur, lot.pk))
    xml = client.post(adresse("fichier_lot", approbateur, lot.pk)).content.decode()
    assert f"<EndToEndId>{etat.reference}-1</EndToEndId>" in xml
    assert "<Nm>La Fabrik SCOP</Nm>" in xml
    assert "<CtrlSum>1070.00</CtrlSum>" in xml


def test_le_contenu_du_lot_se_choisit(client, se_connecter):
    etat = a_payer()
    f.echeance(f.signee())
    agent = f.anct()
    se_connecter(client, agent)
    envoi = {"execution_le": f.ouvrable().isoformat(), "departement": ""}
    client.post(adresse("preparer_lot", agent), envoi)
    client.post(adresse("preparer_lot", agent), envoi | {"contenu": "etats"})
    lignes = LigneLot.objects.order_by("pk")
    assert [x.etat_recapitulatif_id for x in lignes] == [None, etat.pk]
    page = client.post(adresse("preparer_lot", agent), envoi | {"contenu": "tout"}).content.decode()
    assert "Aucune échéance ni aucun état" in page


def test_jamais_deux_fois():
    etat = a_payer()
    lot = approuve(etat)
    ligne = lot.lignes.get()
    with pytest.raises(TransitionImpossible, match=rf"{etat.reference} \(dans un lot\)"):
        lots.preparer_lot(execution_le=f.ouvrable(), etats=[etat.pk], par=f.anct())
    autre = f.preparer(f.echeance(f.signee()))
    with pytest.raises(IntegrityError), transaction.atomic():
        LigneLot.objects.create(
            lot=autre, etat_recapitulatif=etat, rib=ligne.rib, montant=etat.total, reference="ER-DOUBLE-1"
        )
    with pytest.raises(IntegrityError), transaction.atomic():
        LigneLot.objects.filter(pk=ligne.pk).update(etat_recapitulatif=None)
    with pytest.raises(IntegrityError), transaction.atomic():
        LigneLot.objects.filter(pk=ligne.pk).update(echeance=autre.lignes.get().echeance)


@pytest.mark.django_db(transaction=True)
def test_deux_lots_prepares_ensemble_un_seul_prend_l_etat():
    etat = a_payer()
    un, deux = f.anct(), f.anct()

    def preparer(par):
        return lambda: lots.preparer_lot(execution_le=f.ouvrable(), etats=[etat.pk], par=par)

    resultats = ensemble(preparer(un), preparer(deux))
    assert sorted(type(x).__name__ for x in resultats) == ["Lot", "TransitionImpossible"]
    assert LigneLot.objects.get().etat_recapitulatif == etat


def test_ni_sans_compte_ni_avant_validation():
    valide, transmis = e.valide(), e.transmis(fb.organisme("Francil’In"))
    for etat, raison in ((valide, "aucun compte confirmé"), (transmis, "À valider par l'ANCT")):
        with pytest.raises(TransitionImpossible, match=raison):
            lots.preparer_lot(execution_le=f.ouvrable(), etats=[etat.pk], par=f.anct())
    assert not LigneLot.objects.exists()


def test_un_compte_change_suit_le_lot_qui_n_est_pas_approuve():
    etat = a_payer()
    agent = f.anct()
    lot = lots.preparer_lot(execution_le=f.ouvrable(), etats=[etat.pk], par=agent)
    nouveau = compte(etat.organisme, iban=f.AUTRE_IBAN)
    assert lot.lignes.get().rib == nouveau
    ribs.retirer_rib(nouveau, motif="Compte clos par la banque.", par=f.anct())
    with pytest.raises(TransitionImpossible, match=rf"Ne se paient plus : {etat.reference} \(aucun compte confirmé\)"):
        lots.soumettre_lot(lot, par=agent)


def test_abandonne_l_etat_est_de_nouveau_a_payer():
    etat = a_payer()
    lots.abandonner_lot(approuve(etat), motif="Date à revoir.", par=f.anct())
    assert paiement(etat) == Paiement.A_PAYER
    lot = lots.preparer_lot(execution_le=f.ouvrable(), etats=[etat.pk], par=f.anct())
    assert lot.lignes.get().reference == f"{etat.reference}-2"


# --- Ce que dit la banque ---


def test_payes_ou_rejetes_par_la_banque(client, se_connecter):
    etat = a_payer()
    echeance = f.echeance(f.signee())
    lot = remis(etat, echeance)
    ligne = lot.lignes.get(etat_recapitulatif=etat)
    agent = fb.role_organisme(etat.organisme)
    _importer(r.pain002((ligne.reference, "RJCT", "70.00", "AC04"), (f"{echeance.reference}-1", "ACSC", "1000.00", "")))
    ligne.refresh_from_db()
    assert (ligne.etat, ligne.actif, paiement(etat)) == (EtatLigne.REJETEE, False, Paiement.REJETE)
    rejet = Courriel.objects.get(destinataire=agent.utilisateur.email, code="versements/paiement_rejete")
    assert "Compte clos" in rejet.texte
    lot.refresh_from_db()
    assert lot.etat == EtatLot.CLOS
    # Rejeté, il se remet dans un autre lot ; payé, plus jamais.
    assert payables().filter(pk=etat.pk).exists()
    encore = remis(etat)
    _importer(r.pain002((f"{etat.reference}-2", "ACSC", "70.00", "")))
    payee = encore.lignes.get()
    assert (payee.etat, payee.payee_le, paiement(etat)) == (EtatLigne.PAYEE, f.jour(), Paiement.PAYE)
    assert not payables().exists()
    with pytest.raises(TransitionImpossible, match=r"\(payé\)"):
        lots.preparer_lot(execution_le=f.ouvrable(), etats=[etat.pk], par=f.anct())
    assert Courriel.objects.filter(destinataire=agent.utilisateur.email, code="versements/etat_paye").count() == 1
    actions = list(Entree.objects.de_l_objet(etat).order_by("pk").values_list("action", flat=True))
    assert actions[-2:] == ["constater_rejet_paiement", "constater_paiement"]
    assert sommes() == {"valide": D("70.00"), "paye": D("70.00")}
    se_connecter(client, agent)
    page = client.get(adresse("paiements_etats", agent)).content.decode()
    assert etat.reference in page
    assert "Payé" in page
    anct = f.anct()
    se_connecter(client, anct)
    assert "Formation des conseillers, hors subventions" in client.get(adresse("budget", anct)).content.decode()


def test_une_ligne_se_rapproche_a_la_main(client, se_connecter):
    etat = a_payer()
    lot = remis(etat)
    retour = _importer(r.pain002(("INCONNUE-1", "ACSC", "70.00", "")))
    ligne = retour.lignes.get()
    agent = f.anct()
    se_connecter(client, agent)
    page = client.get(adresse("ligne_retour", agent, ligne.pk) + "?recherche=fabrik").content.decode()
    assert f"{etat.reference}-1" in page
    client.post(adresse("ligne_retour", agent, ligne.pk), {"cle": str(lot.lignes.get().pk)})
    assert paiement(etat) == Paiement.PAYE
    assert (
        reverse("formations:etat", args=[agent.pk, etat.pk])
        in client.get(adresse("ligne_retour", agent, ligne.pk)).content.decode()
    )


def test_chacun_les_paiements_des_siens(client, se_connecter):
    etat = a_payer()
    autre = fb.role_organisme(fb.organisme("Francil’In"))
    se_connecter(client, autre)
    assert etat.reference not in client.get(adresse("paiements_etats", autre)).content.decode()
    anct = f.anct()
    se_connecter(client, anct)

    def requetes() -> int:
        with CaptureQueriesContext(connection) as faites:
            assert client.get(adresse("paiements_etats", anct)).status_code == 200
        return len(faites)

    requetes()
    avant = requetes()
    e.valide(fb.organisme("Francil’In"))
    assert requetes() == avant
