"""Rafraîchir les communes par l'API officielle, ici son faux."""

from collections.abc import Iterator
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from conum.passerelles.geo_api.faux import FAUX
from conum.territoires.actions.rafraichir import ReponseSuspecte, rafraichir_communes
from conum.territoires.models import AncienneCommune, Commune
from tests.territoires.fabriques import CommuneFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _faux() -> Iterator[None]:
    yield
    FAUX.reinitialiser()


def test_les_communes_de_l_api_entrent_avec_leur_centre_officiel() -> None:
    CommuneFactory(population=1)
    bilan = rafraichir_communes(FAUX)
    assert "98818 Nouméa" in bilan.nouvelles
    assert bilan.champs["population"] == 1
    rennes = Commune.objects.get(code="35238")
    assert (rennes.population, rennes.precision) == (227830, "centre")
    assert (rennes.latitude, rennes.longitude) == (48.1159, -1.6819)


def test_une_seconde_fois_rien_ne_change() -> None:
    rafraichir_communes(FAUX)
    assert rafraichir_communes(FAUX).vide


def test_une_simulation_n_ecrit_rien() -> None:
    assert rafraichir_communes(FAUX, simulation=True).nouvelles
    assert not Commune.objects.exists()


def test_les_communes_deleguees_sont_retrouvees_par_leur_nom() -> None:
    rafraichir_communes(FAUX)
    assert Commune.objects.rechercher("lancrans")[0].nom == "Valserhône"
    assert AncienneCommune.objects.filter(commune_id="01033").count() == 3


def test_une_population_absente_garde_celle_que_l_on_connait() -> None:
    rafraichir_communes(FAUX)
    FAUX.communes = [c.model_copy(update={"population": None, "centre": None}) for c in FAUX.communes]
    assert rafraichir_communes(FAUX).vide


def test_une_reponse_tronquee_ne_fait_disparaitre_personne() -> None:
    rafraichir_communes(FAUX)
    FAUX.communes = FAUX.communes[:2]
    with pytest.raises(ReponseSuspecte):
        rafraichir_communes(FAUX)
    assert not Commune.objects.filter(ancienne=True).exists()


def test_la_commande_dit_les_differences() -> None:
    sortie = StringIO()
    call_command("rafraichir_communes", "--simulation", stdout=sortie)
    assert "Nouvelles : 8" in sortie.getvalue()
    assert "01033 Valserhône" in sortie.getvalue()
    assert "rien n'a été écrit" in sortie.getvalue()


def test_la_commande_dit_que_l_api_ne_repond_pas() -> None:
    with FAUX.en_panne(), pytest.raises(CommandError, match="réessayez plus tard"):
        call_command("rafraichir_communes")
