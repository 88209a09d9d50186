"""Retirer sa demande, jusqu'à l'avis de la préfecture."""

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client
from django.urls import reverse

from conum.courriels.models import Courriel
from conum.demandes.actions import depot
from conum.demandes.states import Etat
from conum.journal.models import Entree
from conum.journal.workflow import TransitionImpossible
from tests.demandes import fabriques as f

pytestmark = pytest.mark.django_db


def test_un_membre_retire_sa_demande_et_chacun_est_prevenu(client: Client, se_connecter) -> None:  # type: ignore[no-untyped-def]
    demande = f.deposee()
    agent, role = f.prefecture_de(demande.departement), f.membre_de(demande.structure)
    adresse = reverse("demandes:abandonner", args=[role.pk, demande.pk])
    se_connecter(client, role)
    assert "On ne peut pas revenir en arrière" in client.get(adresse).content.decode()
    page = client.post(adresse, {"motif": "Notre budget ne le permet plus."}, follow=True)
    assert "Votre demande est retirée" in page.content.decode()
    demande.refresh_from_db()
    assert (demande.etat, demande.motif_cloture) == (Etat.ABANDONNEE, "Notre budget ne le permet plus.")
    assert demande.close_le is not None
    ecrits = Courriel.objects.filter(code="demandes/demande_retiree")
    assert {c.destinataire for c in ecrits} == {agent.utilisateur.email, role.utilisateur.email}
    assert Entree.objects.de_l_objet(demande).get(action="abandonner").motif == "Notre budget ne le permet plus."


def test_sans_raison_c_est_permis() -> None:
    demande = f.deposee()
    assert depot.abandonner(demande, par=f.membre_de(demande.structure)).etat == Etat.ABANDONNEE


def test_retirer_deux_fois_est_refuse() -> None:
    demande = f.deposee()
    role = f.membre_de(demande.structure)
    depot.abandonner(demande, par=role)
    with pytest.raises(TransitionImpossible):
        depot.abandonner(demande, par=role)


def test_apres_l_avis_il_est_trop_tard(client: Client, se_connecter) -> None:  # type: ignore[no-untyped-def]
    demande = f.en_instruction()
    role = f.membre_de(demande.structure)
    with pytest.raises(TransitionImpossible):
        depot.abandonner(demande, par=role)
    se_connecter(client, role)
    page = client.get(reverse("demandes:suivre", args=[role.pk, demande.pk]))
    assert "Retirer ma demande" not in page.content.decode()


def test_personne_d_autre_ne_la_retire() -> None:
    demande = f.deposee()
    _, intrus = f.structure_membre()
    for par in (intrus, f.anct(), f.prefecture_de(demande.departement)):
        with pytest.raises(PermissionDenied):
            depot.abandonner(demande, par=par)


def test_une_demande_retiree_laisse_la_place_a_une_autre() -> None:
    premiere = f.deposee()
    role = f.membre_de(premiere.structure)
    depot.abandonner(premiere, par=role)
    seconde = depot.ouvrir_brouillon(par=role, structure=premiere.structure)
    assert depot.soumettre(seconde, f.un_depot(structure=None), par=role).etat == Etat.DEPOSEE
