"""Le récit de démonstration passe par les vraies actions, une seule fois."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.test import override_settings

from conum.demandes.models import Demande
from conum.demandes.states import Etat
from conum.portail.demo import ENVELOPPES, RECITS
from conum.postes.models import Rattachement
from conum.territoires.models import Departement
from tests.comptes.fabriques import DepartementFactory, RegionFactory
from tests.structures.fabriques import CommuneFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def territoires() -> None:
    RegionFactory(code="44")
    for code in {*ENVELOPPES, "08", *(r.commune[:2] for r in RECITS)} - {""}:
        DepartementFactory(code=code, nom=f"Département {code}")
    for code in {r.commune for r in RECITS}:
        CommuneFactory(code=code, nom=f"Commune {code}", departement=Departement.objects.get(pk=code[:2]))


@pytest.mark.usefixtures("territoires")
def test_le_recit_montre_chaque_etat_et_ne_se_rejoue_pas() -> None:
    dit = StringIO()
    call_command("demo", stdout=dit)
    assert set(Demande.objects.values_list("etat", flat=True)) == {r.fin for r in RECITS} | {Etat.DEPOSEE}
    assert Rattachement.objects.count() == RECITS[0].postes - 1
    assert "lina.haddad@" in dit.getvalue()
    nombre = Demande.objects.count()
    call_command("demo", stdout=StringIO())
    assert Demande.objects.count() == nombre


def test_sans_communes_le_recit_dit_quoi_faire() -> None:
    with pytest.raises(CommandError, match="charger_communes"):
        call_command("demo")


@override_settings(EN_PRODUCTION=True)
def test_le_recit_est_refuse_en_production() -> None:
    with pytest.raises(CommandError, match="production"):
        call_command("demo")
