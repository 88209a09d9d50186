"""La prise de poste : permise ou refusée par les règles de la date du contrat, chaque raison dite."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conum.formations.rules.assiduite import Part
from conum.formations.rules.certification import (
    Resultat,
    intitule,
    limite_de_presentation,
    suite_de,
    titre_au,
    verifier_certificat,
)
from conum.formations.rules.marches import marche, marche_au, parcours
from conum.formations.rules.prise_de_poste import (
    Exemption,
    Formation,
    depart_en_retard,
    limite_de_depart,
    peut_prendre_poste,
)
from tests.formations.fabriques import suivie

CONTRAT = date(2026, 11, 2)
UNIQUE = parcours("2025-385")
FINIE = suivie(UNIQUE)
JOUR = date(2027, 2, 1)


def formation(assiduite=FINIE, *, session_debut=date(2026, 11, 9), attestee_le=date(2027, 1, 29)):
    return Formation(assiduite, session_debut, attestee_le)


def test_formation_finie_et_attestee_le_poste_se_prend():
    verdict = peut_prendre_poste(CONTRAT, jour=JOUR, formation=formation())
    assert verdict.autorise
    assert verdict.raisons == ()
    assert "avant l’entrée en fonction" in verdict.regle
    assert "Présentation du programme" in verdict.regle


@pytest.mark.parametrize(
    ("ici", "jour", "phrase"),
    [
        (None, JOUR, "n’est inscrite à aucune session"),
        (formation(session_debut=None), JOUR, "n’est inscrite à aucune session"),
        (formation(session_debut=date(2027, 3, 1)), JOUR, "la session commence le 01/03/2027"),
        (formation(suivie(UNIQUE, sauf=2)), JOUR, "Il manque 7 h de cours signées, sur les 175 h du parcours."),
        (formation(attestee_le=None), JOUR, "L’attestation de fin de formation n’est pas délivrée."),
        (formation(attestee_le=date(2027, 2, 2)), JOUR, "L’attestation de fin de formation est datée du 02/02/2027."),
        (formation(), date(2026, 11, 1), "Le contrat commence le 02/11/2026"),
    ],
)
def test_ce_qui_manque_est_dit(ici, jour, phrase):
    verdict = peut_prendre_poste(CONTRAT, jour=jour, formation=ici)
    assert not verdict.autorise
    assert any(phrase in raison for raison in verdict.raisons)


def test_le_stage_manquant_bloque_aussi():
    incomplete = replace(FINIE, stage=Part(210 * 60, 200 * 60, 0))
    verdict = peut_prendre_poste(CONTRAT, jour=JOUR, formation=formation(incomplete))
    assert verdict.raisons == ("Il manque 10 h de stage signées, sur les 210 h du parcours.",)


def test_le_contrat_fini_bloque():
    verdict = peut_prendre_poste(CONTRAT, jour=JOUR, formation=formation(), contrat_fin=date(2027, 1, 31))
    assert verdict.raisons == ("Le contrat a pris fin le 31/01/2027.",)
    assert peut_prendre_poste(CONTRAT, jour=JOUR, formation=formation(), contrat_fin=JOUR).autorise


def test_l_alternance_du_premier_marche_vaut_pour_ses_contrats_seulement():
    en_cours = formation(suivie(parcours("2021-420"), sauf=100), session_debut=date(2021, 6, 7), attestee_le=None)
    permis = peut_prendre_poste(date(2021, 6, 1), jour=date(2021, 6, 7), formation=en_cours)
    assert permis.autorise
    assert "au moins un jour par semaine dans la structure" in permis.regle
    la_veille = peut_prendre_poste(date(2021, 6, 1), jour=date(2021, 6, 6), formation=en_cours)
    assert la_veille.raisons == ("La formation n’a pas commencé : la session commence le 07/06/2021.",)
    assert not peut_prendre_poste(date(2024, 6, 1), jour=date(2024, 6, 7), formation=en_cours).autorise


def test_sans_marche_la_regle_de_base_demande_la_formation():
    verdict = peut_prendre_poste(date(2023, 8, 1), jour=date(2023, 9, 1))
    assert not verdict.autorise
    assert "règle de base du programme" in verdict.regle


@pytest.mark.parametrize("certification", ["ccp1", "titre"])
def test_la_dispense_prouvee_suffit(certification):
    verdict = peut_prendre_poste(CONTRAT, jour=CONTRAT, exemption=Exemption(certification, date(2022, 3, 1), True))
    assert verdict.autorise
    assert "Dispense" in verdict.regle
    avant = peut_prendre_poste(
        CONTRAT, jour=date(2026, 11, 1), exemption=Exemption(certification, date(2022, 3, 1), True)
    )
    assert not avant.autorise


@pytest.mark.parametrize(
    ("exemption", "phrase"),
    [
        (Exemption("ccp1", date(2022, 3, 1), False), "n’a pas de preuve"),
        (Exemption("pix", date(2022, 3, 1), True), "Seul le premier certificat"),
        (Exemption("ccp1", date(2027, 3, 1), True), "dans le futur"),
        (Exemption("titre", date(2024, 3, 1), True, "mednum"), "n’existe que depuis le 13/07/2025"),
        (Exemption("titre", date(2024, 3, 1), True, "autre"), "n’est pas connu"),
    ],
)
def test_une_dispense_qui_ne_tient_pas_dit_pourquoi_sans_empecher_une_formation_finie(exemption, phrase):
    seule = peut_prendre_poste(CONTRAT, jour=JOUR, exemption=exemption)
    assert not seule.autorise
    assert any(phrase in raison for raison in seule.raisons)
    assert peut_prendre_poste(CONTRAT, jour=JOUR, exemption=exemption, formation=formation()).autorise


def test_un_titre_d_avant_le_programme_dispense():
    ancien = Exemption("titre", date(2019, 6, 1), True, "remn")
    assert peut_prendre_poste(CONTRAT, jour=CONTRAT, exemption=ancien).autorise


@settings(max_examples=60, deadline=None)
@given(
    contrat=st.dates(date(2020, 6, 1), date(2028, 1, 1)),
    jour=st.dates(date(2020, 6, 1), date(2029, 1, 1)),
    sauf=st.integers(0, 3),
    session=st.none() | st.dates(date(2020, 6, 1), date(2029, 1, 1)),
    attestee=st.none() | st.dates(date(2020, 6, 1), date(2029, 1, 1)),
)
def test_refuse_toujours_avec_une_raison_et_jamais_permis_avec_une(contrat, jour, sauf, session, attestee):
    ici = Formation(suivie(UNIQUE, sauf=sauf), session, attestee)
    verdict = peut_prendre_poste(contrat, jour=jour, formation=ici)
    assert verdict.autorise is not bool(verdict.raisons)
    assert all(raison.endswith(".") for raison in verdict.raisons)
    if verdict.autorise:
        assert jour >= contrat
        assert session is not None


def test_quinze_jours_pour_laisser_partir():
    courant = marche_au(CONTRAT)
    assert limite_de_depart(CONTRAT, courant) == date(2026, 11, 17)
    assert depart_en_retard(CONTRAT, courant, depart=None, jour=date(2026, 11, 17)) == ""
    assert "elle n’est pas partie" in depart_en_retard(CONTRAT, courant, depart=None, jour=date(2026, 11, 18))
    assert depart_en_retard(CONTRAT, courant, depart=date(2026, 11, 17), jour=date(2027, 1, 1)) == ""
    assert "partie le 18/11/2026" in depart_en_retard(CONTRAT, courant, depart=date(2026, 11, 18), jour=JOUR)


# --- Certifications ---------------------------------------------------------------------------------------------------


def test_le_titre_change_le_13_juillet_2025():
    assert titre_au(date(2025, 7, 12)).intitule == "Responsable d’espace de médiation numérique"
    assert titre_au(date(2025, 7, 13)).intitule == "Médiateur numérique"
    assert titre_au(date(2019, 1, 1)).code == "remn"
    assert intitule("ccp1", date(2026, 1, 1)) == "CCP1 du titre professionnel « Médiateur numérique »"
    assert intitule("titre", date(2026, 1, 1)) == "Titre professionnel « Médiateur numérique »"
    assert intitule("pix", date(2026, 1, 1)) == "Certification Pix"


def test_six_mois_pour_se_presenter():
    assert limite_de_presentation(date(2026, 8, 31), marche("2025")) == date(2027, 2, 28)


def test_un_certificat_date_d_avant_la_session_ou_du_futur_est_refuse():
    bornes = {"formation_debut": date(2026, 11, 9), "jour": JOUR}
    assert verifier_certificat("ccp1", date(2027, 1, 30), **bornes) == ()
    assert "avant le début de la formation (09/11/2026)" in verifier_certificat("pix", date(2026, 11, 8), **bornes)[0]
    assert "dans le futur" in verifier_certificat("pix", date(2027, 2, 2), **bornes)[0]
    assert "n’est pas connue" in verifier_certificat("bac", date(2027, 1, 30), **bornes)[0]


def test_l_echec_n_entraine_rien_l_absence_sans_raison_est_une_alarme():
    bornes = {"limite": date(2027, 7, 29), "jour": JOUR}
    assert not suite_de(Resultat.REUSSI, **bornes).alarme
    echec = suite_de(Resultat.ECHOUE, **bornes)
    assert not echec.alarme
    assert "ni le contrat ni la subvention" in echec.phrase
    assert not suite_de(Resultat.ABSENT, motif="Arrêt maladie", **bornes).alarme
    absence = suite_de(Resultat.ABSENT, motif="  ", **bornes)
    assert absence.alarme
    assert "avant le 29/07/2027" in absence.phrase
    tard = suite_de(Resultat.ABSENT, limite=date(2027, 1, 1), jour=JOUR)
    assert "dès que possible" in tard.phrase
