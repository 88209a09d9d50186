"""La prévision : ce que les faits disent de chaque mois, la règle puis l'écran."""

from datetime import date, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from conum.comptes.models import TypeRole
from conum.formations.actions import prevision as lectures
from conum.formations.rules.prevision import HORIZON, Faits, mois_suivant, prevoir
from conum.formations.states import Etat, EtatSession
from tests.comptes.fabriques import RoleFactory
from tests.formations import fabriques_base as fab
from tests.postes import fabriques as postes

JOUR = date(2026, 11, 16)
NOV, DEC, JANV = date(2026, 11, 1), date(2026, 12, 1), date(2027, 1, 1)


def test_chacun_compte_le_mois_ou_il_peut_partir_et_en_retard_ce_mois_ci():
    prevue = prevoir(Faits(attentes=[date(2026, 3, 2), date(2026, 11, 30), date(2027, 1, 5)]), jour=JOUR)
    assert [m.attentes for m in prevue.mois[:3]] == [2, 0, 1]
    assert [m.premier for m in prevue.mois[:3]] == [NOV, DEC, JANV]
    assert len(prevue.mois) == HORIZON


def test_qui_n_a_pas_de_place_en_cherche_une_le_mois_suivant_une_place_vide_se_perd():
    faits = Faits(attentes=[NOV] * 5, contrats=[JANV] * 4, places={NOV: 2, DEC: 10, JANV: 1})
    prevue = prevoir(faits, jour=JOUR)
    assert [(m.besoin, m.places, m.reste) for m in prevue.mois[:3]] == [(5, 2, 3), (0, 10, 0), (4, 1, 3)]
    assert (prevue.total.besoin, prevue.total.places, prevue.total.reste) == (9, 13, 3)


@pytest.mark.parametrize(
    ("delai", "attendu"), [(0, [7, 0, 0, 0]), (1, [0, 7, 0, 0]), (3, [0, 3, 2, 2]), (12, [0, 1, 1, 1])]
)
def test_les_postes_vacants_se_pourvoient_a_parts_egales(delai, attendu):
    prevue = prevoir(Faits(vacants=7), jour=JOUR, delai=delai)
    assert [m.postes for m in prevue.mois[:4]] == attendu
    assert sum(m.postes for m in prevue.mois) + prevue.au_dela == 7


@given(
    attentes=st.lists(st.dates(date(2025, 1, 1), date(2029, 1, 1)), max_size=30),
    vacants=st.integers(0, 50), delai=st.integers(0, 12), places=st.integers(0, 9),
)  # fmt: skip
def test_personne_ne_se_perd_ni_ne_compte_deux_fois(attentes, vacants, delai, places):
    mois = {mois_suivant(NOV, k): places for k in range(HORIZON)}
    prevue = prevoir(Faits(attentes=attentes, vacants=vacants, places=mois), jour=JOUR, delai=delai)
    assert prevue.total.besoin + prevue.au_dela == len(attentes) + vacants
    assert prevue.total.reste >= prevue.total.besoin - prevue.total.places
    assert all(m.reste >= 0 for m in prevue.mois)


# --- En base --------------------------------------------------------------------------------------------------------


@pytest.fixture
def faits(db):
    """Deux attentes, un contrat pas encore inscrit, un à valider, trois postes vacants, deux sessions."""
    fab.inscription()
    fab.inscription(etat=Etat.POSITIONNEE)
    assise = fab.inscription(etat=Etat.INSCRITE)
    fab.contrat(debut=fab.jour(5))
    _, (a_valider, *_) = postes.structure_avec(4)
    postes.saisir(a_valider, debut=fab.jour(5))
    ouverte = fab.session(debut=fab.jour(3), capacite=10)
    fab.place(ouverte, assise)
    fab.session(debut=fab.jour(3), capacite=4, a_distance=True)
    fab.session(debut=fab.jour(3), etat=EtatSession.BROUILLON)
    fab.session(debut=fab.jour(-3), capacite=40)
    return assise


def _somme(prevue):
    total = prevue.total
    return (total.attentes, total.contrats, total.postes, total.places)


def test_le_besoin_et_les_places_viennent_des_faits(faits):
    jour = timezone.localdate()
    assert _somme(lectures.prevoir(fab.anct(), jour=jour, delai=3)) == (2, 1, 4, 13)
    region = faits.commune.departement.region
    assert _somme(lectures.prevoir(fab.anct(), jour=jour, delai=3, region=region)) == (2, 1, 4, 9)
    ailleurs = RoleFactory(prefecture=True, departement__code="08", departement__nom="Ardennes")
    assert _somme(lectures.prevoir(ailleurs, jour=jour, delai=3))[:3] == (0, 0, 0)


def test_un_renouvellement_a_valider_n_amene_personne(faits):
    avant = _somme(lectures.prevoir(fab.anct(), jour=timezone.localdate(), delai=3))
    contrat = faits.contrat
    postes.saisir(contrat.poste, personne=contrat.personne, debut=contrat.fin + timedelta(days=1))
    assert _somme(lectures.prevoir(fab.anct(), jour=timezone.localdate(), delai=3)) == avant


def test_l_ecran_montre_les_nombres_le_calcul_et_s_exporte(client, se_connecter, faits, django_assert_max_num_queries):
    fab.organisme(capacite_mensuelle=30)
    fab.organisme("Autre", capacite_mensuelle=12)
    role = fab.anct()
    se_connecter(client, role)
    adresse = reverse("formations:prevision", args=[role.pk])
    page = client.get(adresse).content.decode()
    assert "<svg" in page
    assert "Comment c’est calculé" in page
    assert "pourvus en 3 mois" in page
    assert "pourvus en 0 mois" in client.get(adresse, {"delai": "0"}).content.decode()
    assert "pourvus en 3 mois" in client.get(adresse, {"delai": "treize", "region": "zz"}).content.decode()
    lignes = b"".join(client.get(adresse, {"format": "csv"}).streaming_content).decode().splitlines()
    assert len(lignes) == 1 + HORIZON
    assert sum(int(ligne.split(";")[5]) for ligne in lignes[1:]) == 13
    assert client.get(adresse, {"format": "xlsx"}).status_code == 200
    with django_assert_max_num_queries(30):
        client.get(adresse)


def test_les_agents_seuls(client, se_connecter, faits):
    departement = faits.commune.departement
    for role in (RoleFactory(prefecture=True, departement=departement),
                 RoleFactory(prefecture_de_region=True, region=departement.region)):  # fmt: skip
        se_connecter(client, role)
        page = client.get(reverse("formations:prevision", args=[role.pk]))
        assert page.status_code == 200, role.type
        assert departement.region.nom in page.content.decode()
        assert client.get(reverse("formations:suivi", args=[role.pk])).status_code == 200
    for role in (fab.employeur(faits), fab.role_organisme(faits.organisme), RoleFactory(type=TypeRole.CONSEILLER)):
        se_connecter(client, role)
        for nom in ("prevision", "suivi", "suivi_liste"):
            assert client.get(reverse(f"formations:{nom}", args=[role.pk])).status_code == 403, role.type
