"""Modifier l'avis jusqu'à la décision : l'ancien reste, deux agents ne s'écrasent pas."""

import pytest
from django.core.exceptions import PermissionDenied
from django.urls import reverse

from conum.courriels.models import Courriel
from conum.demandes.actions import comite
from conum.demandes.actions.instruction import AvisRemplace, amender_avis
from conum.demandes.models import Avis, SensAvis
from conum.journal.models import Entree
from conum.journal.workflow import TransitionImpossible
from tests.aides import ensemble
from tests.comptes.fabriques import DepartementFactory, RoleFactory
from tests.demandes.etat import prete
from tests.demandes.fabriques import anct, enveloppes, prefecture_de

pytestmark = pytest.mark.django_db
NOUVEAU = "Après visite, le besoin n'est pas établi."


@pytest.fixture
def demande():
    return prete()


def _amender(demande, **champs):
    voulu = {
        "avis_lu": demande.avis_en_vigueur.pk, "sens": SensAvis.DEFAVORABLE, "motif": NOUVEAU,
        "par": prefecture_de(demande.departement),
    } | champs  # fmt: skip
    return amender_avis(demande, **voulu)


def test_l_ancien_avis_reste_date_de_son_remplacement(demande, client, se_connecter):
    ancien = demande.avis_en_vigueur
    agent = prefecture_de(demande.departement)
    response = se_connecter(client, agent).post(
        reverse("demandes:avis", args=[agent.pk, demande.pk]),
        {"sens": "defavorable", "motif": NOUVEAU, "avis_lu": ancien.pk},
    )
    assert response.status_code == 302
    ancien.refresh_from_db()
    assert ancien.remplace_le is not None
    page = client.get(reverse("demandes:instruire", args=[agent.pk, demande.pk])).content.decode()
    assert "1 avis précédent" in page
    assert "Besoin réel sur ce territoire." in page


def test_le_journal_dit_quel_avis_est_remplace_et_la_structure_apprend_le_changement(demande):
    ancien = demande.avis_en_vigueur
    avis = _amender(demande)
    entree = Entree.objects.de_l_objet(demande).get(action="amender_avis")
    assert entree.donnees == {"avis": avis.pk, "sens": "defavorable", "transfert_de": None, "remplace": ancien.pk}
    dernier = Courriel.objects.de_l_objet(demande).filter(code="demandes/avis_rendu").last()
    assert "a modifié son avis" in dernier.texte
    assert "défavorable" in dernier.texte


def test_corriger_le_motif_seul_n_ecrit_pas_a_la_structure(demande):
    avant = Courriel.objects.de_l_objet(demande).count()
    _amender(demande, sens=SensAvis.FAVORABLE)
    assert Courriel.objects.de_l_objet(demande).count() == avant


def test_enregistrer_le_meme_avis_ne_change_rien(demande):
    actuel = demande.avis_en_vigueur
    assert _amender(demande, sens=actuel.sens, motif=actuel.motif) == actuel
    assert Avis.objects.filter(demande=demande).count() == 1


def test_un_avis_remplace_entre_temps_est_montre_a_cote_du_texte_saisi(demande, client, se_connecter):
    lu = demande.avis_en_vigueur
    _amender(demande)
    agent = prefecture_de(demande.departement)
    se_connecter(client, agent)
    url = reverse("demandes:avis", args=[agent.pk, demande.pk])
    response = client.post(url, {"sens": "favorable", "motif": "Je maintiens mon avis.", "avis_lu": lu.pk})
    page = response.content.decode()
    assert response.status_code == 409
    assert NOUVEAU.replace("'", "&#x27;") in page
    assert "Je maintiens mon avis." in page
    # L'agent l'a lu : l'enregistrer de nouveau remplace l'avis affiché.
    lu_maintenant = Avis.objects.get(demande=demande, remplace_le=None)
    assert f'name="avis_lu" value="{lu_maintenant.pk}"' in page


def test_un_avis_ne_change_plus_apres_la_decision(demande):
    enveloppes(demande.departement)
    comite.attribuer(demande, postes=1, par=anct(), justification="Urgence signalée par la préfecture.")
    with pytest.raises(TransitionImpossible, match="Attribuée"):
        _amender(demande)


def test_une_autre_prefecture_ne_modifie_pas_l_avis(demande):
    autre = RoleFactory(prefecture=True, departement=DepartementFactory(code="08", nom="Ardennes"))
    with pytest.raises(PermissionDenied):
        _amender(demande, par=autre)


@pytest.mark.django_db(transaction=True)
def test_deux_agents_modifient_a_la_fois_un_seul_gagne(demande):
    lu = demande.avis_en_vigueur.pk
    resultats = ensemble(
        lambda: _amender(demande, avis_lu=lu, motif="Le premier avis modifié."),
        lambda: _amender(demande, avis_lu=lu, motif="Le second avis modifié."),
    )
    assert sorted(type(r).__name__ for r in resultats) == ["Avis", "AvisRemplace"]
    perdant = next(r for r in resultats if isinstance(r, AvisRemplace))
    assert perdant.actuel == Avis.objects.get(demande=demande, remplace_le=None)
    assert Avis.objects.filter(demande=demande).count() == 2
