"""Règles de la demande : fonctions pures."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conum.demandes import rules

AUJOURDHUI = date(2026, 11, 23)
CORRECTE = {
    "postes": 3,
    "type_poste": "conseiller",
    "debut": AUJOURDHUI,
    "motivation": "Un besoin réel dans nos villages.",
    "coches": list(rules.ENGAGEMENTS_CONSEILLER),
    "aujourdhui": AUJOURDHUI,
}


def _champs(**changements):
    return [e.champ for e in rules.verifier_demande(**{**CORRECTE, **changements})]


def test_une_demande_complete_est_recevable():
    assert _champs() == []


@pytest.mark.parametrize(
    ("changements", "champ"),
    [
        ({"postes": 0}, "postes_demandes"),
        ({"postes": -3}, "postes_demandes"),
        ({"postes": 31}, "postes_demandes"),
        ({"postes": None}, "postes_demandes"),
        ({"debut": AUJOURDHUI - timedelta(days=1)}, "debut_souhaite"),
        ({"debut": None}, "debut_souhaite"),
        ({"motivation": "  court   "}, "motivation"),
        ({"motivation": "x" * 2_501}, "motivation"),
        ({"coches": list(rules.ENGAGEMENTS_CONSEILLER)[1:]}, "engagements"),
        ({"coches": []}, "engagements"),
    ],
)
def test_chaque_donnee_fausse_nomme_son_champ(changements, champ):
    assert _champs(**changements) == [champ]


def test_un_coordinateur_se_demande_un_par_un_avec_ses_engagements():
    coches = list(rules.ENGAGEMENTS_COORDINATEUR)
    assert _champs(type_poste="coordinateur", postes=1, coches=coches) == []
    assert _champs(type_poste="coordinateur", postes=2, coches=coches) == ["postes_demandes"]
    assert _champs(type_poste="coordinateur", postes=1) == ["engagements"]


@pytest.mark.parametrize(("longueur", "recevable"), [(9, False), (10, True), (1_000, True), (1_001, False)])
def test_le_motif_d_un_avis_fait_de_10_a_1000_caracteres(longueur, recevable):
    assert (rules.verifier_avis("x" * longueur) == []) is recevable


@pytest.mark.parametrize(
    ("jours", "rappels", "retard"),
    [(0, 0, False), (6, 0, False), (7, 1, False), (14, 2, False), (15, 2, True), (400, 2, True)],
)
def test_les_rappels_et_le_retard_se_comptent_depuis_le_depot(jours, rappels, retard):
    depot = AUJOURDHUI - timedelta(days=jours)
    assert rules.rappels_dus(depot, AUJOURDHUI) == rappels
    assert rules.est_en_retard(depot, AUJOURDHUI) is retard


@given(st.integers(0, 40), st.integers(-5, 5_000), st.integers(-5, 5_000))
def test_on_n_attribue_jamais_plus_que_la_plus_petite_limite(demandes, national, departement):
    attribuables = rules.postes_attribuables(demandes, national, departement)
    assert attribuables >= 0
    assert attribuables <= max(0, demandes)
    assert attribuables <= max(0, national)
    assert attribuables <= max(0, departement)
