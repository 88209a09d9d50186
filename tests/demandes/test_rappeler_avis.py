"""Rappels à la préfecture après 7 et 14 jours sans avis : une fois chacun, en retard ou deux fois sans dommage."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from conum.courriels.models import Courriel
from conum.demandes.actions.instruction import donner_avis
from conum.demandes.jobs import rappeler_avis
from conum.demandes.models import Demande, SensAvis
from tests.comptes.fabriques import RoleFactory
from tests.demandes.fabriques import deposee, prefecture_de

pytestmark = pytest.mark.django_db


@pytest.fixture
def demande():
    creee = deposee()
    prefecture_de(creee.departement)
    return creee


def _apres(jours):
    """Joue le travail ce nombre de jours après le dépôt, à huit heures."""
    depot = timezone.localtime(Demande.objects.get().deposee_le)
    with time_machine.travel(depot.replace(hour=8) + timedelta(days=jours), tick=False):
        rappeler_avis()
    return Courriel.objects.filter(code="demandes/rappel_avis").order_by("pk")


def test_rien_avant_le_septieme_jour(demande):
    assert not _apres(6)


def test_un_rappel_a_sept_jours_un_autre_a_quatorze(demande):
    premier = _apres(7).get()
    assert premier.destinataire == prefecture_de(demande.departement).utilisateur.email
    assert "depuis 7 jours" in premier.sujet
    assert len(_apres(8)) == 1
    assert len(_apres(13)) == 1
    dernier = _apres(14).last()
    assert "dernier rappel" in dernier.texte
    assert len(_apres(15)) == len(_apres(60)) == 2


def test_joue_deux_fois_le_meme_jour_il_n_ecrit_qu_une_fois(demande):
    _apres(7)
    assert len(_apres(7)) == 1


def test_apres_une_longue_panne_seul_le_rappel_le_plus_recent_part(demande):
    unique = _apres(20).get()
    assert "dernier rappel" in unique.texte
    assert len(_apres(21)) == 1


def test_apres_l_avis_plus_de_rappel(demande):
    donner_avis(demande, sens=SensAvis.FAVORABLE, motif="Besoin réel ici.", par=prefecture_de(demande.departement))
    assert not _apres(10)


def test_chaque_agent_de_la_prefecture_est_prevenu_pas_ceux_d_ailleurs(demande):
    second = RoleFactory(prefecture=True, departement=demande.departement)
    RoleFactory(anct=True)
    RoleFactory(prefecture=True, departement=demande.departement, actif=False)
    attendus = {prefecture_de(demande.departement).utilisateur.email, second.utilisateur.email}
    assert {c.destinataire for c in _apres(7)} == attendus
