"""Des milliers de courriels d'un coup : les mêmes lignes, une fois par clé, la relève les envoie."""

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from procrastinate.contrib.django.models import ProcrastinateJob

from conum.courriels import actions
from conum.courriels.actions import Envoi, HorsTransaction, mettre_en_file_en_masse
from conum.courriels.emails import Essai
from conum.courriels.models import Courriel
from conum.courriels.states import Etat
from tests.comptes.fabriques import RegionFactory

essai = Essai(depuis="l’été")


def _envois(nombre):
    region = RegionFactory()
    return [Envoi(essai, a=f"a{i}@exemple.fr", objet=region, cle=f"masse:{i}") for i in range(nombre)]


@pytest.mark.django_db
def test_une_ligne_par_envoi_et_aucun_travail():
    envois = _envois(3)
    assert mettre_en_file_en_masse(envois) == 3
    assert not ProcrastinateJob.objects.exists()
    assert set(Courriel.objects.order_by("pk").values_list("objet_type", flat=True)) == {"territoires.Region"}


@pytest.mark.django_db
def test_une_cle_deja_prise_n_ecrit_rien():
    envois = _envois(3)
    mettre_en_file_en_masse(envois[:2])
    assert mettre_en_file_en_masse(envois) == 1
    assert Courriel.objects.count() == 3


@pytest.mark.django_db
def test_une_adresse_refusee_n_arrete_pas_les_autres(monkeypatch):
    dits = []
    monkeypatch.setattr(actions.logger, "warning", lambda phrase, *valeurs: dits.append(phrase % valeurs))
    envois = _envois(2)
    fausse = Envoi(essai, a="pas une adresse", objet=envois[0].objet, cle="masse:fausse")
    assert mettre_en_file_en_masse([envois[0], fausse, envois[1]]) == 2
    assert "masse:fausse" in dits[0]


@pytest.mark.django_db(transaction=True)
def test_hors_transaction_rien_n_est_ecrit():
    with pytest.raises(HorsTransaction):
        mettre_en_file_en_masse(_envois(1))
    assert not Courriel.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_la_releve_les_prend(monkeypatch):
    pris = []
    monkeypatch.setattr(actions, "transmettre", lambda courriel: pris.append(courriel.destinataire))
    with transaction.atomic():
        mettre_en_file_en_masse(_envois(2))
    actions.relever()
    assert sorted(pris) == ["a0@exemple.fr", "a1@exemple.fr"]
    assert set(Courriel.objects.order_by("pk").values_list("etat", flat=True)) == {Etat.ENVOYE}


@pytest.mark.django_db
def test_le_nombre_de_requetes_ne_suit_pas_le_nombre():
    with CaptureQueriesContext(connection) as capture:
        mettre_en_file_en_masse(_envois(200))
    assert len(capture) < 8
