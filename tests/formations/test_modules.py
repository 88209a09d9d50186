"""La formation continue : le quota expliqué, demander dedans et au-delà, répondre, et chacun ne voit que les siens."""

from datetime import date

import pytest
import time_machine
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from conum.courriels.models import Courriel
from conum.formations.actions import modules as actes
from conum.formations.models import InscriptionModule
from conum.formations.states import Etat, EtatModule
from conum.journal.models import Entree
from conum.journal.workflow import TransitionImpossible
from tests.aides import ensemble
from tests.comptes.fabriques import RoleFactory
from tests.formations import fabriques_base as f
from tests.formations import fabriques_parcours as p

pytestmark = pytest.mark.django_db
JOUR = date(2026, 6, 10)


@pytest.fixture(autouse=True)
def _en_juin():
    """Un jour au milieu d'une année : les quotas d'une année civile ne dépendent pas du jour de l'essai."""
    with time_machine.travel(JOUR):
        yield


def adresse(nom, role, *arguments) -> str:
    return reverse(f"formations:{nom}", args=[role.pk, *arguments])


@pytest.fixture
def dispensee():
    """Une personne dispensée : un module par année civile. Son rôle, et l'organisme qui donne les modules."""
    de = f.inscription(etat=Etat.DISPENSEE)
    p.dispense(de)
    return de, f.role_conseiller(de), f.organisme("La Mednum")


def demander(role, code="cybersecurite", *, jour=None, chez=None, **champs):
    chez = chez or f.organisme("La Mednum")
    return actes.demander_module(code=code, jour=jour or f.jour(20), organisme=chez, par=role, **champs)


def poster(client, role, code, *, jour=None, chez=None, **champs):
    saisi = {"jour": (jour or f.jour(20)).isoformat(), "organisme": (chez or f.organisme("La Mednum")).pk, **champs}
    return client.post(adresse("demander_module", role, code), saisi, follow=True).content.decode()


def test_le_quota_s_explique_et_le_module_au_dela_se_dit_avant_et_apres(client, se_connecter, dispensee):
    _, conseiller, chez = dispensee
    agent = f.role_organisme(chez)
    se_connecter(client, conseiller)
    page = client.get(adresse("mes_modules", conseiller)).content.decode()
    assert "1 module pris en charge à suivre jusqu’au 31/12/2026" in page
    assert "L’État annonce 17 modules ; 7 sont nommés" in page
    assert "Animer un Café IA" in page
    assert "Hors quota" in page
    assert "habilitée Aidants Connect" in page

    page = poster(client, conseiller, "cybersecurite")
    assert "Pris en charge. Année 2026 : 1 sur 1." in page
    premier = InscriptionModule.objects.get()
    assert (premier.etat, premier.organisme) == (EtatModule.DEMANDE, chez)
    assert [e.action for e in Entree.objects.de_l_objet(premier)] == ["demander_module"]
    courriel = Courriel.objects.get(code="formations/module_demande")
    assert courriel.destinataire == agent.utilisateur.email
    assert adresse("module", agent, premier.pk) in courriel.texte

    # Au-delà du quota : dit avant, à accepter, dit après.
    page = client.get(adresse("demander_module", conseiller, "handicap")).content.decode()
    assert "quota atteint (1 sur 1). Un module de plus ne serait pas pris en charge." in page
    assert "J’ai compris" in page
    page = poster(client, conseiller, "handicap", jour=f.jour(30))
    assert page.count("Le quota est atteint : ce module n’est pas pris en charge.") >= 2
    assert InscriptionModule.objects.count() == 1
    page = poster(client, conseiller, "handicap", jour=f.jour(30), sans_prise_en_charge="on")
    assert "Pas pris en charge." in page
    assert InscriptionModule.objects.count() == 2
    # « Café IA » reste pris en charge.
    page = client.get(adresse("demander_module", conseiller, "cafe-ia")).content.decode()
    assert "J’ai compris" not in page
    assert "en plus du quota" in poster(client, conseiller, "cafe-ia")


def test_un_module_plus_tot_peut_en_priver_un_autre_et_se_dit(dispensee):
    _, conseiller, _ = dispensee
    demander(conseiller, jour=f.jour(60))
    with pytest.raises(ValidationError, match="« Cybersécurité », déjà demandé, ne serait plus pris en charge"):
        demander(conseiller, "handicap", jour=f.jour(5))
    demander(conseiller, "handicap", jour=f.jour(5), sans_prise_en_charge=True)
    demander(conseiller, "handicap", jour=date(2027, 2, 1))


def test_l_entree_en_formation_ouvre_deux_modules_la_premiere_annee(client, se_connecter):
    de = f.inscription(etat=Etat.EN_FORMATION)
    f.place(f.session(debut=f.jour(-3)), de)
    conseiller = f.role_conseiller(de)
    se_connecter(client, conseiller)
    page = client.get(adresse("mes_modules", conseiller)).content.decode()
    assert "Première année : 2 modules pris en charge" in page
    assert "en formation initiale depuis le 7 juin 2026" in page


def test_ni_entree_ni_dispensee_la_phrase_le_dit(client, se_connecter):
    phrase = "Il faut être entré en formation initiale, ou en être dispensé"
    a_venir = f.inscription(etat=Etat.INSCRITE)
    f.place(f.session(debut=f.jour(5)), a_venir)
    deposee = f.inscription()
    p.dispense(deposee, etat="deposee")
    for de in (f.inscription(), a_venir, deposee):
        conseiller = f.role_conseiller(de)
        se_connecter(client, conseiller)
        page = client.get(adresse("mes_modules", conseiller)).content.decode()
        assert phrase in page
        assert adresse("demander_module", conseiller, "handicap") not in page
        assert phrase in client.get(adresse("demander_module", conseiller, "handicap")).content.decode()
        with pytest.raises(TransitionImpossible, match=phrase):
            demander(conseiller)
    assert not InscriptionModule.objects.exists()


@pytest.mark.parametrize(
    ("champs", "phrase"),
    [
        ({"jour": date(2026, 6, 9)}, "Choisissez une date à venir"),
        ({"jour": date(2030, 1, 1)}, "dans les deux ans"),
        ({"organisme": ""}, "Choisissez l’organisme."),
    ],
)
def test_une_demande_impossible_se_dit_pres_du_champ(client, se_connecter, dispensee, champs, phrase):
    _, conseiller, chez = dispensee
    se_connecter(client, conseiller)
    organisme = champs.pop("organisme", chez.pk)
    page = poster(client, conseiller, "handicap", **champs, organisme=organisme)
    assert phrase in page
    assert not InscriptionModule.objects.exists()


def test_ni_deux_fois_ni_inconnu_ni_chez_un_organisme_ferme(client, se_connecter, dispensee):
    _, conseiller, chez = dispensee
    demander(conseiller)
    with pytest.raises(ValidationError, match="déjà demandé pour ce jour"):
        demander(conseiller)
    with pytest.raises(ValidationError, match="pas au catalogue"):
        demander(conseiller, "poterie")
    se_connecter(client, conseiller)
    assert client.get(adresse("demander_module", conseiller, "poterie")).status_code == 404
    chez.ferme_le = f.jour(-1)
    chez.save()
    assert "n’accueille plus" in poster(client, conseiller, "handicap", chez=chez)
    with pytest.raises(ValidationError, match="n’accueille plus"):
        demander(conseiller, "handicap", chez=chez)


def test_l_organisme_accepte_refuse_et_dit_suivi(client, se_connecter, dispensee):
    _, conseiller, chez = dispensee
    agent = f.role_organisme(chez)
    module, refuse = demander(conseiller), demander(conseiller, "cafe-ia")
    se_connecter(client, agent)
    page = client.get(adresse("module", agent, module.pk)).content.decode()
    assert "Accepter" in page
    assert "Dire suivi" not in page
    page = client.post(adresse("accepter_module", agent, module.pk), follow=True).content.decode()
    assert "Le module est accepté." in page
    assert Courriel.objects.get(code="formations/module_accepte").destinataire == conseiller.utilisateur.email
    page = client.post(adresse("constater_module", agent, module.pk), follow=True).content.decode()
    assert "n’est pas encore suivi" in page
    with time_machine.travel(date(2026, 7, 1)):
        se_connecter(client, agent)
        assert "Dire suivi" in client.get(adresse("module", agent, module.pk)).content.decode()
        assert "dit suivi" in client.post(adresse("constater_module", agent, module.pk), follow=True).content.decode()
    se_connecter(client, agent)
    refus = adresse("refuser_module", agent, refuse.pk)
    assert "au moins 10 caractères" in client.post(refus, {"motif": "non"}).content.decode()
    client.post(refus, {"motif": "Le groupe est complet."})
    assert "Le groupe est complet." in Courriel.objects.get(code="formations/module_refuse").texte
    refuse.refresh_from_db()
    assert (refuse.etat, refuse.motif) == (EtatModule.REFUSE, "Le groupe est complet.")
    assert "plus possible" in client.post(refus, {"motif": "Le groupe est complet."}).content.decode()
    # Refusé, il ne compte plus.
    assert len(actes.situation_de(conseiller.utilisateur_id).decomptes) == 1


def test_annuler_rend_le_quota(client, se_connecter, dispensee):
    _, conseiller, _ = dispensee
    module = demander(conseiller)
    assert actes.situation_de(conseiller.utilisateur_id).droits.restants == 0
    se_connecter(client, conseiller)
    page = client.post(adresse("annuler_module", conseiller, module.pk), follow=True).content.decode()
    assert "Le quota est rendu." in page
    assert actes.situation_de(conseiller.utilisateur_id).droits.restants == 1
    with pytest.raises(TransitionImpossible):
        actes.annuler_module(module, par=conseiller)


def test_chacun_les_siens(client, se_connecter, dispensee):
    de, conseiller, _ = dispensee
    module = demander(conseiller)
    autre = f.inscription()
    voient = {f.employeur(de), f.anct(), RoleFactory(prefecture=True)}
    intrus = {
        f.employeur(autre): 404,
        f.role_conseiller(autre): 404,
        f.role_organisme(f.organisme("Francil’In")): 404,
    }
    for role in voient:
        se_connecter(client, role)
        assert client.get(adresse("module", role, module.pk)).status_code == 200
        assert adresse("module", role, module.pk) in client.get(adresse("modules", role)).content.decode()
    for role, code in intrus.items():
        se_connecter(client, role)
        assert client.get(adresse("module", role, module.pk)).status_code == code
        with pytest.raises(PermissionDenied):
            actes.accepter_module(module, par=role)
        with pytest.raises(PermissionDenied):
            actes.annuler_module(module, par=role)
    employeur = f.employeur(de)
    se_connecter(client, employeur)
    assert client.post(adresse("accepter_module", employeur, module.pk)).status_code == 403
    for acte in (actes.accepter_module, actes.constater_module, actes.annuler_module):
        with pytest.raises(PermissionDenied):
            acte(module, par=employeur)
    with pytest.raises(PermissionDenied):
        demander(employeur)
    with pytest.raises(PermissionDenied):
        actes.refuser_module(module, motif="Dix caractères.", par=conseiller)
    assert "Cybersécurité" in client.get(adresse("inscription", employeur, de.pk)).content.decode()


def test_la_liste_ne_croit_pas(client, se_connecter, dispensee):
    _, conseiller, _ = dispensee
    demander(conseiller)
    agent = f.anct()
    se_connecter(client, agent)
    with CaptureQueriesContext(connection) as peu:
        page = client.get(adresse("modules", agent)).content.decode()
    assert "Année 2026 : 1 sur 1." in page
    for _ in range(2):
        autre = f.inscription(etat=Etat.DISPENSEE)
        p.dispense(autre)
        demander(f.role_conseiller(autre))
    with CaptureQueriesContext(connection) as plus:
        client.get(adresse("modules", agent))
    assert len(plus) == len(peu)
    fichier = b"".join(client.get(adresse("modules", agent), {"format": "csv"}).streaming_content).decode()
    assert fichier.count("Année 2026 : 1 sur 1.") == 3
    assert "Aucun module ici." in client.get(adresse("modules", agent), {"etat": "refuse"}).content.decode()


@pytest.mark.django_db(transaction=True)
def test_deux_onglets_le_second_voit_le_quota_pris(dispensee):
    _, conseiller, _ = dispensee
    issues = ensemble(lambda: demander(conseiller), lambda: demander(conseiller, "handicap"))
    assert {type(i) for i in issues} == {InscriptionModule, ValidationError}, issues


def test_un_module_disparu_du_catalogue_ne_fait_rien_tomber(client, se_connecter, dispensee):
    _, conseiller, chez = dispensee
    InscriptionModule.objects.create(personne=conseiller.utilisateur, code="poterie", jour=f.jour(9), organisme=chez)
    se_connecter(client, conseiller)
    page = client.get(adresse("mes_modules", conseiller)).content.decode()
    assert "n’est pas au catalogue de sa date" in page
    assert "1 module pris en charge" in page
