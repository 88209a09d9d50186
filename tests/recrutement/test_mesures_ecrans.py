"""Les écrans du recrutement à grande échelle : aucune table lue en entier, et la mesure elle-même."""

from itertools import pairwise

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from conum.recrutement.actions.vivier import chercher
from conum.recrutement.management import mesures_ecrans
from conum.recrutement.models import Candidat, MiseEnRelation, Recrutement
from conum.recrutement.models.geo import autour
from conum.recrutement.rules import relation as regles
from conum.recrutement.rules.recherche import Criteres
from conum.socle.mesures import Mesure
from conum.territoires.models import Commune
from tests.recrutement.fabriques import commune, membre, recrutement, vivier

pytestmark = pytest.mark.django_db
CANDIDATS, RECRUTEMENTS = 2_000, 300


@pytest.fixture
def grand():
    """Deux mille candidats étalés sur mille kilomètres, trois cents recrutements, deux mille relations."""
    candidats = vivier(CANDIDATS, pas_km=0.5)
    modele = recrutement()
    colonnes = {f.attname: getattr(modele, f.attname) for f in Recrutement._meta.concrete_fields if f.name != "id"}
    communes = _communes(RECRUTEMENTS)
    autres = Recrutement.objects.bulk_create([Recrutement(**colonnes | {"commune_id": c}) for c in communes])
    tous = [modele, *autres]
    maintenant = timezone.now()
    MiseEnRelation.objects.bulk_create(
        MiseEnRelation(
            recrutement=tous[(i // 3) % len(tous)], candidat=candidats[i % CANDIDATS], rang=1 + i % 3,
            attend_depuis=maintenant, echeance=regles.echeance(maintenant), distance_km=1.0, cout=1.0,
        )
        for i in range(CANDIDATS)
    )  # fmt: skip
    with connection.cursor() as curseur:
        curseur.execute("ANALYZE recrutement_candidat, recrutement_recrutement, recrutement_miseenrelation")
    return modele, candidats[1]


def _communes(nombre):
    modele = Commune.objects.get(pk="51454")
    codes = [f"52{i:03d}" for i in range(nombre)]
    Commune.objects.bulk_create(
        [Commune(code=code, nom=f"Commune {code}", departement=modele.departement) for code in codes]
    )
    return codes


def _sans_lecture_entiere(executees):
    """Rejoue chaque SELECT du recrutement avec EXPLAIN : aucun ne lit en entier une des grandes tables."""
    grandes = ("recrutement_candidat", "recrutement_miseenrelation", "recrutement_recrutement")
    vus = 0
    with connection.cursor() as curseur:
        for requete in executees:
            sql = requete["sql"]
            if not sql.startswith("SELECT") or not any(table in sql for table in grandes):
                continue
            curseur.execute("EXPLAIN " + sql)
            plan = "\n".join(ligne for (ligne,) in curseur.fetchall())
            for table in grandes:
                assert f"Seq Scan on {table}" not in plan, f"{sql}\n{plan}"
            vus += 1
    assert vus, "aucune requête à vérifier"


def _requetes(acte):
    with CaptureQueriesContext(connection) as capture:
        acte()
    return capture.captured_queries


def test_aucun_ecran_ne_lit_une_table_en_entier(grand, client, se_connecter):
    """Un seul essai pour les quatre : le volume est long à écrire."""
    ouvert, candidat = grand
    role = membre(ouvert)
    adresses = (
        (role, reverse("recrutement:recrutement", args=[role.pk, ouvert.pk])),
        (candidat.role, reverse("recrutement:propositions", args=[candidat.role.pk])),
        (candidat.role, reverse("recrutement:autres_postes", args=[candidat.role.pk])),
    )
    for qui, adresse in adresses:
        se_connecter(client, qui)
        _sans_lecture_entiere(_requetes(lambda adresse=adresse: client.get(adresse)))
    _sans_lecture_entiere(_requetes(lambda: chercher(ouvert, rayon_km=30, criteres=Criteres(), par=role)))
    plan = autour(Candidat.objects.au_vivier(), ouvert.latitude, ouvert.longitude, 30).explain()
    assert "candidat_lieu" in plan


def test_les_verdicts_disent_ce_qui_depasse():
    def mesures(p95, requetes, ecart):
        lues = [Mesure("un passage national", n, 1, 1, plus={"ecart": e}) for n, e in ((10, 0.0), (100, ecart))]
        for nom in mesures_ecrans.PAGES:
            lues += [Mesure(nom, 10, 50, 60, 5), Mesure(nom, 100, 50, p95, requetes)]
        return lues

    assert all(v.tenu for v in mesures_ecrans._verdicts(mesures(70, 12, 0.0), 100))
    lents = mesures_ecrans._verdicts(mesures(900, 12, 0.0), 100)
    assert [v.tenu for v in lents].count(False) == 6
    assert [v.tenu for v in mesures_ecrans._verdicts(mesures(70, 99, 2.0), 100)].count(False) == 4


def test_la_mesure_va_jusqu_au_bout_sur_un_petit_volume(monkeypatch):
    """Sur une poignée de communes : le volume, le passage, les trois écrans, aux deux tailles."""
    for code, population in (("51454", 180_000), ("51573", 10_000), ("51230", 22_000)):
        lieu = commune(code)
        lieu.population = population
        lieu.save()
    monkeypatch.setattr(mesures_ecrans, "call_command", lambda *a, **k: None)
    monkeypatch.setattr(mesures_ecrans, "FOIS", 2)
    dits = []
    mesures, verdicts = mesures_ecrans.mesurer(80, dire=dits.append)
    assert [m.n for m in mesures] == [8] * 4 + [80] * 4
    assert {m.nom for m in mesures} == {"un passage national", *mesures_ecrans.PAGES}
    grand = next(m for m in mesures if m.nom == "un passage national" and m.n == 80)
    assert grand.plus["postes_servis"] == grand.plus["postes"] > 20
    assert verdicts[-1].tenu
    assert all(a != b for a, b in pairwise(dits))
