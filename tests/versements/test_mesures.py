"""La mesure nationale va jusqu'au bout sur un petit volume, et ses verdicts disent ce qui dépasse."""

from decimal import Decimal

import pytest

from conum.conventions.models import Convention
from conum.socle.mesures import Mesure
from conum.versements.management import mesures
from tests.structures.fabriques import CommuneFactory
from tests.territoires.fabriques import DepartementFactory

pytestmark = pytest.mark.django_db


def test_la_mesure_va_jusqu_au_bout_sur_un_petit_volume(monkeypatch):
    for code in ("01", "51", "75"):
        CommuneFactory(code=f"{code}999", nom=f"Commune {code}", departement=DepartementFactory(code=code, nom=code))
    commande = mesures.call_command
    sans_communes = lambda nom, *a, **k: None if nom == "charger_communes" else commande(nom, *a, **k)  # noqa: E731
    monkeypatch.setattr(mesures, "call_command", sans_communes)
    monkeypatch.setattr(mesures, "FOIS", 2)
    monkeypatch.setattr(mesures.calcul, "FOIS", 1)
    lues, verdicts = mesures.mesurer(24, lambda _: None)
    assert [m.nom for m in lues][1:] == ["conventions et échéanciers en masse", *mesures.pages_de(1)]
    en_masse = lues[1]
    assert (en_masse.n, en_masse.plus["conventions"]) == (20, Convention.objects.count())
    assert en_masse.plus["echeances"] == 20
    assert all(v.tenu for v in verdicts)
    sommes = {*mesures.totaux_en_python().values(), mesures.totaux_en_sql()["en tout"]}
    assert len(sommes) == 1
    assert sommes.pop() > 0


def test_les_verdicts_disent_ce_qui_depasse():
    def verdicts(secondes=10, p95=100, requetes=10, ecart=Decimal(0)):
        en_masse = Mesure("en masse", 10, secondes * 1000, secondes * 1000)
        totaux = {"structure": Decimal(5), "annee": Decimal(5) + ecart}
        return [v.tenu for v in mesures._verdicts(en_masse, totaux, [Mesure("page", 10, p95, p95, requetes)])]

    assert all(verdicts())
    assert verdicts(secondes=400) == [False, True, True, True]
    assert verdicts(ecart=Decimal("0.01")) == [True, False, True, True]
    assert verdicts(p95=301) == [True, True, False, True]
    assert verdicts(requetes=21) == [True, True, True, False]
