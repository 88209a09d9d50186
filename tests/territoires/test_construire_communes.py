"""Le fichier des communes du dépôt : ce qu'il contient, comment il se construit, ce qu'il vaut."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from conum.territoires import fichier
from conum.territoires.fichier import Decoupage, LigneAncienne, LigneCommune
from conum.territoires.management.construction.cog import Cog
from conum.territoires.management.construction.placement import Lieu, Placement
from conum.territoires.management.mesure import lire_releve, mesurer
from tests.aides import partage

COLLECTIVITES = {"975", "977", "978", "986", "987", "988"}


@pytest.fixture(scope="module")
def decoupage() -> Decoupage:
    return fichier.lire()


def test_le_fichier_pese_moins_d_un_mega_et_demi() -> None:
    assert fichier.FICHIER.stat().st_size < 1_500_000


def test_ecrire_deux_fois_donne_les_memes_octets(tmp_path: Path) -> None:
    rennes = LigneCommune("35238", "Rennes", "35", "", ["35000"], 200000, 48.11, -1.68, "lieu")
    petit = Decoupage({"source": "1.0"}, [("53", "Bretagne")], [("35", "Ille-et-Vilaine", "53")], [], [rennes], [])
    for nom in ("a", "b"):
        fichier.ecrire(petit, tmp_path / nom)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert fichier.lire(tmp_path / "a") == petit


def test_le_fichier_decrit_la_france_entiere(decoupage: Decoupage) -> None:
    assert len(decoupage.regions) == 18 + len(COLLECTIVITES)
    assert len([d for d in decoupage.departements if d[0] not in COLLECTIVITES]) == 101
    assert {d[0] for d in decoupage.departements} > COLLECTIVITES
    assert 34_800 < len([c for c in decoupage.communes if c.departement not in COLLECTIVITES]) < 35_000
    assert 1_200 < len(decoupage.epci) < 1_300
    assert 68_000_000 < sum(c.population for c in decoupage.communes) < 70_000_000


def test_chaque_renvoi_du_fichier_mene_quelque_part(decoupage: Decoupage) -> None:
    regions = {code for code, _ in decoupage.regions}
    departements = {code for code, _, _ in decoupage.departements}
    epci = {code for code, _ in decoupage.epci}
    communes = {c.code for c in decoupage.communes}
    assert {region for _, _, region in decoupage.departements} == regions
    assert {c.departement for c in decoupage.communes} == departements
    assert {c.epci for c in decoupage.communes} - {""} == epci
    assert {a.commune for a in decoupage.anciennes} <= communes
    assert len(communes) == len(decoupage.communes)


def test_chaque_commune_a_des_coordonnees_et_leur_precision(decoupage: Decoupage) -> None:
    precisions = Counter(c.precision for c in decoupage.communes)
    assert set(precisions) == {"lieu", "code_postal", "epci", "departement"}
    assert precisions["lieu"] > 14_000
    assert precisions["departement"] < 100
    metropole = [c for c in decoupage.communes if len(c.departement) == 2]
    assert all(41 < c.latitude < 51.2 and -5.3 < c.longitude < 9.7 for c in metropole)


def test_les_codes_disparus_en_2024_et_2020_menent_a_une_commune(decoupage: Decoupage) -> None:
    actuelle = {a.code: a.commune for a in decoupage.anciennes}
    assert actuelle["93059"] == "93066"  # Pierrefitte-sur-Seine, dans Saint-Denis depuis 2025
    assert actuelle["49069"] == "49126"  # Orée d'Anjou a changé de chef-lieu
    assert actuelle["13208"] == "13055"  # Marseille 8e
    assert actuelle["01205"] == "01033"  # Lancrans, dans Valserhône


def _commune(code: str, nom: str, departement: str, codes_postaux: list[str], population: int) -> dict[str, Any]:
    return {
        "code": code,
        "nom": nom,
        "type": "commune-actuelle",
        "departement": departement,
        "region": "84",
        "codesPostaux": codes_postaux,
        "population": population,
    }


@pytest.fixture
def cog(tmp_path: Path) -> Cog:
    """Deux Vougy dans la même région, un hameau trop petit pour GeoNames, une commune nouvelle."""
    communes = [
        _commune("42331", "Vougy", "42", ["42720"], 1500),
        _commune("42187", "Pouilly-sous-Charlieu", "42", ["42720"], 2500),
        _commune("42190", "Nandax", "42", ["42720"], 550),
        _commune("74312", "Vougy", "74", ["74130"], 1100),
        _commune("74042", "Bonneville", "74", ["74130"], 13000),
        _commune("74999", "Bonne Vallée", "74", ["74130"], 9000),
        {"code": "74998", "nom": "Saint-Bidon", "type": "commune-deleguee", "chefLieu": "74999"}
        | {"departement": "74", "region": "84"},
    ]
    contenus = {
        "communes": communes,
        "regions": [{"code": "84", "nom": "Auvergne-Rhône-Alpes"}],
        "departements": [{"code": c, "nom": n, "region": "84"} for c, n in (("42", "Loire"), ("74", "Haute-Savoie"))],
        "epci": [],
    }
    for nom, contenu in contenus.items():
        (tmp_path / f"{nom}.json").write_text(json.dumps(contenu))
    return Cog(tmp_path)


def _lieu(identifiant: int, nom: str, latitude: float, longitude: float, population: int) -> Lieu:
    return Lieu(identifiant, nom, "84", latitude, longitude, population, ())


LIEUX = [
    _lieu(1, "Vougy", 46.104, 4.117, 1574),
    _lieu(2, "Vougy", 46.068, 6.472, 1060),
    _lieu(3, "Pouilly-sous-Charlieu", 46.145, 4.110, 2600),
    _lieu(4, "Bonneville", 46.079, 6.408, 12900),
    _lieu(5, "St Bidon", 46.070, 6.420, 8000),
]


def test_les_homonymes_d_une_region_vont_chacun_a_leur_lieu(cog: Cog) -> None:
    placer = Placement(cog, LIEUX).placer()
    assert placer(cog.communes["42331"]) == (46.104, 4.117, "lieu")
    assert placer(cog.communes["74312"]) == (46.068, 6.472, "lieu")


def test_une_commune_sans_lieu_est_mise_au_milieu_de_son_code_postal(cog: Cog) -> None:
    latitude, longitude, precision = Placement(cog, LIEUX).placer()(cog.communes["42190"])
    assert precision == "code_postal"
    assert (latitude, longitude) == pytest.approx((46.1245, 4.1135), abs=0.001)


def test_une_commune_nouvelle_est_trouvee_par_une_de_ses_parties(cog: Cog) -> None:
    assert Placement(cog, LIEUX).placer()(cog.communes["74999"]) == (46.070, 6.420, "lieu")


def test_un_lieu_trop_loin_n_est_pas_pris_pour_la_commune(cog: Cog) -> None:
    lieux = [_lieu(2, "Vougy", 46.068, 6.472, 1060), LIEUX[2], LIEUX[3]]
    placement = Placement(cog, lieux)
    assert placement.places["74312"].identifiant == 2
    assert "42331" not in placement.places


def _releve(**changements: str) -> dict[str, dict[str, str]]:
    ligne = {"code_departement": "35", "latitude": "48.11", "longitude": "-1.68", "population_2021": "100"}
    return {"35238": ligne | changements}


@pytest.mark.parametrize(
    ("releve", "atteinte"),
    [
        (_releve(), True),
        (_releve(latitude="48.14"), False),
        (_releve(code_departement="44"), False),
        (_releve() | {"99999": _releve()["35238"]}, False),
    ],
    ids=["juste", "à 3 km", "autre département", "code inconnu"],
)
def test_la_mesure_dit_si_les_objectifs_sont_atteints(releve: dict[str, dict[str, str]], atteinte: bool) -> None:
    rennes = LigneCommune("35238", "Rennes", "35", "", ["35000"], 200000, 48.11, -1.68, "lieu")
    ancienne = LigneAncienne("35999", "", "fusionnee", "35238", [])
    decoupage = Decoupage({}, [], [], [], [rennes], [ancienne])
    assert mesurer(decoupage, releve).atteinte is atteinte


def test_le_fichier_vaut_ce_que_docs_mesures_annonce(decoupage: Decoupage) -> None:
    mesure = mesurer(decoupage, lire_releve(partage("data/communes-2024-coordonnees.csv")))
    assert mesure.communes > 34_000
    assert mesure.mauvais_departement == []
    assert mesure.introuvables == []
    assert mesure.mediane_du_reste_km < 7
    # Plafond de cities500 contre des centres géométriques : voir docs/mesures.md.
    assert mesure.population_proche > 0.82


def test_mesurer_un_fichier_absent_le_dit(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="n'existe pas"):
        call_command("mesurer_communes", str(tmp_path / "rien.csv"))
