"""Les règles du contrat sur des dates et des montants quelconques."""

from datetime import date, timedelta
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from conum.postes.rules import contrat as regles
from conum.postes.rules import delais
from conum.postes.rules.smic import METROPOLE, smic_mensuel

JOURS = st.dates(date(2021, 1, 1), date(2026, 12, 31))
MONTANTS = st.decimals(Decimal("0.01"), Decimal("6000"), places=2)


@settings(max_examples=60)
@given(JOURS, MONTANTS)
def test_le_plancher_est_le_smic_du_jour(jour, salaire):
    refuse = bool(regles.verifier_salaire(salaire, jour, METROPOLE))
    assert refuse == (salaire < smic_mensuel(jour))


@settings(max_examples=60)
@given(JOURS, st.integers(-50, 50))
def test_un_cdd_finit_apres_son_debut(debut, duree):
    fautes = regles.verifier_dates(regles.CDD, debut, debut + timedelta(days=duree))
    assert bool(fautes) == (duree < 0)


@settings(max_examples=60)
@given(JOURS, st.integers(0, 90))
def test_une_rupture_va_du_debut_a_deux_mois(aujourdhui, avance):
    quand = aujourdhui + timedelta(days=avance)
    fautes = regles.verifier_rupture(
        date_rupture=quand, motif="demission", debut=aujourdhui, fin=None, aujourdhui=aujourdhui
    )
    assert bool(fautes) == (quand > delais.plus_mois(aujourdhui, 2))


@settings(max_examples=60)
@given(JOURS, st.integers(0, 48))
def test_des_mois_ajoutes_se_retrouvent(jour, mois):
    plus = delais.plus_mois(jour, mois)
    assert (plus.year - jour.year) * 12 + plus.month - jour.month == mois
    assert plus.day <= jour.day


def test_un_contrat_de_projet_dure_d_un_an_a_six():
    debut = date(2026, 1, 1)
    assert not regles.verifier_dates(regles.PROJET, debut, date(2026, 12, 31))
    assert "au moins un an" in regles.verifier_dates(regles.PROJET, debut, date(2026, 12, 30))[0].message
    assert "au plus six ans" in regles.verifier_dates(regles.PROJET, debut, date(2032, 1, 1))[0].message


def test_chaque_motif_dit_ses_pieces():
    for motif in regles.MOTIFS_RUPTURE:
        exigees = regles.pieces_exigees(motif)
        assert exigees
        assert not regles.pieces_manquantes(motif, exigees)
        assert len(regles.pieces_manquantes(motif, ())) == len(exigees)
