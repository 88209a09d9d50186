"""L'affectation contre la force brute : les trois niveaux d'objectif, les règles, la stabilité, les explications."""

import dataclasses
import itertools
from datetime import date

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conum.formations.management.mesures_calcul import JOUR as JOUR_MESURE
from conum.formations.management.mesures_calcul import marche, mesurer
from conum.formations.rules.affectation import (
    Affectation,
    Cause,
    Conseillers,
    Derogation,
    Sessions,
    affecter,
    expliquer,
)
from conum.formations.rules.affectation.calcul import distance_comptee, poids
from conum.territoires.rules import distance_km

JOUR = date(2026, 11, 25)
N = JOUR.toordinal()
NOMS = {0: "intermédiaire", 1: "avancé", 2: "débutant"}
MOTIF = "Niveau revu après entretien."
REGLAGES = settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def _tableaux(n, defauts, champs):
    return {nom: np.asarray(champs.get(nom, np.full(n, valeur))) for nom, valeur in defauts.items()}


def conseillers(n, **champs):
    """n personnes au même endroit, libres, arrivées aujourd'hui ; `champs` remplace."""
    defauts = {
        "latitude": 46.0,
        "longitude": 2.0,
        "territoire": 0,
        "parcours": 0,
        "portee_km": 50.0,
        "disponible": N,
        "attend_depuis": N,
    }
    return Conseillers(**_tableaux(n, defauts, champs))


def sessions(m, **champs):
    """m sessions au même endroit, d'une place, dans trente jours ; `champs` remplace."""
    defauts = {
        "latitude": 46.0,
        "longitude": 2.0,
        "territoire": 0,
        "parcours": 0,
        "debut": N + 30,
        "places": 1,
        "a_distance": False,
    }
    return Sessions(**_tableaux(m, defauts, champs))


def noms(a: Affectation):
    return [f"Session {k}" for k in range(len(a.sessions))]


# --- La force brute -------------------------------------------------------------------------------


def faisables(c, s, parcours, i):
    """Écrit à la main, sans le code jugé : les sessions où cette personne peut aller."""
    for j in range(len(s)):
        loin = distance_km((c.latitude[i], c.longitude[i]), (s.latitude[j], s.longitude[j]))
        ici = c.territoire[i] == s.territoire[j] and loin <= c.portee_km[i] + 1e-6
        if parcours[i] == s.parcours[j] and (s.a_distance[j] or ici) and s.debut[j] >= max(c.disponible[i], N):
            yield j


def valeur(c, s, choix, lendemain):
    """Les trois objectifs, le plus petit gagne ; qui n'est pas placé commence le lendemain de tout."""
    attente = poids(c, N)
    places = [(i, j) for i, j in enumerate(choix) if j >= 0]
    debuts = sum(int(attente[i]) * int((s.debut[j] if j >= 0 else lendemain) - N) for i, j in enumerate(choix))
    metres = sum(int(distance_comptee(c, s, np.array([i]), np.array([j]))[0]) for i, j in places)
    return -len(places), debuts, metres


def force_brute(c, s, parcours):
    options = [[-1, *(j for j in faisables(c, s, parcours, i) if s.places[j])] for i in range(len(c))]
    lendemain = max((int(s.debut[j]) for o in options for j in o if j >= 0), default=N) + 1
    permises = (
        choix
        for choix in itertools.product(*options)
        if all(choix.count(j) <= s.places[j] for j in set(choix) if j >= 0)
    )
    return min(valeur(c, s, choix, lendemain) for choix in permises), lendemain


@st.composite
def marches(draw):
    n, m = draw(st.integers(1, 5)), draw(st.integers(1, 4))

    def tirer(valeurs, taille):
        return [draw(valeurs) for _ in range(taille)]

    lieux = st.sampled_from([(46.0, 2.0, 0), (46.1, 2.1, 0), (46.5, 2.4, 0), (16.0, -61.5, 971), (14.6, -61.0, 972)])
    ici, la = tirer(lieux, n), tirer(lieux, m)
    c = conseillers(
        n,
        latitude=[x[0] for x in ici],
        longitude=[x[1] for x in ici],
        territoire=[x[2] for x in ici],
        parcours=tirer(st.integers(0, 1), n),
        portee_km=tirer(st.sampled_from([0.0, 20.0, 80.0, np.inf]), n),
        disponible=[N + x for x in tirer(st.sampled_from([-10, 0, 20, 40]), n)],
        attend_depuis=[N - x for x in tirer(st.sampled_from([0, 0, 30, 200, 2000]), n)],
    )
    s = sessions(
        m,
        latitude=[x[0] for x in la],
        longitude=[x[1] for x in la],
        territoire=[x[2] for x in la],
        parcours=tirer(st.integers(0, 1), m),
        debut=[N + x for x in tirer(st.sampled_from([-5, 10, 30, 60]), m)],
        places=tirer(st.integers(0, 2), m),
        a_distance=tirer(st.booleans(), m),
    )
    deroges = {i: Derogation(1 - int(c.parcours[i]), MOTIF) for i in range(n) if draw(st.integers(0, 5)) == 0}
    return c, s, deroges


@REGLAGES
@given(marches())
def test_l_optimum_est_celui_de_la_force_brute(petit):
    c, s, deroges = petit
    a = affecter(c, s, jour=JOUR, derogations=deroges)
    attendue, lendemain = force_brute(c, s, a.parcours)
    assert valeur(c, s, tuple(a.session.tolist()), lendemain) == attendue
    assert a.bilan.places == -attendue[0]
    assert a.bilan.hectometres == attendue[2]


@REGLAGES
@given(marches())
def test_les_regles_sont_tenues_et_chacun_est_explique(petit):
    c, s, deroges = petit
    a = affecter(c, s, jour=JOUR, derogations=deroges)
    assert a.fautes() == ()
    assert (a.remplissage <= s.places).all()
    sans_place: dict[Cause, int] = {}
    for i in range(len(c)):
        dite = expliquer(a, i, noms(a), NOMS)
        permises = set(faisables(c, s, a.parcours, i))
        assert dite.session == (int(a.session[i]) if a.session[i] >= 0 else None)
        assert len(dite.autres) == len(s) - (dite.session is not None)
        assert dite.derogation == (MOTIF if i in deroges else "")
        for refus in dite.autres:
            condition = refus.cause in {Cause.NIVEAU, Cause.PORTEE, Cause.DATE}
            assert condition is (refus.session not in permises)
        if dite.session is None:
            sans_place[dite.cause] = sans_place.get(dite.cause, 0) + 1
            assert (dite.cause is Cause.PLACES) is bool(permises)
    assert sans_place == a.bilan.sans_place


@REGLAGES
@given(marches(), st.randoms(use_true_random=False))
def test_deterministe_et_l_ordre_des_lignes_ne_compte_pas(petit, hasard):
    c, s, deroges = petit
    a = affecter(c, s, jour=JOUR, derogations=deroges)
    assert affecter(c, s, jour=JOUR, derogations=deroges).session.tolist() == a.session.tolist()

    oc, os_ = list(range(len(c))), list(range(len(s)))
    hasard.shuffle(oc)
    hasard.shuffle(os_)
    melange_c = Conseillers(**{f.name: getattr(c, f.name)[oc] for f in dataclasses.fields(c)})
    melange_s = Sessions(**{f.name: getattr(s, f.name)[os_] for f in dataclasses.fields(s)})
    ailleurs = {oc.index(i): d for i, d in deroges.items()}
    assert affecter(melange_c, melange_s, jour=JOUR, derogations=ailleurs).bilan == a.bilan


@REGLAGES
@given(marches())
def test_une_place_de_plus_ne_retire_personne(petit):
    c, s, deroges = petit
    avant = affecter(c, s, jour=JOUR, derogations=deroges)
    plus = dataclasses.replace(s, places=s.places + 1)
    assert affecter(c, plus, jour=JOUR, derogations=deroges).bilan.places >= avant.bilan.places


@REGLAGES
@given(st.integers(2, 6), st.integers(1, 4), st.data())
def test_a_situation_egale_qui_attend_le_plus_passe_devant(n, m, data):
    depuis = data.draw(st.lists(st.integers(0, 300), min_size=n, max_size=n))
    debuts = data.draw(st.lists(st.integers(1, 90), min_size=m, max_size=m))
    a = affecter(
        conseillers(n, attend_depuis=[N - x for x in depuis]),
        sessions(m, debut=[N + x for x in debuts]),
        jour=JOUR,
    )
    commence = [debuts[j] if j >= 0 else 10_000 for j in a.session.tolist()]
    for x, y in itertools.permutations(range(n), 2):
        if depuis[x] > depuis[y]:
            assert commence[x] <= commence[y]


# --- Les objectifs, un par un ---------------------------------------------------------------------


def test_placer_le_plus_de_monde_passe_avant_la_date_de_chacun():
    # La première, qui attend, commencerait plus tôt dans la seule session de la seconde.
    a = affecter(
        conseillers(2, portee_km=[500.0, 10.0], attend_depuis=[N - 200, N]),
        sessions(2, latitude=[46.0, 47.0], debut=[N + 10, N + 90]),
        jour=JOUR,
    )
    assert a.session.tolist() == [1, 0]


def test_a_date_egale_le_plus_proche_et_le_presentiel_avant_le_distanciel():
    proche = affecter(conseillers(1), sessions(2, latitude=[46.3, 46.1]), jour=JOUR)
    assert proche.session.tolist() == [1]
    presentiel = affecter(conseillers(1), sessions(2, latitude=[46.0, 46.4], a_distance=[True, False]), jour=JOUR)
    assert presentiel.session.tolist() == [1]
    seul = affecter(conseillers(1), sessions(1, latitude=[48.0], a_distance=[True]), jour=JOUR)
    assert seul.session.tolist() == [0]


def test_la_mer_separe_meme_a_portee():
    c = conseillers(1, latitude=[16.0], longitude=[-61.5], territoire=[971], portee_km=[500.0])
    s = sessions(1, latitude=[14.6], longitude=[-61.0], territoire=[972])
    a = affecter(c, s, jour=JOUR)
    assert a.session.tolist() == [-1]
    assert expliquer(a, 0, noms(a), NOMS).cause is Cause.PORTEE
    assert "territoire de la personne" in expliquer(a, 0, noms(a), NOMS).phrase


def test_un_changement_de_niveau_demande_un_motif():
    c, s = conseillers(1, parcours=[0]), sessions(1, parcours=[1])
    assert affecter(c, s, jour=JOUR).session.tolist() == [-1]
    for motif in ("", "   ", "trop bas"):
        with pytest.raises(ValueError, match="se justifie"):
            affecter(c, s, jour=JOUR, derogations={0: Derogation(1, motif)})
    permis = affecter(c, s, jour=JOUR, derogations={0: Derogation(1, MOTIF)})
    assert permis.session.tolist() == [0]
    assert permis.motif(0) == MOTIF
    assert permis.fautes() == ()
    with pytest.raises(ValueError, match="aucun conseiller"):
        affecter(c, s, jour=JOUR, derogations={3: Derogation(1, MOTIF)})


def test_les_fautes_se_voient_si_l_on_force_le_resultat():
    c = conseillers(2, parcours=[0, 1], disponible=[N, N + 90], portee_km=[50.0, 1.0])
    a = affecter(c, sessions(1, latitude=[46.4]), jour=JOUR)
    forcee = dataclasses.replace(a, session=np.array([0, 0]))
    texte = " ".join(forcee.fautes())
    for phrase in ("dépasse ses places", "sans motif", "niveau de sa session", "hors de portée", "n'est pas libre"):
        assert phrase in texte


@pytest.mark.parametrize(
    ("champs_c", "champs_s", "cause", "phrase"),
    [
        ({"parcours": [2]}, {}, Cause.NIVEAU, "Aucune session n’est ouverte à ce niveau : débutant."),
        ({"latitude": [48.0]}, {}, Cause.PORTEE, "la plus proche est à 222 km, pour 50 km acceptés."),
        (
            {"disponible": [N + 60]},
            {},
            Cause.DATE,
            "Libre le 24/01/2027 : la dernière à portée commence le 25/12/2026.",
        ),
        ({}, {"debut": [N - 1]}, Cause.DATE, "Libre le 25/11/2026"),
        ({}, {"places": [0]}, Cause.PLACES, "Une session convient : elle est complète."),
    ],
)
def test_pourquoi_aucune(champs_c, champs_s, cause, phrase):
    a = affecter(conseillers(1, **champs_c), sessions(1, **champs_s), jour=JOUR)
    dite = expliquer(a, 0, noms(a), NOMS)
    assert (dite.session, dite.cause) == (None, cause)
    assert phrase in dite.phrase
    assert a.bilan.sans_place == {cause: 1}


def test_pourquoi_celle_ci_et_pas_une_autre():
    c = conseillers(2, attend_depuis=[N - 12, N - 90])
    s = sessions(
        6,
        latitude=[46.1, 46.0, 46.3, 48.0, 46.0, 46.0],
        debut=[N + 30, N + 10, N + 30, N + 10, N + 60, N + 5],
        parcours=[0, 0, 0, 0, 0, 1],
    )
    a = affecter(c, s, jour=JOUR)
    assert a.session.tolist() == [0, 1]
    dite = expliquer(a, 0, noms(a), NOMS)
    assert dite.phrase == (
        "Session 0 : commence le 25/12/2026, à 11 km, au niveau retenu ; la personne attend depuis 12 jours."
    )
    autres = {r.session: r for r in dite.autres}
    assert {j: r.cause for j, r in autres.items()} == {
        1: Cause.PLACES,
        2: Cause.PLUS_LOIN,
        3: Cause.PORTEE,
        4: Cause.PLUS_TARD,
        5: Cause.NIVEAU,
    }
    assert autres[1].phrase == "Complète (1 place) : tout va à qui attend depuis plus longtemps."
    assert "Trop loin : 222 km, pour 50 km acceptés." in autres[3].phrase
    assert autres[5].phrase == "Autre niveau : avancé."


@pytest.mark.parametrize(
    ("fabrique", "phrase"),
    [
        (lambda: conseillers(1, portee_km=[-1.0]), "négative"),
        (lambda: conseillers(1, portee_km=[np.nan]), "négative ni indéfinie"),
        (lambda: conseillers(2, parcours=[0]), "2 sont attendues"),
        (lambda: conseillers(1, parcours=[0.5]), "type attendu"),
        (lambda: conseillers(1, latitude=[91.0]), "globe"),
        (lambda: conseillers(1, latitude=[np.nan]), "globe"),
        (lambda: sessions(1, places=[-1]), "négatif"),
        (lambda: sessions(1, debut=[[1]]), "une dimension"),
    ],
)
def test_des_entrees_fausses_sont_refusees(fabrique, phrase):
    with pytest.raises(ValueError, match=phrase):
        fabrique()


def test_rien_a_affecter():
    for n, m in ((0, 0), (0, 2), (2, 0)):
        a = affecter(conseillers(n), sessions(m), jour=JOUR)
        assert a.session.tolist() == [-1] * n
        assert a.bilan.places == 0


def test_trop_grand_pour_64_bits_est_dit():
    c = conseillers(60, portee_km=np.full(60, np.inf), attend_depuis=np.full(60, N - 1_095))
    s = sessions(2, latitude=[49.0, 49.0], debut=[N + 1, N + 1 + 10**12], places=[30, 30])
    with pytest.raises(ValueError, match="64 bits"):
        affecter(c, s, jour=JOUR)


# --- À l'échelle ----------------------------------------------------------------------------------


def test_le_marche_de_mesure_tient_ses_regles():
    personnes, offertes, derogations = marche(600, 45)
    a = affecter(personnes, offertes, jour=JOUR_MESURE, derogations=derogations)
    assert a.fautes() == ()
    assert a.bilan.places > 300


def test_la_mesure_imprime_des_verdicts_tenus():
    mesures, verdicts = mesurer(400, dire=lambda _: None)
    assert mesures[0].plus["sessions"] == 30
    assert mesures[0].plus["assignes"] > 0
    phrases = {v.phrase for v in verdicts}
    assert any("0 session au-delà de ses places" in p for p in phrases)
    assert all(v.tenu for v in verdicts if "Mo" not in v.phrase and " s (" not in v.phrase)
