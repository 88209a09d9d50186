"""Deux passages à la fois : l'un attend l'autre, puis ne trouve rien ; un passage en cours se voit."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from conum.courriels.models import Courriel
from conum.recrutement.actions import passes
from conum.recrutement.models import MiseEnRelation, Passe
from conum.recrutement.states import EtatPasse
from tests.aides import PATIENCE
from tests.recrutement.fabriques import recrutement, vivier


def _verrous(curseur, *, accordes):
    """Les verrous consultatifs de cette base : l'instance en porte d'autres."""
    curseur.execute(
        "SELECT count(*) FROM pg_locks JOIN pg_database base ON base.oid = database"
        " WHERE locktype = 'advisory' AND datname = current_database() AND granted = %s",
        [accordes],
    )
    return curseur.fetchone()[0]


@pytest.mark.django_db(transaction=True)
def test_deux_passages_a_la_fois_l_un_attend_puis_ne_trouve_rien(monkeypatch):
    recrutement(postes=2)
    vivier(10)
    vrai = passes.apparier
    dedans, continuer = threading.Event(), threading.Event()

    def apparier(*args, **kwargs):
        dedans.set()
        assert continuer.wait(PATIENCE)
        return vrai(*args, **kwargs)

    monkeypatch.setattr(passes, "apparier", apparier)

    def lancer():
        try:
            return passes.lancer()
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as fils:
        premier = fils.submit(lancer)
        assert dedans.wait(PATIENCE)
        # Le passage est validé en base pendant son calcul : la page de l'ANCT le montre.
        assert Passe.objects.get().etat == EtatPasse.EN_COURS
        second = fils.submit(lancer)
        with connection.cursor() as curseur:
            for _ in range(20 * PATIENCE):
                if _verrous(curseur, accordes=False):
                    break
                threading.Event().wait(0.05)
            else:
                pytest.fail("le second passage n'attend pas")
        assert Passe.objects.count() == 1
        continuer.set()
        bilans = [fil.result(timeout=PATIENCE).bilan for fil in (premier, second)]
    assert [b["propositions"] for b in bilans] == [6, 0]
    assert MiseEnRelation.objects.count() == 6
    assert bilans[1]["courriels"] == 0
    assert Courriel.objects.count() == bilans[0]["courriels"]
    assert set(Passe.objects.order_by("pk").values_list("etat", flat=True)) == {EtatPasse.TERMINEE}


@pytest.mark.django_db(transaction=True)
def test_un_echec_libere_la_place(monkeypatch):
    recrutement()
    vivier(2)
    vrai = passes.apparier
    monkeypatch.setattr(passes, "apparier", lambda *a, **k: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        passes.lancer()
    monkeypatch.setattr(passes, "apparier", vrai)
    assert passes.lancer().bilan["propositions"] == 2
    with connection.cursor() as curseur:
        assert _verrous(curseur, accordes=True) == 0
