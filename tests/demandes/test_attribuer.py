"""Attribuer : combien, par qui, dans quel cadre, et jamais plus que l'enveloppe."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.urls import reverse
from django.utils import timezone

from conum.courriels.models import Courriel
from conum.demandes.actions import comite
from conum.demandes.models import Decision, Enveloppe, SensDecision, Soldes
from conum.demandes.states import Etat
from conum.journal.models import Entree
from conum.journal.workflow import TransitionImpossible
from conum.postes.models import Poste, Rattachement
from tests.aides import ensemble
from tests.comptes.fabriques import RoleFactory
from tests.demandes.etat import attribuee, prete, session
from tests.demandes.fabriques import anct, deposee, enveloppes, membre_de, prefecture_de, rendu

pytestmark = pytest.mark.django_db
POURQUOI = "Ouverture imminente d'un lieu, signalée par la préfecture."


def _attribuer(demande, postes=1, **champs):
    voulu = {"par": anct(), "justification": POURQUOI} | champs
    return comite.attribuer(demande, postes=postes, **voulu)


def test_deux_postes_sur_trois_sont_crees_numerotes_et_rattaches():
    demande = prete(3)
    seance = session(demande)
    decision = _attribuer(demande, 2, session=seance, observations="Le troisième plus tard.", prioritaire=True)
    demande.refresh_from_db()
    assert demande.etat == Etat.ATTRIBUEE
    assert (decision.postes_accordes, decision.session, decision.annee) == (2, seance, seance.date.year)
    postes = Poste.objects.rattaches_a(demande.structure, timezone.localdate())
    assert postes.count() == 2
    assert {r.periode.lower for r in Rattachement.objects.filter(poste__in=postes)} == {seance.date}


def test_le_journal_et_les_courriels_disent_la_decision():
    demande = prete(3)
    _attribuer(demande, 2, session=session(demande))
    entree = Entree.objects.de_l_objet(demande).get(action="attribuer")
    numeros = [p.reference for p in Poste.objects.order_by("numero")]
    assert entree.donnees["postes"] == 2
    assert entree.donnees["session"] == "64"
    assert sorted(entree.donnees["numeros"]) == numeros
    a_la_structure = Courriel.objects.de_l_objet(demande).get(code="demandes/attribution")
    assert a_la_structure.destinataire == demande.contact_email
    for phrase in ("Vous en demandiez 3", "dans le mois", "15 jours", "avant 3 mois", numeros[0]):
        assert phrase in a_la_structure.texte
    a_la_prefecture = Courriel.objects.de_l_objet(demande).get(code="demandes/decision_prefecture")
    assert a_la_prefecture.destinataire == prefecture_de(demande.departement).utilisateur.email
    assert "Comité n° 64" in a_la_prefecture.texte
    assert "2 postes attribués" in a_la_prefecture.texte


def test_hors_session_la_decision_est_justifiee_et_journalisee_comme_telle(client, se_connecter):
    demande = prete()
    enveloppes(demande.departement)
    agent = anct()
    url = reverse("demandes:decider", args=[agent.pk, demande.pk])
    se_connecter(client, agent)
    sans = client.post(url, {"sens": "attribuee", "postes": "1"})
    assert sans.status_code == 200
    assert not Decision.objects.exists()
    response = client.post(url, {"sens": "attribuee", "postes": "1", "justification": POURQUOI})
    assert response.status_code == 302
    assert Decision.objects.get().session is None
    entree = Entree.objects.de_l_objet(demande).get(action="attribuer")
    assert entree.motif == POURQUOI
    assert entree.donnees["session"] is None


def test_pas_plus_que_demande_ni_moins_d_un():
    demande = prete(2)
    enveloppes(demande.departement)
    for postes in (0, 3):
        with pytest.raises(comite.DecisionRefusee) as refus:
            _attribuer(demande, postes)
        assert refus.value.erreurs[0].champ == "postes"
    assert not Poste.objects.exists()


def test_jamais_plus_que_l_une_ou_l_autre_enveloppe():
    demande = prete(5)
    annee = timezone.localdate().year
    enveloppes(demande.departement)
    for territoire, phrase in ((demande.departement, "département"), (None, "nationale")):
        Enveloppe.objects.filter(annee=annee).update(postes=100)
        Enveloppe.objects.filter(annee=annee, departement=territoire).update(postes=3)
        with pytest.raises(comite.DecisionRefusee, match=f"{phrase}.*plus que 3 postes"):
            _attribuer(demande, 4)
    _attribuer(demande, 3)
    assert Soldes.de(annee).national.reste == 0


def test_sans_enveloppe_rien_ne_s_attribue():
    with pytest.raises(comite.DecisionRefusee, match="n'est pas fixée"):
        _attribuer(prete())


def test_l_enveloppe_est_celle_de_l_annee_de_la_session():
    demande = prete()
    jour = timezone.localdate().replace(year=timezone.localdate().year - 1, day=1)
    seance = session(demande, jour=jour)
    _attribuer(demande, 2, session=seance)
    assert Soldes.de(jour.year).national.attribues == 2
    assert Soldes.de(jour.year + 1).national.attribues == 0


def test_une_session_a_venir_ne_decide_pas_encore():
    demande = prete()
    seance = session(demande, jour=timezone.localdate() + timedelta(days=3))
    with pytest.raises(TransitionImpossible, match="à partir de ce jour"):
        _attribuer(demande, session=seance)


def test_sans_avis_pas_de_decision():
    demande = deposee()
    enveloppes(demande.departement)
    with pytest.raises(TransitionImpossible, match="Déposée"):
        _attribuer(demande)


def test_une_demande_inscrite_se_decide_dans_sa_session():
    demande = prete()
    session(demande)
    with pytest.raises(TransitionImpossible, match="ordre du jour du Comité n° 64"):
        _attribuer(demande)
    autre = session(numero="65")
    with pytest.raises(TransitionImpossible, match="n'est pas à l'ordre du jour"):
        _attribuer(demande, session=autre)


def test_accepter_un_rendu_termine_les_rattachements_sans_toucher_aux_enveloppes():
    initiale = attribuee(2)
    demande = rendu(initiale.structure, nombre=1)
    avant = Soldes.de(timezone.localdate().year)
    decision = _attribuer(demande, 1)
    assert decision.sens == SensDecision.ATTRIBUEE
    assert Poste.objects.rattaches_a(initiale.structure, timezone.localdate()).count() == 1
    assert Soldes.de(timezone.localdate().year) == avant
    courriel = Courriel.objects.de_l_objet(demande).get(code="demandes/rendu_accepte")
    assert "Vous rendez 1 poste " in courriel.texte


def test_une_seconde_decision_est_refusee_et_la_premiere_est_montree(client, se_connecter):
    demande = prete()
    enveloppes(demande.departement)
    _attribuer(demande, 2)
    agent = anct()
    response = se_connecter(client, agent).post(
        reverse("demandes:decider", args=[agent.pk, demande.pk]),
        {"sens": "attribuee", "postes": "1", "justification": "Je décide à mon tour."},
    )
    assert response.status_code == 409
    page = response.content.decode()
    assert "l&#x27;état est maintenant « Attribuée »" in page
    assert "Je décide à mon tour." in page
    assert Poste.objects.count() == 2


@pytest.mark.parametrize("qui", ["prefecture", "structure", "region"])
def test_seule_l_anct_decide(client, se_connecter, qui):
    demande = prete()
    enveloppes(demande.departement)
    role = {
        "prefecture": lambda: prefecture_de(demande.departement),
        "structure": lambda: membre_de(demande.structure),
        "region": lambda: RoleFactory(prefecture_de_region=True, region=demande.departement.region),
    }[qui]()
    assert se_connecter(client, role).get(reverse("demandes:decider", args=[role.pk, demande.pk])).status_code == 403
    with pytest.raises(PermissionDenied):
        _attribuer(demande, par=role)


def test_la_justification_a_au_moins_dix_caracteres():
    demande = prete()
    enveloppes(demande.departement)
    with pytest.raises(ValidationError):
        _attribuer(demande, justification="urgent")


@pytest.mark.django_db(transaction=True)
def test_seize_fils_pour_le_dernier_poste_un_seul_reussit():
    demandes = [prete(1) for _ in range(16)]
    enveloppes(demandes[0].departement, 1)
    agent = anct()
    resultats = ensemble(*(lambda d=d: _attribuer(d, 1, par=agent) for d in demandes))
    reussis = [r for r in resultats if isinstance(r, Decision)]
    refuses = [r for r in resultats if isinstance(r, comite.DecisionRefusee)]
    assert (len(reussis), len(refuses)) == (1, 15), resultats
    assert Poste.objects.count() == 1
    assert Soldes.de(timezone.localdate().year).national.reste == 0


@pytest.mark.django_db(transaction=True)
def test_deux_secretaires_decident_autrement_une_seule_decision():
    demande = prete(3)
    seance = session(demande)
    a, b = RoleFactory(anct=True), RoleFactory(anct=True)
    resultats = ensemble(
        lambda: _attribuer(demande, 3, par=a, session=seance),
        lambda: comite.refuser(demande, motifs=["equilibre"], par=b, session=seance),
    )
    assert sum(isinstance(r, Decision) for r in resultats) == 1
    assert sum(isinstance(r, TransitionImpossible) for r in resultats) == 1
    decision = Decision.objects.get()
    assert Poste.objects.count() == decision.postes_accordes
