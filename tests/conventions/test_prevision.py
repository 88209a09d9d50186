"""Ce qu'un acte compte pour un poste : contrats réels, puis hypothèse ; au centime, quelle que soit l'histoire."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conum.comptes.rules import ajouter_mois
from conum.conventions.rules import Contrat, Convention, Nature, Poste, Statut, calculer_subvention, regle
from conum.conventions.rules.prevision import (
    CleDeLigne,
    Hypothese,
    PosteAFinancer,
    Suite,
    contrats_comptes,
    difference,
    prevoir_poste,
)

DEBUT = date(2027, 1, 15)
FIN = date(2030, 1, 15)
TROIS_ANS = Convention(DEBUT, FIN)
MARNE = Poste(Statut.PUBLIC, "51", zone_prioritaire=True)
BASE, V2 = regle("programme"), regle("v2-2023-01")
NON_POURVU = Hypothese(Suite.NON_POURVU)
EXEMPLES = settings(max_examples=40, deadline=None)


def prevoir(contrats=(), *, debut=DEBUT, fin=FIN, hypothese=None, convention=TROIS_ANS, regle=BASE):
    a_financer = PosteAFinancer(MARNE, debut, fin, tuple(contrats), hypothese or Hypothese())
    return prevoir_poste(a_financer, convention, regle)


def test_sans_contrat_le_poste_est_suppose_pourvu_du_premier_jour_finance():
    finance = Convention(DEBUT, FIN, date(2027, 3, 1))
    prevision = prevoir(convention=finance)
    assert prevision.contrats == (Contrat(date(2027, 3, 1), FIN),)
    assert prevision.total == prevision.plafond == Decimal("50000.00")


def test_non_pourvu_sans_contrat_ne_finance_rien_et_garde_son_plafond():
    prevision = prevoir(hypothese=NON_POURVU)
    assert (prevision.total, prevision.plafond) == (0, 50_000)
    assert sum(x.jours_vacants for x in prevision.lignes) == 731


def test_la_vacance_entre_deux_contrats_reste_due_meme_si_la_reprise_est_supposee_plus_tot():
    reels = [Contrat(DEBUT, date(2027, 6, 1)), Contrat(date(2027, 6, 11), date(2027, 9, 1))]
    for hypothese in (Hypothese(), Hypothese(Suite.POURVU, date(2027, 6, 2))):
        prevision = prevoir(reels, hypothese=hypothese)
        assert prevision.plafond - prevision.total == Decimal("683.99")  # 50 000 × 10 ÷ 731


def test_une_reprise_datee_coute_les_jours_d_ici_la():
    reels = [Contrat(DEBUT, date(2027, 6, 1))]
    prevision = prevoir(reels, hypothese=Hypothese(Suite.POURVU, date(2027, 6, 11)))
    assert sum(x.jours_vacants for x in prevision.lignes) == 10


def test_un_poste_rendu_a_son_plafond_coupe():
    rendu = prevoir(fin=date(2028, 1, 15))
    assert rendu.total == rendu.plafond
    assert sum(x.jours for x in rendu.lignes) == 365
    assert rendu.total == calculer_subvention(MARNE, [Contrat(DEBUT, date(2028, 1, 15))], TROIS_ANS, BASE).total


def test_un_poste_ajoute_commence_ses_tranches_a_son_entree():
    ajoute = prevoir(debut=date(2027, 7, 1))
    assert ajoute.total == Decimal("50000.00")
    assert min(t.debut for t in ajoute.subvention.tranches) == date(2027, 7, 1)


def test_un_cdi_couvre_tout_et_n_appelle_pas_d_hypothese():
    assert contrats_comptes(PosteAFinancer(MARNE, DEBUT, FIN, (Contrat(DEBUT),)), TROIS_ANS) == (Contrat(DEBUT, FIN),)


def test_le_renouvellement_se_range_par_annee_nature_et_tranche():
    lignes = prevoir(regle=V2).lignes
    assert sum(x.montant for x in lignes if x.nature == Nature.BASE) == 42_500
    assert sum(x.montant for x in lignes if x.nature == Nature.BONIFICATION) == 7_500
    assert {(x.annee, x.tranche) for x in lignes if x.nature == Nature.BASE} == {
        (2027, 1), (2028, 1), (2028, 2), (2029, 2), (2029, 3), (2030, 3)
    }  # fmt: skip
    assert len({x[:3] for x in lignes}) == len(lignes)


jours = st.integers(min_value=-200, max_value=1300).map(lambda n: DEBUT + timedelta(days=n))


@st.composite
def histoires(draw):
    """Des contrats qui se suivent sans se chevaucher, une période de poste, une hypothèse, une règle."""
    bornes = sorted(draw(st.lists(jours, min_size=0, max_size=8, unique=True)))
    contrats = [Contrat(a, b) for a, b in zip(bornes[::2], bornes[1::2], strict=False)]
    debut = DEBUT + timedelta(days=draw(st.integers(0, 600)))
    fin = min(debut + timedelta(days=draw(st.integers(1, 1200))), FIN)
    suite = draw(st.sampled_from(list(Suite)))
    reprise = draw(st.none() | jours) if suite == Suite.POURVU else None
    finance = DEBUT + timedelta(days=draw(st.integers(0, 90)))
    return {
        "contrats": contrats, "debut": debut, "fin": fin, "hypothese": Hypothese(suite, reprise),
        "convention": Convention(DEBUT, FIN, finance), "regle": draw(st.sampled_from([BASE, V2])),
    }  # fmt: skip


@given(histoires())
@EXEMPLES
def test_les_lignes_font_le_total_et_le_plafond_le_borne(histoire):
    prevision = prevoir(**histoire)
    pleine = prevoir(**histoire | {"contrats": [Contrat(histoire["debut"], histoire["fin"])]})
    assert sum(x.montant for x in prevision.lignes) == prevision.subvention.total == prevision.total
    assert sum(x.plafond for x in prevision.lignes) == prevision.plafond == pleine.total
    assert 0 <= prevision.total <= prevision.plafond <= prevision.subvention.plafond
    for x in prevision.lignes:
        assert x.montant >= 0
        assert x.jours >= 0
        assert x.jours_vacants >= 0
    base = [x for x in prevision.lignes if x.nature == Nature.BASE]
    assert sum(x.jours + x.jours_vacants for x in base) == pleine.subvention.jours_finances


@given(histoires())
@EXEMPLES
def test_l_hypothese_ne_touche_pas_ce_qui_est_deja_vecu(histoire):
    sans = prevoir(**histoire | {"hypothese": NON_POURVU})
    avec = prevoir(**histoire)
    assert sans.total <= avec.total
    assert set(sans.contrats) <= set(avec.contrats)


@given(histoires(), st.integers(1, 400))
@EXEMPLES
def test_couper_un_contrat_en_deux_ne_change_rien(histoire, decalage):
    coupes = []
    for c in histoire["contrats"]:
        milieu = c.debut + timedelta(days=decalage)
        coupes += [Contrat(c.debut, milieu), Contrat(milieu, c.fin)] if milieu < c.fin else [c]
    assert prevoir(**histoire | {"contrats": coupes[::-1]}).lignes == prevoir(**histoire).lignes


@given(histoires(), histoires())
@EXEMPLES
def test_la_difference_fait_l_ecart_des_totaux(avant, apres):
    """Deux actes sur une même convention : la somme des écarts est l'écart des sommes."""
    actes = [prevoir(**h) for h in (avant, apres)]
    lignes = [[(CleDeLigne(1, x.annee, x.nature.value, x.tranche), x.montant) for x in a.lignes] for a in actes]
    comparaison = difference(*lignes)
    assert (comparaison.avant, comparaison.apres) == (actes[0].total, actes[1].total)
    assert comparaison.ecart == actes[1].total - actes[0].total
    assert sum(x.ecart for x in comparaison.changees) == comparaison.ecart
    assert [x.cle for x in comparaison.lignes] == sorted({cle for cote in lignes for cle, _ in cote})


@pytest.mark.parametrize("mois", [12, 24, 36])
def test_la_duree_du_poste_dit_son_plafond(mois):
    assert prevoir(fin=ajouter_mois(DEBUT, mois)).total == prevoir(fin=ajouter_mois(DEBUT, mois)).plafond
