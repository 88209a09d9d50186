"""Sessions du comité : créer, composer l'ordre du jour, clore."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.urls import reverse
from django.utils import timezone

from conum.demandes.actions import comite
from conum.demandes.models import SessionComite
from conum.demandes.states import EtatSession
from conum.journal.models import Entree
from conum.journal.workflow import TransitionImpossible
from tests.demandes.etat import attribuee, prete, session
from tests.demandes.fabriques import anct, deposee, membre_de, prefecture_de, rendu

pytestmark = pytest.mark.django_db


def _url(nom, *args):
    return reverse(f"demandes:{nom}", args=[anct().pk, *args])


@pytest.fixture
def secretaire(client, se_connecter):
    return se_connecter(client, anct())


def test_creer_une_session_depuis_la_page(secretaire):
    response = secretaire.post(_url("sessions"), {"numero": " 62 bis", "date": timezone.localdate().isoformat()})
    creee = SessionComite.objects.get()
    assert response.url == _url("session", creee.pk)
    assert (creee.numero, creee.etat) == ("62BIS", EtatSession.PREPARATION)
    assert Entree.objects.de_l_objet(creee).get().action == "creer_session"


@pytest.mark.parametrize("numero", ["", "BIS", "64;DROP", "6" * 20])
def test_un_numero_mal_forme_est_refuse(numero):
    with pytest.raises(ValidationError):
        comite.creer_session(numero, timezone.localdate(), par=anct())


def test_deux_sessions_n_ont_pas_le_meme_numero(secretaire):
    session()
    response = secretaire.post(_url("sessions"), {"numero": "64", "date": timezone.localdate().isoformat()})
    assert "Une session porte déjà ce numéro." in response.content.decode()


def test_inscrire_les_demandes_cochees(secretaire):
    seance = session()
    choisie, laissee = prete(), prete()
    page = secretaire.get(_url("inscrire", seance.pk)).content.decode()
    assert choisie.reference in page
    assert laissee.reference in page
    secretaire.post(_url("inscrire", seance.pk), {"demandes": [choisie.pk]})
    choisie.refresh_from_db()
    laissee.refresh_from_db()
    assert (choisie.session, laissee.session) == (seance, None)
    assert Entree.objects.de_l_objet(choisie).get(action="inscrire").donnees == {"session": "64"}


def test_inscrire_toutes_celles_du_filtre(secretaire):
    seance = session()
    voulue, autre = prete(), prete(1, type_poste="coordinateur", temps_coordination="PT")
    secretaire.post(_url("inscrire", seance.pk) + "?type_poste=coordinateur", {"toutes": "oui"})
    assert list(seance.demandes.all()) == [autre]
    assert voulue.pk != autre.pk


def test_inscrire_deux_fois_ne_change_rien_et_dit_ce_qui_ne_peut_pas_l_etre():
    seance, demande, sans_avis = session(), prete(), deposee()
    comite.inscrire(seance, [demande.pk], par=anct())
    resultat = comite.inscrire(seance, [demande.pk, sans_avis.pk], par=anct())
    assert resultat.inscrites == []
    assert resultat.refusees == [(sans_avis, "elle est « Déposée »")]
    autre = comite.creer_session("65", timezone.localdate(), par=anct())
    assert "ordre du jour" in comite.inscrire(autre, [demande.pk], par=anct()).refusees[0][1]


def test_un_rendu_s_inscrit_sans_avis():
    demande = rendu(attribuee().structure)
    assert comite.inscrire(session(), [demande.pk], par=anct()).inscrites == [demande]


def test_retirer_une_demande_de_l_ordre_du_jour(secretaire):
    demande = prete()
    seance = session(demande)
    secretaire.post(_url("retirer", seance.pk, demande.pk))
    demande.refresh_from_db()
    assert demande.session is None
    assert Entree.objects.de_l_objet(demande).filter(action="retirer_de_la_session").exists()


def test_une_demande_decidee_ne_se_retire_pas():
    demande = prete()
    seance = session(demande)
    comite.attribuer(demande, postes=1, par=anct(), session=seance)
    with pytest.raises(TransitionImpossible, match="procès-verbal"):
        comite.retirer_de_la_session(seance, demande, par=anct())


def test_clore_demande_que_tout_soit_decide_ou_retire(secretaire):
    decidee, restante = prete(), prete()
    seance = session(decidee, restante)
    comite.attribuer(decidee, postes=2, par=anct(), session=seance)
    response = secretaire.post(_url("clore_session", seance.pk), follow=True)
    assert "1 demande de l&#x27;ordre du jour attend une décision" in response.content.decode()
    comite.retirer_de_la_session(seance, restante, par=anct())
    secretaire.post(_url("clore_session", seance.pk))
    seance.refresh_from_db()
    assert seance.etat == EtatSession.TENUE
    assert seance.proces_verbal["totaux"]["postes_accordes"] == 2
    assert Entree.objects.de_l_objet(seance).get(action="clore_session").vers == EtatSession.TENUE


def test_une_session_vide_ne_se_clot_pas():
    with pytest.raises(TransitionImpossible, match="Aucune décision"):
        comite.clore_session(session(), par=anct())


def test_une_session_close_ne_change_plus():
    decidee, autre = prete(), prete()
    seance = session(decidee)
    comite.attribuer(decidee, postes=1, par=anct(), session=seance)
    comite.clore_session(seance, par=anct())
    for acte in (
        lambda: comite.inscrire(seance, [autre.pk], par=anct()),
        lambda: comite.retirer_de_la_session(seance, decidee, par=anct()),
        lambda: comite.clore_session(seance, par=anct()),
        lambda: comite.attribuer(autre, postes=1, par=anct(), session=seance),
    ):
        with pytest.raises(TransitionImpossible, match="procès-verbal ne change plus"):
            acte()


def test_ni_prefecture_ni_structure_ne_tiennent_le_comite(client, se_connecter):
    demande = prete()
    seance = session(demande)
    for role in (prefecture_de(demande.departement), membre_de(demande.structure)):
        se_connecter(client, role)
        for nom, args in (
            ("sessions", []), ("session", [seance.pk]), ("inscrire", [seance.pk]), ("clore_session", [seance.pk]),
            ("proces_verbal_pdf", [seance.pk]), ("modele_decisions", [seance.pk]), ("importer_decisions", [seance.pk]),
        ):  # fmt: skip
            assert client.get(reverse(f"demandes:{nom}", args=[role.pk, *args])).status_code == 403
        with pytest.raises(PermissionDenied):
            comite.clore_session(seance, par=role)
        with pytest.raises(PermissionDenied):
            comite.creer_session("70", timezone.localdate(), par=role)


def test_les_actes_en_post_ne_repondent_pas_au_get(secretaire):
    demande = prete()
    seance = session(demande)
    assert secretaire.get(_url("retirer", seance.pk, demande.pk)).status_code == 405
    assert secretaire.get(_url("decider_en_lot", seance.pk)).status_code == 405


def test_la_page_d_une_session_a_venir_previent(secretaire):
    demande = prete()
    seance = session(demande, jour=timezone.localdate() + timedelta(days=7))
    page = secretaire.get(_url("session", seance.pk)).content.decode()
    assert "Ses décisions se saisissent à partir de ce jour" in page
    assert "Enregistrer les décisions" not in page
