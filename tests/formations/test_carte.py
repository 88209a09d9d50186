"""La carte des places : les sessions à venir là où elles se tiennent, et la même chose en liste."""

import itertools
import re

import pytest
from django.urls import reverse

from conum.comptes.models import TypeRole
from conum.formations.actions import carte as lectures
from conum.formations.rules import carte as regles
from conum.formations.states import Etat, EtatSession
from conum.territoires.models import Region
from tests.comptes.fabriques import DepartementFactory, RoleFactory
from tests.formations import fabriques_base as fab
from tests.structures.fabriques import CommuneFactory

PARIS, BREST, NICE = (48.85, 2.35), (48.39, -4.49), (43.70, 7.27)


def test_chaque_ville_est_a_sa_place_dans_l_hexagone():
    cadre = lectures._fonds_de_france()[""].cadre
    paris, brest, nice = map(cadre.placer, (PARIS, BREST, NICE))
    assert brest[0] < paris[0] < nice[0]
    assert paris[1] < nice[1]
    assert all(0 <= v <= 600 for p in (paris, brest, nice) for v in p)

    # Paris et Nice sont à 686 km, Paris et Brest à 505 : les proportions tiennent à six pour cent.
    def ecart(a, b):
        return ((a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2) ** 0.5

    assert ecart(paris, nice) / ecart(paris, brest) == pytest.approx(686 / 505, rel=0.06)


def test_l_outre_mer_a_ses_cadres_sous_l_hexagone_sans_se_toucher():
    fonds = lectures._fonds_de_france()
    assert set(fonds) == {"", *regles.OUTRE_MER}
    petits = [fonds[code].cadre for code in regles.OUTRE_MER]
    for gauche, droite in itertools.pairwise(petits):
        assert gauche.gauche + gauche.cote < droite.gauche
    assert all(c.haut + c.cote < regles.HAUTEUR and c.gauche + c.cote < regles.LARGEUR for c in petits)
    assert len(fonds[""].trace) < 40_000, "le fond pèse moins que la page"


def test_un_point_par_carreau_meme_si_mille_communes_y_sont():
    cadre = regles.cadrer("", [(45.0, 1.0), (46.0, 2.0)], x=0, y=0, cote=100, carreaux=10)
    assert regles.semer(cadre, [(45.5, 1.5)] * 1_000).trace.count("M") == 1


@pytest.fixture
def sessions(db):
    """Deux à Reims, une à La Réunion, une à distance ; d’autres qui ne comptent pas."""
    reims = CommuneFactory(latitude=49.2535, longitude=4.0551)
    if reims.latitude is None:
        reims.latitude, reims.longitude = 49.2535, 4.0551
        reims.save()
    reunion, _ = Region.objects.get_or_create(code="04", defaults={"nom": "La Réunion"})
    denis = CommuneFactory(
        code="97411", nom="Saint-Denis", latitude=-20.9342, longitude=55.4473,
        departement=DepartementFactory(code="974", nom="La Réunion", region=reunion),
    )  # fmt: skip
    premiere = fab.session(commune=reims, capacite=10, debut=fab.jour(40), intitule="Reims un")
    fab.place(premiere, fab.inscription(etat=Etat.INSCRITE))
    fab.session(commune=reims, capacite=5, debut=fab.jour(20), intitule="Reims deux")
    fab.session(commune=denis, capacite=3, intitule="Réunion")
    fab.session(a_distance=True, capacite=7, intitule="En ligne")
    fab.session(commune=reims, etat=EtatSession.BROUILLON, intitule="Brouillon")
    fab.session(commune=reims, debut=fab.jour(-2), intitule="Commencée")
    return reims


def lire(client, role, **filtres):
    return client.get(reverse("formations:carte", args=[role.pk]), filtres)


def test_la_liste_et_la_carte_disent_les_memes_places(client, se_connecter, sessions):
    role = fab.anct()
    se_connecter(client, role)
    page = lire(client, role).content.decode()
    assert "<strong>4</strong> sessions, <strong>24</strong> places" in page
    assert page.count('class="conum-carte__rond"') == 2
    assert 'aria-label="Reims : 2 sessions, 14 places libres"' in page
    assert "Brouillon" not in page
    assert "Commencée" not in page
    for ancre in re.findall(r'href="#(commune-\w+)"', page):
        assert page.count(f'id="{ancre}"') == 1
    assert page.index("Reims deux") < page.index("Reims un"), "par date"
    assert page.index("Reims un") < page.index("En ligne"), "le distanciel à part, à la fin"


def test_les_filtres_et_la_region_en_grand(client, se_connecter, sessions):
    role = fab.anct()
    se_connecter(client, role)
    region = sessions.departement.region
    page = lire(client, role, region=region.pk).content.decode()
    assert "Reims un" in page
    assert "En ligne" in page
    assert ">Réunion<" not in page
    mois = f"{fab.jour(40):%Y-%m}"
    assert "Reims un" in lire(client, role, mois=mois).content.decode()
    assert "Aucune session ouverte" in lire(client, role, mois="2020-01", niveau="2024-70").content.decode()


def test_chacun_selon_son_role(client, se_connecter, sessions):
    de = fab.inscription()
    for role in (
        fab.employeur(de), fab.role_conseiller(de), RoleFactory(prefecture=True),
        RoleFactory(prefecture_de_region=True, region=sessions.departement.region),
    ):  # fmt: skip
        se_connecter(client, role)
        page = lire(client, role).content.decode()
        assert "Reims un" in page, role.type
        liens = re.findall(r'href="(/espace/\d+/formations/sessions/\d+/)"', page)
        assert bool(liens) is (role.type != TypeRole.CONSEILLER), role.type
        assert all(client.get(lien).status_code == 200 for lien in liens[:1])
        assert "visio.exemple" not in page
    autre = fab.role_organisme(fab.organisme("Francil’In"))
    se_connecter(client, autre)
    assert "Aucune session ouverte" in lire(client, autre).content.decode()
    candidat = RoleFactory(type=TypeRole.CANDIDAT)
    se_connecter(client, candidat)
    assert lire(client, candidat).status_code == 403


def test_une_commune_sans_coordonnees_se_lit_dans_la_liste(
    client, se_connecter, sessions, django_assert_max_num_queries
):
    fab.session(commune=CommuneFactory(code="51001", nom="Ablancourt"), intitule="Sans point")
    role = fab.anct()
    se_connecter(client, role)
    with django_assert_max_num_queries(16):
        page = lire(client, role).content.decode()
    assert "Sans point" in page
    assert "1 session sur place ne se dessine pas et se lit dans la liste." in page
