"""Charger et recharger les communes : rien ne se perd, un second chargement ne change rien."""

from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import IntegrityError, transaction

from conum.territoires import fichier
from conum.territoires.actions.charger import appliquer, charger_fichier
from conum.territoires.fichier import Decoupage, LigneAncienne, LigneCommune
from conum.territoires.models import AncienneCommune, Commune, resoudre_commune
from tests.territoires.fabriques import CommuneFactory

pytestmark = pytest.mark.django_db

BRUZ = LigneCommune("35047", "Bruz", "35", "243500139", ["35170"], 18780, 48.02, -1.75, "lieu")
CHAVAGNE = LigneCommune("35076", "Chavagne", "35", "243500139", ["35310"], 4200, 48.05, -1.78, "code_postal")
RENNES = LigneCommune("35238", "Rennes", "35", "243500139", ["35000"], 227830, 48.11, -1.68, "lieu")


def decoupage(*communes: LigneCommune, anciennes: tuple[LigneAncienne, ...] = ()) -> Decoupage:
    return Decoupage(
        sources={},
        regions=[("53", "Bretagne")],
        departements=[("35", "Ille-et-Vilaine", "53")],
        epci=[("243500139", "Rennes Métropole")],
        communes=list(communes),
        anciennes=list(anciennes),
    )


def fusion(ancienne: str, actuelle: str, nom: str = "") -> LigneAncienne:
    return LigneAncienne(ancienne, nom, "fusionnee", actuelle, [])


def test_un_premier_chargement_cree_tout() -> None:
    bilan = appliquer(decoupage(BRUZ, RENNES))
    assert bilan.nouvelles == ["35047 Bruz", "35238 Rennes"]
    bruz = Commune.objects.get(code="35047")
    assert (bruz.nom, bruz.departement_id, bruz.epci_id, bruz.codes_postaux) == ("Bruz", "35", "243500139", ["35170"])
    assert bruz.region.nom == "Bretagne"


def test_recharger_ne_change_rien() -> None:
    appliquer(decoupage(BRUZ, RENNES, anciennes=(fusion("35998", "35047"),)))
    bilan = appliquer(decoupage(BRUZ, RENNES, anciennes=(fusion("35998", "35047"),)))
    assert bilan.vide
    assert AncienneCommune.objects.count() == 1


def test_une_commune_fusionnee_reste_et_mene_a_la_nouvelle() -> None:
    appliquer(decoupage(BRUZ, CHAVAGNE, RENNES))
    bilan = appliquer(decoupage(BRUZ, RENNES, anciennes=(fusion("35076", "35047"),)))
    assert bilan.disparues == ["35076 Chavagne"]
    assert Commune.objects.get(code="35076").ancienne
    assert resoudre_commune("35076") == Commune.objects.get(code="35047")
    assert [c.code for c in Commune.objects.rechercher("chavagne")] == ["35047"]


def test_recharger_apres_une_fusion_ne_double_pas_l_ancienne() -> None:
    fusionnees = decoupage(BRUZ, RENNES, anciennes=(fusion("35076", "35047"),))
    appliquer(decoupage(BRUZ, CHAVAGNE, RENNES))
    appliquer(fusionnees)
    assert appliquer(fusionnees).vide
    assert AncienneCommune.objects.get(code="35076").nom == "Chavagne"


def test_deux_fusions_de_suite_menent_a_la_derniere() -> None:
    appliquer(decoupage(BRUZ, CHAVAGNE, RENNES))
    appliquer(decoupage(BRUZ, RENNES, anciennes=(fusion("35076", "35047"),)))
    appliquer(decoupage(RENNES, anciennes=(fusion("35047", "35238"),)))
    assert resoudre_commune("35076") == resoudre_commune("35047") == Commune.objects.get(code="35238")


def test_une_commune_retablie_repond_de_nouveau_elle_meme() -> None:
    appliquer(decoupage(BRUZ, RENNES, anciennes=(fusion("35076", "35047", "Chavagne"),)))
    appliquer(decoupage(BRUZ, CHAVAGNE, RENNES))
    assert resoudre_commune("35076") == Commune.objects.get(code="35076")


def test_une_disparition_sans_remplacante_est_signalee() -> None:
    appliquer(decoupage(BRUZ, RENNES))
    assert appliquer(decoupage(RENNES)).sans_suite == ["35047"]
    assert resoudre_commune("35047") is None


def test_une_simulation_annonce_sans_ecrire() -> None:
    appliquer(decoupage(BRUZ, RENNES))
    bilan = appliquer(decoupage(BRUZ._replace(nom="Bruz-sur-Seiche"), CHAVAGNE), simulation=True)
    assert bilan.renommees == ["35047 Bruz → Bruz-sur-Seiche"]
    assert bilan.nouvelles == ["35076 Chavagne"]
    assert bilan.disparues == ["35238 Rennes"]
    assert list(Commune.objects.filter(ancienne=False).order_by("code").values_list("nom", flat=True)) == [
        "Bruz",
        "Rennes",
    ]


def test_un_point_officiel_survit_au_rechargement_d_une_estimation() -> None:
    appliquer(decoupage(BRUZ._replace(latitude=48.0246, longitude=-1.7532, precision="centre")))
    appliquer(decoupage(BRUZ))
    assert Commune.objects.get(code="35047").latitude == 48.0246


def test_un_fichier_deja_charge_ne_defait_pas_un_rafraichissement(tmp_path: Path) -> None:
    chemin = tmp_path / "communes.json.xz"
    fichier.ecrire(decoupage(BRUZ), chemin)
    assert charger_fichier(chemin) is not None
    Commune.objects.filter(code="35047").update(population=19000)
    assert charger_fichier(chemin) is None
    call_command("charger_communes", "--fichier", str(chemin), verbosity=0)
    assert Commune.objects.get(code="35047").population == 19000
    assert charger_fichier(chemin, forcer=True) is not None
    assert Commune.objects.get(code="35047").population == 18780


@pytest.mark.parametrize(("code", "attendu"), [("35238", "35238"), (" 35238 ", "35238"), ("99999", None)])
def test_resoudre_un_code(code: str, attendu: str | None) -> None:
    CommuneFactory()
    commune = resoudre_commune(code)
    assert (commune.code if commune else None) == attendu


def test_la_base_refuse_des_coordonnees_impossibles() -> None:
    with pytest.raises(IntegrityError, match="commune_coordonnees_valides"), transaction.atomic():
        CommuneFactory(latitude=91.0)
