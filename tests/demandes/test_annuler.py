"""Annuler ou classer sans suite une demande ouverte."""

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.urls import reverse

from conum.courriels.models import Courriel
from conum.demandes.actions import comite
from conum.demandes.actions.instruction import annuler, classer_sans_suite
from conum.demandes.states import Etat
from conum.journal.models import Entree
from conum.journal.workflow import TransitionImpossible
from tests.demandes.etat import attribuee, prete, session
from tests.demandes.fabriques import anct, deposee, en_complement, membre_de, prefecture_de

pytestmark = pytest.mark.django_db
MOTIF = "Doublon de la demande précédente."
ACTES = {"annuler": (annuler, Etat.ANNULEE), "classer_sans_suite": (classer_sans_suite, Etat.SANS_SUITE)}


@pytest.mark.parametrize("acte", ACTES)
@pytest.mark.parametrize("fabrique", [deposee, prete, en_complement])
def test_toute_demande_ouverte_se_clot_avec_son_motif(client, se_connecter, acte, fabrique):
    demande, agent = fabrique(), anct()
    url = reverse(f"demandes:{acte}", args=[agent.pk, demande.pk])
    assert se_connecter(client, agent).get(url).status_code == 200
    assert client.post(url, {"texte": MOTIF}).status_code == 302
    demande.refresh_from_db()
    assert (demande.etat, demande.motif_cloture) == (ACTES[acte][1], MOTIF)
    assert demande.close_le is not None
    assert Entree.objects.de_l_objet(demande).get(action=acte).motif == MOTIF
    assert MOTIF in client.get(reverse("demandes:instruire", args=[agent.pk, demande.pk])).content.decode()


def test_une_annulation_previent_la_structure_et_la_prefecture():
    demande = deposee()
    agent = prefecture_de(demande.departement)
    annuler(demande, motif=MOTIF, par=anct())
    courriels = Courriel.objects.de_l_objet(demande).filter(code="demandes/annulation")
    assert {c.destinataire for c in courriels} == {demande.contact_email, agent.utilisateur.email}


def test_un_classement_previent_la_structure():
    demande = deposee()
    classer_sans_suite(demande, motif=MOTIF, par=anct())
    courriel = Courriel.objects.de_l_objet(demande).get(code="demandes/sans_suite")
    assert courriel.destinataire == demande.contact_email
    assert MOTIF in courriel.texte


def test_une_demande_annulee_quitte_l_ordre_du_jour():
    annulee, decidee = prete(), prete()
    seance = session(annulee, decidee)
    annuler(annulee, motif=MOTIF, par=anct())
    comite.attribuer(decidee, postes=1, par=anct(), session=seance)
    close = comite.clore_session(seance, par=anct())
    assert close.proces_verbal["totaux"]["demandes"] == 1


@pytest.mark.parametrize("acte", ACTES)
def test_une_demande_decidee_ne_se_clot_plus(acte):
    with pytest.raises((TransitionImpossible, PermissionDenied)):
        ACTES[acte][0](attribuee(), motif=MOTIF, par=anct())


@pytest.mark.parametrize("acte", ACTES)
def test_sans_motif_ou_sans_droit_rien_ne_change(client, se_connecter, acte):
    demande = deposee()
    with pytest.raises(ValidationError):
        ACTES[acte][0](demande, motif="court", par=anct())
    for role in (prefecture_de(demande.departement), membre_de(demande.structure)):
        url = reverse(f"demandes:{acte}", args=[role.pk, demande.pk])
        assert se_connecter(client, role).post(url, {"texte": MOTIF}).status_code == 403
        with pytest.raises(PermissionDenied):
            ACTES[acte][0](demande, motif=MOTIF, par=role)
    demande.refresh_from_db()
    assert demande.etat == Etat.DEPOSEE
