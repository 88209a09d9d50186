"""Personne n'attend sans fin : rappels à 3 et 7 jours, fin à 14, engagements dont la date est passée."""

from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from conum.comptes.models import Role
from conum.courriels.models import Courriel
from conum.journal.models import Entree
from conum.recrutement.actions import preferences, relances
from conum.recrutement.models import MiseEnRelation
from conum.recrutement.states import Etat, EtatCandidat, EtatRecrutement
from tests.aides import ensemble
from tests.recrutement.fabriques import CandidatFactory, membre, recrutement, relation
from tests.structures.fabriques import MembreFactory

DEBUT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
JOUR = timedelta(days=1)
pytestmark = pytest.mark.django_db


def _rappels(code: str = "") -> list[Courriel]:
    codes = [f"recrutement/{code}"] if code else ["recrutement/rappel_structure", "recrutement/rappel_candidat"]
    return list(Courriel.objects.filter(code__in=codes).order_by("pk"))


def _au_jour(jours: float) -> int:
    """Le travail, joué tant de jours après le début."""
    with time_machine.travel(DEBUT + timedelta(days=jours), tick=False):
        return relances.rappeler()


def _creer(etat: str = Etat.PROPOSEE, **champs) -> MiseEnRelation:
    with time_machine.travel(DEBUT, tick=False):
        return relation(champs.pop("recrutement_", None), champs.pop("candidat", None), etat=etat, **champs)


# --- Quand --------------------------------------------------------------------------------------------------------


def test_une_proposition_se_rappelle_aux_deux_a_trois_et_sept_jours() -> None:
    proposee = _creer()
    assert _au_jour(2.9) == 0
    assert _au_jour(3) == 2
    assert {c.destinataire for c in _rappels()} == {
        proposee.candidat.email,
        membre(proposee.recrutement).utilisateur.email,
    }
    for jours in (3.1, 4, 5, 6.9):
        assert _au_jour(jours) == 0
    assert _au_jour(7) == 2
    for jours in (7.5, 8, 10, 13.9):
        assert _au_jour(jours) == 0
    proposee.refresh_from_db()
    assert proposee.rappels == 2


def test_un_travail_en_retard_envoie_un_seul_rappel_le_dernier_du() -> None:
    proposee = _creer()
    assert _au_jour(9) == 2
    assert _au_jour(10) == 0
    entrees = Entree.objects.de_l_objet(proposee).filter(action="rappeler")
    assert sorted((e.donnees["partie"], e.donnees["rang"]) for e in entrees) == [("candidat", 2), ("structure", 2)]


def test_le_travail_joue_deux_fois_n_ecrit_qu_une_fois() -> None:
    _creer()
    assert (_au_jour(3), _au_jour(3)) == (2, 0)
    assert len(_rappels()) == 2


def test_a_l_echeance_on_clot_on_ne_rappelle_plus() -> None:
    _creer()
    assert _au_jour(14) == 0
    assert _au_jour(20) == 0


def test_une_reponse_remet_les_rappels_a_zero() -> None:
    proposee = _creer()
    _au_jour(3)
    depuis = DEBUT + 5 * JOUR
    MiseEnRelation.objects.filter(pk=proposee.pk).update(
        etat=Etat.RETENUE, attend_depuis=depuis, echeance=depuis + 14 * JOUR, rappels=0
    )
    assert _au_jour(7) == 0, "sept jours après la proposition, deux après la réponse"
    assert _au_jour(8) == 1
    assert _au_jour(12) == 1
    assert _au_jour(13) == 0


@pytest.mark.parametrize(
    ("etat", "structure", "candidat"),
    [
        (Etat.RETENUE, 0, 1),
        (Etat.CONTACT_ACCEPTE, 1, 0),
        (Etat.OFFRE, 0, 1),
        (Etat.RESERVE, 0, 0),
    ],
)
def test_seul_celui_qu_on_attend_est_rappele(etat, structure, candidat) -> None:
    _creer(etat)
    _au_jour(3)
    assert len(_rappels("rappel_structure")) == structure
    assert len(_rappels("rappel_candidat")) == candidat


def test_apres_un_entretien_l_attente_part_du_jour_de_l_entretien() -> None:
    entretien = DEBUT + 6 * JOUR
    _creer(Etat.ENTRETIEN, entretien_le=entretien, attend_depuis=entretien)
    assert _au_jour(7) == 0
    assert _au_jour(9) == 1
    (rappel,) = _rappels()
    assert rappel.code == "recrutement/rappel_structure"
    assert "une suite après l’entretien" in rappel.texte


def test_un_accord_sans_contrat_est_rappele_a_quinze_jours_et_jamais_clos() -> None:
    acceptee = _creer(Etat.ACCEPTEE, acceptee_le=DEBUT, echeance=None)
    envoyes = [_au_jour(jours) for jours in (3, 7, 14, 15, 16, 60)]
    # Au soixantième jour, la structure apprend aussi que sa date pour recruter est proche ou passée, pas plus.
    assert envoyes[:5] == [1, 1, 0, 1, 0]
    with time_machine.travel(DEBUT + 60 * JOUR, tick=False):
        assert relances.expirer_dues() == 0
    acceptee.refresh_from_db()
    assert acceptee.etat == Etat.ACCEPTEE


# --- À qui --------------------------------------------------------------------------------------------------------


def test_un_seul_courriel_par_membre_et_recrutement_et_un_par_candidat() -> None:
    offre = recrutement(attribue_le=DEBUT.date())
    MembreFactory(structure=offre.structure)
    personnes = [CandidatFactory() for _ in range(3)]
    for personne in personnes:
        _creer(recrutement_=offre, candidat=personne)
    ailleurs = _creer(candidat=personnes[0])
    assert _au_jour(3) == 2 + 1 + 3
    pour_la_structure = [c for c in _rappels("rappel_structure") if c.objet_id == str(offre.pk)]
    assert len({c.destinataire for c in pour_la_structure}) == len(pour_la_structure) == 2
    assert all(c.sujet.startswith("3 candidats attendent") for c in pour_la_structure)
    (sien,) = [c for c in _rappels("rappel_candidat") if c.destinataire == personnes[0].email]
    assert sien.texte.count("Lire et répondre") == 2
    assert ailleurs.recrutement.structure.nom in sien.texte


def test_ce_qui_s_ajoute_dans_la_journee_part_le_lendemain() -> None:
    personne = CandidatFactory()
    _creer(Etat.RETENUE, candidat=personne)
    _creer(Etat.RETENUE, candidat=personne, attend_depuis=DEBUT + timedelta(hours=3))
    assert _au_jour(3) == 1
    assert _au_jour(3.2) == 0
    assert _au_jour(4) == 1
    assert [c.texte.count("Lire et répondre") for c in _rappels()] == [1, 1]


def test_un_membre_qui_a_refuse_les_rappels_n_en_recoit_pas() -> None:
    proposee = _creer(Etat.CONTACT_ACCEPTE)
    autre = MembreFactory(structure=proposee.recrutement.structure).role
    muet = membre(proposee.recrutement)
    preferences.refuser_rappels(muet, par=muet)
    _au_jour(3)
    assert [c.destinataire for c in _rappels()] == [autre.utilisateur.email]
    preferences.reprendre_rappels(muet, par=muet)
    assert _au_jour(4) == 0, "le rappel de trois jours est passé : le membre ne le reçoit pas après coup"
    assert _au_jour(7) == 2


def test_un_membre_parti_n_est_pas_rappele() -> None:
    proposee = _creer(Etat.CONTACT_ACCEPTE)
    Role.objects.filter(pk=membre(proposee.recrutement).pk).update(actif=False)
    assert _au_jour(3) == 0


def test_en_pause_on_n_est_rappele_que_pour_un_echange_engage() -> None:
    personne = CandidatFactory(etat=EtatCandidat.EN_PAUSE)
    _creer(candidat=personne)
    assert _au_jour(3) == 1, "la structure seulement"
    assert not _rappels("rappel_candidat")
    engagee = _creer(Etat.OFFRE, candidat=personne)
    _au_jour(7)
    (rappel,) = _rappels("rappel_candidat")
    assert engagee.recrutement.structure.nom in rappel.texte
    assert rappel.texte.count("Lire et répondre") == 1


def test_le_desabonnement_accompagne_le_rappel_qui_se_refuse() -> None:
    _creer()
    _creer(Etat.OFFRE)
    _au_jour(3)
    assert all("/rappels/membre/" in c.desabonnement for c in _rappels("rappel_structure"))
    proposition, offre = sorted(_rappels("rappel_candidat"), key=lambda c: not c.desabonnement)
    assert proposition.desabonnement
    assert not offre.desabonnement, "une offre engage la personne : elle ne se refuse pas"


def test_le_rappel_ne_nomme_pas_le_candidat_et_porte_son_lien() -> None:
    proposee = _creer()
    _au_jour(3)
    (structure,) = _rappels("rappel_structure")
    assert proposee.candidat.nom not in structure.texte
    assert proposee.candidat.email not in structure.texte
    (personne,) = _rappels("rappel_candidat")
    assert personne.confidentiel
    assert "/proposition/candidat/" in personne.texte
    assert "16 mars 2026" in personne.texte


# --- Deux workers, un échec ---------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_deux_workers_a_la_fois_n_ecrivent_qu_une_fois() -> None:
    offre = recrutement(attribue_le=DEBUT.date())
    for _ in range(3):
        _creer(recrutement_=offre)
    resultats = ensemble(*[lambda: relances.rappeler(DEBUT + 3 * JOUR)] * 2)
    assert sum(resultats) == 4
    assert len(_rappels()) == 4
    assert Entree.objects.filter(action="rappeler").count() == 6


def test_un_echec_n_arrete_pas_les_autres_et_se_sait(monkeypatch) -> None:
    casse = _creer(Etat.RETENUE)
    _creer(Etat.RETENUE)
    vrai = relances.nouveau_lien

    def nouveau_lien(relation_, partie, **kwargs):
        if relation_.pk == casse.pk:
            raise RuntimeError("panne")
        return vrai(relation_, partie, **kwargs)

    monkeypatch.setattr(relances, "nouveau_lien", nouveau_lien)
    with pytest.raises(relances.RelancesIncompletes):
        _au_jour(3)
    assert len(_rappels()) == 1
    monkeypatch.undo()
    assert _au_jour(3) == 1


# --- Fins ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("etat", "motif"),
    [
        (Etat.PROPOSEE, "sans_reponse"),
        (Etat.RETENUE, "candidat_muet"),
        (Etat.CONTACT_ACCEPTE, "structure_muette"),
        (Etat.OFFRE, "offre_expiree"),
    ],
)
def test_a_quatorze_jours_la_proposition_se_clot_et_chacun_l_apprend(etat, motif) -> None:
    muette = _creer(etat)
    with time_machine.travel(DEBUT + 13.9 * JOUR, tick=False):
        assert relances.expirer_dues() == 0
    with time_machine.travel(DEBUT + 14 * JOUR, tick=False):
        assert relances.expirer_dues() == 1
        assert relances.expirer_dues() == 0
    muette.refresh_from_db()
    assert (muette.etat, muette.motif_fin) == (Etat.EXPIREE, motif)
    fins = Courriel.objects.filter(code="recrutement/expiree").order_by("pk")
    assert {c.destinataire for c in fins} == {muette.candidat.email, membre(muette.recrutement).utilisateur.email}


def test_ce_qui_a_ete_repondu_entre_temps_ne_se_clot_pas() -> None:
    muette = _creer()
    MiseEnRelation.objects.filter(pk=muette.pk).update(etat=Etat.RESERVE, echeance=None, rang_reserve=1,
                                                      contact_accepte_le=DEBUT)  # fmt: skip
    with time_machine.travel(DEBUT + 30 * JOUR, tick=False):
        assert relances.expirer_dues() == 0


# --- Engagements --------------------------------------------------------------------------------------------------


def _avec_attribution(**champs):
    return recrutement(attribue_le=date(2026, 2, 2), debut=date(2026, 6, 1), **champs)


def test_un_engagement_dont_la_date_passe_est_rappele_une_fois() -> None:
    offre = _avec_attribution()
    assert _au_jour(0) == 0, "le 2 mars, dernier jour pour choisir"
    assert _au_jour(1) == 1
    assert [_au_jour(jours) for jours in (1, 2, 30)] == [0, 0, 0]
    (rappel,) = _rappels("rappel_structure")
    assert "Choisir un candidat" in rappel.texte
    assert "2 mars 2026" in rappel.texte
    assert f"Recrutement {offre.reference}" in rappel.sujet
    # Trois mois après l'attribution : recruter, cette fois.
    assert _au_jour(62) == 1
    assert "Pourvoir chaque poste" in _rappels("rappel_structure")[1].texte
    assert _au_jour(100) == 0


def test_un_travail_en_retard_rappelle_les_deux_engagements_en_un_courriel() -> None:
    _avec_attribution()
    assert _au_jour(90) == 1
    assert _au_jour(91) == 0


def test_rappel_et_engagement_le_meme_jour_font_un_seul_courriel() -> None:
    offre = _avec_attribution()
    _creer(Etat.CONTACT_ACCEPTE, recrutement_=offre)
    assert _au_jour(3) == 1
    (rappel,) = _rappels("rappel_structure")
    assert "Choisir un candidat" in rappel.texte
    assert "accepte votre contact" in rappel.texte


def test_un_recrutement_pourvu_ou_clos_n_est_pas_rappele() -> None:
    for etat in (EtatRecrutement.POURVU, EtatRecrutement.CLOS):
        _avec_attribution(etat=etat, clos_le=timezone.now())
    assert _au_jour(90) == 0


# --- Questions ----------------------------------------------------------------------------------------------------


def test_chercher_ce_qui_est_du_pose_autant_de_questions_pour_vingt_que_pour_deux() -> None:
    offre = recrutement(attribue_le=DEBUT.date())
    for _ in range(2):
        _creer(recrutement_=offre)

    def compter() -> int:
        with time_machine.travel(DEBUT + 3 * JOUR, tick=False), CaptureQueriesContext(connection) as lues:
            relances._qui_fait_attendre(relances.Partie.CANDIDAT, timezone.now())
            relances._engagements_a_rappeler(date(2027, 1, 1))
        return len(lues)

    peu = compter()
    for _ in range(18):
        _creer()
    assert compter() == peu
