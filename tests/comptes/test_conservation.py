"""Ce qui s'efface quand une personne ne vient plus."""

import datetime as dt
from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from conum.comptes import actions, jobs
from conum.comptes.models import Invitation, TypeRole
from conum.comptes.rules import ajouter_mois, effacement_prevu
from conum.journal.acteurs import SYSTEME
from conum.journal.models import Entree
from conum.socle import conservation
from conum.utilisateurs.models import Utilisateur
from tests.comptes.aides import courriels
from tests.comptes.fabriques import DepartementFactory, RoleFactory, UtilisateurFactory, donner_application

DEBUT = dt.datetime(2027, 1, 10, 8, tzinfo=dt.UTC)
ECHEANCE = dt.date(2029, 7, 10)


def jouer(jour: dt.date) -> None:
    """Une nuit de travaux, ce jour-là."""
    with time_machine.travel(dt.datetime.combine(jour, dt.time(4), tzinfo=dt.UTC), tick=False):
        jobs.prevenir_inactifs()
        conservation.appliquer("comptes sans connexion")
        conservation.appliquer("invitations sans suite")


@pytest.fixture
def personne(db):
    with time_machine.travel(DEBUT, tick=False):
        role = RoleFactory(prefecture=True, utilisateur__email="partie@exemple.fr", utilisateur__telephone="0102030405")
        Utilisateur.objects.filter(pk=role.utilisateur_id).update(last_login=DEBUT)
        donner_application(role.utilisateur)
    return Utilisateur.objects.get(pk=role.utilisateur_id)


def test_l_echeance_est_trente_mois_apres_la_derniere_connexion():
    assert effacement_prevu(DEBUT.date()) == ECHEANCE


@given(st.dates(dt.date(2020, 1, 1), dt.date(2090, 1, 1)), st.integers(0, 60))
def test_ajouter_des_mois_tombe_dans_le_bon_mois(jour, mois):
    apres = ajouter_mois(jour, mois)
    assert (apres.year * 12 + apres.month) - (jour.year * 12 + jour.month) == mois
    assert apres.day <= jour.day


def test_deux_avertissements_puis_l_effacement(personne):
    jouer(ECHEANCE - timedelta(days=31))
    assert not courriels(personne.email, "compte_inactif")
    jouer(ECHEANCE - timedelta(days=30))
    jouer(ECHEANCE - timedelta(days=29))
    (premier,) = courriels(personne.email, "compte_inactif")
    assert "10 juillet 2029" in premier.texte
    jouer(ECHEANCE - timedelta(days=7))
    jouer(ECHEANCE - timedelta(days=1))
    assert len(courriels(personne.email, "compte_inactif")) == 2
    jouer(ECHEANCE)
    jouer(ECHEANCE + timedelta(days=1))

    apres = Utilisateur.objects.get(pk=personne.pk)
    assert apres.email == f"anonyme-{personne.pk}@anonyme.invalid"
    assert (apres.prenom, apres.nom, apres.telephone, apres.is_active) == ("", "", "", False)
    assert not apres.authenticator_set.exists()
    assert not apres.roles.filter(actif=True).exists()
    assert [e.action for e in Entree.objects.de_l_objet(apres)] == [
        "prevenir_inactif",
        "prevenir_inactif",
        "anonymiser_compte",
    ]


def test_un_travail_en_retard_laisse_toujours_ses_delais(personne):
    retard = ECHEANCE + timedelta(days=200)
    jouer(retard)
    assert courriels(personne.email, "compte_inactif")[-1].texte.count("25 février 2030") == 1
    jouer(retard + timedelta(days=1))
    jouer(retard + timedelta(days=22))
    assert len(courriels(personne.email, "compte_inactif")) == 1
    jouer(retard + timedelta(days=24))
    assert len(courriels(personne.email, "compte_inactif")) == 2
    jouer(retard + timedelta(days=25))
    assert Utilisateur.objects.get(pk=personne.pk).anonymise_le is None
    jouer(retard + timedelta(days=32))
    assert Utilisateur.objects.get(pk=personne.pk).anonymise_le


def test_se_reconnecter_remet_le_compteur_a_zero(personne):
    jouer(ECHEANCE - timedelta(days=30))
    revenue = dt.datetime.combine(ECHEANCE - timedelta(days=10), dt.time(9), tzinfo=dt.UTC)
    Utilisateur.objects.filter(pk=personne.pk).update(last_login=revenue)
    for jours in (-7, 0, 1, 300):
        jouer(ECHEANCE + timedelta(days=jours))
    assert Utilisateur.objects.get(pk=personne.pk).anonymise_le is None
    assert len(courriels(personne.email, "compte_inactif")) == 1


def test_un_compte_anonymise_ne_se_reactive_pas_et_libere_son_adresse(personne):
    actions.anonymiser_compte(personne, par=SYSTEME)
    with pytest.raises(actions.CompteRefuse):
        actions.reactiver_compte(personne, par=RoleFactory(anct=True))
    assert UtilisateurFactory(email="partie@exemple.fr").pk != personne.pk


@pytest.mark.django_db
def test_les_invitations_sans_suite_s_effacent_six_mois_apres_leur_echeance():
    with time_machine.travel(DEBUT, tick=False):
        invitation = actions.inviter(
            "x@exemple.fr", TypeRole.PREFECTURE, departement=DepartementFactory(), par=RoleFactory(anct=True)
        )
    expire = timezone.localdate(invitation.expire_le)
    jouer(expire + timedelta(days=180))
    assert Invitation.objects.exists()
    jouer(expire + timedelta(days=185))
    assert not Invitation.objects.exists()
