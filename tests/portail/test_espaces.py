"""Le tableau de bord dit ce qui est attendu du rôle ; la recherche ne sort pas de son périmètre."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from conum.demandes.models import Demande
from tests.comptes.fabriques import DepartementFactory, RegionFactory, RoleFactory, connecter
from tests.conftest import ClientGarde
from tests.demandes.fabriques import deposee, en_instruction, membre_de, prefecture_de, un_depot
from tests.structures.fabriques import CommuneFactory

pytestmark = pytest.mark.django_db


def _ailleurs() -> Demande:
    isere = DepartementFactory(code="38", nom="Isère", region=RegionFactory(code="84", nom="Auvergne-Rhône-Alpes"))
    return deposee(un_depot(CommuneFactory(code="38185", nom="Grenoble", departement=isere)))


def _attendus(client: Client, role) -> dict[str, int]:  # type: ignore[no-untyped-def]
    reponse = connecter(client, role).get(reverse("portail:espace", args=[role.pk]))
    return {a.phrase: a.nombre for a in reponse.context["attendus"]}


def test_la_prefecture_voit_ses_demandes_et_ses_retards(client: ClientGarde) -> None:
    vieille, _, _ = deposee(), en_instruction(), _ailleurs()
    Demande.objects.filter(pk=vieille.pk).update(deposee_le=timezone.now() - timedelta(days=16))
    attendus = _attendus(client, prefecture_de(vieille.departement))
    assert attendus == {
        "à instruire : votre avis est attendu": 1,
        "sans avis depuis plus de 14 jours": 1,
        "prêtes pour le comité": 1,
        "en attente d’un complément": 0,
    }


def test_la_structure_ne_compte_que_les_siennes(client: ClientGarde) -> None:
    sienne, _ = deposee(), deposee()
    assert _attendus(client, membre_de(sienne.structure))["en cours d’instruction"] == 1


def test_chaque_compte_mene_a_la_liste_qui_le_detaille(client: ClientGarde) -> None:
    deposee()
    en_instruction()
    role = RoleFactory(anct=True)
    reponse = connecter(client, role).get(reverse("portail:espace", args=[role.pk]))
    for attendu in reponse.context["attendus"]:
        liste = client.get(attendu.lien).context["liste"]
        assert liste.page.paginator.count == attendu.nombre, attendu.phrase


def test_un_seul_role_mene_droit_a_son_espace(client: ClientGarde) -> None:
    role = RoleFactory(structure=True)
    reponse = connecter(client, role).get(reverse("portail:tableau_de_bord"))
    assert reponse["Location"] == reverse("portail:espace", args=[role.pk])


def test_plusieurs_roles_menent_au_choix(client: ClientGarde) -> None:
    role = RoleFactory(structure=True)
    RoleFactory(reseau=True, utilisateur=role.utilisateur)
    assert connecter(client, role).get(reverse("portail:tableau_de_bord"))["Location"] == reverse("comptes:espaces")


@pytest.mark.parametrize("saisie", ["{reference}", "{siret}", "ateliers NUMERIQUE"])
def test_la_recherche_trouve_par_reference_siret_et_nom(client: ClientGarde, saisie: str) -> None:
    demande = deposee()
    role = prefecture_de(demande.departement)
    saisie = saisie.format(reference=demande.reference, siret=demande.structure.siret)
    resultats = (
        connecter(client, role).get(reverse("portail:recherche", args=[role.pk]), {"q": saisie}).context["resultats"]
    )
    assert [t.titre for t in resultats.demandes] == [f"{demande.reference} – {demande.structure}"]


def test_la_recherche_ignore_le_departement_voisin(client: ClientGarde) -> None:
    ici, ailleurs = deposee(), _ailleurs()
    role = prefecture_de(ici.departement)
    for saisie in (ailleurs.reference, ailleurs.structure.siret):
        page = connecter(client, role).get(reverse("portail:recherche", args=[role.pk]), {"q": saisie})
        assert (page.context["resultats"].structures, page.context["resultats"].demandes) == ([], [])


def test_le_tableau_de_bord_ne_grossit_pas_avec_les_demandes(
    client: ClientGarde, django_assert_max_num_queries
) -> None:  # type: ignore[no-untyped-def]
    for _ in range(4):
        deposee()
    role = RoleFactory(anct=True)
    connecter(client, role)
    with django_assert_max_num_queries(26):
        client.get(reverse("portail:espace", args=[role.pk]))
