"""Le graphe creux : parti de rien, il retrouve l'optimum du graphe complet ; les recherches par arbres sont exactes."""

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conum.recrutement.management.mesures import marche
from conum.recrutement.rules.appariement import apparier, niveaux, resolution, tarification
from conum.recrutement.rules.appariement.dates import PointsDates
from conum.recrutement.rules.appariement.paires import Marche
from conum.recrutement.rules.cout import DISTANCE
from tests.recrutement.marches import TOUT, Petit, force_brute, petits, valeurs

REGLAGES = settings(
    max_examples=120,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
AUCUNE = (np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64))


@pytest.fixture(params=["réparer", "améliorer"])
def _parti_de_rien(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Aucune paire au départ, une seule ajoutée à la fois par sommet : toute la machine sert."""
    monkeypatch.setattr(resolution, "depart", lambda _marche, _parts: np.zeros(0, dtype=np.int64))
    monkeypatch.setattr(resolution, "_AJOUTS_A_REPARER", 10**9 if request.param == "réparer" else 0)
    for module, nom in (
        (niveaux, "_AJOUTS_PAR_BESOIN"),
        (niveaux, "_AJOUTS_PAR_CANDIDAT"),
        (tarification, "_GARDEES_PAR_BESOIN"),
        (tarification, "_GARDEES_PAR_CANDIDAT"),
    ):
        monkeypatch.setattr(module, nom, 1)
    return


@REGLAGES
@given(petit=petits())
@pytest.mark.usefixtures("_parti_de_rien")
def test_parti_de_rien_l_optimum_est_le_meme(petit: Petit) -> None:
    resultat = apparier(petit.besoins, petit.candidats, ponderation=petit.ponderation, exclues=petit.exclues)

    assert valeurs(petit, resultat) == force_brute(petit)
    assert resultat.bilan.ecart == 0


def toutes_les_paires(m: Marche, _parts: object) -> np.ndarray:
    i, j = (x.ravel() for x in np.meshgrid(np.arange(m.n), np.arange(m.m), indexing="ij"))
    place = (m.besoins.capacite[i] > 0) & (m.candidats.capacite[j] > 0)
    return (i * m.m + j)[m.faisable(i, j) & place]


@pytest.mark.parametrize(("structures", "personnes"), [(120, 400), (200, 70)], ids=["abondant", "rare"])
@pytest.mark.parametrize("ponderation", [DISTANCE, TOUT], ids=["distance", "tout"])
def test_creux_et_complet_ont_le_meme_optimum(
    structures: int, personnes: int, ponderation: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    besoins, candidats = marche(structures, personnes)
    creux = apparier(besoins, candidats, ponderation=ponderation).bilan  # type: ignore[arg-type]
    monkeypatch.setattr(resolution, "depart", toutes_les_paires)
    complet = apparier(besoins, candidats, ponderation=ponderation).bilan  # type: ignore[arg-type]

    assert complet.arcs == complet.paires_possibles == creux.paires_possibles
    assert creux.arcs < complet.arcs
    for nom in ("postes_servis", "candidats_servis", "propositions", "cout_total", "borne_duale"):
        assert getattr(creux, nom) == getattr(complet, nom)


@pytest.mark.usefixtures("_parti_de_rien")
def test_parti_de_rien_un_marche_moyen() -> None:
    besoins, candidats = marche(60, 200)
    bilan = apparier(besoins, candidats, ponderation=TOUT, exclues=AUCUNE).bilan

    assert bilan.ecart == 0
    assert bilan.tours > 1


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 200), st.integers(0, 40), st.integers(1, 40), st.integers(0, 2**32 - 1))
def test_les_recherches_par_date_sont_exactes(n: int, q: int, k: int, graine: int) -> None:
    hasard = np.random.default_rng(graine)
    # Une grille grossière et peu de dates : des points confondus, des égalités partout.
    points, requetes = (hasard.integers(0, 4, (taille, 3)).astype(float) for taille in (n, q))
    dates, limites = hasard.integers(0, 6, n), hasard.integers(0, 7, q)
    rayons = hasard.choice([0.0, 1.0, 2.5, 9.0], q)
    distances = np.linalg.norm(requetes[:, None] - points[None], axis=2)
    bons = (distances <= rayons[:, None]) & (dates[None] >= limites[:, None])

    index = PointsDates(points, dates)
    assert index.compter(requetes, limites, rayons) == bons.sum()
    trouve = index.voisins(requetes, limites, rayons, k)
    paires = list(zip(trouve.requete.tolist(), index.ordre[trouve.point].tolist(), strict=True))
    assert len(set(paires)) == len(paires)
    assert all(bons[paire] for paire in paires)
    for requete in range(q):
        trouvees = sorted(distances[requete, p] for r, p in paires if r == requete)
        attendues = sorted(distances[requete, bons[requete]])[:k]
        assert trouvees[: len(attendues)] == attendues


def test_l_ordre_des_lignes_ne_change_pas_les_valeurs() -> None:
    besoins, candidats = marche(80, 250)
    melange = np.random.default_rng(3).permutation(250)
    champs = {nom: getattr(candidats, nom)[melange] for nom in candidats.__dataclass_fields__}
    bilans = [apparier(besoins, c, ponderation=TOUT).bilan for c in (candidats, type(candidats)(**champs))]

    noms = ("postes_servis", "candidats_servis", "propositions", "cout_total")
    premier, second = ([getattr(bilan, nom) for nom in noms] for bilan in bilans)
    assert premier == second
