"""Niveaux de service : ce qui se juge, ce qui ne se juge pas encore, et la page publique."""

from datetime import timedelta

import pytest
import time_machine
from django.urls import reverse
from django.utils import timezone

from conum.recrutement.models import MiseEnRelation, Origine, service
from conum.recrutement.rules.service import PriseEnCharge
from conum.recrutement.states import Etat
from tests.recrutement.fabriques import recrutement, relation

pytestmark = pytest.mark.django_db
JOUR = timedelta(days=1)


def _proposee(il_y_a: timedelta, *, recrutement_=None, reponse=None, close=None, **champs):
    """Une proposition faite il y a tant ; `reponse` et `close` : tant après."""
    creee = timezone.now() - il_y_a
    fin = {}
    if close is not None:
        fin = {"etat": Etat.DECLINEE, "motif_fin": "distance", "close_le": creee + close}
    cree = relation(
        recrutement_,
        reponse_structure_le=creee + reponse if reponse is not None else None,
        **(fin | champs),
    )
    MiseEnRelation.objects.filter(pk=cree.pk).update(created_at=creee)
    return cree


def _prises(**quand) -> list[tuple[int, int]]:
    lignes = service.prises_en_charge(service.propositions_jugeables(**quand), timezone.now())
    return [(p.repondues, p.jugees) for p in lignes[0]["prises"]]


def test_aucune_proposition_aucun_jugement() -> None:
    assert _prises() == [(0, 0), (0, 0)]


def test_une_reponse_se_juge_des_qu_elle_est_la() -> None:
    _proposee(JOUR, reponse=timedelta(hours=5))
    assert _prises() == [(1, 1), (1, 1)]


def test_sans_reponse_on_ne_juge_que_le_delai_passe() -> None:
    _proposee(4 * JOUR)
    assert _prises() == [(0, 1), (0, 0)]


def test_la_reponse_du_quatrieme_jour_est_tardive_a_trois_et_a_temps_a_cinq() -> None:
    _proposee(4.5 * JOUR, reponse=4 * JOUR)
    assert _prises() == [(0, 1), (1, 1)]


def test_le_jour_juste_est_a_temps() -> None:
    _proposee(10 * JOUR, reponse=3 * JOUR)
    _proposee(10 * JOUR, reponse=3 * JOUR + timedelta(seconds=1))
    assert _prises() == [(1, 2), (2, 2)]


def test_close_avant_le_delai_sans_reponse_ne_se_juge_pas() -> None:
    _proposee(10 * JOUR, close=2 * JOUR)
    assert _prises() == [(0, 0), (0, 0)]


def test_close_apres_le_delai_sans_reponse_se_juge() -> None:
    _proposee(10 * JOUR, close=4 * JOUR)
    assert _prises() == [(0, 1), (0, 0)]


def test_une_preselection_ne_compte_pas() -> None:
    _proposee(10 * JOUR, origine=Origine.PRESELECTION, motif_preselection="Elle connaît notre quartier.")
    assert _prises() == [(0, 0), (0, 0)]


def test_la_periode_compte_ses_deux_jours_entiers() -> None:
    with time_machine.travel("2026-03-20T12:00:00+01:00", tick=False):
        jour = timezone.localdate()
        _proposee(10 * JOUR + timedelta(hours=11))  # 10 mars, 1 h
        _proposee(10 * JOUR - timedelta(hours=11))  # 10 mars, 23 h
        _proposee(10 * JOUR + timedelta(hours=13))  # 9 mars, 23 h
        bornes = {"debut": jour - 10 * JOUR, "fin": jour - 10 * JOUR}
        assert _prises(**bornes) == [(0, 2), (0, 2)]


def test_trop_peu_de_propositions_pas_de_part() -> None:
    peu, assez = PriseEnCharge(3, 4, 4), PriseEnCharge(3, 6, 5)
    assert (peu.part, peu.pourcentage) == (None, None)
    assert assez.pourcentage == 83
    assert PriseEnCharge(3, 1000, 999).pourcentage == 99, "« 100 % » veut dire toutes"


def test_la_page_publique_dit_les_parts_et_tait_les_petits_nombres(client) -> None:
    offre = recrutement()
    for rang in range(4):
        _proposee(10 * JOUR, recrutement_=offre, reponse=JOUR if rang else None)
    page = client.get(reverse("recrutement:delais")).content.decode()
    assert "Trop peu de propositions" in page
    assert "(4 jugées)" in page
    assert "\u00a0%" not in page.split("<tbody>")[1].split("</tbody>")[0]
    _proposee(10 * JOUR, recrutement_=offre, reponse=4 * JOUR)
    page = client.get(reverse("recrutement:delais")).content.decode()
    assert "Marne (51)" in page
    assert "60\u00a0%" in page
    assert "80\u00a0%" in page
    assert "sur 5 jugées" in page


def test_la_periode_choisie_et_le_fichier(client) -> None:
    offre = recrutement()
    for _ in range(5):
        _proposee(60 * JOUR, recrutement_=offre, reponse=JOUR)
    adresse = reverse("recrutement:delais")
    assert "Marne (51)" not in client.get(adresse, {"periode": "30"}).content.decode()
    assert client.get(adresse, {"periode": "siècle"}).status_code == 200
    fichier = b"".join(client.get(adresse, {"periode": "90", "format": "csv"}).streaming_content).decode("utf-8-sig")
    lignes = fichier.splitlines()
    assert lignes[0].startswith("Code;Territoire;Propositions;")
    assert lignes[1] == ";France entière;5;5;100;5;100"
    assert lignes[2] == "51;Marne;5;5;100;5;100"


def test_autant_de_questions_pour_dix_fois_plus_de_propositions(client, django_assert_max_num_queries) -> None:
    for _ in range(10):
        _proposee(10 * JOUR)
    with django_assert_max_num_queries(3):
        client.get(reverse("recrutement:delais"))
