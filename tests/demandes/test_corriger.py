"""Corriger une demande déposée, jusqu'à l'avis."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from conum.courriels.models import Courriel
from conum.demandes.actions import depot
from conum.demandes.models import Demande
from conum.journal.models import Entree
from conum.journal.workflow import TransitionImpossible
from conum.postes.models import TypePoste
from tests.comptes.fabriques import DepartementFactory, RoleFactory
from tests.demandes import fabriques as f
from tests.structures.fabriques import CommuneFactory

pytestmark = pytest.mark.django_db


def saisie(demande: Demande, **champs: str) -> dict[str, str]:
    voulu = {
        "postes": "5",
        "commune": demande.commune_id,
        "commune_texte": f"{demande.commune.nom} ({demande.departement_id})",
        "debut": "autre",
        "debut_autre": demande.debut_souhaite.isoformat(),
        "candidat": "oui",
        "motivation": "Une motivation réécrite, plus précise que la première.",
    }
    return voulu | champs


def test_un_membre_corrige_sa_demande_et_la_prefecture_le_sait(client: Client, se_connecter) -> None:  # type: ignore[no-untyped-def]
    demande = f.deposee()
    agent, role = f.prefecture_de(demande.departement), f.membre_de(demande.structure)
    adresse = reverse("demandes:corriger", args=[role.pk, demande.pk])
    se_connecter(client, role)
    assert 'value="2"' in client.get(adresse).content.decode()
    assert client.post(adresse, saisie(demande)).url == reverse("demandes:suivre", args=[role.pk, demande.pk])
    demande.refresh_from_db()
    assert (demande.postes_demandes, demande.candidat_identifie) == (5, True)
    assert demande.engagements
    assert Courriel.objects.get(code="demandes/demande_corrigee").destinataire == agent.utilisateur.email
    assert Entree.objects.de_l_objet(demande).get(action="corriger").donnees["postes_demandes"] == ["2", "5"]


def test_corriger_sans_rien_changer_n_ecrit_rien() -> None:
    demande = f.deposee()
    meme = f.besoin(demande.commune, debut=demande.debut_souhaite)
    depot.corriger(demande, meme, par=f.membre_de(demande.structure))
    assert not Entree.objects.de_l_objet(demande).filter(action="corriger").exists()


def test_changer_de_departement_previent_la_nouvelle_prefecture() -> None:
    demande = f.deposee()
    charente = DepartementFactory(code="16", nom="Charente")
    agent = RoleFactory(prefecture=True, departement=charente)
    ailleurs = CommuneFactory(code="16102", nom="Cognac", departement=charente)
    depot.corriger(demande, f.besoin(ailleurs), par=f.membre_de(demande.structure))
    demande.refresh_from_db()
    assert demande.departement == charente
    ecrit = Courriel.objects.get(destinataire=agent.utilisateur.email)
    assert ecrit.code == "demandes/nouvelle_demande"


def test_une_date_devenue_passee_se_garde_mais_ne_se_choisit_pas() -> None:
    demande = f.deposee()
    passee = timezone.localdate() - timedelta(days=3)
    Demande.objects.filter(pk=demande.pk).update(debut_souhaite=passee)
    role = f.membre_de(demande.structure)
    depot.corriger(demande, f.besoin(demande.commune, debut=passee, postes=4), par=role)
    with pytest.raises(ValidationError) as erreur:
        depot.corriger(demande, f.besoin(demande.commune, debut=passee - timedelta(days=1)), par=role)
    assert list(erreur.value.message_dict) == ["debut_souhaite"]


def test_personne_d_autre_ne_corrige(client: Client, se_connecter) -> None:  # type: ignore[no-untyped-def]
    demande = f.deposee()
    _, intrus = f.structure_membre()
    for par in (intrus, f.anct(), f.prefecture_de(demande.departement)):
        with pytest.raises(PermissionDenied):
            depot.corriger(demande, f.besoin(), par=par)
    se_connecter(client, intrus)
    assert client.get(reverse("demandes:corriger", args=[intrus.pk, demande.pk])).status_code == 404


def test_apres_l_avis_il_est_trop_tard(client: Client, se_connecter) -> None:  # type: ignore[no-untyped-def]
    demande = f.en_instruction()
    role = f.membre_de(demande.structure)
    with pytest.raises(TransitionImpossible, match="ne se modifie plus"):
        depot.corriger(demande, f.besoin(), par=role)
    se_connecter(client, role)
    page = client.post(reverse("demandes:corriger", args=[role.pk, demande.pk]), saisie(demande), follow=True)
    assert "n’est plus possible" in page.content.decode()


def test_le_type_de_poste_ne_change_pas() -> None:
    demande = f.deposee()
    autre = f.besoin(type_poste=TypePoste.COORDINATEUR, postes=1, temps_coordination="FT")
    with pytest.raises(TransitionImpossible, match="retirez cette demande"):
        depot.corriger(demande, autre, par=f.membre_de(demande.structure))
