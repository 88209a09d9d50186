"""Refuser : un motif publié au moins, dit à la structure."""

import pytest
from django.core.exceptions import PermissionDenied
from django.urls import reverse

from conum.courriels.models import Courriel
from conum.demandes import rules
from conum.demandes.actions import comite
from conum.demandes.models import Decision
from conum.demandes.states import Etat
from conum.journal.models import Entree
from conum.postes.models import Poste
from tests.demandes.etat import attribuee, prete, session
from tests.demandes.fabriques import anct, prefecture_de, rendu

pytestmark = pytest.mark.django_db


def test_le_refus_dit_ses_motifs_a_la_structure_et_au_journal(client, se_connecter):
    demande = prete()
    session(demande)
    agent = anct()
    response = se_connecter(client, agent).post(
        reverse("demandes:decider", args=[agent.pk, demande.pk]),
        {
            "sens": "refusee",
            "motifs": ["repartition", "equilibre"],
            "motif_libre": "Trois postes à 5 km.",
            "observations": "À revoir en fin d'année.",
        },
    )
    assert response.status_code == 302
    demande.refresh_from_db()
    assert demande.etat == Etat.REFUSEE
    assert Decision.objects.get().motifs == ["repartition", "equilibre"]
    courriel = Courriel.objects.de_l_objet(demande).get(code="demandes/refus")
    for phrase in (*(rules.MOTIFS_REFUS[m] for m in ("repartition", "equilibre")), "Trois postes à 5 km."):
        assert phrase in courriel.texte
    entree = Entree.objects.de_l_objet(demande).get(action="refuser")
    assert entree.donnees["motifs"] == ["repartition", "equilibre"]
    assert entree.donnees["session"] == "64"
    assert not Poste.objects.exists()


@pytest.mark.parametrize("motifs", [[], ["parce_que"], ["strategie"]])
def test_un_refus_porte_un_motif_publie_pour_ce_type_de_poste(motifs):
    demande = prete()
    with pytest.raises(comite.DecisionRefusee) as refus:
        comite.refuser(demande, motifs=motifs, par=anct(), session=session(demande))
    assert refus.value.erreurs[0].champ == "motifs"


def test_un_coordinateur_se_refuse_pour_les_motifs_de_coordination():
    demande = prete(1, type_poste="coordinateur", temps_coordination="FT")
    decision = comite.refuser(demande, motifs=["strategie"], par=anct(), session=session(demande))
    assert decision.libelles_motifs == ["Qualité de la stratégie de coordination"]


def test_refuser_un_rendu_laisse_ses_postes_a_la_structure():
    initiale = attribuee(2)
    demande = rendu(initiale.structure)
    comite.refuser(demande, motifs=["pertinence"], par=anct(), justification="Le poste est occupé jusqu'en juin.")
    assert Poste.objects.libres_de(initiale.structure, initiale.session.date).count() == 2


def test_la_prefecture_ne_refuse_pas():
    demande = prete()
    with pytest.raises(PermissionDenied):
        comite.refuser(
            demande,
            motifs=["equilibre"],
            par=prefecture_de(demande.departement),
            justification="Pas de besoin réel ici.",
        )
