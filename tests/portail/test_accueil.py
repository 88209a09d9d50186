"""L'accueil mène aux deux portes et ne dit que des chiffres comptés."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from psycopg.types.range import DateRange

from conum.postes.models import Poste, Rattachement
from tests.conftest import ClientGarde
from tests.structures.fabriques import StructureFactory

pytestmark = pytest.mark.django_db


def _rattacher(structure, debut: int, fin: int | None = None) -> None:  # type: ignore[no-untyped-def]
    jour = timezone.localdate()
    periode = DateRange(jour + timedelta(days=debut), None if fin is None else jour + timedelta(days=fin))
    Rattachement.objects.create(poste=Poste.objects.create(), structure=structure, periode=periode)


def test_les_deux_portes(client: ClientGarde) -> None:
    page = client.get(reverse("portail:accueil")).content.decode()
    assert f'href="{reverse("demandes:commencer")}"' in page
    assert f'href="{reverse("account_login")}"' in page


def test_sans_poste_aucun_chiffre(client: ClientGarde) -> None:
    assert "conum-chiffres" not in client.get(reverse("portail:accueil")).content.decode()


def test_seuls_les_postes_d_aujourd_hui_comptent(client: ClientGarde) -> None:
    structure = StructureFactory()
    _rattacher(structure, -10)
    _rattacher(structure, -10, 1)
    _rattacher(structure, -10, 0)  # rendu ce matin : la fin n'est pas comprise
    _rattacher(StructureFactory(), 5)
    chiffres = client.get(reverse("portail:accueil")).context["chiffres"]
    assert (chiffres.postes, chiffres.structures, chiffres.departements) == (2, 1, 1)


def test_les_donnees_personnelles_disent_les_durees_appliquees(client: ClientGarde) -> None:
    from conum.socle.conservation import regles

    page = client.get(reverse("portail:donnees_personnelles")).content.decode()
    assert regles()
    for regle in regles():
        assert regle.quoi[1:].replace("'", "&#x27;") in page
