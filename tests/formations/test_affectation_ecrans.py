"""Un passage d'affectation : proposé, expliqué, confirmé ou écarté par un agent, et par qui."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.urls import reverse

from conum.courriels.models import Courriel
from conum.formations.actions import confirmations, places
from conum.formations.actions.affectation import effacer_passages, lancer_passage
from conum.formations.models import PassageAffectation, Place, PropositionSession
from conum.formations.states import Etat, EtatPlace, EtatProposition
from conum.journal.models import Entree
from conum.journal.workflow import TransitionImpossible
from tests.comptes.fabriques import RoleFactory
from tests.formations import fabriques_base as fab

pytestmark = pytest.mark.django_db
MOTIF = "La personne déménage avant le début."


def qui_attend(n=1, **champs):
    return [fab.inscription(etat=Etat.POSITIONNEE, **champs) for _ in range(n)]


def situer(objet, latitude=49.25, longitude=4.03):
    """Donne des coordonnées à la commune d'une inscription ou d'une session."""
    objet.commune.latitude, objet.commune.longitude = latitude, longitude
    objet.commune.save()
    return objet


def adresse(role, nom, *arguments):
    return reverse(f"formations:{nom}", args=[role.pk, *arguments])


def confirmer(client, role, passage, **donnees):
    return client.post(adresse(role, "confirmer_propositions", passage.pk), donnees, follow=True).content.decode()


def proposition(inscription):
    return PropositionSession.objects.get(inscription=inscription, etat=EtatProposition.PROPOSEE)


# --- Ce qui marche ---


def test_l_anct_lance_lit_pourquoi_et_confirme(client, se_connecter):
    (inscription,) = qui_attend()
    situer(inscription)
    fab.role_conseiller(inscription)
    tot, tard = situer(fab.session(debut=fab.jour(20))), situer(fab.session(debut=fab.jour(60)))
    anct = fab.anct()
    se_connecter(client, anct)
    page = client.post(adresse(anct, "lancer_affectation"), follow=True).content.decode()
    passage = PassageAffectation.objects.get()
    assert (passage.personnes, passage.sessions, passage.placees, passage.par) == (1, 2, 1, anct)
    proposee = proposition(inscription)
    assert proposee.session == tot
    assert f"{tot.reference} : commence le {tot.debut:%d/%m/%Y}" in page
    assert f"{tard.reference} : Commence plus tard" in page
    assert not Place.objects.exists()

    page = confirmer(client, anct, passage, choix=[proposee.pk])
    assert "1 personne inscrite et convoquée" in page
    proposee.refresh_from_db()
    place = Place.objects.get()
    assert (proposee.etat, place.session, place.etat) == (EtatProposition.CONFIRMEE, tot, EtatPlace.CONVOQUEE)
    assert Courriel.objects.filter(code="formations/convocation").count() == 1
    assert Entree.objects.de_l_objet(proposee).get().action == "confirmer_proposition"
    # Deux fois le même bouton : le second le dit.
    assert "n’est plus à confirmer" in confirmer(client, anct, passage, seule=proposee.pk)


def test_ni_trop_de_monde_ni_un_autre_niveau_et_qui_reste_sait_pourquoi():
    inscriptions = qui_attend(3)
    for inscription in inscriptions:
        situer(inscription)
    situer(fab.session(capacite=2))
    situer(fab.session(marche_code="2024", parcours="2024-70"))
    (loin,) = qui_attend()
    loin.parcours = "2024-315"
    loin.save()
    situer(loin)
    passage = lancer_passage(par=fab.anct())
    assert (passage.personnes, passage.placees) == (4, 2)
    assert passage.bilan["sans_place"] == {"niveau": 1, "places": 1}
    for faite in PropositionSession.objects.select_related("session", "inscription"):
        assert faite.session is None or faite.session.parcours == faite.inscription.parcours
        assert faite.explication["phrase"]
        assert len(faite.explication["autres"]) <= 5


def test_qui_est_hors_du_calcul_a_sa_raison_et_une_liste_d_attente_garde_ses_places():
    (perdue,) = qui_attend()
    perdue.commune.latitude = perdue.commune.longitude = None
    perdue.commune.save()
    (en_liste,) = qui_attend()
    pleine = fab.session(capacite=1)
    anct = fab.anct()
    places.inscrire(pleine, qui_attend()[0], par=anct)
    places.inscrire(pleine, en_liste, par=anct, en_attente=True)
    passage = lancer_passage(par=anct)
    assert (passage.bilan["ecartees"], passage.bilan["sur_liste"], passage.sessions) == (1, 1, 0)
    assert "pas de coordonnées" in PropositionSession.objects.get(inscription=perdue).explication["phrase"]


def test_un_passage_perime_le_precedent_et_une_place_obtenue_perime_la_proposition():
    premiere, seconde = qui_attend(2)
    for inscription in (premiere, seconde):
        situer(inscription)
    session = situer(fab.session())
    anct = fab.anct()
    lancer_passage(par=anct)
    ancienne = proposition(premiere)
    lancer_passage(par=anct)
    ancienne.refresh_from_db()
    assert ancienne.etat == EtatProposition.PERIMEE
    with pytest.raises(TransitionImpossible, match="Périmée"):
        confirmations.confirmer(ancienne, par=anct)
    recente = proposition(premiere)
    places.inscrire(session, premiere, par=fab.employeur(premiere))
    recente.refresh_from_db()
    assert recente.etat == EtatProposition.PERIMEE


def test_confirmer_plusieurs_dit_ce_qui_ne_va_plus_et_fait_le_reste(client, se_connecter):
    inscriptions = qui_attend(2)
    for inscription in inscriptions:
        situer(inscription)
    session = situer(fab.session(capacite=2))
    anct = fab.anct()
    passage = lancer_passage(par=anct)
    # Une place est prise à la main, par une troisième personne, entre le calcul et la confirmation.
    places.inscrire(session, qui_attend()[0], par=anct)
    propositions = [proposition(i).pk for i in inscriptions]
    page = confirmer(se_connecter(client, anct), anct, passage, choix=propositions)
    assert "1 personne inscrite" in page
    assert "La session est complète." in page
    assert inscriptions[1].reference in page
    assert Place.objects.count() == 2


def test_tout_confirmer_se_fait_en_travail_de_fond_et_rend_compte(client, se_connecter):
    from conum.formations import jobs

    for inscription in qui_attend(2):
        situer(inscription)
    situer(fab.session())
    anct = fab.anct()
    passage = lancer_passage(par=anct)
    se_connecter(client, anct)
    page = client.post(adresse(anct, "confirmer_passage", passage.pk), follow=True).content.decode()
    assert "en cours" in page
    assert "déjà demandée" in client.post(adresse(anct, "confirmer_passage", passage.pk), follow=True).content.decode()
    jobs.confirmer_passage(passage=passage.pk, role=anct.pk)
    passage.refresh_from_db()
    assert (passage.bilan["confirmation"]["faites"], passage.bilan["confirmation"]["refusees"]) == (2, [])
    assert Place.objects.assises().count() == 2
    assert "2 confirmées sur 2" in client.get(adresse(anct, "passage", passage.pk)).content.decode()
    with pytest.raises(TransitionImpossible, match="plus rien à confirmer"):
        confirmations.demander_tout(passage, par=anct)


def test_ecarter_demande_un_motif(client, se_connecter):
    (inscription,) = qui_attend()
    situer(inscription)
    situer(fab.session())
    anct = fab.anct()
    passage = lancer_passage(par=anct)
    proposee = proposition(inscription)
    se_connecter(client, anct)
    lien = adresse(anct, "ecarter_proposition", proposee.pk)
    assert client.get(lien).status_code == 200
    assert "10 à 1" in client.post(lien, {"motif": "bof"}).content.decode()
    assert client.post(lien, {"motif": MOTIF}).url == adresse(anct, "passage", passage.pk)
    proposee.refresh_from_db()
    assert (proposee.etat, proposee.motif) == (EtatProposition.ECARTEE, MOTIF)


# --- Qui ne peut pas ---


def test_un_organisme_ne_place_que_les_siens_dans_les_siennes(client, se_connecter):
    chez, ailleurs = fab.organisme(), fab.organisme("Francil’In")
    (sien,), (autre,) = qui_attend(chez=chez), qui_attend(chez=ailleurs)
    for objet in (sien, autre, fab.session(chez=chez), fab.session(chez=ailleurs, debut=fab.jour(15))):
        situer(objet)
    organisme, concurrent = fab.role_organisme(chez), fab.role_organisme(ailleurs)
    passage = lancer_passage(par=organisme)
    assert (passage.personnes, passage.sessions) == (1, 1)
    proposee = proposition(sien)
    assert proposee.session.organisme == chez
    # Le passage d'un autre organisme ne périme pas le sien.
    du_pays = lancer_passage(par=concurrent)
    proposee.refresh_from_db()
    assert proposee.etat == EtatProposition.PROPOSEE

    se_connecter(client, concurrent)
    assert client.get(adresse(concurrent, "passage", passage.pk)).status_code == 404
    assert client.get(adresse(concurrent, "ecarter_proposition", proposee.pk)).status_code == 404
    assert client.post(adresse(concurrent, "confirmer_passage", passage.pk)).status_code == 404
    # Une proposition d'un autre passage, glissée dans le sien : rien ne se fait.
    assert "Cochez au moins une" in confirmer(client, concurrent, du_pays, choix=[proposee.pk])
    with pytest.raises(PermissionDenied):
        confirmations.confirmer(proposee, par=concurrent)
    se_connecter(client, organisme)
    assert client.get(adresse(organisme, "affectation")).status_code == 200
    assert "1 personne inscrite" in confirmer(client, organisme, passage, choix=[proposee.pk])


def test_les_autres_roles_n_affectent_personne(client, se_connecter):
    (inscription,) = qui_attend()
    passage = lancer_passage(par=fab.anct())
    for role in (fab.employeur(inscription), fab.role_conseiller(inscription), RoleFactory(prefecture=True)):
        se_connecter(client, role)
        assert client.get(adresse(role, "affectation")).status_code == 403
        assert client.get(adresse(role, "passage", passage.pk)).status_code == 403
        assert client.post(adresse(role, "lancer_affectation")).status_code == 403
        with pytest.raises(PermissionDenied):
            lancer_passage(par=role)
    anct = fab.anct()
    client.logout()
    assert client.post(adresse(anct, "lancer_affectation")).status_code == 302
    assert PassageAffectation.objects.count() == 1


# --- La liste ---


def test_la_liste_se_filtre_et_ses_requetes_ne_croissent_pas(client, se_connecter, django_assert_max_num_queries):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    anct = fab.anct()
    se_connecter(client, anct)
    (seule,) = qui_attend()
    situer(seule)
    session = situer(fab.session())
    passage = lancer_passage(par=anct)
    lien = adresse(anct, "passage", passage.pk)
    client.get(lien)
    with CaptureQueriesContext(connection) as une:
        client.get(lien)
    for inscription in qui_attend(3):
        situer(inscription)
    passage = lancer_passage(par=anct)
    lien = adresse(anct, "passage", passage.pk)
    with django_assert_max_num_queries(len(une)):
        page = client.get(lien).content.decode()
    assert page.count('name="choix"') == 4
    for critere, attendu in (
        (f"recherche={seule.reference}", 1), (f"recherche={session.reference}", 4), ("recherche=zzzz", 0),
        ("montrer=sans", 0), ("montrer=confirmee", 0), ("parcours=2024-70", 0),
    ):  # fmt: skip
        assert client.get(f"{lien}?{critere}").content.decode().count('name="choix"') == attendu, critere


def test_un_passage_s_efface_apres_un_an_ses_propositions_aussi():
    qui_attend(1)
    passage = lancer_passage(par=fab.anct())
    assert effacer_passages(passage.created_at) == 0
    assert effacer_passages(passage.created_at + timedelta(seconds=1)) == 1
    assert not PropositionSession.objects.exists()
