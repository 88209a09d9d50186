"""Les listes de sessions : ce que chacun y voit, les filtres, la distance, les exports."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from conum.formations.states import Etat, EtatPlace, EtatSession
from conum.territoires.models import Commune
from tests.comptes.fabriques import DepartementFactory, RegionFactory, RoleFactory
from tests.formations import fabriques_base as fab
from tests.structures.fabriques import CommuneFactory

pytestmark = pytest.mark.django_db


def url(nom, role):
    return reverse(f"formations:{nom}", args=[role.pk])


def references(page):
    return [s.reference for s in page.context["liste"].page]


@pytest.fixture
def lieux():
    """Reims, Paris et Basse-Terre, situées."""
    reims = CommuneFactory()
    Commune.objects.filter(pk=reims.pk).update(latitude=49.2583, longitude=4.0317)
    idf = DepartementFactory(code="75", nom="Paris", region=RegionFactory(code="11", nom="Île-de-France"))
    paris = Commune.objects.create(code="75056", nom="Paris", departement=idf, latitude=48.8566, longitude=2.3522)
    reims.refresh_from_db()
    return reims, paris


def test_un_organisme_trie_ses_sessions_par_moment_mois_region_et_presence(client, se_connecter, lieux):
    reims, paris = lieux
    passee = fab.session(debut=fab.jour(-60), commune=reims)
    en_cours = fab.session(debut=fab.jour(-1), commune=paris)
    a_venir = fab.session(debut=fab.jour(40), a_distance=True)
    brouillon = fab.session(debut=fab.jour(90), etat=EtatSession.BROUILLON, commune=reims)
    fab.session(chez=fab.organisme("Francil’In"), commune=reims)
    role = fab.role_organisme(fab.organisme())
    se_connecter(client, role)
    toutes = client.get(url("sessions", role))
    assert references(toutes) == [s.reference for s in (brouillon, a_venir, en_cours, passee)]
    for filtre, attendues in (
        ({"moment": "passees"}, [passee]),
        ({"moment": "en_cours"}, [en_cours]),
        ({"moment": "a_venir"}, [a_venir]),
        ({"moment": "brouillon"}, [brouillon]),
        ({"moment": "annulees"}, []),
        ({"presence": "oui"}, [a_venir]),
        ({"region": "11"}, [en_cours]),
        ({"mois": f"{passee.debut:%Y-%m}"}, [passee]),
        ({"mois": "n’importe quoi", "parcours": "inconnu"}, [brouillon, a_venir, en_cours, passee]),
    ):
        assert references(client.get(url("sessions", role), filtre)) == [s.reference for s in attendues], filtre
    anct = fab.anct()
    assert len(references(se_connecter(client, anct).get(url("sessions", anct)))) == 5


def test_une_structure_voit_les_sessions_ouvertes_les_places_et_la_distance(client, se_connecter, lieux):
    reims, paris = lieux
    inscrite = fab.inscription(etat=Etat.INSCRITE)
    role = fab.employeur(inscrite)
    ici, loin = fab.session(commune=reims, capacite=2), fab.session(commune=paris)
    visio = fab.session(a_distance=True)
    fab.session(etat=EtatSession.BROUILLON, commune=reims)
    fab.session(debut=fab.jour(-10), commune=reims)
    fab.place(ici, inscrite)
    fab.place(ici, fab.inscription(etat=Etat.INSCRITE))
    fab.place(ici, fab.inscription(), etat=EtatPlace.EN_ATTENTE, siege=None, convoquee_le=None, convocations=0)
    se_connecter(client, role)
    page = client.get(url("sessions_ouvertes", role), {"tri": "km"})
    assert references(page) == [ici.reference, loin.reference, visio.reference]
    lues = {s.reference: s for s in page.context["liste"].page}
    assert (lues[ici.reference].restantes, lues[ici.reference].en_attente) == (0, 1)
    assert round(lues[ici.reference].km) == 0
    assert round(lues[loin.reference].km) == 130
    assert lues[visio.reference].km is None
    export = client.get(url("sessions_ouvertes", role), {"format": "csv"})
    texte = b"".join(export.streaming_content).decode()
    assert "Distance (km)" in texte
    assert loin.reference in texte
    assert client.get(url("sessions", role)).status_code == 403
    prefecture = RoleFactory(prefecture=True)
    page = se_connecter(client, prefecture).get(url("sessions_ouvertes", prefecture))
    assert len(references(page)) == 3
    assert "Distance" not in page.content.decode()


def test_les_requetes_ne_croissent_pas_avec_les_sessions(client, se_connecter, lieux):
    reims, _ = lieux
    inscrite = fab.inscription(etat=Etat.INSCRITE)
    organisme, structure = fab.role_organisme(fab.organisme()), fab.employeur(inscrite)

    def requetes():
        comptees = []
        for role, nom in ((organisme, "sessions"), (structure, "sessions_ouvertes")):
            se_connecter(client, role)
            client.get(url(nom, role))
            with CaptureQueriesContext(connection) as une:
                assert client.get(url(nom, role)).status_code == 200
            comptees.append(len(une))
        return comptees

    fab.session(commune=reims)
    avant = requetes()
    for _rang in range(5):
        fab.place(fab.session(commune=reims, seances=1), inscrite)
    assert requetes() == avant
