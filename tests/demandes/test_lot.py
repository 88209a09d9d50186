"""Décider en lot : une page de lignes, toutes ou aucune ; rien de perdu, rien en double."""

import pytest
from django.urls import reverse

from conum.demandes.actions import comite
from conum.demandes.actions.comite import DecisionVoulue
from conum.demandes.models import Decision, SensDecision
from conum.demandes.states import Etat
from conum.journal.workflow import TransitionImpossible
from conum.postes.models import Poste
from tests.aides import ensemble
from tests.comptes.fabriques import RoleFactory
from tests.demandes.etat import prete, session
from tests.demandes.fabriques import anct

pytestmark = pytest.mark.django_db


def _ligne(demande, sens, **champs):
    return {f"d{demande.pk}-{nom}": valeur for nom, valeur in ({"sens": sens} | champs).items()}


@pytest.fixture
def poster(client, se_connecter):
    def envoyer(seance, lignes, donnees):
        agent = anct()
        url = reverse("demandes:decider_en_lot", args=[agent.pk, seance.pk])
        return se_connecter(client, agent).post(url, {"lignes": [d.pk for d in lignes], **donnees})

    return envoyer


def _etats(*demandes):
    for demande in demandes:
        demande.refresh_from_db()
    return [d.etat for d in demandes]


def test_attribuer_refuser_et_laisser_en_une_fois(poster):
    a, b, c = prete(3), prete(), prete()
    seance = session(a, b, c)
    response = poster(
        seance,
        [a, b, c],
        _ligne(a, "attribuee", postes="2", observations="Bien.")
        | _ligne(b, "refusee", motifs="equilibre", postes="2")
        | _ligne(c, "", postes="2"),
    )
    assert response.status_code == 302
    assert _etats(a, b, c) == [Etat.ATTRIBUEE, Etat.REFUSEE, Etat.EN_INSTRUCTION]
    assert a.decision.postes_accordes == 2
    assert b.decision.postes_accordes == 0
    assert b.decision.motifs == ["equilibre"]


def test_une_erreur_de_saisie_se_lit_sur_sa_ligne_et_tout_reste_a_l_ecran(poster):
    a, b = prete(), prete()
    seance = session(a, b)
    response = poster(
        seance, [a, b], _ligne(a, "attribuee", postes="2", observations="Dossier solide.") | _ligne(b, "refusee")
    )
    page = response.content.decode()
    assert response.status_code == 200
    assert "Choisissez au moins un motif de refus." in page
    assert "Dossier solide." in page
    assert not Decision.objects.exists()


def test_une_enveloppe_trop_courte_refuse_tout_le_lot_et_dit_ou(poster):
    a, b = prete(2), prete(2)
    seance = session(a, b, postes=3)
    response = poster(seance, [a, b], _ligne(a, "attribuee", postes="2") | _ligne(b, "attribuee", postes="2"))
    page = response.content.decode()
    assert response.status_code == 409
    assert page.count("plus que 1 poste.") == 2 * 2  # nationale et département, au résumé et sur le champ
    assert not Decision.objects.exists()
    assert not Poste.objects.exists()


def test_envoyer_deux_fois_le_meme_formulaire_ne_fait_rien_de_plus(poster):
    a = prete()
    seance = session(a)
    donnees = _ligne(a, "attribuee", postes="1")
    poster(seance, [a], donnees)
    assert poster(seance, [a], donnees).status_code == 302
    assert Decision.objects.count() == 1
    assert Poste.objects.count() == 1


def test_une_ligne_decidee_autrement_entre_temps_est_refusee(poster):
    a, b = prete(), prete()
    seance = session(a, b)
    comite.refuser(a, motifs=["equilibre"], par=anct(), session=seance)
    response = poster(seance, [a, b], _ligne(a, "attribuee", postes="1") | _ligne(b, "attribuee", postes="1"))
    assert response.status_code == 409
    assert "l&#x27;état est maintenant « Refusée »" in response.content.decode()
    assert _etats(b) == [Etat.EN_INSTRUCTION]


def test_une_demande_d_une_autre_session_est_ignoree(poster):
    a = prete()
    session(a)
    autre = comite.creer_session("65", a.session.date, par=anct())
    response = poster(autre, [a], _ligne(a, "attribuee", postes="1"))
    assert "Aucune ligne n&#x27;a de décision." in response.content.decode()
    assert not Decision.objects.exists()


def test_lignes_valables_seules_dans_l_ordre_donne():
    a, b, c = prete(2), prete(2), prete(1)
    seance = session(a, b, c, postes=3)
    voulues = [DecisionVoulue(demande=d.pk, sens=SensDecision.ATTRIBUEE, postes=d.postes_demandes) for d in (b, a, c)]
    lot = comite.decider_en_lot(seance, voulues, par=anct(), tout_ou_rien=False)
    assert (lot.decidees, list(lot.erreurs), lot.annule) == ([b.pk, c.pk], [a.pk], False)
    assert _etats(a, b, c) == [Etat.EN_INSTRUCTION, Etat.ATTRIBUEE, Etat.ATTRIBUEE]


def test_tout_ou_rien_n_ecrit_rien_si_une_ligne_est_refusee():
    a, b = prete(2), prete(2)
    seance = session(a, b)
    voulues = [
        DecisionVoulue(demande=a.pk, sens=SensDecision.ATTRIBUEE, postes=2),
        DecisionVoulue(demande=b.pk, sens=SensDecision.ATTRIBUEE, postes=9),
        DecisionVoulue(demande=0, sens=SensDecision.REFUSEE, motifs=("equilibre",)),
    ]
    lot = comite.decider_en_lot(seance, voulues, par=anct(), tout_ou_rien=True)
    assert (lot.annule, lot.decidees, set(lot.erreurs)) == (True, [], {b.pk, 0})
    assert not Decision.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_deux_secretaires_en_lot_a_la_fois_sans_se_bloquer_ni_depasser():
    demandes = [prete(1) for _ in range(6)]
    seance = session(*demandes, postes=4)
    voulues = [DecisionVoulue(demande=d.pk, sens=SensDecision.ATTRIBUEE, postes=1) for d in demandes]
    agents = [RoleFactory(anct=True), RoleFactory(anct=True)]
    resultats = ensemble(
        lambda: comite.decider_en_lot(seance, voulues, par=agents[0], tout_ou_rien=False),
        lambda: comite.decider_en_lot(seance, voulues[::-1], par=agents[1], tout_ou_rien=False),
    )
    assert all(isinstance(r, comite.Lot) for r in resultats), resultats
    assert Poste.objects.count() == Decision.objects.count() == 4


@pytest.mark.django_db(transaction=True)
def test_clore_pendant_qu_on_decide_ne_laisse_rien_hors_du_proces_verbal():
    faite, autre = prete(1), prete(1)
    seance = session(faite, autre)
    comite.attribuer(faite, postes=1, par=anct(), session=seance)
    agent = anct()
    ensemble(
        lambda: comite.clore_session(seance, par=agent),
        lambda: comite.attribuer(autre, postes=1, par=agent, session=seance),
    )
    seance.refresh_from_db()
    if seance.proces_verbal is None:
        with pytest.raises(TransitionImpossible):
            comite.inscrire(comite.clore_session(seance, par=agent), [], par=agent)
        seance.refresh_from_db()
    assert seance.proces_verbal["totaux"]["postes_accordes"] == Decision.objects.filter(session=seance).count() == 2
