"""L'assiduité : seules les demi-journées signées des deux côtés comptent ; rien d'impossible n'est accepté."""

from dataclasses import replace
from datetime import date, time, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conum.formations.rules.assiduite import (
    AssiduiteInvalide,
    DemiJournee,
    Emargement,
    Nature,
    compter,
    en_heures,
    verifier_calendrier,
)
from conum.formations.rules.marches import parcours
from tests.formations.fabriques import demi_journees, signees, suivie

COURT = parcours("2024-70")
UNIQUE = parcours("2025-385")
LUNDI = date(2026, 11, 2)
VENDREDI = date(2026, 11, 6)


def test_les_deux_demi_journees_signees_font_sept_heures():
    suivi = compter(COURT, signees(demi_journees(2)), LUNDI)
    assert (suivi.requises, suivi.faites, suivi.manquantes) == (70 * 60, 7 * 60, 63 * 60)
    assert not suivi.complete


@pytest.mark.parametrize(("apprenant", "formateur"), [(True, False), (False, True), (False, False)])
def test_une_signature_qui_manque_et_rien_n_est_fait(apprenant, formateur):
    (demie,) = demi_journees(1)
    suivi = compter(COURT, [Emargement(demie, apprenant, formateur)], LUNDI)
    assert suivi.faites == 0
    assert suivi.a_signer == (demie,)


def test_une_absence_ne_compte_pas_et_sans_motif_se_voit():
    un, deux, trois = demi_journees(3)
    lignes = [
        Emargement(un, True, True),
        Emargement(deux, absent=True),
        Emargement(trois, absent=True, motif="Rendez-vous médical"),
    ]
    suivi = compter(COURT, lignes, VENDREDI)
    assert suivi.faites == 210
    assert suivi.absences_sans_motif == (deux,)
    assert suivi.absences_justifiees == (trois,)
    assert suivi.a_signer == ()


def test_ce_qui_est_prevu_n_est_pas_fait_et_ce_qui_manquera_se_dit():
    demies = demi_journees(18)
    lignes = signees(demies[:4]) + [Emargement(d) for d in demies[4:]]
    suivi = compter(COURT, lignes, demies[3].jour)
    assert suivi.faites == 4 * 210
    assert suivi.cours.a_venir == 14 * 210
    assert suivi.a_reprogrammer == 2 * 210
    assert suivi.a_signer == ()


def test_le_stage_en_trop_ne_remplace_pas_les_cours():
    cours = demi_journees(10)
    stage = demi_journees(60, debut=date(2027, 1, 4), nature=Nature.STAGE)
    suivi = compter(UNIQUE, signees(cours + stage), date(2027, 12, 1))
    assert suivi.stage.manquantes == 0
    assert suivi.cours.manquantes == 140 * 60
    assert suivi.manquantes == 140 * 60


def test_tout_suivi_est_complet():
    suivi = suivie(UNIQUE)
    assert suivi.complete
    assert suivi.faites == 385 * 60


def test_deux_sessions_qui_se_croisent_sont_refusees():
    matin = DemiJournee(LUNDI, time(9), time(12, 30), "S1")
    autre = DemiJournee(LUNDI, time(12), time(15), "S2")
    (faute,) = verifier_calendrier([autre, matin], COURT)
    assert "commence avant la fin de 02/11/2026 matin (S1)" in faute
    with pytest.raises(AssiduiteInvalide, match="deux séances à la fois"):
        compter(COURT, signees([matin, autre]), LUNDI)


def test_une_longue_seance_croise_aussi_la_troisieme():
    longue = DemiJournee(LUNDI, time(9), time(14), "S1")
    courte = DemiJournee(LUNDI, time(9, 30), time(10), "S2")
    tard = DemiJournee(LUNDI, time(13), time(15), "S3")
    assert len(verifier_calendrier([longue, courte, tard], COURT)) == 2


def test_se_suivre_n_est_pas_se_croiser():
    matin = DemiJournee(LUNDI, time(9), time(12), "S1")
    assert verifier_calendrier([matin, DemiJournee(LUNDI, time(12), time(15), "S2")], COURT) == ()
    assert verifier_calendrier([matin, replace(matin, jour=LUNDI + timedelta(days=1))], COURT) == ()


def test_plus_d_heures_que_le_parcours_est_refuse():
    with pytest.raises(AssiduiteInvalide) as refus:
        compter(COURT, signees(demi_journees(21)), date(2027, 1, 1))
    assert refus.value.fautes == (f"73 h 30 de cours prévues : le parcours « {COURT.libelle} » en compte 70 h.",)
    du_stage = demi_journees(1, nature=Nature.STAGE)
    assert "en compte 0 h" in verifier_calendrier(du_stage, COURT)[0]


def test_une_absence_reprogrammee_ne_fait_pas_trop_d_heures():
    lignes = signees(demi_journees(20)) + [
        Emargement(d, absent=True, motif="Maladie") for d in demi_journees(1, debut=date(2027, 2, 1))
    ]
    assert compter(COURT, lignes, date(2027, 3, 1)).complete


@pytest.mark.parametrize(
    ("lignes", "phrase"),
    [
        (signees(demi_journees(1, debut=LUNDI + timedelta(days=1))), "n’a pas encore eu lieu"),
        (signees(demi_journees(1)) * 2, "inscrite deux fois"),
        ([Emargement(demi_journees(1)[0], True, True, absent=True)], "à la fois signée et absente"),
        (signees([DemiJournee(LUNDI, time(12), time(9), "S1")]), "ne suit pas le début"),
        (signees([DemiJournee(LUNDI, time(8), time(18), "S1")]), "ne dure pas 10 h"),
    ],
)
def test_ce_qui_se_contredit_est_refuse(lignes, phrase):
    with pytest.raises(AssiduiteInvalide, match=phrase):
        compter(COURT, lignes, LUNDI)


def test_toutes_les_fautes_sont_dites_ensemble():
    lignes = signees([DemiJournee(LUNDI, time(12), time(9), "S1"), DemiJournee(LUNDI, time(8), time(18), "S2")])
    with pytest.raises(AssiduiteInvalide) as refus:
        compter(COURT, lignes, LUNDI)
    assert len(refus.value.fautes) >= 2


@settings(max_examples=80, deadline=None)
@given(st.lists(st.sampled_from(["signee", "a_signer", "absente", "justifiee"]), min_size=1, max_size=20), st.randoms())
def test_faites_et_manquantes_font_toujours_le_parcours(etats, hasard):
    faire = {
        "signee": lambda d: Emargement(d, True, True),
        "a_signer": lambda d: Emargement(d, True, False),
        "absente": lambda d: Emargement(d, absent=True),
        "justifiee": lambda d: Emargement(d, absent=True, motif="Maladie"),
    }
    lignes = [faire[e](d) for e, d in zip(etats, demi_journees(len(etats)), strict=True)]
    attendu = compter(COURT, lignes, date(2027, 1, 1))
    assert attendu.faites + attendu.manquantes == attendu.requises
    assert attendu.faites == 210 * etats.count("signee")
    assert len(attendu.a_signer) == etats.count("a_signer")
    hasard.shuffle(lignes)
    assert compter(COURT, lignes, date(2027, 1, 1)) == attendu


def test_les_heures_se_lisent():
    assert [en_heures(m) for m in (0, 45, 60, 210, 4200)] == ["0 min", "45 min", "1 h", "3 h 30", "70 h"]
