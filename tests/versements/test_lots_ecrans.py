"""Échéances et lots par les écrans : chacun les siens, un acte par page, des listes qui ne grandissent pas."""

from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from conum.comptes.second_facteur import AUTHENTICATION_METHODS_SESSION_KEY
from conum.journal.acteurs import SYSTEME
from conum.versements.actions import echeances as echeances_actes
from conum.versements.actions import echeanciers, lots
from conum.versements.models import Echeance, LigneLot, Lot
from conum.versements.states import Etat, EtatLot
from tests.aides import analyser
from tests.comptes.fabriques import DepartementFactory, RoleFactory
from tests.versements import fabriques as f

pytestmark = pytest.mark.django_db
D = Decimal


def _etats(*echeances):
    return list(Echeance.objects.filter(pk__in=[e.pk for e in echeances]).order_by("pk").values_list("etat", flat=True))


def _url(nom, role, *arguments):
    return reverse(f"versements:{nom}", args=[role.pk, *arguments])


def test_un_lot_par_les_ecrans(client, se_connecter):
    for _ in range(3):
        f.echeance(f.signee())
    preparateur, approbateur = f.anct(), f.anct()
    se_connecter(client, preparateur)
    page = client.get(_url("echeances", preparateur)).content.decode()
    assert _url("preparer_lot", preparateur) in page
    envoi = {"execution_le": f.jour(-1).isoformat(), "departement": ""}
    assert "est passée" in client.post(_url("preparer_lot", preparateur), envoi).content.decode()
    reponse = client.post(_url("preparer_lot", preparateur), envoi | {"execution_le": f.ouvrable().isoformat()})
    lot = Lot.objects.get()
    assert reponse["Location"] == _url("lot", preparateur, lot.pk)
    ligne = lot.lignes.order_by("pk")[0]
    client.post(_url("retirer_ligne", preparateur, lot.pk, ligne.pk), {"motif": "À vérifier d'abord."})
    client.post(_url("soumettre_lot", preparateur, lot.pk))
    page = client.get(_url("lot", preparateur, lot.pk)).content.decode()
    assert "une autre personne de l’ANCT l’approuve" in page
    assert _url("approuver_lot", preparateur, lot.pk) not in page
    lus = {"nombre": "2", "total": "2000.00"}
    # Même forcé, le bouton ne passe pas.
    client.post(_url("approuver_lot", preparateur, lot.pk), lus)
    assert Lot.objects.get().etat == EtatLot.A_APPROUVER

    se_connecter(client, approbateur)
    page = client.get(_url("lot", approbateur, lot.pk)).content.decode()
    assert 'name="nombre" value="2"' in page
    assert 'name="total" value="2000.00"' in page
    session = client.session
    session[AUTHENTICATION_METHODS_SESSION_KEY][-1]["at"] -= 301
    session.save()
    reponse = client.post(_url("approuver_lot", approbateur, lot.pk), lus)
    assert reponse["Location"].startswith(reverse("mfa_reauthenticate"))
    assert Lot.objects.get().etat == EtatLot.A_APPROUVER
    se_connecter(client, approbateur)
    client.post(_url("approuver_lot", approbateur, lot.pk), lus)
    assert Lot.objects.get().etat == EtatLot.APPROUVE
    client.post(_url("exporter_lot", approbateur, lot.pk))
    reponse = client.post(_url("fichier_lot", approbateur, lot.pk))
    assert reponse["Content-Disposition"] == f'attachment; filename="{lot.reference}.xml"'
    # La liste téléchargée est masquée.
    fichier = b"".join(client.get(_url("lot", approbateur, lot.pk), {"format": "csv"}).streaming_content).decode()
    assert fichier.count("0189") == 3
    assert f.IBAN not in fichier
    # Page périmée : une phrase, pas une erreur.
    page = client.post(
        _url("abandonner_lot", approbateur, lot.pk), {"motif": "Trop tard, déjà remis."}
    ).content.decode()
    assert "Remis à la banque" in page


def test_chaque_role_lit_son_echeancier(client, se_connecter):
    convention = f.signee()
    echeanciers.etablir_echeancier(convention.actes.get(), par=SYSTEME)
    echeance = convention.echeances.get(rang=1)
    membre, agent = f.membre_de(convention.structure), f.anct()
    marne = RoleFactory(prefecture=True, departement=convention.departement)
    for role in (membre, agent, marne):
        se_connecter(client, role)
        page = client.get(_url("convention", role, convention.pk)).content.decode()
        assert echeance.reference in page
        assert "tranche 1" in client.get(_url("echeance", role, echeance.pk)).content.decode()
        assert ("•••• 0189" in page) == (role != marne)
    se_connecter(client, membre)
    page = client.get(_url("mes_versements", membre)).content.decode()
    assert convention.reference in page
    assert "0189" in page
    assert client.get(_url("echeances", membre)).status_code == 403
    for role in (RoleFactory(prefecture=True, departement=DepartementFactory(code="67", nom="Bas-Rhin")),
                 f.membre_de(f.signee().structure)):  # fmt: skip
        se_connecter(client, role)
        assert client.get(_url("convention", role, convention.pk)).status_code == 404
        assert client.get(_url("echeance", role, echeance.pk)).status_code == 404


def test_les_actes_d_une_echeance_par_les_ecrans(client, se_connecter):
    convention, agent = f.signee(phase="v1"), f.anct()
    se_connecter(client, agent)
    assert "L’établir maintenant" in client.get(_url("convention", agent, convention.pk)).content.decode()
    client.post(_url("etablir", agent, convention.pk))
    echeance = convention.echeances.get()
    page = client.get(_url("echeances", agent), {"onglet": "bloquees"}).content.decode()
    assert echeance.reference in page
    assert "Sans date" in page
    client.post(_url("fixer_date", agent, echeance.pk), {"le": f.jour(5).isoformat()})
    moitie = str(echeance.montant / 2)
    envoi = {"le_1": f.jour(5).isoformat(), "montant_1": moitie, "le_2": f.jour(50).isoformat(), "montant_2": "1"}
    assert "au centime" in client.post(_url("decouper", agent, echeance.pk), envoi).content.decode()
    client.post(_url("decouper", agent, echeance.pk), envoi | {"montant_2": moitie})
    assert convention.echeances.count() == 2
    client.post(_url("suspendre", agent, echeance.pk), {"motif": "Contrôle en cours."})
    client.post(_url("reprendre", agent, echeance.pk))
    assert _etats(echeance) == ["prevu"]
    demande = echeances_actes.demander_reversement(convention, montant=D(10), motif="Emploi non prouvé.", par=agent)
    client.post(_url("constater_reversement", agent, demande.pk), {"le": f.jour().isoformat(), "reference": "V1"})
    demande.refresh_from_db()
    assert demande.etat == Etat.REVERSEMENT_RECU
    page = client.post(
        _url("annuler_reversement", agent, demande.pk), {"motif": "Trop tard maintenant."}
    ).content.decode()
    assert "n&#x27;est plus possible" in page


def test_les_listes_ne_grandissent_pas_en_questions(client, se_connecter):
    agent = f.anct()
    se_connecter(client, agent)
    lot = f.preparer(f.echeance(f.signee()))
    adresses = [_url("echeances", agent) + "?onglet=toutes", _url("lot", agent, lot.pk), _url("lots", agent)]

    def questions():
        nombres = []
        for adresse in adresses:
            with CaptureQueriesContext(
                connection,
            ) as lues:
                assert client.get(adresse).status_code == 200
            nombres.append(len(lues))
        return nombres

    questions()
    avant = questions()
    for _ in range(4):
        echeance = f.echeance(f.signee())
        LigneLot.objects.create(
            lot=lot,
            echeance=echeance,
            rib=echeance.convention.structure.ribs.get(),
            montant=1,
            reference=str(echeance.pk),
        )
        f.preparer(f.echeance(f.signee()))
    assert questions() == avant


def test_trois_mille_lignes():
    """Préparer, présenter, approuver : en masse, pas ligne à ligne."""
    convention = f.signee()
    modele = f.echeance(convention)
    Echeance.objects.bulk_create(
        Echeance(
            convention=convention, acte=modele.acte, poste=modele.poste, rang=i, montant=D("12.34"), etat=Etat.A_VERSER,
            prevue_le=f.jour(),
        )
        for i in range(2, 3_001)
    )  # fmt: skip
    analyser()
    agent = f.anct()
    cles = list(Echeance.objects.values_list("pk", flat=True))
    with CaptureQueriesContext(connection) as lues:
        lot = lots.preparer_lot(execution_le=f.ouvrable(), echeances=cles, par=agent)
        lots.soumettre_lot(lot, par=agent)
        total = lots.somme(lot.lignes.all())
        lots.approuver_lot(lot, nombre=3_000, total=total, par=f.anct())
    assert len(lues) < 80
    assert Echeance.objects.filter(etat=Etat.ORDONNANCE).count() == 3_000
