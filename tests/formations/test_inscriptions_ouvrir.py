"""Une inscription s'ouvre toute seule quand le contrat est validé, s'arrête avec lui, reprend avec lui."""

from datetime import date, timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.urls import reverse
from django.utils import timezone

from conum.comptes.models import Role, TypeRole
from conum.courriels.models import Courriel
from conum.formations import jobs
from conum.formations.actions import arrets, departs
from conum.formations.actions.assiduite import assiduite_de
from conum.formations.actions.inscriptions import ouvrir_inscription, ouvrir_inscriptions
from conum.formations.models import Inscription
from conum.formations.states import Etat, EtatPlace
from conum.journal.acteurs import SYSTEME
from conum.journal.models import Entree
from conum.journal.workflow import TransitionImpossible
from conum.postes import actions as postes_actions
from conum.postes.models import Contrat
from tests.aides import ensemble
from tests.comptes.fabriques import RoleFactory
from tests.formations import fabriques_base as fab
from tests.formations.test_positionnement_ecrans import fini
from tests.postes import fabriques as postes

pytestmark = pytest.mark.django_db


def courriels(inscription, code):
    return Courriel.objects.filter(objet_id=str(inscription.pk), code=f"formations/{code}")


def test_un_contrat_valide_ouvre_tout_d_un_coup(settings):
    la_fabrik = fab.organisme()
    agent = fab.role_organisme(la_fabrik)
    contrat = fab.contrat(debut=fab.jour(20))
    membre = fab.membre_de(contrat.structure)
    assert ouvrir_inscriptions(fab.jour()) == 1

    inscription = Inscription.objects.get(contrat=contrat)
    assert (inscription.personne, inscription.etat) == (contrat.personne, Etat.OUVERTE)
    assert (inscription.organisme, inscription.commune) == (la_fabrik, contrat.structure.commune)
    assert (inscription.marche_code, len(inscription.marche_empreinte)) == ("2025", 64)
    # La formation précède le poste : la personne est libre dès la signature, pas au début du contrat.
    assert inscription.contrat_signe_le == inscription.disponible_le == fab.jour()

    role = Role.objects.get(utilisateur=contrat.personne, type=TypeRole.CONSEILLER)
    assert role.actif
    bienvenue = courriels(inscription, "bienvenue").get()
    assert bienvenue.destinataire == contrat.personne.email
    assert f"/espace/{role.pk}/formations/inscriptions/{inscription.pk}/positionnement/" in bienvenue.texte
    depart = courriels(inscription, "depart_a_organiser").get()
    assert depart.destinataire == membre.utilisateur.email
    assert f"{fab.jour(15):%d/%m/%Y}" in depart.texte
    assert courriels(inscription, "nouvelle_personne").get().destinataire == agent.utilisateur.email
    assert Entree.objects.de_l_objet(inscription).get().action == "ouvrir_inscription"
    assert Entree.objects.de_l_objet(role).get().action == "ouvrir_role_conseiller"

    assert ouvrir_inscriptions(fab.jour()) == 0
    assert courriels(inscription, "bienvenue").count() == 1


def test_le_marche_est_celui_du_debut_du_contrat_et_l_alternance_attend_ce_debut():
    _, (poste,) = postes.structure_avec(1, depuis=-2_000)
    ancien = postes.saisir(poste, debut=date(2022, 3, 1), type="cdi")
    Contrat.objects.filter(pk=ancien.pk).update(etat="valide", valide_le=timezone.now() - timedelta(days=1_000))
    inscription = ouvrir_inscription(ancien, par=SYSTEME)
    assert inscription.marche_code == "2021"
    assert inscription.organisme is None  # aucun des organismes de ce marché n'est inscrit
    assert inscription.disponible_le == max(date(2022, 3, 1), inscription.contrat_signe_le)
    assert not courriels(inscription, "nouvelle_personne").exists()


def test_ce_qui_n_ouvre_rien():
    attend = postes.saisir(postes.structure_avec(1)[1][0], debut=fab.jour(-5))
    fini = fab.inscription(etat=Etat.ATTESTEE)
    _, (poste,) = postes.structure_avec(1)
    suivant = postes.en_poste(poste, personne=fini.personne, debut=fab.jour(400))
    rompu = postes.rompre(fab.contrat(debut=fab.jour(-60)), date_rupture=fab.jour(-2))
    assert ouvrir_inscriptions(fab.jour()) == 0
    for contrat in (attend, suivant, rompu, fini.contrat):
        with pytest.raises(TransitionImpossible, match="n’ouvre pas"):
            ouvrir_inscription(contrat, par=SYSTEME)
    with pytest.raises(PermissionDenied):
        ouvrir_inscription(suivant, par=fab.membre_de(suivant.structure))


def test_un_role_retire_se_rouvre_avec_le_contrat():
    contrat = fab.contrat()
    role = RoleFactory(type=TypeRole.CONSEILLER, utilisateur=contrat.personne, actif=False)
    ouvrir_inscriptions(fab.jour())
    role.refresh_from_db()
    assert role.actif
    assert Role.objects.filter(utilisateur=contrat.personne, type=TypeRole.CONSEILLER).count() == 1


@pytest.mark.django_db(transaction=True)
def test_deux_workers_n_ouvrent_qu_une_inscription():
    contrat = fab.contrat()
    faits = ensemble(*[lambda: ouvrir_inscription(contrat, par=SYSTEME)] * 2)
    assert sorted(type(f).__name__ for f in faits) == ["Inscription", "TransitionImpossible"]
    assert Courriel.objects.filter(code="formations/bienvenue").count() == 1


def test_la_formation_s_arrete_avec_le_contrat_et_reprend_avec_lui():
    inscription = fab.inscription(chez=fab.organisme())
    agent = fab.role_organisme(inscription.organisme)
    anct = fab.anct()
    contrat = postes_actions.notifier_rupture(
        inscription.contrat, date_rupture=fab.jour(-1), motif="demission", par=anct
    )
    jobs.ouvrir_inscriptions()
    inscription.refresh_from_db()
    assert (inscription.etat, inscription.arret_motif) == (Etat.ABANDONNEE, arrets.ROMPU)
    assert courriels(inscription, "arretee").get().destinataire == agent.utilisateur.email

    postes_actions.annuler_rupture(contrat, par=anct)
    jobs.ouvrir_inscriptions()
    inscription.refresh_from_db()
    assert (inscription.etat, inscription.arret_motif) == (Etat.OUVERTE, "")
    actions = list(Entree.objects.de_l_objet(inscription).values_list("action", flat=True).order_by("pk"))
    assert actions == ["abandonner", "rouvrir_inscription"]

    # Arrêtée par l'ANCT, elle ne reprend pas toute seule ; ni sans contrat qui court.
    arrets.arreter_inscription(inscription, motif="La personne part en congé long.", par=anct)
    jobs.ouvrir_inscriptions()
    inscription.refresh_from_db()
    assert inscription.etat == Etat.ABANDONNEE
    assert arrets.rouvrir_inscription(inscription, par=anct).etat == Etat.OUVERTE


def test_un_nouvel_employeur_reprend_la_formation_arretee(client, se_connecter):
    inscription, _ = fini(contrat=fab.contrat(debut=fab.jour(-60)))
    ancien = fab.employeur(inscription)
    session = fab.session(debut=fab.jour(-30), seances=2)
    fab.emarger(session.seances.order_by("pk").first(), fab.place(session, inscription))
    Inscription.objects.filter(pk=inscription.pk).update(etat=Etat.EN_FORMATION, parcours=fab.PARCOURS)
    postes.rompre(inscription.contrat, date_rupture=fab.jour(-10))
    jobs.ouvrir_inscriptions()
    _, (poste,) = postes.structure_avec(1)
    nouveau = postes.en_poste(poste, personne=inscription.personne, debut=fab.jour(-5))
    jobs.ouvrir_inscriptions()

    inscription.refresh_from_db()
    assert Inscription.objects.filter(personne=inscription.personne).get() == inscription
    assert (inscription.contrat, inscription.etat, inscription.parcours) == (nouveau, Etat.OUVERTE, "")
    inscription.parcours = fab.PARCOURS
    assert assiduite_de(inscription).faites == 210
    texte = courriels(inscription, "bienvenue").latest("pk").texte
    assert "déjà passé le test" in texte
    page = reverse("formations:inscription", args=[ancien.pk, inscription.pk])
    assert se_connecter(client, ancien).get(page).status_code == 404


def test_un_organisme_inscrit_ensuite_recoit_qui_l_attendait():
    contrat = fab.contrat()
    membre = fab.membre_de(contrat.structure)
    jobs.ouvrir_inscriptions()
    inscription = Inscription.objects.get(contrat=contrat)
    assert inscription.organisme is None
    la_fabrik = fab.organisme()
    agent = fab.role_organisme(la_fabrik)
    jobs.ouvrir_inscriptions()
    jobs.ouvrir_inscriptions()
    inscription.refresh_from_db()
    assert inscription.organisme == la_fabrik
    assert courriels(inscription, "nouvelle_personne").get().destinataire == agent.utilisateur.email
    lus = {c.destinataire for c in courriels(inscription, "organisme_change")}
    assert lus == {contrat.personne.email, membre.utilisateur.email}


def test_ses_places_sont_rendues():
    inscription, attend = fab.inscription(etat=Etat.INSCRITE), fab.inscription(etat=Etat.POSITIONNEE)
    session = fab.session(capacite=1)
    place = fab.place(session, inscription)
    suivante = fab.place(session, attend, etat=EtatPlace.EN_ATTENTE, siege=None, convoquee_le=None, convocations=0)
    arrets.arreter_inscription(inscription, motif="La personne part en congé long.", par=fab.anct())
    place.refresh_from_db()
    suivante.refresh_from_db()
    assert place.etat == EtatPlace.RETIREE
    assert suivante.siege == 1
    with pytest.raises(TransitionImpossible):
        arrets.arreter_inscription(inscription, motif="Une seconde fois, trop tard.", par=fab.anct())


def test_un_contrat_annule_avant_son_debut_arrete_la_formation():
    inscription = fab.inscription(contrat=fab.contrat(debut=fab.jour(20)))
    postes_actions.annuler_contrat(inscription.contrat, motif="La personne ne viendra pas.", par=fab.anct())
    assert arrets.arreter_sans_contrat(fab.jour()) == 1
    inscription.refresh_from_db()
    assert inscription.arret_motif == arrets.ANNULE
    with pytest.raises(TransitionImpossible, match="ne court pas"):
        arrets.rouvrir_inscription(inscription, par=fab.anct())


def test_un_renouvellement_garde_la_formation_en_cours():
    _, (poste,) = postes.structure_avec(1, depuis=-900)
    premier = postes.en_poste(poste, debut=fab.jour(-364))
    inscription = fab.inscription(contrat=premier, etat=Etat.EN_FORMATION)
    suite = postes_actions.renouveler_contrat(
        premier, type="cdd", fin=premier.fin + timedelta(days=365), salaire=postes.SALAIRE, par=fab.anct()
    )
    postes_actions.valider_contrat(suite, par=fab.anct())
    apres = premier.fin + timedelta(days=1)
    assert ouvrir_inscriptions(apres) == 0
    assert arrets.arreter_sans_contrat(apres) == 0
    inscription.refresh_from_db()
    assert (inscription.contrat, inscription.etat) == (suite, Etat.EN_FORMATION)


class TestDeparts:
    def test_une_alerte_une_fois_aux_deux(self):
        inscription = fab.inscription(contrat_signe_le=fab.jour(-16))
        a_temps = fab.inscription(contrat_signe_le=fab.jour(-15))
        partie = fab.inscription(etat=Etat.INSCRITE, contrat_signe_le=fab.jour(-40))
        fab.place(fab.session(debut=fab.jour(-20)), partie)
        membre = fab.employeur(inscription)
        prefecture = RoleFactory(prefecture=True, departement=inscription.commune.departement)
        assert list(departs.en_retard(fab.jour())) == [inscription]
        assert departs.alerter_departs(fab.jour()) == 1
        assert departs.alerter_departs(fab.jour(1)) == 1  # la seconde est en retard à son tour, la première est dite
        lus = courriels(inscription, "depart_en_retard")
        assert {c.destinataire for c in lus} == {membre.utilisateur.email, prefecture.utilisateur.email}
        assert all(f"{fab.jour(-1):%d/%m/%Y}" in c.texte for c in lus)
        assert courriels(a_temps, "depart_en_retard").count() == 1

    def test_la_phrase_suit_le_depart(self):
        inscription = fab.inscription(contrat_signe_le=fab.jour(-30))
        dire = lambda depart: departs.phrase_de_retard(inscription, depart=depart, jour=fab.jour())  # noqa: E731
        assert "elle n’est pas partie" in dire(None)
        assert "elle n’est pas partie" in dire(fab.jour(10))
        assert "elle est partie" in dire(fab.jour(-3))
        assert dire(fab.jour(-20)) == ""
        inscription.etat = Etat.DISPENSEE
        assert dire(None) == ""
