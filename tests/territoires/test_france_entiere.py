"""Sur la France entière : la bonne commune est sous le doigt, en une requête servie par un index ; imports réels."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from conum.socle.sql import SansAccent
from conum.territoires.actions.importer import importer_fragilite
from conum.territoires.models import Commune
from conum.territoires.recherche import requete_recherche
from conum.territoires.rules import cle_distinctive, cle_recherche
from tests.aides import partage

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("france"), pytest.mark.xdist_group("france")]

PREMIERE = {
    "saint etienne": "42218",
    "st-etienne": "42218",
    "SAINT-ÉTIENNE": "42218",
    "35000": "35238",
    "35238": "35238",
    "Rennes (35)": "35238",
    "97150": "97801",
    "97133": "97701",
    "L'Haÿ": "94038",
    "lhay les roses": "94038",
    "nouméa": "98818",
    "papeete": "98735",
    "Marseille 13008": "13055",
    "marseile 13008": "13055",
    "13208": "13055",
    "paris 15e": "75056",
    "75116": "75056",
    "lyon 3": "69123",
    "2A004": "2A004",
    "le mans": "72181",
    "mans": "72181",
    "chalon s/ saone": "71076",
    "saint-denis 93": "93066",
    "toulon": "83137",
    "montpelier": "34172",
    "ajacio": "2A004",
    "clermon ferand": "63113",
    "aix en provance": "13001",
    "sain etienne du rouvrey": "76575",
    "bellegarde-sur-valserine": "01033",
    "pierrefitte sur seine": "93066",
    "49069": "49126",
    "Eu": "76255",
    "saint germin en laye": "78551",
    "villeneuve sur lott": "47323",
}
PARMI_LES_CINQ = {"renes": "35238", "toulouze": "31555", "saint": "42218", "vill": "69266", "etienne": "42218"}


@pytest.mark.parametrize(("texte", "code"), PREMIERE.items())
def test_la_commune_attendue_vient_en_premier(texte: str, code: str) -> None:
    assert Commune.objects.rechercher(texte)[0].code == code


@pytest.mark.parametrize(("texte", "code"), PARMI_LES_CINQ.items())
def test_la_commune_attendue_est_parmi_les_cinq(texte: str, code: str) -> None:
    trouvees = [c.code for c in Commune.objects.rechercher(texte)]
    assert code in trouvees
    assert len(trouvees) <= 5


@pytest.mark.parametrize("texte", ["", " ", "a", "'", "%%", "xyzzyqw", "—"])
def test_un_texte_vide_ou_absurde_ne_trouve_rien(texte: str) -> None:
    assert Commune.objects.rechercher(texte) == []


def test_un_ancien_nom_dit_ce_qui_l_a_fait_trouver() -> None:
    (premiere, *_) = Commune.objects.rechercher("bellegarde sur valserine")
    assert (premiere.nom, premiere.via) == ("Valserhône", "Bellegarde-sur-Valserine")


def test_les_homonymes_viennent_du_plus_peuple_au_moins_peuple() -> None:
    populations = [c.population for c in Commune.objects.designees_par("saint-denis")]
    assert len(populations) == 4
    assert populations == sorted(populations, reverse=True)


def test_un_texte_approche_ne_designe_aucune_commune() -> None:
    assert Commune.objects.designees_par("renes") == []


@pytest.mark.parametrize("texte", ["saint", "35000", "renes", "marseile 13008", "bellegarde sur valserine"])
def test_une_recherche_est_une_requete_servie_par_les_index(texte: str) -> None:
    with CaptureQueriesContext(connection) as requetes:
        Commune.objects.rechercher(texte)
    assert len(requetes) == 1
    requete = requete_recherche(texte, 5)
    assert requete is not None
    with connection.cursor() as curseur:
        curseur.execute(f"EXPLAIN {requete[0]}", requete[1])
        plan = "\n".join(ligne for (ligne,) in curseur.fetchall())
    assert "commune_recherche_trgm" in plan
    assert "Seq Scan on territoires_commune" not in plan


def test_le_tri_sans_accent_est_servi_par_un_index() -> None:
    plan = Commune.objects.order_by(SansAccent("nom"))[:20].explain()
    assert "commune_tri" in plan
    noms = list(Commune.objects.filter(nom__in=["Étampes", "Eu", "Évreux"]).order_by(SansAccent("nom")))
    assert [c.nom for c in noms] == ["Étampes", "Eu", "Évreux"]


def test_python_et_la_base_reduisent_les_noms_de_la_meme_facon() -> None:
    noms = Commune.objects.values_list("nom", "nom_recherche", "nom_distinctif").order_by("code")
    ecarts = [nom for nom, cle, courte in noms if (cle_recherche(nom), cle_distinctive(cle)) != (cle, courte)]
    assert ecarts == []


def test_l_indice_de_fragilite_2020_entre_presque_en_entier() -> None:
    rapport = importer_fragilite(partage("data/indice-fragilite-numerique-communes-2020.csv"), millesime=2020)
    assert rapport.lues == 35_328
    assert len(rapport.refus) == 6
    assert all("NaN" in motif for _, motif in rapport.refus)
    assert rapport.ecrites > 34_700
