"""Ce qu'un message porte de plus : désabonnement en un geste (RFC 8058), rendez-vous joint (RFC 6047)."""

from datetime import timedelta

import pytest
from django.db import transaction

from conum.courriels import actions
from conum.courriels.emails import Essai
from conum.courriels.models import Courriel
from tests.courriels.fabriques import serveur_smtp

pytestmark = pytest.mark.django_db
LIEN = "https://conum.example/candidature/desinscription/abc/"
RENDEZ_VOUS = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//conum//FR\r\nMETHOD:REQUEST\r\nEND:VCALENDAR\r\n"


def _recu(**options: str):
    with transaction.atomic():
        courriel = actions.mettre_en_file(Essai(depuis="Châlons", **options), a="camille@exemple.fr")
    with serveur_smtp() as reception:
        actions.envoyer(courriel.pk)
    (recu,) = reception.messages
    return recu


def test_le_desabonnement_est_dans_les_entetes_et_dans_le_pied():
    recu = _recu(desabonnement=LIEN)
    assert recu["List-Unsubscribe"] == f"<{LIEN}>"
    assert recu["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert LIEN in recu.get_body(("plain",)).get_content()
    assert f'href="{LIEN}"' in recu.get_body(("html",)).get_content()


def test_un_message_qui_engage_ne_se_refuse_pas():
    recu = _recu()
    assert "List-Unsubscribe" not in recu
    assert "Ne plus recevoir" not in recu.get_body(("plain",)).get_content()


def test_le_rendez_vous_est_joint_avec_sa_methode():
    recu = _recu(calendrier=RENDEZ_VOUS)
    (piece,) = recu.iter_attachments()
    assert piece.get_content_type() == "text/calendar"
    assert piece["Content-Type"].params["method"] == "REQUEST"
    assert piece.get_filename() == "rendez-vous.ics"
    assert "METHOD:REQUEST" in piece.get_content()
    assert recu.get_body(("html",)) is not None


def test_un_texte_efface_emporte_le_lien_et_le_rendez_vous(settings):
    settings.COURRIELS_LISIBLES = False
    _recu(desabonnement=LIEN, calendrier=RENDEZ_VOUS)
    courriel = Courriel.objects.get()
    actions.effacer_textes(courriel.created_at + timedelta(days=365))
    courriel.refresh_from_db()
    assert (courriel.texte, courriel.desabonnement, courriel.calendrier) == ("", "", "")
