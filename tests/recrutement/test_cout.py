"""Le coût publié : ses données datées, sa formule, et l'explication d'une paire."""

from datetime import date
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conum.recrutement.rules import cout
from conum.recrutement.rules.appariement import TERRITOIRES, Paire, apparier, composantes, criteres
from conum.recrutement.rules.cout import DISTANCE, PonderationInvalide, lire, ponderation_au
from tests.recrutement.marches import TOUT, besoins, candidats

EN_LIGNE = """[[ponderation]]
version = "{version}"
a_partir_du = {debut}
points_par_km = 1
plafond_km_territoire_choisi = 300.0
points_sans_experience_ni_diplome = 15.0
points_par_cran_de_niveau = 20.0
points_niveau_inconnu = 10.0
points_par_semaine_d_attente = 0.5
plafond_semaines_d_attente = 26.0
"""
UNE = EN_LIGNE.format(version="a", debut="2026-01-01")

paires = st.builds(
    Paire,
    distance_km=st.floats(0, 8_000),
    mobilite_km=st.sampled_from([5.0, 20.0, 100.0, float("inf")]),
    debut=st.dates(date(2026, 1, 1), date(2026, 12, 31)),
    disponible=st.dates(date(2025, 1, 1), date(2026, 12, 31)),
    territoire_besoin=st.integers(0, 2),
    territoire_candidat=st.integers(0, 2),
    territoires_choisis=st.integers(0, 7),
    experience=st.booleans(),
    diplome=st.booleans(),
    niveau=st.integers(0, 3),
    palier=st.integers(0, 3),
)


def ecrire(dossier: Path, texte: str) -> Path:
    fichier = dossier / "ponderations.toml"
    fichier.write_text(texte, encoding="utf-8")
    return fichier


def test_les_donnees_publiees_se_lisent() -> None:
    versions = lire()

    assert [v.a_partir_du for v in versions] == sorted(v.a_partir_du for v in versions)
    assert ponderation_au(date(2026, 11, 25)).version == "2026-1"


def test_la_version_en_vigueur(tmp_path: Path) -> None:
    versions = lire(ecrire(tmp_path, UNE + EN_LIGNE.format(version="b", debut="2027-01-01")))

    assert ponderation_au(date(2026, 12, 31), versions).version == "a"
    assert ponderation_au(date(2027, 1, 1), versions).version == "b"
    with pytest.raises(PonderationInvalide, match="31/12/2025"):
        ponderation_au(date(2025, 12, 31), versions)


@pytest.mark.parametrize(
    ("texte", "message"),
    [
        ("", "aucune section"),
        ("ponderation = 3", "aucune section"),
        ("ponderation = [3]", "section"),
        ("x = 1\n" + UNE, "clé inconnue « x »"),
        (UNE + "points_par_mile = 2\n", "clé inconnue « points_par_mile »"),
        (UNE.replace("points_niveau_inconnu = 10.0\n", ""), "il manque « points_niveau_inconnu »"),
        (UNE.replace("= 15.0", '= "quinze"'), "est un nombre"),
        (UNE.replace("= 15.0", "= true"), "est un nombre"),
        (UNE.replace("= 15.0", "= -1"), "compris entre 0"),
        (UNE.replace("= 15.0", "= nan"), "compris entre 0"),
        (UNE.replace("= 15.0", "= 1e9"), "compris entre 0"),
        (UNE.replace('"a"', '""'), "version"),
        (UNE.replace('"a"', '"distance"'), "version"),
        (UNE.replace("2026-01-01", '"2026-01-01"'), "a_partir_du"),
        (UNE.replace("2026-01-01", "2026-01-01T00:00:00"), "a_partir_du"),
        (UNE + UNE.replace('"a"', '"b"'), "doit commencer après"),
        (UNE + EN_LIGNE.format(version="a", debut="2027-01-01"), "même nom"),
        ("[[", "illisible"),
    ],
)
def test_un_fichier_faux_est_refuse(tmp_path: Path, texte: str, message: str) -> None:
    with pytest.raises(PonderationInvalide, match=message):
        lire(ecrire(tmp_path, texte))


def test_un_fichier_absent_est_refuse(tmp_path: Path) -> None:
    with pytest.raises(PonderationInvalide, match="illisible"):
        lire(tmp_path / "absent.toml")


def total(**champs: object) -> float:
    defauts = {
        "distance_km": 0.0,
        "territoire_choisi": False,
        "acquis": True,
        "niveau": 0,
        "palier": 0,
        "attente_jours": 0,
    }
    return float(cout.couts(TOUT, **{**defauts, **champs}).total()) / 1000  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("champs", "points"),
    [
        ({"distance_km": 12.3456}, 12.346),
        ({"distance_km": 900.0}, 900.0),
        ({"distance_km": 7_000.0, "territoire_choisi": True}, 40.0),
        ({"distance_km": 10.0, "territoire_choisi": True}, 10.0),
        ({"acquis": False}, 15.0),
        ({"niveau": 3, "palier": 1}, 40.0),
        ({"niveau": 1, "palier": 3}, 0.0),
        ({"niveau": 2, "palier": 0}, 10.0),
        ({"niveau": 0, "palier": 0}, 0.0),
        ({"attente_jours": 14}, 1.0),
        ({"attente_jours": 1_000}, 13.0),
    ],
)
def test_la_formule(champs: dict[str, object], points: float) -> None:
    assert total(**champs) == points


@given(st.lists(paires, min_size=1, max_size=8))
def test_une_paire_ou_mille_le_meme_cout(lot: list[Paire]) -> None:
    ensemble = cout.couts(
        TOUT,
        distance_km=[p.distance_km for p in lot],
        territoire_choisi=[p.territoire_choisi for p in lot],
        acquis=[p.experience or p.diplome for p in lot],
        niveau=[p.niveau for p in lot],
        palier=[p.palier for p in lot],
        attente_jours=[(p.debut - p.disponible).days for p in lot],
    ).total()

    un_par_un = [sum(round(c.points * 1000) for c in composantes(p, TOUT)) for p in lot]
    assert ensemble.tolist() == un_par_un


@settings(deadline=None, max_examples=60)
@given(paires, st.sampled_from([TOUT, DISTANCE]))
def test_l_explication_dit_ce_que_fait_l_appariement(paire: Paire, ponderation: cout.Ponderation) -> None:
    # Deux points à la même longitude : la distance se lit sur la latitude.
    paire = Paire(**{**vars(paire), "distance_km": min(paire.distance_km, 5_000.0)})
    ecart = np.degrees(paire.distance_km / 6371.0)
    resultat = apparier(
        besoins(
            1,
            latitude=[0.0],
            debut=[paire.debut.toordinal()],
            territoire=[paire.territoire_besoin],
            niveau=[paire.niveau],
        ),
        candidats(
            1,
            latitude=[ecart],
            mobilite_km=[paire.mobilite_km],
            disponible=[paire.disponible.toordinal()],
            territoire=[paire.territoire_candidat],
            territoires_choisis=[paire.territoires_choisis],
            experience=[paire.experience],
            diplome=[paire.diplome],
            palier=[paire.palier],
        ),
        ponderation=ponderation,
    )

    assert bool(len(resultat)) == all(critere.satisfait for critere in criteres(paire))
    if len(resultat):
        assert resultat.cout[0] == pytest.approx(sum(c.points for c in composantes(paire, ponderation)), abs=0.0011)


def test_les_criteres_se_lisent() -> None:
    paire = Paire(
        distance_km=30.0,
        mobilite_km=20.0,
        debut=date(2027, 1, 4),
        disponible=date(2027, 1, 5),
        territoire_besoin=2,
        territoire_candidat=0,
    )

    assert [(c.nom, c.satisfait) for c in criteres(paire)] == [
        ("territoire", False),
        ("mobilite", False),
        ("disponibilite", False),
    ]
    assert criteres(paire)[0].demande == TERRITOIRES[2]
