"""Le montant d'une ligne : à la minute, au centime, et jamais plus que le prix."""

from datetime import date
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from conum.formations.rules.etats import (
    ZERO,
    Acquis,
    Prix,
    au_centime,
    calculer_certification,
    calculer_formation,
    est_acheve,
    mois_suivant,
)

D = Decimal
PRIX = st.decimals(min_value=D("0.01"), max_value=D("99999.99"), places=2)


def test_au_prorata_des_minutes():
    calcul = calculer_formation(Prix(D("3850"), "acte 12"), 385 * 60, 420, Acquis())
    assert calcul.montant == D("70.00")
    assert any("420 min ÷ 23100 min" in phrase for phrase in calcul.trace)
    assert any("acte 12" in phrase for phrase in calcul.trace)


def test_la_moitie_de_centime_va_au_dessus():
    assert [au_centime(D(x)) for x in ("0.005", "0.015", "0.0149")] == [D("0.01"), D("0.02"), D("0.01")]


def test_le_dernier_mois_prend_le_reste():
    prix = Prix(D("100"), "acte")
    un = calculer_formation(prix, 3, 1, Acquis()).montant
    deux = calculer_formation(prix, 3, 1, Acquis(1, un)).montant
    trois = calculer_formation(prix, 3, 1, Acquis(2, un + deux)).montant
    assert (un, deux, trois) == (D("33.33"), D("33.33"), D("33.34"))


def test_au_dela_du_parcours_rien():
    calcul = calculer_formation(Prix(D("100"), "acte"), 60, 90, Acquis(60, D("100")))
    assert calcul.montant == ZERO
    assert any("au-delà du parcours" in phrase for phrase in calcul.trace)


def test_ce_qui_est_suivi_ailleurs_est_a_un_autre():
    calcul = calculer_formation(Prix(D("100"), "acte"), 100, 60, Acquis(minutes_ailleurs=40))
    assert calcul.montant == D("60.00")


def test_sans_prix_pas_de_montant():
    assert calculer_formation(None, 60, 30, Acquis()).montant is None
    assert calculer_certification(None, date(2026, 10, 1)).montant is None


@given(PRIX, st.integers(1, 30_000), st.lists(st.integers(1, 3_000), max_size=14), st.integers(0, 5_000))
def test_la_somme_des_mois_ne_depasse_jamais_le_prix(prix, parcours, mois, ailleurs):
    acquis = Acquis(minutes_ailleurs=ailleurs)
    for minutes in mois:
        montant = calculer_formation(Prix(prix, "acte"), parcours, minutes, acquis).montant
        assert montant >= 0
        assert montant == au_centime(montant)
        acquis = Acquis(acquis.minutes + minutes, acquis.montant + montant, ailleurs)
    part = au_centime(prix * max(parcours - ailleurs, 0) / parcours)
    assert acquis.montant <= part <= prix
    if acquis.minutes >= parcours - ailleurs and mois:
        # Le parcours fini, tout le prix est gagné, pas un centime de moins.
        assert acquis.montant == part


def test_un_mois_est_acheve_le_premier_du_suivant():
    assert mois_suivant(date(2026, 12, 1)) == date(2027, 1, 1)
    assert not est_acheve(date(2026, 12, 1), date(2026, 12, 31))
    assert est_acheve(date(2026, 12, 1), date(2027, 1, 1))
