"""La liste des demandes vue par l'État : périmètre, retards, recherche, export, volume."""

import csv
import io
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from conum.demandes.models import Demande
from conum.demandes.states import Etat
from conum.structures.models import Structure
from tests.comptes.fabriques import DepartementFactory, RegionFactory, RoleFactory
from tests.demandes.etat import attribuee, prete
from tests.demandes.fabriques import anct, besoin, deposee, donnees_structure, membre_de, prefecture_de, un_depot
from tests.structures.fabriques import CommuneFactory, StructureFactory

pytestmark = pytest.mark.django_db


def _deposee(jours=0, nom="Les Ateliers du numérique", commune=None):
    commune = commune or CommuneFactory()
    demande = deposee(un_depot(commune, besoin=besoin(commune), structure=donnees_structure(commune, denomination=nom)))
    Demande.objects.filter(pk=demande.pk).update(deposee_le=timezone.now() - timedelta(days=jours))
    return demande


def _val_de_marne():
    idf = RegionFactory(code="11", nom="Île-de-France")
    departement = DepartementFactory(code="94", nom="Val-de-Marne", region=idf)
    return CommuneFactory(code="94038", nom="L'Haÿ-les-Roses", departement=departement)


@pytest.fixture
def liste(client, se_connecter):
    """Rend la page de la liste d'un rôle, avec ces paramètres."""

    def voir(role, **parametres):
        response = se_connecter(client, role).get(reverse("demandes:instruction", args=[role.pk]), parametres)
        assert response.status_code == 200
        return response

    return voir


def _references(response):
    return [d.reference for d in response.context["liste"].page]


def test_les_retards_sont_en_tete_avec_leur_age(liste):
    recente, ancienne, a_l_heure = _deposee(2), _deposee(20), _deposee(14)
    agent = prefecture_de(recente.departement)
    response = liste(agent)
    assert _references(response) == [ancienne.reference, a_l_heure.reference, recente.reference]
    page = response.content.decode()
    assert "20 jours, en retard" in page
    assert "14 jours, en retard" not in page
    assert "Une demande attend" in page
    assert _references(liste(agent, retard="oui")) == [ancienne.reference]


def test_chacun_voit_son_territoire(liste):
    ici = _deposee()
    ailleurs = _deposee(commune=_val_de_marne())
    assert _references(liste(prefecture_de(ici.departement))) == [ici.reference]
    assert _references(liste(prefecture_de(ailleurs.departement))) == [ailleurs.reference]
    grand_est = RoleFactory(prefecture_de_region=True, region=ici.departement.region)
    assert _references(liste(grand_est)) == [ici.reference]
    assert set(_references(liste(anct(), onglet="toutes"))) == {ici.reference, ailleurs.reference}
    assert _references(liste(anct(), onglet="toutes", departement="94")) == [ailleurs.reference]
    assert _references(liste(anct(), onglet="toutes", region="44")) == [ici.reference]


def test_une_structure_et_un_visiteur_n_y_entrent_pas(client, se_connecter):
    demande = _deposee()
    agent = prefecture_de(demande.departement)
    assert client.get(reverse("demandes:instruction", args=[agent.pk])).status_code == 302
    membre = membre_de(demande.structure)
    se_connecter(client, membre)
    assert client.get(reverse("demandes:instruction", args=[membre.pk])).status_code == 403
    # Le rôle d'une autre personne n'existe pas.
    assert client.get(reverse("demandes:instruction", args=[agent.pk])).status_code == 404


@pytest.mark.parametrize(
    "saisie",
    [
        "ecole d'ete",
        "ÉCOLE ÉTÉ",
        "l hay",
        "L'Haÿ-les-Roses",
        "hay les roses",
        "{reference}",
        "{pk}",
        "{siret}",
        "{siren}",
    ],
)
def test_la_recherche_ignore_accents_et_ponctuation(liste, saisie):
    cherchee = _deposee(nom="École numérique d'Été", commune=_val_de_marne())
    _deposee(nom="Maison de quartier")
    saisie = saisie.format(
        reference=cherchee.reference, pk=cherchee.pk, siret=cherchee.structure.siret, siren=cherchee.structure.siret[:9]
    )
    assert _references(liste(anct(), recherche=saisie)) == [cherchee.reference]


def test_une_recherche_etrange_ne_casse_rien(liste):
    _deposee()
    for saisie in ("%", "'; --", "999999999999", "D-", "é", "\\"):
        liste(anct(), recherche=saisie)


def test_les_onglets_comptent_et_filtrent(liste):
    agent = prefecture_de(_deposee().departement)
    avec_avis, decidee = prete(), attribuee()
    response = liste(agent)
    assert [o["nombre"] for o in response.context["onglets"]] == [1, 1, 1, 3]
    assert _references(liste(agent, onglet="avis_rendu")) == [avec_avis.reference]
    assert _references(liste(agent, onglet="decidees")) == [decidee.reference]
    assert _references(liste(agent, etat=Etat.ATTRIBUEE)) == [decidee.reference]
    assert _references(liste(agent, onglet="toutes", avis="favorable", nature="initiale")) != []
    assert _references(liste(agent, onglet="toutes", avis="defavorable")) == []


def test_le_fichier_est_la_liste_affichee(liste):
    ancienne, recente = _deposee(20, "Été"), _deposee(1)
    agent = prefecture_de(recente.departement)
    prete()
    contenu = b"".join(liste(agent, format="csv").streaming_content).decode("utf-8-sig")
    lignes = list(csv.DictReader(io.StringIO(contenu), delimiter=";"))
    assert [ligne["Référence"] for ligne in lignes] == [ancienne.reference, recente.reference]
    assert lignes[0]["Structure"] == "Été"
    assert lignes[0]["SIRET ou RIDET"] == ancienne.structure.siret
    xlsx = liste(agent, format="xlsx")
    assert b"".join(xlsx.streaming_content)[:2] == b"PK"


def test_chaque_tri_repond(liste):
    agent = prefecture_de(_deposee().departement)
    for colonne in liste(agent).context["liste"].colonnes:
        if colonne.tri is not None:
            assert len(_references(liste(agent, tri=colonne.cle))) == 1
            assert len(_references(liste(agent, tri=f"-{colonne.cle}"))) == 1


def test_le_nombre_de_requetes_ne_suit_pas_le_volume(client, se_connecter):
    agent = prefecture_de(_deposee().departement)
    se_connecter(client, agent)
    url = reverse("demandes:instruction", args=[agent.pk]) + "?onglet=toutes"
    with CaptureQueriesContext(connection) as une:
        client.get(url)
    for _ in range(6):
        prete()
    with CaptureQueriesContext(connection) as sept:
        client.get(url)
    assert len(sept) == len(une)
    assert len(sept) <= 15, [q["sql"][:120] for q in sept]


def _volume(nombre=2_000):
    """Des demandes réparties sur vingt départements, écrites en masse, et les statistiques de PostgreSQL à jour."""
    communes = [
        CommuneFactory(code=f"{i}001", nom=f"Ville {i}", departement=DepartementFactory(code=str(i), nom=f"Dép {i}"))
        for i in range(60, 80)
    ]
    structures = Structure.objects.bulk_create(
        StructureFactory.build(
            denomination=f"Lieu {i}", nom_recherche=f"lieu {i}", nom_cle=f"lieu {i}", commune=communes[i % 20]
        )
        for i in range(nombre)
    )
    Demande.objects.bulk_create(
        Demande(
            structure=s,
            commune=s.commune,
            departement=s.commune.departement,
            etat=Etat.DEPOSEE,
            postes_demandes=1,
            deposee_le=timezone.now() - timedelta(hours=i),
        )
        for i, s in enumerate(structures)
    )
    with connection.cursor() as curseur:
        curseur.execute("ANALYZE demandes_demande, structures_structure")


def test_en_volume_la_liste_et_la_recherche_se_lisent_dans_les_index(liste):
    _volume()
    agent = prefecture_de(DepartementFactory(code="63"))
    plan = Demande.objects.visibles_par(agent).sans_avis().order_by("deposee_le")[:25].explain()
    assert "demande_liste_de_travail" in plan, plan
    with connection.cursor() as curseur:
        # Deux mille noms tiennent en quelques pages : PostgreSQL préférerait les lire toutes.
        curseur.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_indexscan = off")
    plan = Demande.objects.rechercher("lieu 1234").explain()
    assert "structure_nom_recherche" in plan, plan
    assert "Seq Scan" not in plan, plan
    assert len(_references(liste(agent))) == 25
