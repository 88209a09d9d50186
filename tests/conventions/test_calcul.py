"""Le calcul de la subvention : jour par jour, au centime, quelle que soit la façon de compter."""

from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conum.comptes.rules import ajouter_mois
from conum.conventions.rules import (
    Contrat,
    Convention,
    ConventionInvalide,
    Nature,
    Phase,
    Poste,
    RegleInconnue,
    Statut,
    calculer_subvention,
    regle,
    regle_au,
)
from conum.conventions.rules.arrondi import arrondir, en_centimes, repartir, repartir_au_prorata

PUBLIC, PRIVE = Statut.PUBLIC, Statut.PRIVE
MARNE = Poste(PUBLIC, "51")
DEBUT = date(2027, 1, 15)
TROIS_ANS = Convention(DEBUT, date(2030, 1, 15))
BASE = regle("programme")
V2 = regle("v2-2023-01")
EXEMPLES = settings(max_examples=40, deadline=None)


def calculer(contrats, poste=MARNE, convention=TROIS_ANS, regle=BASE):
    return calculer_subvention(poste, contrats, convention, regle)


# --- Exemples ---------------------------------------------------------------------------------------------------------


def test_un_poste_occupe_deux_ans_recoit_tout_meme_si_la_personne_reste():
    subvention = calculer([Contrat(DEBUT)])
    assert subvention.total == subvention.plafond == Decimal("50000.00")
    assert subvention.jours_finances == 731  # 2028 est bissextile
    assert max(x.fin for x in subvention.lignes) == date(2029, 1, 15)


def test_dix_jours_de_vacance_coutent_dix_jours():
    complet = calculer([Contrat(DEBUT)])
    perce = calculer([Contrat(DEBUT, date(2027, 6, 1)), Contrat(date(2027, 6, 11))])
    assert complet.jours_finances - perce.jours_finances == perce.jours_vacants == 10
    assert complet.total - perce.total == Decimal("683.99")  # 50 000 × 10 ÷ 731


def test_le_renouvellement_est_degressif_et_bonifie():
    poste = Poste(PUBLIC, "51", zone_prioritaire=True)
    subvention = calculer([Contrat(DEBUT)], poste=poste, regle=V2)
    assert subvention.par_annee_de_financement() == {1: 20_000, 2: 17_500, 3: 12_500}
    assert subvention.totaux(lambda x: x.tranche.nature) == {Nature.BASE: 42_500, Nature.BONIFICATION: 7_500}
    assert [(e.date, e.montant) for e in subvention.echeances] == [
        (date(2027, 1, 15), 20_000),
        (date(2028, 1, 15), 17_500),
        (date(2029, 1, 15), 12_500),
    ]


def test_une_annee_pleine_ne_depasse_jamais_sa_part_au_centime():
    fin = date(2028, 3, 7)  # la deuxième année s'arrête en route
    subvention = calculer([Contrat(DEBUT, fin)], poste=Poste(PRIVE, "51"), regle=V2)
    assert subvention.par_annee_de_financement()[1] == Decimal("20000.00")
    assert subvention.echeances[0].montant == Decimal("20000.00")
    assert subvention.echeances[2].montant == 0


def test_l_echeancier_inconnu_est_dit_et_non_invente():
    (seule,) = calculer([Contrat(DEBUT)]).echeances
    assert seule.date is None
    assert seule.montant == 50_000
    assert "n’est pas publié" in seule.note


def test_un_montant_unique_s_etale_quand_la_regle_le_permet():
    v1 = regle("v1-2021-03")
    debut = date(2021, 9, 1)
    convention = Convention(debut, date(2024, 9, 1), etalement_mois=36)
    etale = calculer([Contrat(debut)], convention=convention, regle=v1)
    assert etale.total == 50_000
    assert etale.par_annee_de_financement().keys() == {1, 2, 3}
    with pytest.raises(ConventionInvalide, match="18 mois et ne s’étale pas"):
        calculer([Contrat(debut)], poste=Poste(PRIVE, "51"), convention=convention, regle=v1)
    with pytest.raises(ConventionInvalide, match="sur 36 au plus"):
        calculer([], convention=Convention(debut, date(2024, 9, 1), etalement_mois=12), regle=v1)


def test_sans_contrat_rien_n_est_du():
    assert calculer([]).total == 0
    assert calculer([Contrat(date(2031, 1, 1))]).total == 0


def test_les_jours_hors_de_la_convention_ne_sont_pas_finances():
    resiliee = Convention(DEBUT, date(2028, 1, 15))
    subvention = calculer([Contrat(date(2026, 1, 1))], convention=resiliee)
    assert subvention.jours_finances == 365
    assert subvention.total == Decimal("24965.80")  # 50 000 × 365 ÷ 731 = 24 965,800…


def test_le_financement_peut_commencer_apres_la_convention():
    convention = Convention(DEBUT, date(2030, 1, 15), financement=date(2027, 3, 1))
    subvention = calculer([Contrat(date(2027, 3, 1))], convention=convention)
    assert subvention.total == 50_000
    assert subvention.lignes[0].debut == date(2027, 3, 1)


@pytest.mark.parametrize(
    ("convention", "phrase"),
    [
        (Convention(DEBUT, date(2030, 1, 16)), "36 mois"),
        (Convention(DEBUT, DEBUT), "avant d’avoir commencé"),
        (Convention(DEBUT, date(2030, 1, 15), financement=date(2027, 1, 14)), "pendant la convention"),
        (Convention(DEBUT, date(2030, 1, 15), financement=date(2030, 1, 15)), "pendant la convention"),
    ],
)
def test_une_convention_hors_de_la_regle_est_refusee(convention, phrase):
    with pytest.raises(ConventionInvalide, match=phrase):
        calculer([Contrat(DEBUT)], convention=convention)


def test_un_cas_inconnu_ne_donne_aucun_chiffre():
    with pytest.raises(RegleInconnue, match="Rien n’est calculé"):
        calculer([Contrat(DEBUT)], poste=Poste(PUBLIC, "987"))


def test_un_service_civique_n_ouvre_pas_droit_a_l_aide():
    with pytest.raises(ConventionInvalide, match="service civique"):
        calculer([Contrat(DEBUT, type="service_civique")])


def test_la_trace_d_une_ligne_suffit_a_la_refaire():
    for x in calculer([Contrat(DEBUT)]).lignes:
        exact = Fraction(x.tranche.montant) * x.part
        assert abs(Fraction(x.montant) - exact) < Fraction(1, 100)
        assert x.tranche.sources
        assert x.mois.day == 1


# --- Propriétés -------------------------------------------------------------------------------------------------------

jours = st.dates(date(2023, 1, 1), date(2029, 12, 31))
postes = st.sampled_from(
    [MARNE, Poste(PRIVE, "51"), Poste(PUBLIC, "51", zone_prioritaire=True), Poste(PRIVE, "75", zone_prioritaire=True)]
)
phases = st.sampled_from(list(Phase))


@st.composite
def situations(draw):
    """Un poste, sa convention et des contrats quelconques (qui se chevauchent, débordent, manquent)."""
    debut = draw(jours)
    mois = draw(st.integers(1, 36))
    convention = Convention(debut, ajouter_mois(debut, mois))
    contrats = []
    for _ in range(draw(st.integers(0, 4))):
        entree = debut + timedelta(days=draw(st.integers(-60, 1_100)))
        duree = draw(st.one_of(st.none(), st.integers(1, 700)))
        contrats.append(Contrat(entree, entree + timedelta(days=duree) if duree else None))
    return draw(postes), contrats, convention, regle_au(debut, draw(phases))


@EXEMPLES
@given(situations())
def test_jamais_negatif_jamais_au_dessus_et_les_lignes_font_le_total(situation):
    s = calculer_subvention(*situation)
    assert 0 <= s.total <= s.plafond
    assert min(x.montant for x in s.lignes) >= 0
    for cle in (lambda x: x.tranche, lambda x: x.mois, lambda x: x.annee, lambda x: x.debut.year, lambda x: 0):
        assert sum(s.totaux(cle).values()) == s.total
    assert sum(e.montant for e in s.echeances) == s.total
    for tranche, montant in s.totaux(lambda x: x.tranche).items():
        assert montant <= tranche.montant
    exact = sum(Fraction(x.tranche.montant) * x.part for x in s.lignes)
    assert abs(Fraction(s.total) - exact) <= Fraction(1, 200)
    assert all(x.montant == 0 for x in s.lignes if x.jours == 0)


@EXEMPLES
@given(situations(), st.data())
def test_couper_un_contrat_ou_changer_l_ordre_ne_change_rien(situation, data):
    poste, contrats, convention, version = situation
    reference = calculer_subvention(poste, contrats, convention, version)
    coupes = []
    for c in contrats:
        fin = c.fin or convention.fin + timedelta(days=1)
        if (fin - c.debut).days > 1:
            coupe = c.debut + timedelta(days=data.draw(st.integers(1, (fin - c.debut).days - 1)))
            coupes += [Contrat(c.debut, coupe), Contrat(coupe, c.fin)]
        else:
            coupes.append(c)
    coupes = data.draw(st.permutations(coupes))
    autre = calculer_subvention(poste, coupes, convention, version)
    assert autre.lignes == reference.lignes
    assert autre.total == reference.total


@EXEMPLES
@given(postes, jours, phases, st.data())
def test_une_vacance_de_n_jours_coute_exactement_n_jours(poste, debut, phase, data):
    version = regle_au(debut, phase)
    convention = Convention(debut, ajouter_mois(debut, 36))
    plein = calculer_subvention(poste, [Contrat(debut)], convention, version)
    tranche = data.draw(st.sampled_from(plein.tranches))
    depart = data.draw(st.integers(0, tranche.jours - 1))
    n = data.draw(st.integers(1, tranche.jours - depart))
    vide = tranche.debut + timedelta(days=depart), tranche.debut + timedelta(days=depart + n)
    contrats = [c for c in (Contrat(debut, vide[0]), Contrat(vide[1])) if c.fin is None or c.debut < c.fin]
    perce = calculer_subvention(poste, contrats, convention, version)
    touchees = [t for t in plein.tranches if t.numero == tranche.numero]
    perdu = sum(Fraction(t.montant) * n / t.jours for t in touchees)
    assert perce.jours_vacants == n
    attendu = Decimal(arrondir((Fraction(plein.total) - perdu) * 100)) / 100
    assert perce.total == attendu.quantize(Decimal("0.01"), ROUND_HALF_UP)


@EXEMPLES
@given(st.lists(st.fractions(0, 10_000), max_size=12))
def test_le_plus_grand_reste_ne_perd_ni_ne_cree_rien(exacts):
    parts = repartir(exacts)
    assert sum(parts) == arrondir(sum(exacts, Fraction()))
    assert all(abs(p - e) < 1 for p, e in zip(parts, exacts, strict=True))
    assert all(p == e for p, e in zip(parts, exacts, strict=True) if e.denominator == 1)


@EXEMPLES
@given(st.integers(0, 7_000_000), st.lists(st.integers(0, 31), min_size=1, max_size=40), st.integers(1, 50))
def test_les_deux_ecritures_du_plus_grand_reste_disent_la_meme_chose(montant, parts, de_plus):
    diviseur = sum(parts) + de_plus
    exacts = [Fraction(montant * p, diviseur) for p in parts]
    total = arrondir(sum(exacts, Fraction()))
    assert repartir_au_prorata(montant, parts, diviseur, total) == repartir(exacts, total)


def test_un_montant_de_trois_decimales_n_a_pas_de_centimes():
    with pytest.raises(ValueError, match="deux décimales"):
        en_centimes(Decimal("297.228"))
