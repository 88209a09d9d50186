"""Préparer, ouvrir, corriger et copier une session : qui le peut, ce qui est écrit, ce qui est refusé."""

from datetime import date, time, timedelta

import pytest
from django.urls import reverse

from conum.courriels.models import Courriel
from conum.formations.actions import sessions as actes
from conum.formations.models import Seance, SessionFormation
from conum.formations.states import Etat, EtatPlace, EtatSession
from conum.journal.models import Entree
from conum.territoires.models import Commune
from tests.comptes.fabriques import DepartementFactory, RegionFactory, RoleFactory
from tests.formations import fabriques_base as fab

pytestmark = pytest.mark.django_db

SAISIE = {
    "intitule": "Reims, automne", "parcours": fab.PARCOURS, "capacite": "12", "a_distance": "oui", "lieu": "",
    "adresse": "", "commune": "", "commune_texte": "", "lien": "https://visio.exemple/a",
    "contact_email": "a@exemple.fr",
}  # fmt: skip


def url(nom, role, *pks):
    return reverse(f"formations:{nom}", args=[role.pk, *pks])


def actions(objet):
    return list(Entree.objects.de_l_objet(objet).values_list("action", flat=True))


@pytest.fixture
def role():
    return fab.role_organisme(fab.organisme())


def test_un_organisme_prepare_puis_ouvre_sa_session(client, se_connecter, role):
    se_connecter(client, role)
    response = client.post(url("session_creer", role), SAISIE)
    session = SessionFormation.objects.get()
    assert response.url == url("session", role, session.pk)
    assert (session.organisme, session.etat, session.marche_code) == (fab.organisme(), EtatSession.BROUILLON, "2025")
    # Sans séance, la page dit ce qui manque et l'ouverture est refusée.
    page = client.get(response.url).content.decode()
    assert "Le calendrier n’a aucune séance." in page
    assert url("session_ouvrir", role, session.pk) not in page
    client.post(url("session_ouvrir", role, session.pk))
    session.refresh_from_db()
    assert session.etat == EtatSession.BROUILLON
    jour = fab.jour(30)
    seance = {"jour": jour, "debut": "09:00", "fin": "12:30", "nature": "cours"}
    assert client.post(url("seance_ajouter", role, session.pk), seance).status_code == 302
    assert client.post(url("session_ouvrir", role, session.pk)).status_code == 302
    session.refresh_from_db()
    assert (session.etat, session.debut, session.fin) == (EtatSession.OUVERTE, jour, jour)
    assert actions(session) == ["creer_session", "modifier_session", "ouvrir_session"]
    # Deux clics : le second lit une phrase.
    page = client.post(url("session_ouvrir", role, session.pk), follow=True).content.decode()
    assert "n&#x27;est plus possible" in page or "n'est plus possible" in page


def test_une_session_ne_se_tient_que_chez_soi(client, se_connecter, role):
    session = fab.session(etat=EtatSession.BROUILLON)
    autre = fab.role_organisme(fab.organisme("Francil’In"))
    for etranger in (autre, RoleFactory(prefecture=True), RoleFactory(structure=True)):
        se_connecter(client, etranger)
        for nom in ("session_modifier", "session_ouvrir", "session_dupliquer", "seance_ajouter", "calendrier_remplir"):
            assert client.post(url(nom, etranger, session.pk), SAISIE).status_code in (403, 404), nom
        seance = Seance.objects.order_by("pk").first()
        assert client.post(url("seance_retirer", etranger, seance.pk)).status_code in (403, 404)
    assert Seance.objects.count() == 4
    assert actions(session) == []


def test_une_session_n_ouvre_que_dans_une_region_de_son_lot(client, se_connecter, role):
    antilles = DepartementFactory(code="971", nom="Guadeloupe", region=RegionFactory(code="01", nom="Guadeloupe"))
    commune = Commune.objects.create(code="97105", nom="Basse-Terre", departement=antilles)
    session = fab.session(etat=EtatSession.BROUILLON, commune=commune)
    se_connecter(client, role)
    page = client.post(url("session_ouvrir", role, session.pk), follow=True).content.decode()
    assert "La Fabrik ne sert pas la région Guadeloupe" in page
    inconnu = fab.session(chez=fab.organisme("École sans lot"), etat=EtatSession.BROUILLON)
    anct = fab.anct()
    se_connecter(client, anct)
    page = client.post(url("session_ouvrir", anct, inconnu.pk), follow=True).content.decode()
    assert "pas retenu École sans lot" in page
    ferme = fab.session(etat=EtatSession.BROUILLON)
    ferme.organisme.ferme_le = fab.jour(-1)
    ferme.organisme.save()
    page = client.post(url("session_ouvrir", anct, ferme.pk), follow=True).content.decode()
    assert "plus depuis le" in page
    assert not SessionFormation.objects.filter(etat=EtatSession.OUVERTE).exists()


def test_corriger_une_session_ouverte_previent_ses_inscrits(client, se_connecter, role):
    session = fab.session(a_distance=True)
    inscrite = fab.inscription(etat=Etat.INSCRITE)
    fab.place(session, inscrite)
    conseiller, employeur = fab.role_conseiller(inscrite), fab.employeur(inscrite)
    se_connecter(client, role)
    lieu = SAISIE | {"a_distance": "non", "lieu": "Médiathèque", "commune_texte": inscrite.commune.code}
    page = client.post(url("session_modifier", role, session.pk), lieu)
    assert "dites aux inscrits pourquoi elle change" in page.content.decode()
    response = client.post(url("session_modifier", role, session.pk), lieu | {"motif": "Tout le monde est proche."})
    assert response.status_code == 302, response.context["form"].errors
    ecrits = Courriel.objects.filter(code="formations/session_modifiee")
    assert {c.destinataire for c in ecrits} == {conseiller.utilisateur.email, employeur.utilisateur.email}
    assert all("Médiathèque" in c.texte and "Tout le monde est proche." in c.texte for c in ecrits)
    session.refresh_from_db()
    assert (session.lien, session.lieu) == ("", "Médiathèque")
    # Ce qui ne regarde pas les inscrits ne demande pas de motif et n'écrit à personne.
    nombre = ecrits.count()
    assert client.post(url("session_modifier", role, session.pk), lieu | {"capacite": "14"}).status_code == 302
    assert ecrits.count() == nombre
    assert Entree.objects.de_l_objet(session).last().donnees["places"] == [12, 14]


def test_moins_de_places_que_d_inscrits_est_refuse(client, se_connecter, role):
    session = fab.session(a_distance=True, capacite=3)
    places = [fab.place(session, fab.inscription(etat=Etat.INSCRITE)) for _ in range(3)]
    se_connecter(client, role)
    corps = SAISIE | {"lien": session.lien, "intitule": session.intitule}
    page = client.post(url("session_modifier", role, session.pk), corps | {"capacite": "2"}).content.decode()
    assert "3 personnes sont inscrites" in page
    # Un siège rendu au milieu ne gêne pas : les autres se serrent.
    places[0].etat, places[0].siege, places[0].motif = EtatPlace.RETIREE, None, "Partie."
    places[0].save()
    assert client.post(url("session_modifier", role, session.pk), corps | {"capacite": "2"}).status_code == 302
    session.refresh_from_db()
    assert session.capacite == 2
    assert sorted(session.places.exclude(siege=None).values_list("siege", flat=True)) == [1, 2]


def test_copier_une_session_decale_chaque_seance(client, se_connecter, role):
    session = fab.session(seances=4)
    se_connecter(client, role)
    premier = session.debut + timedelta(days=70)
    response = client.post(url("session_dupliquer", role, session.pk), {"premier": premier})
    copie = SessionFormation.objects.exclude(pk=session.pk).get()
    assert response.url == url("session", role, copie.pk)
    assert (copie.etat, copie.debut, copie.fin) == (EtatSession.BROUILLON, premier, premier + timedelta(days=1))
    assert copie.seances.count() == 4
    # Case décochée : les formateurs ne suivent pas.
    assert not copie.seances.exclude(formateur_nom="").exists()
    client.post(url("session_dupliquer", role, session.pk), {"premier": premier, "avec_formateurs": "on"})
    assert SessionFormation.objects.latest("pk").seances.filter(formateur_nom="Dominique Petit").count() == 4


def test_une_seance_emargee_ne_bouge_plus(client, se_connecter, role):
    session = fab.session(debut=fab.jour(-2))
    place = fab.place(session, fab.inscription(etat=Etat.EN_FORMATION))
    signee, libre = session.seances.order_by("jour", "debut")[:2]
    fab.emarger(signee, place)
    se_connecter(client, role)
    champs = {"jour": signee.jour, "debut": "08:30", "fin": "12:30", "nature": "cours", "motif": "Salle prise."}
    page = client.post(url("seance_modifier", role, signee.pk), champs).content.decode()
    assert "est déjà émargée : elle ne peut plus être déplacée" in page
    page = client.post(url("seance_retirer", role, signee.pk), {"motif": "Salle prise."}).content.decode()
    assert "elle ne peut plus être retirée" in page
    plage = {"du": session.debut, "au": session.fin, "motif": "Salle prise."}
    client.post(url("calendrier_retirer", role, session.pk), plage)
    assert session.seances.count() == 4, "rien n'est appliqué à moitié"
    assert client.post(url("seance_retirer", role, libre.pk), {"motif": "Salle prise."}).status_code == 302
    assert session.seances.count() == 3
    # Le thème et le formateur, eux, se corrigent.
    ici = {"jour": signee.jour, "debut": "09:00", "fin": "12:30", "nature": "cours", "theme": "Accueil"}
    assert client.post(url("seance_modifier", role, signee.pk), ici).status_code == 302
    signee.refresh_from_db()
    assert (signee.debut, signee.theme) == (time(9), "Accueil")


def test_les_dates_invraisemblables_sont_dites(client, se_connecter, role):
    session = fab.session(etat=EtatSession.BROUILLON)
    se_connecter(client, role)
    seance = {"jour": date(2002, 9, 7), "debut": "09:00", "fin": "12:30", "nature": "cours"}
    page = client.post(url("seance_ajouter", role, session.pk), seance).content.decode()
    assert "vérifiez l’année" in page


def test_annuler_rend_les_places_et_dit_pourquoi(client, se_connecter, role):
    session = fab.session(capacite=1)
    assise, attente = fab.inscription(etat=Etat.INSCRITE), fab.inscription(etat=Etat.POSITIONNEE)
    fab.place(session, assise)
    fab.place(session, attente, etat=EtatPlace.EN_ATTENTE, siege=None, convoquee_le=None, convocations=0)
    conseiller = fab.role_conseiller(assise)
    se_connecter(client, role)
    assert "2 personnes" in client.get(url("session_annuler", role, session.pk)).content.decode()
    assert client.post(url("session_annuler", role, session.pk), {"motif": "Non."}).status_code == 200
    motif = {"motif": "La formatrice est malade et personne ne la remplace."}
    assert client.post(url("session_annuler", role, session.pk), motif).status_code == 302
    session.refresh_from_db()
    assise.refresh_from_db()
    assert (session.etat, session.motif_annulation) == (EtatSession.ANNULEE, motif["motif"])
    assert assise.etat == Etat.POSITIONNEE
    assert set(session.places.values_list("etat", flat=True)) == {EtatPlace.RETIREE}
    recus = Courriel.objects.filter(destinataire=conseiller.utilisateur.email)
    assert any(motif["motif"] in c.texte for c in recus)
    assert actions(session)[-1] == "annuler_session"
    # Annulée, elle ne change plus et le dit ; sa page reste lisible.
    page = client.post(url("session_annuler", role, session.pk), motif).content.decode()
    assert "plus possible" in page
    assert client.get(url("seance_ajouter", role, session.pk)).status_code == 404
    assert motif["motif"] in client.get(url("session", role, session.pk)).content.decode()


def test_une_session_emargee_ne_s_annule_plus(client, se_connecter, role):
    session = fab.session(debut=fab.jour(-2))
    place = fab.place(session, fab.inscription(etat=Etat.EN_FORMATION))
    fab.emarger(session.seances.order_by("jour", "debut")[0], place)
    se_connecter(client, role)
    page = client.post(url("session_annuler", role, session.pk), {"motif": "Plus de salle du tout."}).content.decode()
    assert "déjà émargées" in page
    assert url("session_annuler", role, session.pk) not in client.get(url("session", role, session.pk)).content.decode()
    session.refresh_from_db()
    assert session.etat == EtatSession.OUVERTE


def test_la_base_a_le_dernier_mot_sur_les_places(client, se_connecter, role, monkeypatch):
    session = fab.session(a_distance=True, capacite=3)
    for _ in range(2):
        fab.place(session, fab.inscription(etat=Etat.INSCRITE))
    monkeypatch.setattr(actes, "_serrer", lambda _session: None)
    se_connecter(client, role)
    corps = SAISIE | {"lien": session.lien, "intitule": session.intitule, "capacite": "1"}
    page = client.post(url("session_modifier", role, session.pk), corps)
    assert "Il y a plus d’inscrits que de places." in page.content.decode()
    session.refresh_from_db()
    assert session.capacite == 3
