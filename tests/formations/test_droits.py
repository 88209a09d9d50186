"""La formation continue : ce que l'État prend en charge, selon la date d'entrée et ce qui est déjà suivi."""

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conum.formations.rules.droits import Entree, ModuleInconnu, Suivi, assembler, droits, offre_au, offres
from conum.formations.rules.lecture import lire
from conum.socle.donnees_figees import DonneeInvalide
from tests.formations.fabriques import reinscrire, remplacer

ANCIEN = Entree(admise_le=date(2022, 5, 2))
RECENT = Entree(admise_le=date(2025, 6, 2))


def suivis(*jours, module="cybersecurite"):
    return [Suivi(j, module if j.year >= 2025 else "aidants-connect") for j in jours]


def pris(resultat):
    return [d.pris_en_charge for d in resultat.decomptes]


def test_le_catalogue_ne_nomme_que_les_modules_connus():
    assert [(o.code, o.annonces, len(o.modules)) for o in offres()] == [
        ("modules-2024", 15, 1),
        ("modules-2025", 17, 7),
    ]
    assert [m.code for m in offres()[1].modules if m.hors_quota] == ["cafe-ia"]
    assert offre_au(date(2024, 12, 31)).code == "modules-2024"
    with pytest.raises(ModuleInconnu, match="commence le 01/01/2024"):
        offre_au(date(2023, 12, 31))


def test_un_module_par_annee_civile():
    fait = droits(ANCIEN, suivis(date(2026, 3, 1), date(2026, 9, 1), date(2027, 1, 4)), date(2027, 1, 5))
    assert pris(fait) == [True, False, True]
    assert "quota est atteint" in fait.decomptes[1].raison
    assert fait.restants == 0
    reste = droits(ANCIEN, suivis(date(2026, 3, 1)), date(2027, 1, 5))
    assert reste.restants == 1
    assert reste.phrases == ("Année 2027 : 1 module pris en charge à suivre jusqu’au 31/12/2027.",)


def test_le_module_de_2024_se_suit_jusqu_au_31_mars_2025():
    deux = suivis(date(2025, 3, 31), date(2025, 4, 1))
    assert pris(droits(ANCIEN, deux, date(2025, 4, 2))) == [True, True]
    trop_tard = suivis(date(2025, 4, 1), date(2025, 4, 2))
    assert pris(droits(ANCIEN, trop_tard, date(2025, 4, 3))) == [True, False]


def test_un_entrant_recent_a_deux_modules_dans_l_annee_de_son_entree():
    trois = suivis(date(2025, 9, 1), date(2026, 2, 1), date(2026, 5, 1))
    fait = droits(RECENT, trois, date(2026, 6, 1))
    assert pris(fait) == [True, True, False]
    assert fait.phrases == (
        "Première année : quota atteint (2 sur 2). Un module de plus ne serait pas pris en charge.",
    )
    assert droits(RECENT, [], date(2026, 6, 1)).restants == 2


def test_apres_la_premiere_annee_un_par_an_a_compter_de_l_annee_suivante_si_l_un_des_deux_est_de_l_annee():
    # L'un des deux suivi en 2026 : rien de plus en 2026, un en 2027.
    en_2026 = suivis(date(2025, 9, 1), date(2026, 2, 1))
    assert droits(RECENT, en_2026, date(2026, 10, 1)).restants == 0
    assert droits(RECENT, en_2026, date(2027, 1, 1)).restants == 1
    # Les deux suivis en 2025 : un dès 2026, une fois l'année écoulée.
    en_2025 = suivis(date(2025, 9, 1), date(2025, 10, 1))
    assert droits(RECENT, en_2025, date(2026, 6, 1)).restants == 0
    assert droits(RECENT, en_2025, date(2026, 6, 2)).restants == 1


def test_entrer_en_2024_donne_deja_deux_modules_et_entrer_avant_un_seul():
    deux = suivis(date(2024, 6, 1), date(2024, 9, 1))
    assert pris(droits(Entree(admise_le=date(2024, 4, 2)), deux, date(2024, 10, 1))) == [True, True]
    assert pris(droits(Entree(admise_le=date(2023, 12, 31)), deux, date(2024, 10, 1))) == [True, False]


def test_la_dispense_suit_la_regle_de_l_annee_civile():
    dispensee = Entree(dispensee_le=date(2026, 4, 1))
    assert pris(droits(dispensee, suivis(date(2026, 5, 1), date(2026, 6, 1)), date(2026, 7, 1))) == [True, False]


def test_cafe_ia_est_hors_quota():
    lignes = [Suivi(date(2026, 3, 1), "cybersecurite"), Suivi(date(2026, 4, 1), "cafe-ia")]
    fait = droits(ANCIEN, lignes, date(2026, 5, 1))
    assert pris(fait) == [True, True]
    assert "en plus du quota" in fait.decomptes[1].raison
    avant = droits(ANCIEN, [Suivi(date(2026, 2, 1), "cafe-ia")], date(2026, 3, 1))
    assert avant.restants == 1


def test_sans_formation_initiale_ni_dispense_aucun_droit():
    for entree in (Entree(), Entree(admise_le=date(2026, 6, 1))):
        fait = droits(entree, suivis(date(2026, 3, 1)), date(2026, 5, 1))
        assert (fait.restants, pris(fait)) == (0, [False])
        assert "entré en formation initiale" in fait.phrases[0]
    trop_tot = droits(Entree(admise_le=date(2026, 6, 1)), suivis(date(2026, 3, 1)), date(2026, 7, 1))
    assert "avant l’entrée" in trop_tot.decomptes[0].raison


def test_un_module_hors_du_catalogue_de_sa_date_est_refuse():
    with pytest.raises(ModuleInconnu, match="n’est pas au catalogue"):
        droits(ANCIEN, [Suivi(date(2024, 6, 1), "cafe-ia")], date(2024, 7, 1))


@settings(max_examples=80, deadline=None)
@given(
    st.dates(date(2021, 1, 1), date(2027, 1, 1)),
    st.lists(st.dates(date(2024, 1, 1), date(2028, 12, 31)), max_size=8),
    st.randoms(use_true_random=False),
)
def test_jamais_plus_que_les_quotas_et_l_ordre_ne_compte_pas(admise, jours, hasard):
    entree, jour = Entree(admise_le=admise), date(2029, 1, 1)
    lignes = suivis(*jours)
    fait = droits(entree, lignes, jour)
    assert sum(pris(fait)) == sum(len(q.suivis) for q in fait.quotas)
    assert all(0 <= len(q.suivis) <= q.nombre for q in fait.quotas)
    assert all(q.ouvert(s.jour) for q in fait.quotas for s in q.suivis)
    hasard.shuffle(lignes)
    assert droits(entree, lignes, jour) == fait


def test_une_regle_nouvelle_est_un_fichier(copie):
    texte = (copie / "modules-2025.toml").read_text()
    texte = texte.replace('code = "modules-2025"', 'code = "modules-2027"').replace("2025-01-01", "2027-01-01")
    (copie / "modules-2027.toml").write_text(texte.replace("par_annee_civile = 1", "par_annee_civile = 3"))
    reinscrire(copie)
    nouvelles = assembler(lire(copie))
    assert droits(ANCIEN, [], date(2026, 12, 31), de=nouvelles).restants == 1
    assert droits(ANCIEN, [], date(2027, 1, 1), de=nouvelles).restants == 3


@pytest.mark.parametrize(
    ("avant", "apres", "phrase"),
    [
        ('code = "handicap"', 'code = "parentalite"', "même code"),
        ("annonces = 17", "annonces = 6", "plus de modules nommés"),
        ("par_annee_civile = 1", "par_annee_civile = 0", "quota est nul"),
        ("debut = 2025-01-01", "debut = 2024-01-01", "même jour"),
    ],
)
def test_une_offre_fausse_est_refusee(copie, avant, apres, phrase):
    remplacer(copie / "modules-2025.toml", avant, apres)
    reinscrire(copie)
    with pytest.raises(DonneeInvalide, match=phrase):
        assembler(lire(copie))
