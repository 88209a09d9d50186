"""Demander des postes en plus, en rendre : jamais plus que libres, un à la fois."""

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.test import Client
from django.urls import reverse

from conum.courriels.models import Courriel
from conum.demandes.actions import comite
from conum.demandes.models import Demande, Nature
from conum.demandes.states import Etat
from conum.journal.models import Entree
from conum.journal.workflow import TransitionImpossible
from conum.structures.models import Structure
from tests.aides import ensemble
from tests.demandes import fabriques as f
from tests.demandes.etat import attribuee

pytestmark = pytest.mark.django_db


@pytest.fixture
def structure() -> Structure:
    """Une structure qui a deux postes de conseiller depuis hier."""
    return attribuee(2).structure


def test_un_ajout_attend_l_avis_de_la_prefecture(structure: Structure) -> None:
    agent, role = f.prefecture_de(structure.commune.departement), f.membre_de(structure)
    Courriel.objects.all().delete()
    demande = f.ajout(structure, nombre=3, par=role)
    assert (demande.etat, demande.postes_demandes, demande.nature) == (Etat.DEPOSEE, 3, Nature.AJOUT)
    assert demande.departement == agent.departement
    ecrits = Courriel.objects.filter(code="demandes/avenant_depose")
    assert {c.destinataire for c in ecrits} == {agent.utilisateur.email, role.utilisateur.email}
    assert Entree.objects.de_l_objet(demande).get().action == "demander_avenant"


def test_un_rendu_va_droit_a_la_decision_et_previent_l_anct(structure: Structure) -> None:
    demande = f.rendu(structure, nombre=2)
    assert demande.etat == Etat.EN_INSTRUCTION
    ecrits = Courriel.objects.de_l_objet(demande)
    assert f.anct().utilisateur.email in {c.destinataire for c in ecrits}


def test_on_ne_rend_pas_plus_que_ses_postes_libres(structure: Structure) -> None:
    with pytest.raises(ValidationError) as erreur:
        f.rendu(structure, nombre=3)
    assert erreur.value.message_dict == {"nombre": ["Votre structure n'a que 2 postes à rendre de ce type."]}


def test_on_ne_rend_pas_un_type_qu_on_n_a_pas(structure: Structure) -> None:
    with pytest.raises(ValidationError, match="aucun poste libre"):
        f.rendu(structure, nombre=1, type_poste="coordinateur")


@pytest.mark.parametrize(
    ("champs", "champ"),
    [
        ({"motif_code": "inconnu"}, "motif_avenant"),
        ({"motif_code": "besoin"}, "motif_avenant"),
        ({"precisions": "Court"}, "precisions"),
        ({"nombre": 31}, "nombre"),
        ({"nombre": 2, "type_poste": "coordinateur"}, "nombre"),
    ],
)
def test_un_ajout_irrecevable_est_refuse(structure: Structure, champs: dict[str, object], champ: str) -> None:
    with pytest.raises(ValidationError) as erreur:
        f.ajout(structure, **champs)  # type: ignore[arg-type]
    assert champ in erreur.value.message_dict


def test_un_seul_avenant_a_la_fois(structure: Structure) -> None:
    ouvert = f.ajout(structure)
    with pytest.raises(TransitionImpossible, match=ouvert.reference):
        f.rendu(structure)


@pytest.mark.django_db(transaction=True)
def test_deux_membres_ensemble_ne_deposent_qu_un_avenant() -> None:
    structure = attribuee(2).structure
    role = f.membre_de(structure)
    issues = ensemble(*[lambda: f.ajout(structure, par=role)] * 4)
    assert sum(isinstance(i, Demande) for i in issues) == 1
    assert sum(isinstance(i, TransitionImpossible) for i in issues) == 3


def test_sans_attribution_pas_d_avenant(client: Client, se_connecter) -> None:  # type: ignore[no-untyped-def]
    structure, role = f.structure_membre()
    with pytest.raises(TransitionImpossible, match="pas encore de poste"):
        f.ajout(structure)
    se_connecter(client, role)
    page = client.get(reverse("demandes:demander_des_postes", args=[role.pk]))
    assert "n’a pas encore de poste" in page.content.decode()


def test_seul_un_membre_demande(structure: Structure) -> None:
    _, intrus = f.structure_membre()
    for par in (intrus, f.anct(), f.prefecture_de(structure.commune.departement)):
        with pytest.raises(PermissionDenied):
            f.ajout(structure, par=par)


def test_la_page_propose_ce_qui_est_possible_et_transmet(client: Client, se_connecter, structure: Structure) -> None:  # type: ignore[no-untyped-def]
    role = f.membre_de(structure)
    se_connecter(client, role)
    adresse = reverse("demandes:rendre_des_postes", args=[role.pk])
    page = client.get(adresse).content.decode()
    assert "Conseiller numérique : 2 à rendre au plus" in page
    assert "Coordinateur" not in page
    trop = {
        "type_poste": "conseiller",
        "nombre": "3",
        "motif_avenant": "recrutement",
        "precisions": "Personne ne vient.",
    }
    assert "2 postes à rendre" in client.post(adresse, trop).content.decode()
    suite = client.post(adresse, trop | {"nombre": "1"}, follow=True)
    demande = Demande.objects.get(nature=Nature.RENDU)
    assert demande.reference in suite.content.decode()
    assert demande.reference in client.get(adresse).content.decode()


def test_le_nombre_libre_est_revu_a_la_decision(structure: Structure) -> None:
    """Deux rendus de suite : le second ne rend pas ce que le premier a déjà rendu."""
    premier = f.rendu(structure, nombre=1)
    comite.attribuer(premier, postes=1, par=f.anct(), justification="Rendu demandé par la structure.")
    with pytest.raises(ValidationError):
        f.rendu(structure, nombre=2)
    assert f.rendu(structure, nombre=1).postes_demandes == 1
