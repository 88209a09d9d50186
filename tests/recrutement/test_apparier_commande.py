"""`bin/manage apparier` : deux fichiers entrent, un fichier et une ligne JSON sortent, chaque refus est nommé."""

import csv
import json
import re
from io import StringIO
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from conum.recrutement.management import fichiers_appariement
from tests.aides import partage

STRUCTURES = """id,type,date_debut,postes,code_insee,longitude,latitude
10,COMMUNE,2021-03-01,2,51454,4.0317,49.2583
11,PRIVATE,2021-03-01,1,51454,4.0317,49.2583
12,EPCI,2021-03-01,1,97209,-61.07,14.6
"""
CANDIDATS = """id,en_recherche,en_emploi,en_formation,diplome,experience,mobilite_km,date_disponibilite,code_insee,\
longitude,latitude
1,True,False,False,False,False,10,2021-03-01,51454,4.0317,49.2583
2,True,False,False,False,True,2000,2021-01-01,75056,2.3522,48.8566
3,False,False,True,False,False,2000,2021-04-01,75056,2.3522,48.8566
4,False,True,False,True,False,5,2021-02-01,97209,-61.07,14.6
"""


def lancer(
    dossier: Path, *options: str, structures: str | bytes = STRUCTURES, candidats: str | bytes = CANDIDATS
) -> Any:
    """Lance la commande sur ces deux contenus ; rend (bilan, erreurs, chemin de la sortie)."""
    for nom, contenu in (("s.csv", structures), ("c.csv", candidats)):
        (dossier / nom).write_bytes(contenu if isinstance(contenu, bytes) else contenu.encode())
    normale, erreurs, chemin = StringIO(), StringIO(), dossier / "p.csv"
    entrees = ("--structures", str(dossier / "s.csv"), "--candidats", str(dossier / "c.csv"), "--sortie", str(chemin))
    call_command("apparier", *entrees, *options, stdout=normale, stderr=erreurs)
    (ligne,) = normale.getvalue().splitlines()
    return json.loads(ligne), erreurs.getvalue().splitlines(), chemin


def test_deux_fichiers_entrent_un_fichier_sort(tmp_path: Path) -> None:
    bilan, erreurs, chemin = lancer(tmp_path)

    assert chemin.read_text().splitlines() == [
        "structure_id,candidat_id,distance_km,rang",
        "10,1,0.000,1",
        "10,2,130.272,2",
        "11,1,0.000,1",
        "11,2,130.272,2",
        "12,4,0.000,1",
    ]
    assert erreurs == []
    assert {cle: bilan[cle] for cle in ("structures", "structures_servies", "candidats", "candidats_servis")} == {
        "structures": 3,
        "structures_servies": 3,
        "candidats": 4,
        "candidats_servis": 3,
    }
    assert (bilan["paires_possibles"], bilan["propositions"], bilan["ecart_optimalite"]) == (5, 5, 0)
    assert (bilan["ponderation"], bilan["lignes_refusees"]) == ("distance", 0)
    assert bilan["total_km"] == pytest.approx(260.544, abs=0.01)
    assert {"moyenne_km", "p90_km", "secondes", "pic_mo", "borne_points"} <= set(bilan)


def test_types_et_plafonds(tmp_path: Path) -> None:
    bilan, _, chemin = lancer(tmp_path, "--types", "COMMUNE", "EPCI", "--max-par-structure", "1")

    assert (bilan["structures"], bilan["propositions"]) == (2, 2)
    assert [ligne.split(",")[:2] for ligne in chemin.read_text().splitlines()[1:]] == [["10", "1"], ["12", "4"]]


def test_plafond_par_candidat(tmp_path: Path) -> None:
    bilan, _, _ = lancer(tmp_path, "--max-par-candidat", "1")

    assert (bilan["structures_servies"], bilan["propositions"]) == (3, 3)


def test_type_inconnu(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"MAIRIE\. Types présents : COMMUNE, EPCI, PRIVATE"):
        lancer(tmp_path, "--types", "MAIRIE")
    assert not (tmp_path / "p.csv").exists()


def test_ponderation_du_programme(tmp_path: Path) -> None:
    bilan, _, _ = lancer(tmp_path, "--ponderation", "programme")

    assert re.fullmatch(r"\d{4}-\d+", bilan["ponderation"])
    assert bilan["cout_points"] > bilan["total_km"]


def test_simulation_n_ecrit_rien(tmp_path: Path) -> None:
    bilan, _, chemin = lancer(tmp_path, "--simulation")

    assert bilan["propositions"] == 5
    assert not chemin.exists()


@pytest.mark.parametrize(
    ("cote", "avant", "apres", "ligne", "colonne", "raison"),
    [
        ("s", "10,COMMUNE,2021-03-01,2", "10,COMMUNE,2021-02-30,2", 2, "date_debut", "n'existe pas"),
        ("s", "10,COMMUNE,2021-03-01,2", "10,COMMUNE,01/03/2021,2", 2, "date_debut", "n'est pas une date AAAA-MM-JJ"),
        ("s", "10,COMMUNE,2021-03-01,2", "10,COMMUNE,20210301,2", 2, "date_debut", "n'est pas une date"),
        ("s", "10,COMMUNE,2021-03-01,2", "10,COMMUNE,2021-03-01,deux", 2, "postes", "nombre entier"),
        ("s", "10,COMMUNE,2021-03-01,2", "10,COMMUNE,2021-03-01,0", 2, "postes", "au moins un poste"),
        ("s", "10,COMMUNE", "10,", 2, "type", "valeur absente"),
        ("s", "10,COMMUNE", ",COMMUNE", 2, "id", "valeur absente"),
        ("s", "11,PRIVATE", "10,PRIVATE", 3, "id", "déjà à la ligne 2"),
        ("s", "51454,4.0317,49.2583\n11", "5145,4.0317,49.2583\n11", 2, "code_insee", "code INSEE"),
        ("s", "51454,4.0317,49.2583\n11", "98411,4.0317,49.2583\n11", 2, "code_insee", "aucun territoire connu"),
        ("s", "97209,-61.07,14.6", "97209,-181,14.6", 4, "longitude", "entre -180 et 180"),
        ("s", "97209,-61.07,14.6", "97209,-61.07,nan", 4, "latitude", "n'est pas un nombre"),
        ("s", "97209,-61.07,14.6", "97209,-61.07,90.5", 4, "latitude", "entre -90 et 90"),
        ("s", "97209,-61.07,14.6", "97209,-61.07", 4, "", "6 champs au lieu de 7"),
        ("c", "1,True", "1,peut-être", 2, "en_recherche", "ni True ni False"),
        ("c", "1,True", "1,", 2, "en_recherche", "valeur absente"),
        ("c", "False,10,", "False,dix,", 2, "mobilite_km", "n'est pas un nombre"),
        ("c", "False,10,", "False,,", 2, "mobilite_km", "valeur absente"),
        ("c", "False,10,", "False,-10,", 2, "mobilite_km", "négative"),
        ("c", "False,10,", "False,1e1,", 2, "mobilite_km", "n'est pas un nombre"),
    ],
)
def test_une_ligne_refusee_est_nommee_et_laissee(
    tmp_path: Path, cote: str, avant: str, apres: str, ligne: int, colonne: str, raison: str
) -> None:
    contenus = {"s": STRUCTURES, "c": CANDIDATS}
    assert avant in contenus[cote]
    contenus[cote] = contenus[cote].replace(avant, apres, 1)
    entrees = {"structures": contenus["s"], "candidats": contenus["c"]}

    bilan, (erreur,), chemin = lancer(tmp_path, **entrees)
    ou = f"{cote}.csv, ligne {ligne}" + (f", colonne {colonne}" if colonne else "")
    assert erreur.startswith(f"{ou} : ")
    assert raison in erreur
    assert bilan["lignes_refusees"] == 1
    assert bilan["structures"] + bilan["candidats"] == 6

    chemin.unlink()
    with pytest.raises(CommandError, match="rien n'a été écrit"):
        lancer(tmp_path, "--tout-ou-rien", **entrees)
    assert not chemin.exists()


def test_deux_colonnes_fausses_sont_nommees_pour_une_ligne_refusee(tmp_path: Path) -> None:
    bilan, erreurs, _ = lancer(tmp_path, structures=STRUCTURES.replace("2021-03-01,2,51454", "hier,-1,51454"))

    assert len(erreurs) == 2
    assert bilan["lignes_refusees"] == 1


def test_une_ligne_apres_un_champ_sur_plusieurs_lignes_garde_son_numero(tmp_path: Path) -> None:
    structures = STRUCTURES.replace("10,COMMUNE", '10,"COM\nMUNE"').replace("2021-03-01,1,97209", "hier,1,97209")
    _, (erreur,), _ = lancer(tmp_path, structures=structures)

    assert "ligne 5, colonne date_debut" in erreur


@pytest.mark.parametrize(
    "structures",
    [
        b"\xef\xbb\xbf" + STRUCTURES.encode(),
        STRUCTURES.replace("EPCI", "Métropole").encode("cp1252"),
        STRUCTURES.replace(".", "#").replace(",", ";").replace("#", ",").encode(),
        STRUCTURES.replace(",", "\t").encode(),
        STRUCTURES.replace("\n", "\r\n").encode(),
        ("\n" + STRUCTURES + "\n\n").encode(),
    ],
    ids=["bom", "latin", "point-virgule", "tabulation", "crlf", "lignes vides"],
)
def test_les_formats_des_tableurs_passent(tmp_path: Path, structures: bytes) -> None:
    bilan, erreurs, _ = lancer(tmp_path, structures=structures)

    assert (bilan["propositions"], erreurs) == (5, [])


@pytest.mark.parametrize(
    ("structures", "message"),
    [
        ("", "est vide"),
        ("  \n\n", "est vide"),
        (STRUCTURES.replace("date_debut,", "", 1), "il manque la colonne date_debut"),
        ("id,type\n1,A\n", "il manque les colonnes date_debut, postes"),
        (STRUCTURES.replace("type,", "id,type,", 1), "colonne en double, id"),
        (b"\x00\x01\x02", "octets nuls"),
        ('id,type\n"' + "x" * 200_000, "CSV illisible|il manque"),
    ],
)
def test_un_fichier_illisible_arrete_tout(tmp_path: Path, structures: str | bytes, message: str) -> None:
    with pytest.raises(CommandError, match=message):
        lancer(tmp_path, structures=structures)


def test_un_fichier_absent(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"absent\.csv"):
        lancer(tmp_path, "--structures", str(tmp_path / "absent.csv"))


def test_seulement_l_entete(tmp_path: Path) -> None:
    bilan, _, chemin = lancer(tmp_path, candidats=CANDIDATS.splitlines()[0] + "\n")

    assert (bilan["structures_servies"], bilan["propositions"], bilan["total_km"]) == (0, 0, 0)
    assert chemin.read_text() == "structure_id,candidat_id,distance_km,rang\n"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--max-par-structure", "0"], "au moins 1"),
        (["--max-par-candidat", "-2"], "au moins 1"),
        (["--sortie", "nulle-part/p.csv"], "son dossier n'existe pas"),
    ],
)
def test_options_fausses(tmp_path: Path, options: list[str], message: str) -> None:
    with pytest.raises(CommandError, match=message):
        lancer(tmp_path, *options)


def test_la_sortie_n_ecrase_pas_une_entree(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="fichiers à lire"):
        lancer(tmp_path, "--sortie", str(tmp_path / "s.csv"))


def test_une_ecriture_interrompue_laisse_l_ancien_fichier(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "p.csv").write_text("ancien")

    def echouer(_descripteur: int) -> None:
        raise OSError(28, "plus de place")

    monkeypatch.setattr(fichiers_appariement.os, "fsync", echouer)
    with pytest.raises(CommandError, match="plus de place"):
        lancer(tmp_path)
    assert (tmp_path / "p.csv").read_text() == "ancien"
    assert sorted(f.name for f in tmp_path.iterdir()) == ["c.csv", "p.csv", "s.csv"]


def test_deux_lancements_donnent_les_memes_octets(tmp_path: Path) -> None:
    _, _, chemin = lancer(tmp_path)
    premier = chemin.read_bytes()
    lancer(tmp_path)

    assert chemin.read_bytes() == premier


def test_la_base_n_est_pas_lue(tmp_path: Path) -> None:
    # Sans la marque django_db, toute requête ferait échouer ce test.
    assert lancer(tmp_path)[0]["propositions"] == 5


def test_un_extrait_du_marche_national(tmp_path: Path) -> None:
    with partage("data/appariement-structures.csv").open() as s, partage("data/appariement-candidats.csv").open() as c:
        structures, candidats = "".join(islice(s, 501)), "".join(islice(c, 2001))
    bilan, erreurs, chemin = lancer(tmp_path, structures=structures, candidats=candidats)

    assert erreurs == []
    assert (bilan["structures"], bilan["candidats"], bilan["ecart_optimalite"]) == (500, 2000, 0)
    rendues = list(csv.DictReader(chemin.read_text().splitlines()))
    assert len(rendues) == bilan["propositions"]
    assert len({(ligne["structure_id"], ligne["candidat_id"]) for ligne in rendues}) == len(rendues)
    mobilites = {ligne["id"]: float(ligne["mobilite_km"]) for ligne in csv.DictReader(candidats.splitlines())}
    assert all(float(ligne["distance_km"]) <= mobilites[ligne["candidat_id"]] for ligne in rendues)
