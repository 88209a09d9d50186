"""Confirmer son adresse : le bouton et lui seul, une fois, par celui qui tient le lien."""

import re
from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from conum.comptes.models import Role
from conum.courriels.models import Courriel
from conum.demandes.access import porteur
from conum.demandes.actions import depot
from conum.demandes.jobs import expirer_demandes
from conum.demandes.models import Demande
from conum.demandes.states import Etat
from conum.journal.models import Entree
from conum.journal.workflow import TransitionImpossible
from conum.structures.models import Membre, Structure
from conum.utilisateurs.models import Utilisateur
from tests.aides import ensemble
from tests.comptes.fabriques import RoleFactory, UtilisateurFactory
from tests.demandes import fabriques as f
from tests.structures.fabriques import CommuneFactory, StructureFactory

pytestmark = pytest.mark.django_db


def lien(demande: Demande) -> str:
    """L'adresse du dernier lien de confirmation, lue dans la boîte d'envoi."""
    courriel = Courriel.objects.filter(code="demandes/confirmation").de_l_objet(demande).last()
    return re.search(r"/demande/confirmer/[\w-]+/", courriel.texte).group()


def codes(demande: Demande) -> list[tuple[str, str]]:
    suite = Courriel.objects.de_l_objet(demande).exclude(code="demandes/confirmation")
    return sorted((c.code, c.destinataire) for c in suite)


def test_ouvrir_le_lien_ne_confirme_rien(client: Client) -> None:
    demande = f.a_confirmer()
    for _ in range(2):
        page = client.get(lien(demande))
        assert "Confirmer ma demande" in page.content.decode()
    demande.refresh_from_db()
    assert demande.etat == Etat.A_CONFIRMER
    assert not Structure.objects.exists()


def test_le_bouton_depose_inscrit_et_ouvre_le_compte(client: Client) -> None:
    commune = CommuneFactory()
    agents = [RoleFactory(prefecture=True, departement=commune.departement) for _ in range(2)]
    RoleFactory(prefecture=True, departement__code="16", departement__nom="Charente")
    demande = f.a_confirmer(f.un_depot(commune, contact=f.contact(email="lina@exemple.fr", telephone="0326000000")))
    page = client.post(lien(demande), follow=True)
    demande.refresh_from_db()
    assert demande.reference in page.content.decode()
    assert demande.etat == Etat.DEPOSEE
    assert demande.deposee_le is not None
    assert demande.saisie == {}
    membre = Membre.objects.select_related("role__utilisateur", "structure").get()
    assert membre.contact_principal
    assert membre.role.utilisateur.email == "lina@exemple.fr"
    assert demande.structure == membre.structure
    attendus = [("demandes/nouvelle_demande", agent.utilisateur.email) for agent in agents]
    assert codes(demande) == sorted([("demandes/demande_deposee", "lina@exemple.fr"), *attendus])
    assert Entree.objects.de_l_objet(demande).get(action="confirmer").vers == Etat.DEPOSEE


def test_un_compte_existant_recoit_le_role_sans_etre_double(client: Client) -> None:
    personne = UtilisateurFactory(email="lina@exemple.fr", nom="Nom d'avant")
    ancien = RoleFactory(utilisateur=personne, prefecture=True)
    demande = f.a_confirmer(f.un_depot(contact=f.contact(email="LINA@exemple.fr")))
    client.post(lien(demande))
    assert Utilisateur.objects.filter(email="lina@exemple.fr").count() == 1
    assert set(Role.objects.filter(utilisateur=personne)) == {ancien, Membre.objects.get().role}
    personne.refresh_from_db()
    assert personne.nom == "Nom d'avant"


def test_le_second_clic_trouve_une_page_amicale(client: Client) -> None:
    demande = f.a_confirmer()
    adresse = lien(demande)
    client.post(adresse)
    page = client.post(adresse, follow=True)
    assert page.status_code == 200
    assert "déjà confirmée" in page.content.decode()
    assert reverse("account_login") in page.content.decode()
    assert Structure.objects.count() == 1


def test_sans_agent_en_prefecture_l_anct_est_prevenue(client: Client) -> None:
    agent = RoleFactory(anct=True)
    demande = f.deposee()
    assert ("demandes/nouvelle_demande", agent.utilisateur.email) in codes(demande)


def test_seul_le_porteur_confirme() -> None:
    demande, autre = f.a_confirmer(), f.a_confirmer()
    for intrus in (porteur(autre), RoleFactory(anct=True), RoleFactory(structure=True)):
        with pytest.raises(PermissionDenied):
            depot.confirmer(demande, par=intrus)


def test_un_lien_invente_ne_dit_rien(client: Client) -> None:
    page = client.get(reverse("demandes:confirmer", args=["x" * 43]))
    assert page.status_code == 410
    assert "Ce lien ne marche plus" in page.content.decode()


# --- Renvoyer ---


def test_un_nouveau_lien_perime_l_ancien(client: Client) -> None:
    demande = f.a_confirmer()
    ancien = lien(demande)
    depot.renvoyer_confirmation(demande, par=porteur(demande))
    assert client.post(ancien).status_code == 410
    assert client.post(lien(demande)).url == reverse("demandes:deposee")


def test_une_adresse_fausse_se_corrige(client: Client) -> None:
    demande = f.a_confirmer(f.un_depot(contact=f.contact(email="lian@exemple.fr")))
    session = client.session
    session["demande"] = demande.pk
    session.save()
    client.post(reverse("demandes:renvoyer"), {"email": " Lina@exemple.fr"})
    demande.refresh_from_db()
    assert demande.contact_email == "lina@exemple.fr"
    assert Courriel.objects.de_l_objet(demande).last().destinataire == "lina@exemple.fr"
    assert not any("lina" in str(e.donnees) for e in Entree.objects.de_l_objet(demande))


def test_les_renvois_sont_limites() -> None:
    demande = f.a_confirmer()
    for _ in range(3):
        depot.renvoyer_confirmation(demande, par=porteur(demande))
    with pytest.raises(depot.TropDeDemandes):
        depot.renvoyer_confirmation(demande, par=porteur(demande))
    assert Courriel.objects.de_l_objet(demande).count() == 4


def test_seule_la_session_de_la_demande_renvoie(client: Client) -> None:
    demande = f.a_confirmer()
    client.post(reverse("demandes:renvoyer"), {"email": "voleur@exemple.fr"})
    demande.refresh_from_db()
    assert demande.contact_email != "voleur@exemple.fr"


# --- L'échéance ---


def vieillir(demande: Demande, jours: int = 31) -> None:
    Demande.objects.filter(pk=demande.pk).update(confirmable_jusqu_au=timezone.now() - timedelta(days=jours - 30))


def test_un_lien_de_plus_de_30_jours_ne_confirme_pas_mais_se_renouvelle(client: Client) -> None:
    demande = f.a_confirmer()
    vieillir(demande)
    with pytest.raises(depot.ConfirmationExpiree):
        depot.confirmer(demande, par=porteur(demande))
    assert "Ce lien a expiré" in client.get(lien(demande)).content.decode()
    assert client.post(lien(demande), {"action": "renvoyer"}).url == reverse("demandes:envoyee")
    assert client.post(lien(demande)).url == reverse("demandes:deposee")


def test_le_travail_classe_et_efface_ce_que_personne_n_a_confirme(client: Client) -> None:
    demande, recente = f.a_confirmer(), f.a_confirmer()
    adresse = lien(demande)
    vieillir(demande)
    for _ in range(2):
        expirer_demandes()
    demande.refresh_from_db()
    recente.refresh_from_db()
    assert demande.etat == Etat.SANS_SUITE
    assert recente.etat == Etat.A_CONFIRMER
    assert not any([demande.contact_email, demande.contact_nom, demande.motivation, demande.saisie])
    assert Entree.objects.de_l_objet(demande).filter(action="classer_sans_suite").count() == 1
    page = client.get(adresse)
    assert page.status_code == 410
    assert "n’a pas été confirmée dans les 30 jours" in page.content.decode()


# --- La structure a été inscrite entre-temps ---


def test_un_numero_inscrit_entre_temps_mene_a_rejoindre(client: Client) -> None:
    siret = f.un_siret()
    demande = f.a_confirmer(f.un_depot(structure=f.donnees_structure(siret=siret)))
    structure = StructureFactory(siret=siret)
    page = client.post(lien(demande))
    assert page.status_code == 409
    assert reverse("structures:rejoindre", args=[siret]) in page.content.decode()
    assert not Membre.objects.filter(structure=structure).exists()
    assert not Utilisateur.objects.filter(email=demande.contact_email).exists()


def test_un_membre_qui_confirme_depose_pour_sa_structure() -> None:
    siret = f.un_siret()
    structure, role = f.structure_membre(siret=siret)
    contact = f.contact(email=role.utilisateur.email)
    demande = f.deposee(f.un_depot(structure=f.donnees_structure(siret=siret), contact=contact))
    assert demande.structure == structure
    assert Membre.objects.count() == 1


# --- En même temps ---


@pytest.mark.django_db(transaction=True)
def test_seize_clics_sur_le_meme_lien_ne_deposent_qu_une_fois() -> None:
    agent = f.prefecture_de(CommuneFactory().departement)
    demande = f.a_confirmer()
    issues = ensemble(*[lambda: depot.confirmer(demande, par=porteur(demande))] * 16)
    assert len(issues) == 16
    assert sum(isinstance(i, Demande) for i in issues) == 1
    assert sum(isinstance(i, TransitionImpossible) for i in issues) == 15
    assert Structure.objects.count() == Membre.objects.count() == 1
    assert Courriel.objects.filter(destinataire=agent.utilisateur.email).count() == 1


@pytest.mark.django_db(transaction=True)
def test_deux_personnes_pour_un_meme_siret_neuf_ne_font_qu_une_structure() -> None:
    siret, commune = f.un_siret(), CommuneFactory()
    demandes = [f.a_confirmer(f.un_depot(commune, structure=f.donnees_structure(commune, siret=siret))) for _ in "ab"]
    issues = ensemble(*[lambda d=d: depot.confirmer(d, par=porteur(d)) for d in demandes])
    assert sorted(type(i).__name__ for i in issues) == ["Demande", "StructureExistante"]
    assert Structure.objects.count() == Membre.objects.count() == 1
    assert sorted(Demande.objects.values_list("etat", flat=True)) == [Etat.A_CONFIRMER, Etat.DEPOSEE]
