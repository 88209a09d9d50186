"""Donner l'avis de la préfecture : qui, quand, ce qui est écrit."""

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.urls import reverse
from django.utils import timezone

from conum.courriels.models import Courriel
from conum.demandes.actions.instruction import donner_avis
from conum.demandes.models import Avis, SensAvis
from conum.demandes.states import Etat
from conum.journal.models import Entree
from conum.journal.workflow import TransitionImpossible
from conum.postes.actions import creer_postes
from tests.aides import ensemble
from tests.comptes.fabriques import DepartementFactory, RoleFactory
from tests.demandes.etat import attribuee, prete
from tests.demandes.fabriques import anct, deposee, membre_de, prefecture_de, rendu
from tests.structures.fabriques import StructureFactory

pytestmark = pytest.mark.django_db
MOTIF = "Le territoire n'a aucun conseiller."


def _url(role, demande):
    return reverse("demandes:avis", args=[role.pk, demande.pk])


def test_la_prefecture_rend_son_avis_depuis_la_page(client, se_connecter):
    demande = deposee()
    agent = prefecture_de(demande.departement)
    response = se_connecter(client, agent).post(_url(agent, demande), {"sens": "favorable", "motif": MOTIF})
    assert response.status_code == 302, response.content.decode()
    demande.refresh_from_db()
    assert demande.etat == Etat.EN_INSTRUCTION
    avis = demande.avis_en_vigueur
    assert (avis.sens, avis.motif, avis.role) == (SensAvis.FAVORABLE, MOTIF, agent)
    page = client.get(reverse("demandes:instruire", args=[agent.pk, demande.pk])).content.decode()
    assert "Modifier l’avis" in page
    assert "Le territoire n&#x27;a aucun conseiller." in page


def test_le_journal_et_le_courriel_disent_l_avis():
    demande = deposee()
    agent = prefecture_de(demande.departement)
    avis = donner_avis(demande, sens=SensAvis.DEFAVORABLE, motif=f"  {MOTIF}  ", par=agent)
    entree = Entree.objects.de_l_objet(demande).get(action="donner_avis")
    assert (entree.de, entree.vers, entree.motif) == (Etat.DEPOSEE, Etat.EN_INSTRUCTION, MOTIF)
    assert entree.donnees == {"avis": avis.pk, "sens": "defavorable", "transfert_de": None}
    assert (entree.auteur_id, entree.role) == (agent.utilisateur_id, agent.pk)
    courriel = Courriel.objects.de_l_objet(demande).get(code="demandes/avis_rendu")
    assert courriel.destinataire == demande.contact_email
    assert "défavorable" in courriel.texte
    assert reverse("demandes:suivre", args=[membre_de(demande.structure).pk, demande.pk]) in courriel.texte


@pytest.mark.parametrize("motif", ["", "trop bref", "x" * 1001])
def test_un_avis_est_motive_de_10_a_1000_caracteres(client, se_connecter, motif):
    demande = deposee()
    agent = prefecture_de(demande.departement)
    response = se_connecter(client, agent).post(_url(agent, demande), {"sens": "favorable", "motif": motif})
    assert response.status_code == 200
    assert "à revoir" in response.content.decode()
    with pytest.raises(ValidationError):
        donner_avis(demande, sens=SensAvis.FAVORABLE, motif=motif, par=agent)
    demande.refresh_from_db()
    assert demande.etat == Etat.DEPOSEE


def test_un_transfert_nomme_la_structure_qui_cede():
    demande = deposee()
    agent = prefecture_de(demande.departement)
    cedante = StructureFactory(commune=demande.commune)
    creer_postes(cedante, nombre=1, type_poste="conseiller", debut=timezone.localdate(), par=agent)
    avis = donner_avis(demande, sens=SensAvis.FAVORABLE, motif=MOTIF, transfert_de=cedante, par=agent)
    assert avis.transfert_de == cedante


def test_une_structure_sans_poste_ne_cede_rien_ni_la_structure_elle_meme():
    demande = deposee()
    agent = prefecture_de(demande.departement)
    for cedante in (StructureFactory(commune=demande.commune), demande.structure):
        with pytest.raises(ValidationError, match="poste"):
            donner_avis(demande, sens=SensAvis.FAVORABLE, motif=MOTIF, transfert_de=cedante, par=agent)
    assert not Avis.objects.exists()


def test_une_autre_prefecture_ne_voit_pas_la_demande(client, se_connecter):
    demande = deposee()
    autre = RoleFactory(prefecture=True, departement=DepartementFactory(code="08", nom="Ardennes"))
    se_connecter(client, autre)
    assert client.post(_url(autre, demande), {"sens": "favorable", "motif": MOTIF}).status_code == 404
    assert client.get(reverse("demandes:instruire", args=[autre.pk, demande.pk])).status_code == 404
    with pytest.raises(PermissionDenied):
        donner_avis(demande, sens=SensAvis.FAVORABLE, motif=MOTIF, par=autre)


def test_ni_l_anct_ni_la_structure_ne_donnent_l_avis(client, se_connecter):
    demande = deposee()
    for role in (anct(), membre_de(demande.structure)):
        response = se_connecter(client, role).post(_url(role, demande), {"sens": "favorable", "motif": MOTIF})
        assert response.status_code == 403
        with pytest.raises(PermissionDenied):
            donner_avis(demande, sens=SensAvis.FAVORABLE, motif=MOTIF, par=role)


def test_rendre_des_postes_n_appelle_pas_d_avis():
    demande = rendu(attribuee().structure)
    with pytest.raises(PermissionDenied):
        donner_avis(demande, sens=SensAvis.FAVORABLE, motif=MOTIF, par=prefecture_de(demande.departement))


def test_un_second_premier_avis_est_refuse_et_le_texte_reste_a_l_ecran(client, se_connecter):
    demande = prete()
    agent = prefecture_de(demande.departement)
    response = se_connecter(client, agent).post(
        _url(agent, demande), {"sens": "defavorable", "motif": "Mon autre avis."}
    )
    assert response.status_code == 409
    page = response.content.decode()
    assert "n&#x27;est plus possible" in page
    assert "Mon autre avis." in page
    assert "Besoin réel sur ce territoire." in page
    assert Avis.objects.filter(demande=demande).count() == 1


@pytest.mark.django_db(transaction=True)
def test_deux_agents_a_la_fois_un_seul_avis():
    demande = deposee()
    agents = [prefecture_de(demande.departement), RoleFactory(prefecture=True, departement=demande.departement)]
    resultats = ensemble(
        *(
            lambda a=a, s=s: donner_avis(demande, sens=s, motif=MOTIF, par=a)
            for a, s in zip(agents, SensAvis, strict=True)
        )
    )
    assert sum(isinstance(r, Avis) for r in resultats) == 1
    assert sum(isinstance(r, TransitionImpossible) for r in resultats) == 1
    assert Avis.objects.filter(demande=demande).count() == 1
