"""La recherche autour d'un point : la même distance qu'ailleurs, servie par l'index."""

import pytest
from django.db import connection

from conum.recrutement.models import Candidat
from conum.recrutement.models.geo import autour
from conum.territoires.rules import distance_km
from tests.recrutement.fabriques import LIEUX, CandidatFactory, commune, vivier

pytestmark = pytest.mark.django_db
REIMS = LIEUX["51454"][1:]


def test_la_distance_est_celle_des_regles():
    for code in LIEUX:
        CandidatFactory(commune=commune(code))
    trouves = {c.commune_id: c.distance_km for c in autour(Candidat.objects.all(), *REIMS, 100)}
    assert trouves == {c: pytest.approx(distance_km(REIMS, lieu[1:]), abs=1e-3) for c, lieu in LIEUX.items()}


def test_le_rayon_est_inclus():
    CandidatFactory(commune=commune("51230"))
    exacte = distance_km(REIMS, LIEUX["51230"][1:])
    assert autour(Candidat.objects.all(), *REIMS, exacte + 1e-6).count() == 1
    assert autour(Candidat.objects.all(), *REIMS, exacte - 0.01).count() == 0


def test_l_index_sert():
    vivier(1_000)
    with connection.cursor() as curseur:
        curseur.execute("ANALYZE recrutement_candidat")
    plan = autour(Candidat.objects.filter(etat="disponible"), *REIMS, 20).explain()
    assert "candidat_lieu" in plan, plan
    assert "Seq Scan" not in plan, plan
