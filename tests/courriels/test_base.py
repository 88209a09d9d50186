"""La base répète les règles : un état ment, elle refuse la ligne."""

import pytest
from django.db import IntegrityError
from django.utils import timezone

from tests.courriels.fabriques import CourrielFactory


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("contrainte", "champs"),
    [
        (
            "courriel_etat_connu",
            {"etat": "perdu", "prochaine_tentative": None, "pris_le": timezone.now(), "tentatives": 1},
        ),
        ("courriel_echeance_si_a_envoyer", {"prochaine_tentative": None}),
        ("courriel_echeance_si_a_envoyer", {"envoye": True, "prochaine_tentative": timezone.now()}),
        ("courriel_date_si_envoye", {"envoye": True, "envoye_le": None}),
        ("courriel_date_si_envoye", {"envoye_le": timezone.now()}),
        ("courriel_pris_avant_envoi", {"envoye": True, "pris_le": None}),
        ("courriel_pris_avant_envoi", {"envoye": True, "tentatives": 0}),
        ("courriel_raison_si_echec", {"abandonne": True, "derniere_erreur": ""}),
        ("courriel_raison_si_echec", {"incertain": True, "derniere_erreur": ""}),
        ("courriel_texte_ou_efface", {"texte": ""}),
    ],
)
def test_la_base_refuse_un_etat_contredit_par_ses_dates(contrainte: str, champs: dict[str, object]) -> None:
    with pytest.raises(IntegrityError, match=contrainte):
        CourrielFactory(**champs)


@pytest.mark.django_db
def test_une_cle_est_unique() -> None:
    CourrielFactory(cle="rappel:1")
    CourrielFactory.create_batch(2, cle=None)
    with pytest.raises(IntegrityError, match="cle"):
        CourrielFactory(cle="rappel:1")
