"""Inviter, renvoyer, annuler, accepter : un lien, un usage, vingt-huit jours."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.core.exceptions import PermissionDenied
from django.test import Client
from django.utils import timezone

from conum.comptes import actions
from conum.comptes.models import Invitation, Role, TypeRole
from conum.comptes.rules import QUI_INVITE_QUI, Qualite, peut_gerer
from conum.journal.acteurs import anonyme
from conum.journal.models import Entree
from conum.socle.jetons import nouveau_jeton
from conum.utilisateurs.models import Utilisateur
from tests.aides import ensemble
from tests.comptes.aides import courriels, lien_recu
from tests.comptes.fabriques import DepartementFactory, RegionFactory, RoleFactory, UtilisateurFactory

pytestmark = pytest.mark.django_db
EMAIL = "nouvelle@exemple.fr"
NOM = {"prenom": "Nour", "nom": "Benali"}
INVITE = anonyme("invite")


def inviter_prefecture(par: Role | None = None, email: str = EMAIL) -> Invitation:
    return actions.inviter(
        email, TypeRole.PREFECTURE, departement=DepartementFactory(), par=par or RoleFactory(anct=True)
    )


def lien(email: str = EMAIL) -> str:
    return lien_recu(email, "invitation")


def test_l_anct_invite_depuis_son_ecran(client, se_connecter):
    role = RoleFactory(anct=True)
    DepartementFactory()
    se_connecter(client, role)
    assert client.get(f"/espace/{role.pk}/agents/inviter/").status_code == 200
    saisie = {"email": "Nouvelle@Exemple.fr", "type": "prefecture", "departement": "51"}
    reponse = client.post(f"/espace/{role.pk}/agents/inviter/", saisie)
    assert reponse.url == f"/espace/{role.pk}/agents/invitations/"
    invitation = Invitation.objects.get()
    assert (invitation.email, invitation.libelle) == (EMAIL, "Préfecture — Marne")
    assert EMAIL in client.get(reponse.url).content.decode()
    assert client.get(f"{reponse.url}{invitation.pk}/").status_code == 200
    (courriel,) = courriels(EMAIL, "invitation")
    assert courriel.confidentiel
    (entree,) = Entree.objects.de_l_objet(invitation)
    assert (entree.action, entree.role) == ("inviter", role.pk)


def test_le_perimetre_manquant_est_demande(client, se_connecter):
    role = RoleFactory(anct=True)
    se_connecter(client, role)
    page = client.post(f"/espace/{role.pk}/agents/inviter/", {"email": EMAIL, "type": "prefecture"})
    assert "Ce rôle demande de préciser : département." in page.content.decode()
    assert not Invitation.objects.exists()


def test_une_prefecture_invite_sans_choisir_son_perimetre(client, se_connecter):
    role = RoleFactory(prefecture=True)
    se_connecter(client, role)
    saisie = {"email": EMAIL, "type": "anct", "departement": "08"}
    client.post(f"/espace/{role.pk}/agents/inviter/", saisie)
    invitation = Invitation.objects.get()
    assert (invitation.type, invitation.departement_id) == (TypeRole.PREFECTURE, "51")


@pytest.mark.parametrize("trait", ["prefecture", "prefecture_de_region", "reseau", "hub", "structure"])
def test_personne_n_invite_hors_de_son_perimetre(trait):
    role = RoleFactory(**{trait: True})
    ailleurs = DepartementFactory(code="08", nom="Ardennes")
    with pytest.raises(PermissionDenied):
        actions.inviter(EMAIL, TypeRole.PREFECTURE, departement=ailleurs, par=role)
    with pytest.raises(PermissionDenied):
        actions.inviter(EMAIL, TypeRole.ANCT, par=role)
    with pytest.raises(PermissionDenied):
        actions.inviter(EMAIL, TypeRole.HUB, code="autre-hub", par=role)


def test_la_table_des_droits_d_inviter():
    permis = {
        (agent, vise, meme)
        for agent in [*TypeRole]
        for vise in [*TypeRole]
        for meme in (True, False)
        if peut_gerer(Qualite(agent, "51"), Qualite(vise, "51" if meme else "08"))
    }
    anct = {
        ("anct", t, m) for t in ("anct", "prefecture", "region", "reseau", "hub", "organisme") for m in (True, False)
    }
    assert permis == anct | {(t, t, True) for t in ("prefecture", "region", "reseau", "hub", "organisme")}
    assert set(QUI_INVITE_QUI) <= set(TypeRole.values)


def test_un_perimetre_vide_ne_gere_rien():
    assert not peut_gerer(Qualite("reseau", ""), Qualite("reseau", ""))


def test_ouvrir_le_lien_n_accepte_rien(client):
    inviter_prefecture()
    page = client.get(lien()).content.decode()
    assert "Préfecture — Marne" in page
    assert "second facteur" in page
    assert not Utilisateur.objects.filter(email=EMAIL).exists()
    assert not re.search(re.escape(EMAIL), lien())


def test_accepter_cree_le_compte_et_connecte(client):
    invitation = inviter_prefecture()
    reponse = client.post(lien(), NOM)
    role = Role.objects.get(utilisateur__email=EMAIL)
    assert reponse.url == f"/espace/{role.pk}/"
    assert client.session["_auth_user_id"] == str(role.utilisateur_id)
    assert (role.utilisateur.get_full_name(), role.departement_id) == ("Nour Benali", "51")
    assert not role.utilisateur.has_usable_password()
    invitation.refresh_from_db()
    assert invitation.role_cree == role
    assert Entree.objects.de_l_objet(role).get().action == "accepter_invitation"


def test_accepter_demande_son_nom_a_qui_n_en_a_pas(client):
    inviter_prefecture()
    page = client.post(lien(), {"prenom": "", "nom": ""})
    assert page.status_code == 200
    assert not Utilisateur.objects.filter(email=EMAIL).exists()


def test_accepter_ajoute_un_role_au_compte_existant(client):
    ancien = RoleFactory(reseau=True, utilisateur__email=EMAIL, utilisateur__nom="Petit")
    inviter_prefecture()
    assert "Votre prénom" not in client.get(lien()).content.decode()
    client.post(lien())
    assert Role.objects.filter(utilisateur=ancien.utilisateur).count() == 2
    assert Utilisateur.objects.filter(email=EMAIL).count() == 1


def test_accepter_avec_un_second_facteur_le_demande(client):
    from tests.comptes.fabriques import donner_application

    personne = UtilisateurFactory(email=EMAIL)
    donner_application(personne)
    inviter_prefecture()
    assert client.post(lien()).url == "/connexion/second-facteur/"
    assert "_auth_user_id" not in client.session


def test_accepter_en_etant_connecte_comme_un_autre_change_de_compte(client, se_connecter):
    autre = RoleFactory(structure=True)
    se_connecter(client, autre)
    inviter_prefecture()
    assert autre.utilisateur.email in client.get(lien()).content.decode()
    client.post(lien(), NOM)
    assert client.session["_auth_user_id"] == str(Utilisateur.objects.get(email=EMAIL).pk)


def test_un_lien_ne_sert_qu_une_fois(client):
    inviter_prefecture()
    client.post(lien(), NOM)
    autre = Client()
    for reponse in (autre.get(lien()), autre.post(lien(), NOM)):
        assert reponse.status_code == 410
        assert "déjà été acceptée" in reponse.content.decode()
    assert Role.objects.filter(utilisateur__email=EMAIL).count() == 1
    assert "_auth_user_id" not in autre.session


def test_un_lien_expire_apres_vingt_huit_jours(client):
    inviter_prefecture()
    with time_machine.travel(timezone.now() + timedelta(days=27, hours=23)):
        assert client.get(lien()).status_code == 200
    with time_machine.travel(timezone.now() + timedelta(days=28, minutes=1)):
        assert client.get(lien()).status_code == 410
        assert client.post(lien(), NOM).status_code == 410
    assert not Role.objects.filter(utilisateur__email=EMAIL).exists()


def test_renvoyer_perime_le_lien_precedent(client, se_connecter):
    role = RoleFactory(prefecture=True)
    invitation = inviter_prefecture(par=role)
    premier = lien()
    se_connecter(client, role)
    with time_machine.travel(timezone.now() + timedelta(days=40)):
        actions.renvoyer_invitation(invitation, par=role)
        assert Client().get(premier).status_code == 410
        assert Client().get(lien()).status_code == 200
    adresse = f"/espace/{role.pk}/agents/invitations/{invitation.pk}/renvoyer/"
    assert client.get(adresse).status_code == 405
    assert client.post(adresse).url == f"/espace/{role.pk}/agents/invitations/"
    assert len(courriels(EMAIL, "invitation")) == 3


def test_annuler_ferme_le_lien(client, se_connecter):
    role = RoleFactory(prefecture=True)
    invitation = inviter_prefecture(par=role)
    se_connecter(client, role)
    client.post(f"/espace/{role.pk}/agents/invitations/{invitation.pk}/annuler/")
    assert "annulée" in Client().get(lien()).content.decode()
    with pytest.raises(actions.CompteRefuse):
        actions.renvoyer_invitation(invitation, par=role)
    # L'annulation libère l'adresse pour une nouvelle invitation.
    assert inviter_prefecture(par=role).pk != invitation.pk


def test_l_invitation_d_un_autre_departement_n_existe_pas(client, se_connecter):
    role = RoleFactory(prefecture=True, departement=DepartementFactory(code="08", nom="Ardennes"))
    invitation = inviter_prefecture()
    se_connecter(client, role)
    base = f"/espace/{role.pk}/agents/invitations/{invitation.pk}/"
    assert client.get(base).status_code == 404
    for acte in ("renvoyer/", "annuler/"):
        assert client.post(base + acte).status_code == 404
    with pytest.raises(PermissionDenied):
        actions.annuler_invitation(invitation, par=role)


def test_on_n_invite_pas_deux_fois(client):
    anct = RoleFactory(anct=True)
    premiere = inviter_prefecture(par=anct)
    with pytest.raises(actions.CompteRefuse, match="renvoyez-la"):
        inviter_prefecture(par=anct)
    with time_machine.travel(timezone.now() + timedelta(days=29)):
        assert inviter_prefecture(par=anct).pk == premiere.pk
        client.post(lien(), NOM)
        with pytest.raises(actions.CompteRefuse, match="déjà ce rôle"):
            inviter_prefecture(par=anct)


def test_on_n_invite_pas_un_compte_desactive(client):
    UtilisateurFactory(email=EMAIL, is_active=False)
    with pytest.raises(actions.CompteRefuse, match="désactivé"):
        inviter_prefecture()


def test_un_compte_desactive_apres_l_envoi_ne_revient_pas_par_l_invitation(client):
    personne = UtilisateurFactory(email=EMAIL)
    inviter_prefecture()
    Utilisateur.objects.filter(pk=personne.pk).update(is_active=False)
    assert client.post(lien()).status_code == 410
    assert not Role.objects.filter(utilisateur=personne).exists()


def test_un_role_retire_puis_propose_de_nouveau_est_le_meme(client):
    anct = RoleFactory(anct=True)
    ancien = RoleFactory(prefecture=True, utilisateur__email=EMAIL)
    actions.retirer_role(ancien, par=anct)
    inviter_prefecture(par=anct)
    client.post(lien())
    ancien.refresh_from_db()
    assert ancien.actif
    assert Role.objects.filter(utilisateur__email=EMAIL).count() == 1


def test_une_region_et_un_hub_s_invitent():
    anct = RoleFactory(anct=True)
    region = actions.inviter("r@exemple.fr", TypeRole.REGION, region=RegionFactory(), par=anct)
    hub = actions.inviter("h@exemple.fr", TypeRole.HUB, code="rhinocc", par=anct)
    assert region.libelle == "Préfecture de région — Grand Est"
    assert hub.libelle == "Hub pour un numérique inclusif — rhinocc"


def test_les_membres_de_structure_s_invitent_depuis_leur_structure(client):
    anct = RoleFactory(anct=True)
    with pytest.raises(actions.CompteRefuse, match="page de leur structure"):
        actions.inviter(EMAIL, TypeRole.STRUCTURE, code="7", par=anct)
    jeton, trace = nouveau_jeton()
    Invitation.objects.create(
        email=EMAIL, type=TypeRole.STRUCTURE, code="7", libelle="Mairie", jeton_empreinte=trace,
        expire_le=timezone.now() + timedelta(days=1),
    )  # fmt: skip
    # Le lien d'une structure ne s'accepte pas ici : il donnerait un rôle sans place dans la structure.
    assert client.post(f"/invitation/{jeton}/", NOM).status_code == 410
    assert not Role.objects.filter(utilisateur__email=EMAIL).exists()


@pytest.mark.django_db(transaction=True)
def test_deux_clics_a_la_fois_ne_donnent_qu_un_role():
    inviter_prefecture()
    jeton = lien().split("/")[-2]
    issues = ensemble(*[lambda: actions.accepter_invitation(jeton, par=INVITE, **NOM)] * 2)
    assert sum(isinstance(i, actions.LienPerime) for i in issues) == sum(isinstance(i, Exception) for i in issues) == 1
    assert Role.objects.filter(utilisateur__email=EMAIL).count() == 1
