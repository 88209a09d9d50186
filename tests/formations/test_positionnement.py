"""Le positionnement : un vrai questionnaire, figé ; on le reprend, et mieux répondre ne baisse jamais un score."""

from collections import Counter
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conum.formations.rules.marches import catalogue, marche, regle_au
from conum.formations.rules.positionnement import (
    DIMENSIONS,
    PositionnementIncomplet,
    ReponseInconnue,
    avancement,
    charger,
    questionnaire,
    questionnaire_au,
    questionnaires,
    recommander,
    scores,
)
from conum.socle.donnees_figees import DonneeInvalide
from tests.formations.fabriques import meilleure, pire, reinscrire, remplacer, repondre

Q = questionnaire("positionnement-2026-11")
REGLAGES = settings(max_examples=40, deadline=None)


@st.composite
def reponses(draw):
    return {i.code: draw(st.sampled_from(i.reponses)).code for i in Q.items}


# --- Le questionnaire -----------------------------------------------------------------------------


def test_au_moins_quarante_questions_dans_les_huit_domaines_et_les_trois_dimensions():
    assert len(Q.items) == 50
    assert len(Q.domaines) == 8
    par_domaine = Counter(i.domaine for i in Q.items)
    assert set(par_domaine) == set(Q.domaines)
    assert min(par_domaine.values()) >= 4
    assert {(i.domaine, i.dimension) for i in Q.items} == {(d, x) for d in Q.domaines for x in DIMENSIONS}


def test_la_bonne_reponse_n_est_pas_toujours_a_la_meme_place():
    places = Counter(i.reponses.index(meilleure(i)) for i in Q.items if i.dimension == "technique")
    assert len(places) >= 3
    assert max(places.values()) <= len([i for i in Q.items if i.dimension == "technique"]) // 2


def test_chaque_question_technique_permet_de_dire_qu_on_ne_sait_pas():
    for item in Q.items:
        if item.dimension == "technique":
            assert [r.points for r in item.reponses if r.texte == "Je ne sais pas."] == [0], item.code


def test_la_version_de_la_date_et_son_empreinte():
    assert questionnaire_au(date(2026, 11, 25)) == Q
    assert questionnaire_au(date(2020, 1, 1)) == questionnaires()[0]
    assert questionnaire(Q.code, Q.empreinte) == Q
    with pytest.raises(DonneeInvalide, match="n'est plus celui"):
        questionnaire(Q.code, "0" * 64)
    with pytest.raises(ReponseInconnue, match="n’existe pas"):
        questionnaire("autre")


def test_une_version_nouvelle_est_un_fichier_et_l_ancienne_reste_lisible(copie):
    ancien = copie / "questionnaires" / "positionnement-2026-11.toml"
    texte = ancien.read_text().replace('code = "positionnement-2026-11"', 'code = "positionnement-2027-09"')
    texte = texte.replace("debut = 2026-11-01", "debut = 2027-09-01").replace("poids = 2", "poids = 1")
    (copie / "questionnaires" / "positionnement-2027-09.toml").write_text(texte)
    reinscrire(copie)
    connus = charger(copie)
    assert questionnaire_au(date(2027, 8, 31), connus).code == Q.code
    assert questionnaire_au(date(2027, 9, 1), connus).code == "positionnement-2027-09"
    assert questionnaire(Q.code, Q.empreinte, connus) == Q


@pytest.mark.parametrize(
    ("avant", "apres", "phrase"),
    [
        ('code = "materiel-2"', 'code = "materiel-1"', "même code"),
        ('domaine = "materiel"', 'domaine = "jardin"', "domaine inconnu"),
        ('dimension = "experience"', 'dimension = "humeur"', "dimension inconnue"),
        ('dimension = "experience"', 'dimension = "technique"', "aucune question pour"),
        ("poids = 2", "poids = 0", "poids nul"),
        ('points = 0, texte = "Jamais."', 'points = 1, texte = "Jamais."', "de 0 à plus que 0"),
        ('texte = "Jamais."', 'texte = " "', "texte est vide"),
        ('texte = "Jamais."', 'texte = "Oui, un proche."', "même texte"),
        ('code = "b", points = 1', 'code = "a", points = 1', "en double"),
        ('materiel = "Prendre en main l’équipement"', 'jardin = "Jardiner"', "trop peu de questions|domaine inconnu"),
        ('posture = "Posture d’accompagnement"', 'pose = "Pose"', "dimension"),
        ('sources = ["PROGRAMME", "R-BO", "CONUM"]', "sources = []", "pas de source"),
    ],
)
def test_un_questionnaire_faux_est_refuse(copie, avant, apres, phrase):
    remplacer(copie / "questionnaires" / "positionnement-2026-11.toml", avant, apres)
    reinscrire(copie)
    with pytest.raises(DonneeInvalide, match=phrase):
        charger(copie)


def test_quarante_questions_au_moins(copie):
    fichier = copie / "questionnaires" / "positionnement-2026-11.toml"
    tete, *items = fichier.read_text().split("[[items]]")
    fichier.write_text("[[items]]".join([tete, *items[:39]]))
    reinscrire(copie)
    with pytest.raises(DonneeInvalide, match="au moins 40"):
        charger(copie)


# --- Reprendre ------------------------------------------------------------------------------------


def test_on_s_arrete_et_on_reprend():
    debut = dict(list(repondre(Q, meilleure).items())[:20])
    etat = avancement(Q, debut)
    assert (etat.repondues, etat.total, etat.pourcentage) == (20, 50, 40)
    assert etat.prochaine == Q.items[20].code
    assert etat.manquantes == tuple(i.code for i in Q.items[20:])
    assert not etat.complet
    with pytest.raises(PositionnementIncomplet, match="Il reste 30 questions sur 50"):
        scores(Q, debut)
    with pytest.raises(PositionnementIncomplet):
        recommander(Q, debut, marche("2024"))


def test_cent_pour_cent_veut_dire_fini():
    presque = dict(list(repondre(Q, pire).items())[:-1])
    assert avancement(Q, presque).pourcentage == 98
    fini = avancement(Q, repondre(Q, pire))
    assert (fini.pourcentage, fini.complet, fini.prochaine) == (100, True, None)
    assert avancement(Q, {}).prochaine == Q.items[0].code


@pytest.mark.parametrize("fausse", [{"jardin-1": "a"}, {"materiel-1": "z"}])
def test_une_reponse_qui_n_existe_pas_est_refusee(fausse):
    with pytest.raises(ReponseInconnue):
        avancement(Q, fausse)


# --- Les scores -----------------------------------------------------------------------------------


def test_tout_juste_vaut_cent_et_rien_vaut_zero():
    haut, bas = scores(Q, repondre(Q, meilleure)), scores(Q, repondre(Q, pire))
    assert {haut.general, *haut.domaines.values(), *haut.dimensions.values()} == {100}
    assert {bas.general, *bas.domaines.values(), *bas.dimensions.values()} == {0}


def test_un_domaine_se_compte_a_la_main():
    # Matériel : expérience 2/3 (poids 2), posture 1 et 1/3, technique 1, 1/3 et 0 ; sur un poids de 7.
    choisies = repondre(Q, pire) | {
        "materiel-1": "c",
        "materiel-2": "b",
        "materiel-3": "a",
        "materiel-4": "b",
        "materiel-5": "b",
        "materiel-6": "b",
    }
    attendu = (2 * 2 / 3 + 1 + 1 / 3 + 1 + 1 / 3 + 0) / 7 * 100
    assert scores(Q, choisies).domaines["materiel"] == round(attendu) == 57


@REGLAGES
@given(reponses(), st.data())
def test_mieux_repondre_ne_baisse_aucun_score_ni_le_niveau(choisies, data):
    item = data.draw(st.sampled_from(Q.items))
    actuelle = item.reponse(choisies[item.code])
    mieux = data.draw(st.sampled_from([r for r in item.reponses if r.points >= actuelle.points]))
    avant, apres = scores(Q, choisies), scores(Q, choisies | {item.code: mieux.code})
    assert apres.general >= avant.general
    assert all(apres.domaines[d] >= avant.domaines[d] for d in Q.domaines)
    assert all(apres.dimensions[d] >= avant.dimensions[d] for d in DIMENSIONS)
    for m in catalogue().marches:
        rang = recommander(Q, choisies, m).parcours.rang
        assert recommander(Q, choisies | {item.code: mieux.code}, m).parcours.rang >= rang


@REGLAGES
@given(reponses(), st.randoms(use_true_random=False))
def test_l_ordre_des_reponses_ne_compte_pas(choisies, hasard):
    paires = list(choisies.items())
    hasard.shuffle(paires)
    assert scores(Q, dict(paires)) == scores(Q, choisies)
    assert recommander(Q, dict(paires), marche("2024")) == recommander(Q, choisies, marche("2024"))


@REGLAGES
@given(reponses())
def test_les_scores_tiennent_dans_zero_cent_et_le_general_entre_les_domaines(choisies):
    obtenus = scores(Q, choisies)
    assert all(0 <= x <= 100 for x in (*obtenus.domaines.values(), *obtenus.dimensions.values()))
    assert min(obtenus.domaines.values()) <= obtenus.general <= max(obtenus.domaines.values())


# --- La recommandation ----------------------------------------------------------------------------


def test_le_meilleur_va_au_plus_court_le_debutant_au_plus_long():
    assert recommander(Q, repondre(Q, meilleure), marche("2024")).parcours.code == "2024-70"
    assert recommander(Q, repondre(Q, pire), marche("2024")).parcours.code == "2024-315"
    assert recommander(Q, repondre(Q, meilleure), marche("2021")).parcours.code == "2021-105"
    assert recommander(Q, repondre(Q, pire), marche("2021")).parcours.code == "2021-420"


def test_un_seul_domaine_faible_retient_et_la_raison_le_dit():
    faibles = {i.code: pire(i).code for i in Q.du_domaine("courriels")}
    conseil = recommander(Q, repondre(Q, meilleure) | faibles, marche("2024"))
    # 88 sur 100 au total, mais rien en courriels : les planchers de l'avancé et de l'intermédiaire retiennent.
    assert conseil.scores.general >= 75
    assert conseil.parcours.code == "2024-315"
    texte = " ".join(conseil.raisons)
    assert "demande au moins 20 dans chaque domaine ; « Gérer ses courriels » est à 0." in texte
    assert "À travailler d’abord : « Gérer ses courriels »" in texte


def test_les_raisons_disent_le_score_et_ce_que_demande_le_niveau_au_dessus():
    moitie = {i.code: (meilleure(i) if n % 2 else pire(i)).code for n, i in enumerate(Q.items)}
    conseil = recommander(Q, moitie, marche("2024"))
    assert conseil.parcours.code in {"2024-175", "2024-315"}
    assert f"Score général : {conseil.scores.general} sur 100." in conseil.raisons[0]
    assert any("Dimension la plus basse" in raison for raison in conseil.raisons)
    assert all(raison.endswith(".") for raison in conseil.raisons)


def test_un_marche_a_un_parcours_le_recommande_toujours_et_le_dit():
    conseil = recommander(Q, repondre(Q, pire), marche("2025"))
    assert conseil.parcours.code == "2025-385"
    assert "n’a qu’un parcours" in conseil.raisons[0]


def test_sans_marche_rien_a_recommander():
    with pytest.raises(ValueError, match="aucun marché de formation n’est en cours"):
        recommander(Q, repondre(Q, pire), regle_au(date(2023, 8, 1)))
