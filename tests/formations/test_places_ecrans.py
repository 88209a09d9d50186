"""Les écrans des places : choisir, inscrire, attendre, retirer, déplacer, depuis l'inscription ou la session."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from conum.formations.actions import places
from conum.formations.models import Place
from conum.formations.states import Etat, EtatPlace, EtatSession
from tests.comptes.fabriques import RoleFactory
from tests.formations import fabriques_base as fab
from tests.structures.fabriques import CommuneFactory

pytestmark = pytest.mark.django_db
MOTIF = "La personne est en arrêt de travail."


def qui_attend(**champs):
    return fab.inscription(etat=Etat.POSITIONNEE, **champs)


def adresse(role, nom, *arguments):
    return reverse(f"formations:{nom}", args=[role.pk, *arguments])


def lire(client, role, nom, *arguments, suite=""):
    return client.get(adresse(role, nom, *arguments) + suite)


def test_l_employeur_choisit_parmi_ce_qui_convient_et_inscrit(client, se_connecter):
    inscription = qui_attend()
    commune = inscription.commune
    commune.latitude, commune.longitude = 49.25, 4.03
    commune.save()
    proche = CommuneFactory(code="51108", latitude=48.95, longitude=4.36)
    loin = CommuneFactory(code="13055", latitude=43.3, longitude=5.4)
    bonne, trop_loin = fab.session(commune=proche), fab.session(commune=loin)
    tot = fab.session(commune=proche, debut=inscription.disponible_le, seances=30)
    distante, autre = fab.session(a_distance=True), fab.session(commune=proche, marche_code="2024", parcours="2024-70")
    employeur = fab.employeur(inscription)
    page = lire(se_connecter(client, employeur), employeur, "choisir_session", inscription.pk).content.decode()
    montrees = [s for s in (bonne, trop_loin, tot, distante, autre) if s.reference in page]
    assert montrees == [bonne, distante]
    page = lire(client, employeur, "choisir_session", inscription.pk, suite="?toutes=on&autres=on").content.decode()
    assert trop_loin.reference in page
    assert "la personne accepte 100 km" in page
    # Un autre parcours n'est pas à l'employeur.
    assert autre.reference not in page

    lien = adresse(employeur, "inscrire_place", inscription.pk, bonne.pk)
    assert bonne.intitule in client.get(lien).content.decode()
    page = client.post(lien, {}, follow=True).content.decode()
    assert "La personne est inscrite" in page
    assert "Mettre dans un agenda" in page
    place = Place.objects.get()
    assert (place.session, place.etat, place.inscrite_par) == (bonne, EtatPlace.CONVOQUEE, employeur)
    # Deux fois le même bouton : le second le dit, sans erreur.
    reponse = client.post(lien, {})
    assert reponse.status_code == 200
    assert "déjà inscrite à cette session" in reponse.content.decode()


def test_complete_on_coche_pour_attendre_et_le_rang_se_lit(client, se_connecter):
    pleine = fab.session(capacite=1)
    places.inscrire(pleine, qui_attend(), par=fab.anct())
    inscription = qui_attend()
    employeur = fab.employeur(inscription)
    lien = adresse(employeur, "inscrire_place", inscription.pk, pleine.pk)
    se_connecter(client, employeur)
    assert "cochez la case pour attendre" in client.post(lien, {}).content.decode()
    page = client.post(lien, {"en_attente": "on"}, follow=True).content.decode()
    assert "liste d’attente, au rang 1" in page
    assert "Rang 1 sur la liste d’attente" in page
    organisme = fab.role_organisme(pleine.organisme)
    page = lire(se_connecter(client, organisme), organisme, "session", pleine.pk).content.decode()
    assert "Rang 1" in page
    # L'employeur de l'autre personne ne lit pas le nom de celle-ci.
    assert inscription.personne.get_full_name() in page
    voisin = fab.employeur(Place.objects.assises().get().inscription)
    page = lire(se_connecter(client, voisin), voisin, "session", pleine.pk).content.decode()
    assert inscription.personne.get_full_name() not in page


def test_un_autre_parcours_demande_un_motif_a_l_organisme(client, se_connecter):
    inscription, autre = qui_attend(), fab.session(marche_code="2024", parcours="2024-70")
    organisme = fab.role_organisme(autre.organisme)
    se_connecter(client, organisme)
    lien = adresse(organisme, "inscrire_place", inscription.pk, autre.pk)
    assert "Dites pourquoi" in client.post(lien, {"motif_niveau": ""}).content.decode()
    client.post(lien, {"motif_niveau": "Le parcours retenu n’ouvre pas avant l’été."})
    assert Place.objects.get().motif_niveau == "Le parcours retenu n’ouvre pas avant l’été."
    employeur = fab.employeur(inscription)
    page = lire(se_connecter(client, employeur), employeur, "inscription", inscription.pk).content.decode()
    assert "Le parcours retenu n’ouvre pas avant l’été." in page


def test_ce_qui_empeche_se_lit_avant_et_la_saisie_reste(client, se_connecter):
    inscription = fab.inscription(etat=Etat.INSCRITE)
    fab.place(fab.session(), inscription)
    croisee = fab.session()
    employeur = fab.employeur(inscription)
    se_connecter(client, employeur)
    lien = adresse(employeur, "inscrire_place", inscription.pk, croisee.pk)
    assert "on ne suit pas deux séances à la fois" in client.get(lien).content.decode()
    reponse = client.post(lien, {})
    assert reponse.status_code == 200
    assert reponse.content.decode().count("on ne suit pas deux séances à la fois") > 4
    assert Place.objects.count() == 1


def test_l_organisme_inscrit_depuis_la_session_deplace_et_retire(client, se_connecter):
    session, suivante = fab.session(), fab.session(debut=fab.jour(90))
    inscription, ailleurs = qui_attend(), qui_attend(chez=fab.organisme("Francil’In"))
    organisme = fab.role_organisme(session.organisme)
    se_connecter(client, organisme)
    page = lire(client, organisme, "session_attendent", session.pk).content.decode()
    assert inscription.reference in page
    assert ailleurs.reference not in page
    client.post(adresse(organisme, "inscrire_place", inscription.pk, session.pk), {})
    place = Place.objects.get()
    page = lire(client, organisme, "session", session.pk).content.decode()
    for nom in ("convoquer_place", "deplacer_place", "retirer_place"):
        assert adresse(organisme, nom, place.pk) in page

    lien = adresse(organisme, "deplacer_place", place.pk)
    assert suivante.reference in client.get(lien).content.decode()
    reponse = client.post(lien, {"vers": suivante.pk, "motif": "bof"})
    assert "10 à 1" in reponse.content.decode()
    assert "bof</textarea>" in reponse.content.decode()
    client.post(lien, {"vers": suivante.pk, "motif": MOTIF})
    nouvelle = Place.objects.get(session=suivante)
    assert nouvelle.etat == EtatPlace.CONVOQUEE
    lien = adresse(organisme, "retirer_place", nouvelle.pk)
    page = client.post(lien, {"motif": MOTIF}, follow=True).content.decode()
    assert "La place est rendue" in page
    assert "« Retirée »" in client.post(lien, {"motif": MOTIF}).content.decode()


def test_ce_qui_n_est_pas_a_un_role_n_existe_pas(client, se_connecter):
    inscription, session = qui_attend(), fab.session()
    place = places.inscrire(session, inscription, par=fab.anct())
    autre = qui_attend(chez=fab.organisme("Francil’In"))
    libre = fab.session(debut=fab.jour(90))
    for role in (fab.employeur(autre), fab.role_organisme(autre.organisme)):
        se_connecter(client, role)
        for nom, arguments in (
            ("choisir_session", [inscription.pk]), ("inscrire_place", [inscription.pk, libre.pk]),
            ("retirer_place", [place.pk]),
        ):  # fmt: skip
            assert lire(client, role, nom, *arguments).status_code == 404, (role.type, nom)
    concurrent = fab.role_organisme(autre.organisme)
    se_connecter(client, concurrent)
    assert lire(client, concurrent, "session_attendent", session.pk).status_code == 404
    # Les siens, mais pas dans la session d'un autre.
    assert lire(client, concurrent, "inscrire_place", autre.pk, session.pk).status_code == 404
    for role in (fab.role_conseiller(inscription), RoleFactory(prefecture=True)):
        se_connecter(client, role)
        for nom, arguments in (("choisir_session", [inscription.pk]), ("retirer_place", [place.pk])):
            assert lire(client, role, nom, *arguments).status_code == 403, (role.type, nom)
        page = lire(client, role, "inscription", inscription.pk).content.decode()
        assert session.reference in page
        assert adresse(role, "retirer_place", place.pk) not in page
    employeur = fab.employeur(inscription)
    se_connecter(client, employeur)
    assert lire(client, employeur, "deplacer_place", place.pk).status_code == 403
    brouillon = fab.session(etat=EtatSession.BROUILLON)
    assert lire(client, employeur, "inscrire_place", inscription.pk, brouillon.pk).status_code == 404
    client.logout()
    assert lire(client, employeur, "choisir_session", inscription.pk).status_code == 302


def test_plus_de_places_la_liste_avance_des_la_correction():
    from conum.formations.actions.sessions import modifier_session

    session = fab.session(capacite=1)
    anct = fab.anct()
    places.inscrire(session, qui_attend(), par=anct)
    attend = places.inscrire(session, qui_attend(), par=anct, en_attente=True)
    modifier_session(session, par=anct, capacite=2)
    attend.refresh_from_db()
    assert (attend.etat, attend.siege) == (EtatPlace.CONVOQUEE, 2)


def test_la_page_d_une_session_ne_demande_pas_plus_pour_plus_de_monde(
    client, se_connecter, django_assert_max_num_queries
):
    session = fab.session()
    organisme = fab.role_organisme(session.organisme)
    se_connecter(client, organisme)
    fab.place(session, fab.inscription(etat=Etat.INSCRITE))
    qui_attend()
    lire(client, organisme, "session", session.pk)
    lire(client, organisme, "session_attendent", session.pk)
    with CaptureQueriesContext(connection) as page:
        lire(client, organisme, "session", session.pk)
    with CaptureQueriesContext(connection) as liste:
        lire(client, organisme, "session_attendent", session.pk)
    for _ in range(2):
        fab.place(session, fab.inscription(etat=Etat.INSCRITE))
        qui_attend()
    with django_assert_max_num_queries(len(page)):
        lire(client, organisme, "session", session.pk)
    with django_assert_max_num_queries(len(liste)):
        lire(client, organisme, "session_attendent", session.pk)
