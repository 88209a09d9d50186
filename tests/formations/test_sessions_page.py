"""La page d'une session : qui la lit, ce qu'elle montre à chacun."""

import pytest
from django.urls import reverse

from conum.comptes.models import TypeRole
from conum.formations.states import Etat, EtatSession
from tests.comptes.fabriques import RoleFactory
from tests.formations import fabriques_base as fab

pytestmark = pytest.mark.django_db


def lire(client, role, session):
    return client.get(reverse("formations:session", args=[role.pk, session.pk]))


def test_chacun_lit_la_session_qui_le_regarde(client, se_connecter):
    session = fab.session(a_distance=True, seances=2)
    inscrite = fab.inscription(etat=Etat.INSCRITE)
    fab.place(session, inscrite)
    siens = [fab.role_organisme(session.organisme), fab.anct(), fab.role_conseiller(inscrite)]
    lecteurs = [fab.employeur(inscrite), RoleFactory(prefecture=True), RoleFactory(prefecture_de_region=True)]
    for role in (*siens, *lecteurs):
        page = lire(se_connecter(client, role), role, session)
        assert page.status_code == 200, role.type
        texte = page.content.decode()
        assert "Session d’essai" in texte
        assert "dont 14 libres" in texte
        # La salle n'est ouverte qu'à ceux qui y ont une place ou qui la tiennent.
        assert ("https://visio.exemple/salle" in texte) is (role in siens), role.type


def test_ce_qui_ne_regarde_pas_un_role_n_existe_pas(client, se_connecter):
    brouillon = fab.session(etat=EtatSession.BROUILLON)
    ouverte = fab.session()
    inscrite = fab.inscription()
    for role, session in (
        (fab.role_organisme(fab.organisme("Francil’In")), ouverte),
        (fab.role_conseiller(inscrite), ouverte),
        (fab.employeur(inscrite), brouillon),
        (RoleFactory(prefecture=True), brouillon),
    ):
        assert lire(se_connecter(client, role), role, session).status_code == 404, role.type
    hub = RoleFactory(type=TypeRole.HUB, code="rhinocc")
    assert lire(se_connecter(client, hub), hub, ouverte).status_code == 403
    client.logout()
    assert lire(client, hub, ouverte).status_code == 302


def test_le_nombre_de_requetes_ne_depend_pas_du_nombre_de_seances(client, se_connecter, django_assert_max_num_queries):
    courte, longue = fab.session(seances=2), fab.session(seances=40)
    role = fab.role_organisme(courte.organisme)
    se_connecter(client, role)
    lire(client, role, courte)
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(
        connection,
    ) as une:
        lire(client, role, courte)
    with django_assert_max_num_queries(len(une)):
        lire(client, role, longue)
