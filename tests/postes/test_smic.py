"""La table datée du SMIC : chaque relèvement, ses bornes, ses refus."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conum.postes.rules import smic


@pytest.mark.parametrize(
    ("jour", "montant"),
    [
        (date(2021, 1, 1), "1554.58"),
        (date(2021, 9, 30), "1554.58"),
        (date(2021, 10, 1), "1589.47"),
        (date(2022, 1, 1), "1603.12"),
        (date(2022, 5, 1), "1645.58"),
        (date(2022, 8, 1), "1678.95"),
        (date(2023, 1, 1), "1709.28"),
        (date(2023, 5, 1), "1747.20"),
        (date(2024, 1, 1), "1766.92"),
        (date(2024, 11, 1), "1801.80"),
        (date(2025, 12, 31), "1801.80"),
        (date(2026, 1, 1), "1823.03"),
        (date(2026, 6, 1), "1867.02"),
    ],
)
def test_le_smic_de_chaque_date(jour, montant):
    assert smic.smic_mensuel(jour) == Decimal(montant)


def test_mayotte_a_le_sien():
    assert smic.smic_mensuel(date(2026, 6, 1), smic.MAYOTTE) == Decimal("1449.93")
    assert smic.territoire_du_departement("976") == smic.MAYOTTE
    assert smic.territoire_du_departement("974") == smic.METROPOLE


@pytest.mark.parametrize(
    ("jour", "territoire", "phrase"),
    [
        (date(2020, 12, 31), "metropole", "la table commence au 01/01/2021"),
        (date(2099, 1, 1), "metropole", "n'est pas encore connu"),
        (date(2024, 1, 1), "lune", "n'est pas connu pour le territoire « lune »"),
    ],
)
def test_une_date_ou_un_territoire_inconnu_est_refuse(jour, territoire, phrase):
    with pytest.raises(smic.SmicInconnu, match=phrase):
        smic.smic_mensuel(jour, territoire)


def test_la_nouvelle_caledonie_fixe_le_sien():
    with pytest.raises(smic.SmicInconnu, match="Nouvelle-Calédonie"):
        smic.territoire_du_departement("988")


@settings(max_examples=50)
@given(st.dates(date(2021, 1, 1), date(2027, 12, 30)), st.sampled_from([smic.METROPOLE, smic.MAYOTTE]))
def test_le_smic_ne_baisse_jamais(jour, territoire):
    assert smic.smic_mensuel(jour, territoire) <= smic.smic_mensuel(jour + timedelta(days=1), territoire)
    assert smic.smic_mensuel(jour, smic.MAYOTTE) < smic.smic_mensuel(jour)


def test_un_montant_mal_recopie_est_refuse_au_chargement():
    with pytest.raises(smic.TableInvalide, match=r"1867\.20 écrit, 1867\.02 calculé"):
        smic.charger(smic.FICHIER.read_text(encoding="utf-8").replace("1867.02", "1867.20"))


def test_chaque_montant_dit_d_ou_il_vient():
    assert all(m.source for montants in smic.table().montants.values() for m in montants)
