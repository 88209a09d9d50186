"""Les heures d'une personne : toutes ses sessions, comptées d'une seule façon ; rien de faux ne casse une page."""

from datetime import time

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from conum.formations.actions.assiduite import assiduite_de, assiduites
from conum.formations.models import Seance
from conum.formations.states import Etat, EtatPlace
from conum.formations.views.blocs_presence import lignes_de
from tests.formations import fabriques_base as f

pytestmark = pytest.mark.django_db


def seances_de(session):
    return list(session.seances.order_by("jour", "debut"))


def test_seules_les_deux_signatures_font_des_heures():
    elle = f.inscription(etat=Etat.EN_FORMATION)
    session = f.session(debut=f.jour(-1), seances=6)
    place = f.place(session, elle)
    un, deux, trois, *_ = seances_de(session)
    f.emarger(un, place)
    f.emarger(deux, place, signe_formateur_le=None, formateur_nom="", formateur_voie="")
    f.emarger(trois, place, signe_apprenant_le=None, apprenant_voie="", absent=True)
    suivie = assiduite_de(elle)
    assert (suivie.requises, suivie.faites, suivie.cours.a_venir) == (385 * 60, 210, 2 * 210)
    assert len(suivie.a_signer) == 2
    assert len(suivie.absences_sans_motif) == 1
    assert not suivie.complete
    assert suivie.fautes == suivie.depassements == ()


def test_une_place_deplacee_garde_ses_signatures_et_perd_son_avenir():
    elle = f.inscription(etat=Etat.EN_FORMATION)
    ancienne = f.session(debut=f.jour(-2), seances=20)
    quittee = f.place(ancienne, elle, etat=EtatPlace.DEPLACEE, siege=None, motif="Plus près de chez elle.")
    f.emarger(seances_de(ancienne)[0], quittee)
    nouvelle = f.session(debut=f.jour(3), seances=2)
    f.place(nouvelle, elle)
    f.place(f.session(debut=f.jour(40)), elle, etat=EtatPlace.EN_ATTENTE, siege=None)
    suivie = assiduite_de(elle)
    assert (suivie.faites, suivie.cours.a_venir, suivie.a_signer) == (210, 420, ())


def test_un_emargement_annule_ne_compte_plus():
    elle = f.inscription(etat=Etat.EN_FORMATION)
    session = f.session(debut=f.jour(-1), seances=1)
    f.emarger(seances_de(session)[0], f.place(session, elle), annule_le=timezone.now(), annule_motif="Erreur.")
    suivie = assiduite_de(elle)
    assert suivie.faites == 0
    assert len(suivie.a_signer) == 1


def test_ce_qui_se_contredit_est_dit_et_ne_casse_pas_la_liste():
    juste, de_trop, sans, inconnue = (
        f.inscription(**({"etat": Etat.EN_FORMATION} | champs))
        for champs in ({}, {"parcours": "2024-70"}, {"etat": Etat.OUVERTE}, {"parcours": "2099-1"})
    )
    longue = f.session(debut=f.jour(-20), seances=21, parcours="2024-70")
    croise = f.session(debut=f.jour(-20), seances=1)
    place = f.place(longue, de_trop)
    for seance in seances_de(longue):
        f.emarger(seance, place)
    f.emarger(seances_de(croise)[0], f.place(croise, de_trop))
    lues = assiduites([juste, de_trop, sans, inconnue])
    assert lues[juste.pk].fautes == ()
    assert lues[de_trop.pk].faites == 22 * 210
    assert "deux séances à la fois" in lues[de_trop.pk].fautes[0]
    assert (
        "le parcours « Avancé" in lues[de_trop.pk].depassements[0]
        or "en compte 70 h" in lues[de_trop.pk].depassements[0]
    )
    for numero, phrase in ((sans.pk, "Aucun parcours"), (inconnue.pk, "2099-1")):
        assert phrase in lues[numero].fautes[0]
        assert not lues[numero].complete


def test_des_heures_en_trop_n_empechent_rien():
    elle = f.inscription(etat=Etat.EN_FORMATION, parcours="2024-70")
    session = f.session(debut=f.jour(-20), seances=21, parcours="2024-70")
    place = f.place(session, elle)
    for seance in seances_de(session):
        f.emarger(seance, place)
    suivie = assiduite_de(elle)
    assert suivie.complete
    assert suivie.fautes == ()
    assert suivie.depassements


def test_autant_de_questions_pour_une_que_pour_plusieurs():
    session = f.session(debut=f.jour(-3), seances=3)
    elles = [f.inscription(etat=Etat.EN_FORMATION) for _ in range(3)]
    for elle in elles:
        place = f.place(session, elle)
        f.emarger(seances_de(session)[0], place)
    Seance.objects.create(session=session, jour=f.jour(9), debut=time(9), fin=time(12), nature="stage")
    with CaptureQueriesContext(
        connection,
    ) as une:
        assiduites(elles[:1])
    with CaptureQueriesContext(connection) as toutes:
        lues = assiduites(elles)
    assert len(une) == len(toutes) == 3
    assert {a.stage.a_venir for a in lues.values()} == {180}


def test_retiree_puis_reprise_dans_la_session_une_demi_journee_compte_une_fois():
    elle = f.inscription(etat=Etat.EN_FORMATION)
    session = f.session(debut=f.jour(-2), seances=4)
    un, deux, *_ = seances_de(session)
    rendue = f.place(session, elle, etat=EtatPlace.RETIREE, siege=None, motif="Erreur.")
    reprise = f.place(session, elle)
    f.emarger(un, rendue)
    f.emarger(deux, rendue, signe_formateur_le=None, formateur_nom="", formateur_voie="")
    f.emarger(deux, reprise)
    suivie = assiduite_de(elle)
    assert (suivie.faites, suivie.fautes, len(suivie.a_signer)) == (420, (), 2)
    lignes = lignes_de(elle)
    assert [x.liste for x in lignes] == ["faites", "faites", "a_signer", "a_signer"]
