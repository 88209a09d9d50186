"""Ce que les formations attendent de chacun : chaque compte mène à la liste qui le détaille, sur le même périmètre."""

import pytest
from django.urls import reverse

from conum.comptes.models import Role, TypeRole
from conum.formations.models import Inscription
from conum.formations.states import Etat, EtatDispense
from conum.portail.attentes_formations import des_formations
from tests.comptes.fabriques import connecter
from tests.conftest import ClientGarde
from tests.formations import fabriques_base as f
from tests.formations import fabriques_parcours

pytestmark = pytest.mark.django_db


def _situation() -> Inscription:
    """Une personne dont le départ est en retard, une absente sans motif, une qui attend une session, une dispense."""
    tardive = f.inscription(contrat_signe_le=f.jour(-40))
    fabriques_parcours.dispense(tardive, etat=EtatDispense.DEPOSEE)
    f.inscription(etat=Etat.POSITIONNEE)
    suivie = f.inscription(etat=Etat.EN_FORMATION)
    session = f.session(debut=f.jour(-2))
    seance = session.seances.order_by("pk").first()
    f.emarger(seance, f.place(session, suivie), absent=True, signe_apprenant_le=None, apprenant_voie="")
    return tardive


def _roles(tardive: Inscription) -> list[Role]:
    return [f.anct(), f.role_organisme(f.organisme()), f.employeur(tardive)]


def test_chaque_compte_mene_a_sa_liste(client: ClientGarde) -> None:
    tardive = _situation()
    dits = {}
    for role in _roles(tardive):
        connecter(client, role)
        comptes = des_formations(role)
        dits[role.type] = {c.phrase: c.nombre for c in comptes}
        for compte in comptes:
            reponse = client.get(compte.lien)
            assert reponse.status_code == 200, compte.lien
            if "liste" in reponse.context:
                assert reponse.context["liste"].page.paginator.count == compte.nombre, compte.phrase
    assert dits[TypeRole.ANCT]["personnes devraient être parties en formation"] == 1
    assert dits[TypeRole.ANCT]["absences sans motif"] == 1
    assert dits[TypeRole.ORGANISME]["personnes attendent une session"] == 1
    assert dits[TypeRole.STRUCTURE] == {"personnes devraient être parties en formation": 1}


def test_la_personne_arrive_sur_sa_formation(client: ClientGarde) -> None:
    suivie = f.inscription()
    role = f.role_conseiller(suivie)
    reponse = connecter(client, role).get(reverse("portail:espace", args=[role.pk]), follow=True)
    assert reponse.redirect_chain[-1][0] == reverse("formations:inscription", args=[role.pk, suivie.pk])


def test_qui_ne_forme_pas_n_a_rien_a_y_faire() -> None:
    suivie = f.inscription(contrat_signe_le=f.jour(-40))
    assert des_formations(f.role_conseiller(suivie)) == []
    assert des_formations(f.role_organisme(f.organisme("Francil’In"))) == []
