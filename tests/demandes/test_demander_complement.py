"""Demander un complément à la structure, et sa réponse."""

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.urls import reverse

from conum.courriels.models import Courriel
from conum.demandes.actions.instruction import amender_avis, completer, demander_complement
from conum.demandes.models import SensAvis
from conum.demandes.states import Etat
from conum.journal.models import Entree
from conum.journal.workflow import TransitionImpossible
from tests.demandes.etat import prete
from tests.demandes.fabriques import anct, deposee, en_complement, membre_de, prefecture_de

pytestmark = pytest.mark.django_db
QUESTION = "Combien de communes seront couvertes ?"
REPONSE = "Douze communes, deux jours chacune."


def test_la_question_part_a_la_structure_et_en_copie_a_la_prefecture(client, se_connecter):
    demande, agent = prete(), anct()
    url = reverse("demandes:demander_complement", args=[agent.pk, demande.pk])
    assert se_connecter(client, agent).get(url).status_code == 200
    assert client.post(url, {"texte": QUESTION}).status_code == 302
    demande.refresh_from_db()
    assert (demande.etat, demande.question) == (Etat.EXAMEN_COMPLEMENTAIRE, QUESTION)
    courriels = Courriel.objects.de_l_objet(demande).filter(code="demandes/complement_demande")
    assert {c.destinataire for c in courriels} == {
        demande.contact_email,
        prefecture_de(demande.departement).utilisateur.email,
    }
    assert all(QUESTION in c.texte for c in courriels)
    assert Entree.objects.de_l_objet(demande).get(action="demander_complement").motif == QUESTION


def test_la_reponse_revient_a_l_anct_et_a_la_prefecture():
    demande = en_complement(QUESTION)
    completer(demande, reponse=REPONSE, par=membre_de(demande.structure))
    demande.refresh_from_db()
    assert (demande.etat, demande.reponse) == (Etat.EN_INSTRUCTION, REPONSE)
    courriels = Courriel.objects.de_l_objet(demande).filter(code="demandes/complement_recu")
    assert {c.destinataire for c in courriels} == {
        anct().utilisateur.email,
        prefecture_de(demande.departement).utilisateur.email,
    }
    assert all(REPONSE in c.texte for c in courriels)


def test_une_seconde_question_efface_l_ancienne_reponse_que_le_journal_garde():
    demande = en_complement(QUESTION)
    completer(demande, reponse=REPONSE, par=membre_de(demande.structure))
    demander_complement(demande, question="Et combien de lieux d'accueil ?", par=anct())
    demande.refresh_from_db()
    assert demande.reponse == ""
    assert Entree.objects.de_l_objet(demande).get(action="completer").motif == REPONSE


def test_l_avis_se_modifie_pendant_le_complement():
    demande = en_complement()
    avis = demande.avis_en_vigueur
    agent = prefecture_de(demande.departement)
    nouveau = amender_avis(
        demande, avis_lu=avis.pk, sens=SensAvis.DEFAVORABLE, motif="Projet moins net que prévu.", par=agent
    )
    assert nouveau.remplace_le is None


def test_avant_l_avis_on_ne_demande_pas_de_complement():
    with pytest.raises(TransitionImpossible, match="Déposée"):
        demander_complement(deposee(), question=QUESTION, par=anct())


@pytest.mark.parametrize("texte", ["", "court", "x" * 1001])
def test_question_et_reponse_ont_de_10_a_1000_caracteres(texte):
    with pytest.raises(ValidationError):
        demander_complement(prete(), question=texte, par=anct())
    demande = en_complement()
    with pytest.raises(ValidationError):
        completer(demande, reponse=texte, par=membre_de(demande.structure))


def test_qui_ne_peut_pas(client, se_connecter):
    demande = prete()
    for role in (prefecture_de(demande.departement), membre_de(demande.structure)):
        url = reverse("demandes:demander_complement", args=[role.pk, demande.pk])
        assert se_connecter(client, role).post(url, {"texte": QUESTION}).status_code == 403
        with pytest.raises(PermissionDenied):
            demander_complement(demande, question=QUESTION, par=role)
    autre = deposee()
    demande = demander_complement(demande, question=QUESTION, par=anct())
    with pytest.raises(PermissionDenied):
        completer(demande, reponse=REPONSE, par=membre_de(autre.structure))
