"""Les organismes : ceux du marché, leur fiche, leurs agents, leur fermeture."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from conum.comptes.models import Invitation, Role, TypeRole
from conum.formations.actions import organismes, sessions
from conum.formations.models import Organisme
from conum.formations.states import EtatSession
from conum.journal.models import Entree
from tests.aides import ensemble
from tests.comptes.fabriques import RegionFactory, RoleFactory
from tests.formations import fabriques_base as fab

pytestmark = pytest.mark.django_db
SIRET = "13002603200016"
FICHE = {
    "nom": "La Fabrik", "siret": "", "adresse": "", "contact_nom": "", "contact_email": "", "contact_telephone": "",
    "site": "", "capacite_mensuelle": "",
}  # fmt: skip


def url(nom, role, *pks):
    return reverse(f"formations:{nom}", args=[role.pk, *pks])


@pytest.fixture
def anct():
    return fab.anct()


def test_l_anct_inscrit_un_organisme_du_marche_en_un_bouton(client, se_connecter, anct):
    RegionFactory(code="01", nom="Guadeloupe")
    fab.organisme()
    se_connecter(client, anct)
    page = client.get(url("organismes", anct)).content.decode()
    assert "Nommés par le marché, pas encore inscrits" in page
    assert "Guadeloupe" in page
    assert "Grand Est" not in page.split("<table>")[0], "La Fabrik est déjà inscrite"
    client.post(url("organisme_du_marche", anct), {"nom": "Francil’In"})
    inscrit = Organisme.objects.get(nom="Francil’In")
    assert inscrit.code == "francilin"
    assert Entree.objects.de_l_objet(inscrit).get().action == "inscrire_organisme"
    page = client.get(url("organismes", anct)).content.decode()
    assert "pas encore inscrits" not in page
    # Deux clics : une phrase, pas deux organismes ; un nom que le marché ne dit pas n'existe pas.
    deux = client.post(url("organisme_du_marche", anct), {"nom": "Francil’In"}, follow=True).content.decode()
    assert "est déjà inscrit" in deux
    assert client.post(url("organisme_du_marche", anct), {"nom": "N’importe qui"}).status_code == 404
    assert Organisme.objects.count() == 2


def test_la_fiche_se_saisit_et_ses_fautes_se_lisent(client, se_connecter, anct):
    se_connecter(client, anct)
    faux = FICHE | {"siret": "13002603200017", "contact_telephone": "12"}
    page = client.post(url("organisme_inscrire", anct), faux).content.decode()
    assert "SIRET" in page
    assert "téléphone n’existe pas" in page
    assert not Organisme.objects.exists()
    juste = FICHE | {"siret": "130 026 032 00016", "contact_telephone": "0326000000", "capacite_mensuelle": "30"}
    response = client.post(url("organisme_inscrire", anct), juste)
    lu = Organisme.objects.get()
    assert response.url == url("organisme", anct, lu.pk)
    assert (lu.siret, lu.contact_telephone, lu.code) == (SIRET, "+33 3 26 00 00 00", "la-fabrik")
    page = client.post(url("organisme_inscrire", anct), FICHE | {"nom": "la fabrik"}).content.decode()
    assert "est déjà inscrit" in page
    page = client.post(url("organisme_inscrire", anct), FICHE | {"nom": "Autre", "siret": SIRET}).content.decode()
    assert "déjà inscrit avec ce SIRET" in page


def test_seule_l_anct_administre_et_chacun_ne_tient_que_sa_fiche(client, se_connecter, anct):
    chez, autre = fab.organisme(), fab.organisme("Francil’In")
    role = fab.role_organisme(chez)
    se_connecter(client, role)
    assert client.get(url("organisme", role, autre.pk)).status_code == 403
    assert client.get(url("organismes", role)).status_code == 403
    page = client.get(url("mon_organisme", role)).content.decode()
    assert "Francil’In" not in page
    corps = FICHE | {"contact_nom": "Camille", "capacite_mensuelle": "40", "nom": "Pirate", "siret": SIRET}
    assert client.post(url("mon_organisme_modifier", role), corps).status_code == 302
    chez.refresh_from_db()
    assert (chez.nom, chez.siret, chez.capacite_mensuelle, chez.contact_nom) == ("La Fabrik", None, 40, "Camille")
    donnees = Entree.objects.de_l_objet(chez).get().donnees
    assert donnees["apres"] == {"capacite_mensuelle": 40}
    assert "contact_nom" in donnees["champs"], "le journal dit le champ, pas la personne"
    for etranger in (RoleFactory(prefecture=True), RoleFactory(structure=True)):
        se_connecter(client, etranger)
        assert client.get(url("mon_organisme", etranger)).status_code == 403
    client.logout()
    assert client.get(url("mon_organisme", role)).status_code == 302


def test_un_nom_change_suit_dans_l_acces_de_ses_agents(client, se_connecter, anct):
    chez = fab.organisme()
    role = fab.role_organisme(chez)
    se_connecter(client, anct)
    client.post(url("organisme_modifier", anct, chez.pk), FICHE | {"nom": "La Fabrik SAS"})
    role.refresh_from_db()
    assert role.libelle == "Organisme de formation — La Fabrik SAS"
    assert role.code == "la-fabrik"


def test_les_agents_s_invitent_depuis_la_page_de_l_organisme(client, se_connecter, anct):
    chez = fab.organisme()
    se_connecter(client, anct)
    client.post(url("organisme_inviter", anct, chez.pk), {"email": "nouvelle@exemple.fr"})
    invitation = Invitation.objects.get()
    assert (invitation.type, invitation.code) == (TypeRole.ORGANISME, "la-fabrik")
    assert invitation.libelle == "Organisme de formation — La Fabrik"
    page = client.post(url("organisme_inviter", anct, chez.pk), {"email": "nouvelle@exemple.fr"}).content.decode()
    assert "attend déjà une réponse" in page
    assert "nouvelle@exemple.fr" in client.get(url("organisme", anct, chez.pk)).content.decode()
    # Le formulaire commun des agents ne laisse pas écrire un code à la main.
    saisie = {"email": "x@exemple.fr", "type": "organisme", "code": "la-fabrik"}
    assert client.post(reverse("comptes:inviter", args=[anct.pk]), saisie).status_code == 200
    assert Invitation.objects.count() == 1


def test_un_agent_invite_un_collegue_du_meme_organisme(client, se_connecter):
    chez = fab.organisme()
    role, autre = fab.role_organisme(chez), fab.role_organisme(fab.organisme("Francil’In"))
    se_connecter(client, role)
    page = client.get(reverse("comptes:agents", args=[role.pk])).content.decode()
    assert role.utilisateur.email in page
    assert autre.utilisateur.email not in page
    client.post(reverse("comptes:inviter", args=[role.pk]), {"email": "collegue@exemple.fr", "code": "francilin"})
    invitation = Invitation.objects.get()
    assert (invitation.code, invitation.libelle) == ("la-fabrik", "Organisme de formation — La Fabrik")


def test_fermer_attend_que_rien_ne_reste_a_tenir(client, se_connecter, anct):
    session = fab.session()
    chez = session.organisme
    se_connecter(client, anct)
    motif = {"motif": "Le marché est fini pour lui."}
    page = client.post(url("organisme_fermer", anct, chez.pk), motif).content.decode()
    assert "Une session ouverte n’a pas commencé" in page
    session.debut, session.fin = fab.jour(-5), fab.jour(5)
    session.save()
    assert client.post(url("organisme_fermer", anct, chez.pk), motif).status_code == 302
    chez.refresh_from_db()
    assert chez.ferme_le == fab.jour(0)
    assert "déjà plus" in client.post(url("organisme_fermer", anct, chez.pk), motif).content.decode()
    role = fab.role_organisme(chez)
    se_connecter(client, role)
    assert client.get(url("session", role, session.pk)).status_code == 200
    se_connecter(client, anct)
    client.post(url("organisme_rouvrir", anct, chez.pk))
    chez.refresh_from_db()
    assert chez.ferme_le is None
    assert list(Entree.objects.de_l_objet(chez).values_list("action", flat=True)) == [
        "fermer_organisme",
        "rouvrir_organisme",
    ]


def test_les_pages_ne_coutent_pas_plus_avec_plus_d_organismes(client, se_connecter, anct):
    chez = fab.organisme(capacite_mensuelle=20)
    for _ in range(2):
        fab.session(chez=chez)
    se_connecter(client, anct)
    adresses = [url("organismes", anct), url("organisme", anct, chez.pk)]
    for adresse in adresses:
        client.get(adresse)

    def requetes():
        comptees = []
        for adresse in adresses:
            with CaptureQueriesContext(connection) as une:
                assert client.get(adresse).status_code == 200
            comptees.append(len(une))
        return comptees

    avant = requetes()
    for rang in range(4):
        fab.organisme(f"Organisme {rang}")
        fab.session(chez=chez)
        fab.role_organisme(chez)
    assert requetes() == avant


@pytest.mark.django_db(transaction=True)
def test_fermer_et_ouvrir_au_meme_moment_ne_laissent_pas_une_session_a_venir(anct):
    session = fab.session(etat=EtatSession.BROUILLON, a_distance=True)
    chez = session.organisme
    ensemble(
        lambda: organismes.fermer_organisme(chez, motif="Fin.", par=anct),
        lambda: sessions.ouvrir_session(session, par=anct),
    )
    chez.refresh_from_db()
    session.refresh_from_db()
    assert (chez.ferme_le is None) is (session.etat == EtatSession.OUVERTE), "l'un des deux, et un seul"
    assert Role.objects.filter(pk=anct.pk).exists()
