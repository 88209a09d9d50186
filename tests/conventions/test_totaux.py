"""Des milliers de postes : quelle que soit la façon de sommer, le même total au centime."""

from decimal import Decimal

import pytest

from conum.conventions.management.histoires import tirer
from conum.conventions.management.mesures import FACONS, calculer, totaux

NOMBRE = 600


@pytest.fixture(scope="module")
def calculees():
    return calculer(tirer(NOMBRE))


def test_les_histoires_sont_variees_et_reproductibles(calculees):
    assert [h for h, _ in calculees] == list(tirer(NOMBRE))
    assert {h.regle.code for h, _ in calculees} == {"v1-2021-03", "v2-2023-01", "programme"} - {"programme"}
    assert any(s.jours_vacants for _, s in calculees)
    assert any(s.total == s.plafond for _, s in calculees)
    assert any(s.bonification for _, s in calculees)


@pytest.mark.parametrize("facon", FACONS)
def test_chaque_facon_de_sommer_donne_le_meme_total(calculees, facon):
    attendu = sum((s.total for _, s in calculees), Decimal(0))
    assert sum(totaux(calculees, facon).values()) == attendu
    assert attendu == sum((e.montant for _, s in calculees for e in s.echeances), Decimal(0))


def test_le_detail_d_une_structure_par_annee_fait_son_total(calculees):
    (premiere, _), *_ = calculees
    siennes = [(h, s) for h, s in calculees if h.structure == premiere.structure]
    assert sum(totaux(siennes, "annee").values()) == totaux(calculees, "structure")[premiere.structure]
