"""L'appariement contre la force brute : les quatre niveaux, la preuve duale, les limites, la stabilité."""

import dataclasses
import math

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conum.recrutement.rules.appariement import Resultat, apparier, territoire_de
from conum.recrutement.rules.cout import DISTANCE
from conum.territoires.rules import distance_km
from tests.recrutement.marches import TOUT, Petit, besoins, candidats, force_brute, petits, valeurs

REGLAGES = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def resoudre(petit: Petit) -> Resultat:
    return apparier(petit.besoins, petit.candidats, ponderation=petit.ponderation, exclues=petit.exclues)


def colonnes(resultat: Resultat) -> list[list[float]]:
    return [
        x.tolist() for x in (resultat.besoin, resultat.candidat, resultat.distance_km, resultat.cout, resultat.rang)
    ]


@REGLAGES
@given(petits())
def test_les_quatre_niveaux_sont_ceux_de_la_force_brute(petit: Petit) -> None:
    resultat = resoudre(petit)

    assert valeurs(petit, resultat) == force_brute(petit)
    bilan = resultat.bilan
    rendues = bilan.postes_servis, bilan.candidats_servis, bilan.propositions, round(bilan.cout_total * 1000)
    assert rendues == valeurs(petit, resultat)


@REGLAGES
@given(petits())
def test_plafonds_et_faisabilite(petit: Petit) -> None:
    resultat = resoudre(petit)

    paires = list(zip(resultat.besoin.tolist(), resultat.candidat.tolist(), strict=True))
    assert len(set(paires)) == len(paires)
    assert all(petit.faisable(i, j) for i, j in paires)
    assert (np.bincount(resultat.besoin, minlength=len(petit.besoins)) <= petit.besoins.capacite).all()
    assert (np.bincount(resultat.candidat, minlength=len(petit.candidats)) <= petit.candidats.capacite).all()
    assert resultat.bilan.paires_possibles == len(petit.paires())


@REGLAGES
@given(petits())
def test_la_borne_duale_prouve_l_optimum(petit: Petit) -> None:
    resultat = resoudre(petit)

    assert resultat.bilan.ecart == 0
    assert resultat.bilan.borne_duale == resultat.bilan.cout_total
    proposees = set(zip(resultat.besoin.tolist(), resultat.candidat.tolist(), strict=True))
    prix_i, prix_j = np.rint(resultat.prix_besoin * 1000), np.rint(resultat.prix_candidat * 1000)
    for i, j in petit.paires():
        reduit = petit.cout(i, j) + prix_i[i] - prix_j[j]
        assert reduit <= 0 if (i, j) in proposees else reduit >= 0


@REGLAGES
@given(petits(), st.randoms(use_true_random=False))
def test_deterministe_et_insensible_a_l_ordre_des_candidats(petit: Petit, hasard: object) -> None:
    resultat = resoudre(petit)
    assert colonnes(resoudre(petit)) == colonnes(resultat)

    ordre = list(range(len(petit.candidats)))
    hasard.shuffle(ordre)  # type: ignore[attr-defined]
    ordre = np.array(ordre, dtype=np.int64)
    champs = {f.name: getattr(petit.candidats, f.name)[ordre] for f in dataclasses.fields(petit.candidats)}
    i, j = petit.exclues
    melange = dataclasses.replace(
        petit, candidats=type(petit.candidats)(**champs), exclues=(i, np.argsort(ordre)[j] if len(j) else j)
    )
    assert valeurs(melange, resoudre(melange)) == valeurs(petit, resultat)


@REGLAGES
@given(petits())
def test_un_second_passage_ne_propose_rien(petit: Petit) -> None:
    premier = resoudre(petit)
    b, c = petit.besoins, petit.candidats
    recues = np.bincount(premier.besoin, minlength=len(b))
    faites = np.bincount(premier.candidat, minlength=len(c))
    apres = Petit(
        dataclasses.replace(b, a_servir=np.maximum(b.a_servir - recues, 0), capacite=b.capacite - recues),
        dataclasses.replace(c, capacite=c.capacite - faites, deja_servi=c.deja_servi | (faites > 0)),
        tuple(np.concatenate(x) for x in zip(petit.exclues, (premier.besoin, premier.candidat), strict=True)),
        petit.ponderation,
    )

    assert len(resoudre(apres)) == 0


def test_rangs_par_cout_puis_distance_puis_ordre() -> None:
    petit = Petit(
        besoins(1, capacite=[4]),
        candidats(4, latitude=[46.2, 46.1, 46.1, 46.0]),
        (np.zeros(0, int), np.zeros(0, int)),
        DISTANCE,
    )
    resultat = resoudre(petit)

    assert resultat.candidat.tolist() == [3, 1, 2, 0]
    assert resultat.rang.tolist() == [1, 2, 3, 4]


def test_la_mobilite_est_incluse() -> None:
    limite = distance_km((46.0, 2.0), (46.1, 2.3))
    lieu = {"latitude": [46.1, 46.1], "longitude": [2.3, 2.3]}
    resultat = apparier(besoins(1), candidats(2, mobilite_km=[limite, limite - 0.001], **lieu), ponderation=DISTANCE)

    assert resultat.candidat.tolist() == [0]


def test_la_disponibilite_est_incluse_et_le_lendemain_non() -> None:
    resultat = apparier(besoins(1, debut=[100]), candidats(2, disponible=[100, 101]), ponderation=DISTANCE)

    assert resultat.candidat.tolist() == [0]


def test_la_mer_arrete_la_distance_et_le_choix_la_franchit() -> None:
    martinique, guadeloupe = territoire_de("97209"), territoire_de("97105")
    lieu_b = {"latitude": [14.60], "longitude": [-61.07], "territoire": [martinique]}
    # Même lieu, autre territoire : la France entière elle-même ne passe pas la mer ; le choix, oui, à toute distance.
    monde = candidats(
        4,
        latitude=[14.60, 16.0, 48.85, 48.85],
        longitude=[-61.07, -61.7, 2.35, 2.35],
        territoire=[guadeloupe, guadeloupe, 0, 0],
        mobilite_km=[math.inf, 10.0, math.inf, 5.0],
        territoires_choisis=[1 << guadeloupe, 1 << martinique, 1, 1 << martinique],
    )
    resultat = apparier(besoins(1, **lieu_b), monde, ponderation=TOUT)

    assert sorted(resultat.candidat.tolist()) == [1, 3]
    assert resultat.distance_km.max() > 6_000
    # 40 km au plus pour la traversée, 15 points pour qui n'a ni expérience ni diplôme.
    assert resultat.cout.tolist() == [55.0, 55.0]


def test_choisir_son_propre_territoire_ne_leve_pas_la_limite() -> None:
    loin = candidats(1, latitude=[48.85], longitude=[2.35], mobilite_km=[10.0], territoires_choisis=[1])

    assert len(apparier(besoins(1), loin, ponderation=DISTANCE)) == 0


@pytest.mark.parametrize(("n", "m"), [(0, 0), (0, 4), (4, 0)])
def test_un_cote_vide(n: int, m: int) -> None:
    resultat = apparier(besoins(n), candidats(m), ponderation=DISTANCE)

    assert len(resultat) == 0
    assert resultat.bilan.paires_possibles == 0


def test_tous_au_meme_endroit() -> None:
    resultat = apparier(besoins(40), candidats(300), ponderation=DISTANCE)

    assert resultat.bilan.paires_possibles == 40 * 300
    assert (resultat.bilan.postes_servis, resultat.bilan.candidats_servis, len(resultat)) == (40, 120, 120)


@pytest.mark.parametrize(
    ("cote", "champs", "message"),
    [
        ("b", {"latitude": [91.0]}, "besoins : latitude doit être compris entre -90 et 90"),
        ("b", {"longitude": [math.nan]}, "longitude"),
        ("b", {"capacite": [-1]}, "capacite doit être au moins 0"),
        ("b", {"niveau": [4]}, "niveau"),
        ("b", {"debut": [1.5]}, "debut n'est pas du type attendu"),
        ("b", {"debut": [1, 2]}, "2 valeurs"),
        ("b", {"debut": [[1]]}, "une dimension"),
        ("c", {"mobilite_km": [math.nan]}, "mobilite_km"),
        ("c", {"mobilite_km": [-1.0]}, "mobilite_km"),
        ("c", {"deja_servi": [0]}, "deja_servi"),
        ("c", {"territoires_choisis": [-1]}, "territoires_choisis"),
        ("c", {"territoire": [40]}, "territoire"),
    ],
)
def test_les_entrees_sont_verifiees(cote: str, champs: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        besoins(1, **champs) if cote == "b" else candidats(1, **champs)


@pytest.mark.parametrize("exclues", [([0], [5]), ([-1], [0]), ([0, 0], [0]), ([0.5], [0])])
def test_les_exclusions_sont_verifiees(exclues: object) -> None:
    with pytest.raises(ValueError, match="exclues"):
        apparier(besoins(1), candidats(1), ponderation=DISTANCE, exclues=exclues)  # type: ignore[arg-type]


def test_outre_mer_inconnu() -> None:
    with pytest.raises(ValueError, match="98411"):
        territoire_de("98411")
