"""Finir plus tard : un lien, un appareil, puis un autre."""

import re
from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from conum.courriels.models import Courriel
from conum.demandes.access import porteur
from conum.demandes.actions import depot
from conum.demandes.models import Demande
from conum.journal.workflow import TransitionImpossible
from conum.socle import conservation
from tests.comptes.fabriques import RoleFactory
from tests.demandes import fabriques as f
from tests.demandes.test_formulaire import CONTACT, donner_la_structure, etape, toulouse  # noqa: F401

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("toulouse")]


def lien() -> str:
    texte = Courriel.objects.filter(code="demandes/reprise").order_by("pk").last().texte
    return re.search(r"/demande/reprendre/[\w-]+/", texte).group()


def test_le_lien_rouvre_la_demande_sur_un_autre_appareil(client: Client) -> None:
    donner_la_structure(client)
    assert client.post(etape("contact"), CONTACT | {"action": "plus_tard"}).url == reverse("demandes:plus_tard")
    assert "Lina@Exemple.fr" in client.get(reverse("demandes:plus_tard")).content.decode()
    client.post(reverse("demandes:plus_tard"), {"email": "Lina@Exemple.fr"})
    assert Courriel.objects.get().destinataire == "lina@exemple.fr"
    telephone = client.__class__()
    assert telephone.get(lien()).url == etape("besoin")
    assert 'value="Haddad"' in telephone.get(etape("contact")).content.decode()


def test_finir_plus_tard_garde_aussi_une_reponse_fausse(client: Client) -> None:
    donner_la_structure(client)
    client.post(etape("contact"), CONTACT | {"email": "pas fini", "action": "plus_tard"})
    assert Demande.objects.get().saisie["contact"]["email"] == "pas fini"


def test_un_nouveau_lien_perime_l_ancien(client: Client) -> None:
    demande = f.brouillon()
    depot.envoyer_lien_reprise(demande, email="lina@exemple.fr", par=porteur(demande))
    ancien = lien()
    depot.envoyer_lien_reprise(demande, email="lina@exemple.fr", par=porteur(demande))
    assert client.get(ancien).status_code == 410
    assert client.get(lien()).status_code == 302


def test_les_liens_sont_limites_et_le_refus_se_lit(client: Client) -> None:
    donner_la_structure(client)
    for _ in range(3):
        client.post(reverse("demandes:plus_tard"), {"email": "lina@exemple.fr"})
    page = client.post(reverse("demandes:plus_tard"), {"email": "lina@exemple.fr"})
    assert "Attendez une heure" in page.content.decode()
    assert Courriel.objects.count() == 3


def test_le_lien_d_une_demande_partie_ne_la_rouvre_pas(client: Client) -> None:
    demande = f.brouillon()
    depot.envoyer_lien_reprise(demande, email="lina@exemple.fr", par=porteur(demande))
    depot.soumettre(demande, f.un_depot(), par=porteur(demande))
    assert client.get(lien()).status_code == 410


def test_seul_le_porteur_ecrit_dans_son_brouillon() -> None:
    demande = f.brouillon()
    for intrus in (porteur(f.brouillon()), RoleFactory(anct=True), RoleFactory(structure=True)):
        with pytest.raises(PermissionDenied):
            depot.enregistrer_etape(demande, "contact", CONTACT, par=intrus)


def test_une_demande_partie_ne_se_modifie_plus() -> None:
    demande = f.a_confirmer()
    with pytest.raises(TransitionImpossible, match="déjà partie"):
        depot.enregistrer_etape(demande, "contact", CONTACT, par=porteur(demande))


def test_les_brouillons_oublies_s_effacent() -> None:
    oublie, recent, soumis = f.brouillon(), f.brouillon(), f.a_confirmer()
    Demande.objects.filter(pk__in=[oublie.pk, soumis.pk]).update(updated_at=timezone.now() - timedelta(days=31))
    assert conservation.appliquer("brouillons de demande") == 1
    assert set(Demande.objects.values_list("pk", flat=True)) == {recent.pk, soumis.pk}
