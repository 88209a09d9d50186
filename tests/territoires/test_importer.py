"""Imports par commune et par millésime : indice de fragilité numérique et zonages."""

from decimal import Decimal
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from conum.territoires.actions.importer import FichierIllisible, importer_fragilite, importer_zonages
from conum.territoires.models import IndiceFragilite, Zonage
from tests.territoires.fabriques import AncienneCommuneFactory, CommuneFactory

pytestmark = pytest.mark.django_db

ENTETE = (
    "code_insee,acces_information,acces_interfaces,competences_administratives,competences_numeriques,"
    "score_global,population"
)
JUSTE = "35238,53.0,104.0,75.0,91.0,78.0,767"


@pytest.fixture(autouse=True)
def _communes() -> None:
    CommuneFactory()
    CommuneFactory(code="35288", nom="Saint-Malo", population=47000)
    AncienneCommuneFactory(code="35294", nom="Saint-Servan", commune_id="35288")


def ecrire(dossier: Path, *lignes: str, encodage: str = "utf-8") -> Path:
    chemin = dossier / "lot.csv"
    chemin.write_bytes("\r\n".join(lignes).encode(encodage))
    return chemin


def test_une_ligne_juste_est_ecrite_pour_son_millesime(tmp_path: Path) -> None:
    rapport = importer_fragilite(ecrire(tmp_path, ENTETE, JUSTE), millesime=2020)
    assert (rapport.lues, rapport.ecrites, rapport.refus) == (1, 1, [])
    indice = IndiceFragilite.objects.get()
    assert (indice.commune_id, indice.millesime, indice.score_global) == ("35238", 2020, Decimal("78.0"))
    assert indice.acces_interfaces == Decimal("104.0")


@pytest.mark.parametrize(
    ("ligne", "motif"),
    [
        ("99999,1,1,1,1,1,1", "code commune inconnu : 99999"),
        (",1,1,1,1,1,1", "code commune absent"),
        ("35288,1,1,1,1,NaN,1", "score_global : « NaN » n'est pas un nombre"),
        ("35288,1,1,1,1,,1", "score_global : «  » n'est pas un nombre"),
        ("35288,1,1,1,1,-3,1", "score_global : -3 hors de 0 à 999.9"),
        (JUSTE, "code 35238 déjà vu ligne 2"),
    ],
)
def test_une_ligne_refusee_a_son_numero_et_son_motif(tmp_path: Path, ligne: str, motif: str) -> None:
    rapport = importer_fragilite(ecrire(tmp_path, ENTETE, JUSTE, ligne), millesime=2020)
    assert rapport.refus == [(3, motif)]
    assert rapport.ecrites == IndiceFragilite.objects.count() == 1


def test_tout_ou_rien_n_ecrit_rien_des_qu_une_ligne_est_refusee(tmp_path: Path) -> None:
    chemin = ecrire(tmp_path, ENTETE, JUSTE, "99999,1,1,1,1,1,1")
    assert importer_fragilite(chemin, millesime=2020, tout_ou_rien=True).ecrites == 0
    assert not IndiceFragilite.objects.exists()


def test_une_simulation_n_ecrit_rien(tmp_path: Path) -> None:
    assert importer_fragilite(ecrire(tmp_path, ENTETE, JUSTE), millesime=2020, simulation=True).lues == 1
    assert not IndiceFragilite.objects.exists()


def test_des_communes_fusionnees_comptent_selon_leur_population(tmp_path: Path) -> None:
    chemin = ecrire(tmp_path, ENTETE, "35288,100,100,100,100,100,3000", "35294,60,60,60,60,60,1000")
    rapport = importer_fragilite(chemin, millesime=2020)
    assert rapport.remarques == [(3, "ancien code 35294, compté pour 35288")]
    assert IndiceFragilite.objects.get().score_global == Decimal("90.0")


def test_reimporter_un_millesime_le_remplace_et_laisse_les_autres(tmp_path: Path) -> None:
    importer_fragilite(ecrire(tmp_path, ENTETE, JUSTE), millesime=2020)
    importer_fragilite(ecrire(tmp_path, ENTETE, JUSTE), millesime=2021)
    importer_fragilite(ecrire(tmp_path, ENTETE, JUSTE.replace("78.0", "80.5")), millesime=2021)
    scores = list(IndiceFragilite.objects.order_by("millesime").values_list("millesime", "score_global"))
    assert scores == [(2020, Decimal("78.0")), (2021, Decimal("80.5"))]


def test_un_fichier_latin_1_a_point_virgule_et_virgule_decimale_est_lu(tmp_path: Path) -> None:
    entete = ENTETE.replace(",", ";") + ";libellé"
    ligne = "35238;53,0;104,0;75,0;91,0;78,5;767;Rennes à côté"
    importer_fragilite(ecrire(tmp_path, entete, ligne, encodage="latin-1"), millesime=2020)
    assert IndiceFragilite.objects.get().score_global == Decimal("78.5")


def test_un_fichier_sans_code_commune_est_refuse_en_entier(tmp_path: Path) -> None:
    with pytest.raises(FichierIllisible, match="colonne du code commune"):
        importer_fragilite(ecrire(tmp_path, "nom,score", "Rennes,3"), millesime=2020)


def test_un_zonage_remplace_celui_du_meme_millesime(tmp_path: Path) -> None:
    importer_zonages(ecrire(tmp_path, "codgeo,libgeo", "35238,Rennes"), type_="FRR", millesime=2024)
    importer_zonages(ecrire(tmp_path, "codgeo,libgeo", "35294,Saint-Servan"), type_="FRR", millesime=2024)
    assert list(Zonage.objects.values_list("commune_id", "type", "millesime")) == [("35288", "FRR", 2024)]


def test_une_commune_a_plusieurs_quartiers_n_est_comptee_qu_une_fois(tmp_path: Path) -> None:
    chemin = ecrire(tmp_path, "code_insee,quartier", "35238,Maurepas", "35238,Villejean")
    rapport = importer_zonages(chemin, type_="QPV", millesime=2024)
    assert (rapport.refus, rapport.ecrites) == ([], 1)


def test_la_commande_rend_compte_ligne_a_ligne(tmp_path: Path) -> None:
    sortie, erreurs = StringIO(), StringIO()
    chemin = ecrire(tmp_path, "code_insee", "35238", "00000")
    call_command("importer_zonages", str(chemin), "--type=FRR", "--millesime=2024", stdout=sortie, stderr=erreurs)
    assert "Ligne 3 refusée : code commune inconnu : 00000" in erreurs.getvalue()
    assert "2 lignes lues, 1 refusées" in sortie.getvalue()


def test_la_commande_tout_ou_rien_sort_en_erreur(tmp_path: Path) -> None:
    chemin = ecrire(tmp_path, ENTETE, "00000,1,1,1,1,1,1")
    with pytest.raises(CommandError, match="Rien n'a été écrit"):
        call_command("importer_fragilite", str(chemin), "--millesime=2020", "--tout-ou-rien", stderr=StringIO())


@pytest.mark.parametrize("millesime", ["20", "deux mille", "1812"])
def test_la_commande_refuse_un_millesime_qui_n_est_pas_une_annee(tmp_path: Path, millesime: str) -> None:
    with pytest.raises(CommandError, match="millésime"):
        call_command("importer_fragilite", str(ecrire(tmp_path, ENTETE)), f"--millesime={millesime}")
