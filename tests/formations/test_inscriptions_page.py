"""La page d'une inscription et « Ma formation » : qui les lit, ce qu'elles disent."""

import pytest
from django.urls import reverse

from conum.comptes.models import TypeRole
from conum.formations.states import Etat
from tests.comptes.fabriques import RoleFactory, UtilisateurFactory
from tests.formations import fabriques_base as fab
from tests.postes import fabriques as postes

pytestmark = pytest.mark.django_db


def lire(client, role, inscription):
    return client.get(reverse("formations:inscription", args=[role.pk, inscription.pk]))


def ma_formation(client, role):
    return client.get(reverse("formations:ma_formation", args=[role.pk]))


def test_ceux_qui_la_suivent_la_lisent_et_eux_seuls(client, se_connecter):
    inscription = fab.inscription()
    for role in (
        fab.anct(),
        fab.employeur(inscription),
        fab.role_organisme(inscription.organisme),
        RoleFactory(prefecture=True, departement=inscription.commune.departement),
        RoleFactory(prefecture_de_region=True, region=inscription.commune.departement.region),
        fab.role_conseiller(inscription),
    ):
        page = lire(se_connecter(client, role), role, inscription)
        assert page.status_code == 200, role.type
        assert inscription.reference in page.content.decode()
        # Le contrat porte un salaire : l'organisme n'en a que le numéro.
        voit = reverse("postes:contrat", args=[role.pk, inscription.contrat_id]) in page.content.decode()
        assert voit is (role.type not in (TypeRole.ORGANISME, TypeRole.CONSEILLER)), role.type

    autre = fab.inscription(chez=fab.organisme("Francil’In"))
    ailleurs = RoleFactory(prefecture=True, departement__code="08", departement__nom="Ardennes")
    for role in (
        fab.employeur(autre), fab.role_organisme(autre.organisme), fab.role_conseiller(autre), ailleurs,
    ):  # fmt: skip
        assert lire(se_connecter(client, role), role, inscription).status_code == 404, role.type
    candidat = RoleFactory(type=TypeRole.CANDIDAT)
    assert lire(se_connecter(client, candidat), candidat, inscription).status_code == 403
    client.logout()
    assert lire(client, candidat, inscription).status_code == 302


def test_ma_formation_mene_a_celle_qui_court(client, se_connecter):
    arretee = fab.inscription(etat=Etat.ABANDONNEE)
    role = fab.role_conseiller(arretee)
    se_connecter(client, role)
    assert ma_formation(client, role).url == reverse("formations:inscription", args=[role.pk, arretee.pk])
    _, (poste,) = postes.structure_avec(1)
    suivant = postes.en_poste(poste, personne=arretee.personne, debut=fab.jour(400))
    vivante = fab.inscription(contrat=suivant)
    assert ma_formation(client, role).url == reverse("formations:inscription", args=[role.pk, vivante.pk])


@pytest.mark.parametrize(
    ("contrat", "phrase"),
    [
        (None, "Vous n’avez pas de contrat"),
        ("a_valider", "attend d’être validé"),
        ("valide", "s’ouvre toute seule"),
        ("fini", "Vous n’avez plus de contrat"),
    ],
)
def test_sans_inscription_la_page_dit_pourquoi(client, se_connecter, contrat, phrase):
    role = RoleFactory(type=TypeRole.CONSEILLER, utilisateur=UtilisateurFactory())
    if contrat:
        _, (poste,) = postes.structure_avec(1, depuis=-900)
        debut = fab.jour(-800 if contrat == "fini" else -10)
        saisi = postes.saisir(poste, personne=role.utilisateur, debut=debut)
        if contrat != "a_valider":
            postes.actions.valider_contrat(saisi, par=fab.anct())
    page = ma_formation(se_connecter(client, role), role)
    assert page.status_code == 200
    assert phrase in page.content.decode()
