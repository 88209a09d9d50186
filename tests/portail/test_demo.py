"""Le récit de démonstration passe par les vraies actions, une seule fois."""

import re
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.test import override_settings

from conum.conventions.models import Convention
from conum.conventions.states import Etat as EtatConvention
from conum.demandes.models import Demande
from conum.demandes.states import Etat
from conum.formations.models import Inscription
from conum.formations.states import Etat as EtatFormation
from conum.portail.demo import ENVELOPPES, RECITS
from conum.portail.demo_recrutement import ASPIRANTS
from conum.postes.models import Rattachement
from conum.recrutement.models import MiseEnRelation
from conum.recrutement.states import Etat as EtatRelation
from conum.territoires.models import Departement
from conum.versements.models import Lot
from conum.versements.states import EtatLot
from tests.comptes.fabriques import DepartementFactory, RegionFactory
from tests.structures.fabriques import CommuneFactory

pytestmark = pytest.mark.django_db
# Autour de Reims ; les autres communes du récit sont placées en Isère, hors de portée.
LIEUX = {"51454": (49.26, 4.03), "51573": (49.25, 3.99), "51230": (49.04, 3.96), "51108": (48.96, 4.36)}


@pytest.fixture
def territoires() -> None:
    RegionFactory(code="44")
    for code in {*ENVELOPPES, "08", *(r.commune[:2] for r in RECITS)} - {""}:
        DepartementFactory(code=code, nom=f"Département {code}")
    for code in {r.commune for r in RECITS} | {a.commune for a in ASPIRANTS}:
        latitude, longitude = LIEUX.get(code, (45.2, 5.7))
        CommuneFactory(
            code=code, nom=f"Commune {code}", departement=Departement.objects.get(pk=code[:2]), latitude=latitude,
            longitude=longitude,
        )  # fmt: skip


@pytest.mark.usefixtures("territoires")
def test_le_recit_montre_chaque_etat_et_ne_se_rejoue_pas() -> None:
    dit = StringIO()
    call_command("demo", stdout=dit)
    assert set(Demande.objects.values_list("etat", flat=True)) == {r.fin for r in RECITS} | {Etat.DEPOSEE}
    assert Rattachement.objects.filter(structure__denomination=RECITS[0].nom).count() == RECITS[0].postes - 1
    nommes = {"lina.haddad@", "denis.morel@", "nora.lambert@", "camille.bonnet@"}
    assert nommes <= set(re.findall(r"[a-z.]+@", dit.getvalue()))
    assert dict(Inscription.objects.values_list("personne__prenom", "etat"))["Nora"] == EtatFormation.EN_FORMATION
    a_signer, active = Convention.objects.order_by("pk")
    assert (a_signer.etat, active.etat) == (EtatConvention.A_SIGNER_STRUCTURE, EtatConvention.ACTIVE)
    lot = Lot.objects.get()
    assert (lot.etat, lot.lignes.get().echeance.convention) == (EtatLot.A_APPROUVER, active)
    raconte = dict(MiseEnRelation.objects.values_list("candidat__email", "etat"))
    assert raconte == {a.email: a.fin for a in ASPIRANTS if a.fin in EtatRelation.values}
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
