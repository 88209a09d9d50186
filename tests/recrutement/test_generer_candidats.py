"""Les candidats de démonstration : les mêmes pour la même graine, jamais en production."""

import pytest
from django.core.management import CommandError, call_command
from django.test import override_settings

from conum.comptes.models import TypeRole
from conum.recrutement.management.commands.generer_candidats import DOMAINE
from conum.recrutement.models import Candidat
from conum.recrutement.states import EtatCandidat
from tests.recrutement.fabriques import LIEUX, commune

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _communes():
    for code, population in zip(LIEUX, (180_000, 10_000, 22_000), strict=True):
        lieu = commune(code)
        lieu.population = population
        lieu.save()


def _etat():
    champs = ("email", "prenom", "commune", "mobilite_km", "diplome", "pix_palier", "territoires_choisis")
    return list(Candidat.objects.order_by("email").values_list(*champs))


def test_les_candidats_sont_complets_et_tiennent_un_compte():
    call_command("generer_candidats", nombre=200, graine=1)
    assert Candidat.objects.au_vivier().count() == 200
    for candidat in Candidat.objects.select_related("role__utilisateur", "commune"):
        candidat.full_clean()
        assert candidat.etat == EtatCandidat.DISPONIBLE
        assert candidat.role.type == TypeRole.CANDIDAT
        assert candidat.role.utilisateur.email == candidat.email
        assert candidat.email.endswith(f"@{DOMAINE}")
        assert not candidat.role.utilisateur.has_usable_password()
        assert (candidat.latitude, candidat.departement_id) == (candidat.commune.latitude, "51")
    par_commune = {code: Candidat.objects.filter(commune=code).count() for code in LIEUX}
    assert par_commune["51454"] > 120, "tirés selon la population"
    assert len(set(Candidat.objects.order_by("pk").values_list("mobilite_km", flat=True))) >= 6


def test_la_meme_graine_donne_les_memes_et_n_ajoute_que_ce_qui_manque(capsys):
    call_command("generer_candidats", nombre=60, graine=7)
    premiers = _etat()
    call_command("generer_candidats", nombre=60, graine=7)
    assert "0 candidats ajoutés, 60 déjà là" in capsys.readouterr().out
    assert _etat() == premiers
    Candidat.objects.all().delete()
    call_command("generer_candidats", nombre=80, graine=7)
    # Les comptes demeurent : ces personnes ne sont pas recréées ; les vingt suivantes le sont.
    assert Candidat.objects.count() == 20


def test_le_nombre_demande_ne_change_pas_les_premiers():
    call_command("generer_candidats", nombre=30, graine=3)
    trente = _etat()
    call_command("generer_candidats", nombre=50, graine=3)
    assert _etat()[:30] == trente
    call_command("generer_candidats", nombre=30, graine=4)
    assert Candidat.objects.count() == 80


@override_settings(EN_PRODUCTION=True)
def test_la_production_refuse():
    with pytest.raises(CommandError, match="production"):
        call_command("generer_candidats", nombre=1)
    assert not Candidat.objects.exists()


def test_sans_commune_ou_sans_nombre_la_commande_dit_quoi_faire():
    with pytest.raises(CommandError, match="au moins un"):
        call_command("generer_candidats", nombre=0)
    from conum.territoires.models import Commune

    Commune.objects.all().delete()
    with pytest.raises(CommandError, match="charger_communes"):
        call_command("generer_candidats", nombre=1)
