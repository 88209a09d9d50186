"""Le rapport d'équité ; et la preuve que le genre n'est ni lu, ni demandé, ni enregistré."""

import re
from dataclasses import fields
from datetime import date

import pytest

from conum.recrutement.actions import passes
from conum.recrutement.models import Candidat
from conum.recrutement.rules import equite
from conum.recrutement.rules.appariement.marche import Besoins, Candidats
from tests.recrutement.fabriques import CandidatFactory, recrutement

GENRE = re.compile(r"genre|sexe|civilite|gender|sex|madame|monsieur|homme|femme|titre_civil", re.IGNORECASE)


def test_ce_qui_est_publie_est_exactement_ce_que_lit_le_calcul():
    assert set(equite.LUES_DES_POSTES) == {champ.name for champ in fields(Besoins)}
    assert set(equite.LUES_DES_CANDIDATS) == {champ.name for champ in fields(Candidats)}
    lues = equite.donnees_lues()
    assert len(lues["postes"]) == len(fields(Besoins))
    assert len(lues["candidats"]) == len(fields(Candidats))


def test_aucun_champ_ne_porte_le_genre():
    noms = [champ.name for classe in (Besoins, Candidats) for champ in fields(classe)]
    noms += [champ.name for champ in Candidat._meta.get_fields()]
    libelles = [str(getattr(champ, "verbose_name", "")) for champ in Candidat._meta.get_fields()]
    assert [nom for nom in noms + libelles if GENRE.search(nom)] == []
    assert any("genre" in phrase for phrase in equite.JAMAIS_LUES)


@pytest.mark.parametrize(
    ("jours", "cle"),
    [
        (0, "30"),
        (29, "30"),
        (30, "90"),
        (89, "90"),
        (90, "180"),
        (180, "365"),
        (364, "365"),
        (365, "plus"),
        (5_000, "plus"),
    ],
)
def test_les_tranches_d_anciennete_n_ont_ni_trou_ni_recouvrement(jours, cle):
    jour = date(2026, 11, 25)
    assert equite.tranche(date.fromordinal(jour.toordinal() - jours), jour) == cle


def test_repartir_additionne_dans_l_ordre_et_omet_les_vides():
    lignes = equite.repartir([("b", 2, 1), ("a", 1, 0), ("b", 3, 3), ("z", 1, 1)], {"a": "A", "b": "B", "c": "C"})
    assert [(x["cle"], x["libelle"], x["total"], x["servis"]) for x in lignes] == [
        ("a", "A", 1, 0), ("b", "B", 5, 4), ("z", "z", 1, 1),
    ]  # fmt: skip


@pytest.mark.django_db
def test_le_passage_garde_son_rapport():
    recrutement(postes=2), recrutement(code="51230")
    CandidatFactory(mobilite_km=5, en_emploi=True)
    CandidatFactory(mobilite_km=10)
    CandidatFactory(mobilite_km=5, latitude=-20.0, longitude=55.0)
    rapport = passes.lancer().equite
    assert {(x["cle"], x["total"], x["servis"]) for x in rapport["postes_par_departement"]} == {("51", 3, 2)}
    assert {(x["libelle"], x["total"], x["servis"]) for x in rapport["candidats_par_mobilite"]} == {
        ("5 km", 2, 1), ("10 km", 1, 1),
    }  # fmt: skip
    situations = {x["cle"]: (x["total"], x["servis"]) for x in rapport["candidats_par_situation"]}
    assert situations == {"en_recherche": (3, 2), "en_emploi": (1, 1)}
    assert [(x["cle"], x["total"]) for x in rapport["postes_par_anciennete"]] == [("30", 3)]
    assert {x["cle"] for x in rapport["postes_par_statut"]} <= set(equite.STATUTS)
    assert rapport["donnees"] == equite.donnees_lues()
