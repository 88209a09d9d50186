"""La liste des inscriptions : ce que chacun y voit, ce que l'on y cherche ; organisme, disponibilité, arrêt."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from conum.comptes.models import TypeRole
from conum.courriels.models import Courriel
from conum.formations.models import Inscription
from conum.formations.states import Etat
from conum.journal.models import Entree
from tests.comptes.fabriques import RoleFactory
from tests.formations import fabriques_base as fab
from tests.formations.test_positionnement_ecrans import fini

pytestmark = pytest.mark.django_db


def liste(client, role, **filtres):
    return client.get(reverse("formations:inscriptions", args=[role.pk]), filtres)


def references(reponse):
    return {i.reference for i in reponse.context["liste"].page}


def adresse(nom, role, inscription):
    return reverse(f"formations:{nom}", args=[role.pk, inscription.pk])


@pytest.fixture
def trois():
    """Une qui attend depuis deux mois, une en formation, une chez un autre organisme."""
    attend = fab.inscription(contrat_signe_le=fab.jour(-40))
    Inscription.objects.filter(pk=attend.pk).update(created_at=timezone.now() - timedelta(days=62))
    en_cours = fab.inscription(etat=Etat.EN_FORMATION)
    fab.place(fab.session(debut=fab.jour(-3)), en_cours)
    return attend, en_cours, fab.inscription(chez=fab.organisme("Francil’In"), etat=Etat.POSITIONNEE)


def test_chacun_y_voit_les_siennes(client, se_connecter, trois):
    attend, en_cours, ailleurs = trois
    toutes = {i.reference for i in trois}
    departement = attend.commune.departement
    for role, vues in (
        (fab.anct(), toutes),
        (RoleFactory(prefecture=True, departement=departement), toutes),
        (RoleFactory(prefecture_de_region=True, region=departement.region), toutes),
        (RoleFactory(prefecture=True, departement__code="08", departement__nom="Ardennes"), set()),
        (fab.employeur(en_cours), {en_cours.reference}),
        (fab.role_organisme(ailleurs.organisme), {ailleurs.reference}),
    ):
        page = liste(se_connecter(client, role), role)
        assert page.status_code == 200
        assert references(page) == vues, role.type
    conseiller = fab.role_conseiller(attend)
    assert liste(se_connecter(client, conseiller), conseiller).status_code == 403
    assert liste(client, RoleFactory(type=TypeRole.HUB, code="rhinocc")).status_code == 404


def test_ce_que_l_on_y_cherche(client, se_connecter, trois):
    attend, en_cours, ailleurs = trois
    role = fab.anct()
    se_connecter(client, role)
    for filtres, trouvees in (
        ({"recherche": f"{en_cours.personne.nom} camille"}, {en_cours}),
        ({"recherche": attend.reference.lower()}, {attend}),
        ({"recherche": ailleurs.contrat.structure.siret}, {ailleurs}),
        ({"etat": "en_attente"}, {attend, ailleurs}),
        ({"etat": Etat.EN_FORMATION}, {en_cours}),
        ({"attente": "60"}, {attend}),
        ({"attente": "90"}, set()),
        ({"parcours": "aucun"}, {attend}),
        ({"parcours": fab.PARCOURS}, {en_cours, ailleurs}),
        ({"organisme": ailleurs.organisme.code}, {ailleurs}),
        ({"departement": "51"}, {attend, en_cours, ailleurs}),
        ({"retard": "on"}, {attend}),
    ):
        assert references(liste(client, role, **filtres)) == {i.reference for i in trouvees}, filtres
    sans = fab.inscription()
    Inscription.objects.filter(pk=sans.pk).update(organisme=None)
    assert references(liste(client, role, etat="sans_organisme")) == {sans.reference}
    testee, _ = fini()
    assert references(liste(client, role, etat="a_retenir")) == {testee.reference}
    assert "En retard" in liste(client, role).content.decode()
    for tri in ("-personne", "structure", "depart"):
        assert liste(client, role, tri=tri).status_code == 200
    lignes = b"".join(liste(client, role, format="csv").streaming_content).decode().splitlines()
    assert len(lignes) == 6
    assert "Jours sans session" in lignes[0]


def test_le_nombre_de_questions_ne_depend_pas_du_nombre_de_lignes(client, se_connecter):
    role = fab.anct()
    se_connecter(client, role)
    fab.inscription()
    liste(client, role)
    with CaptureQueriesContext(connection) as une:
        liste(client, role)
    for _ in range(3):
        fab.place(fab.session(), fab.inscription(etat=Etat.INSCRITE))
    with CaptureQueriesContext(connection) as quatre:
        liste(client, role)
    assert len(quatre) == len(une)


def test_confier_a_un_autre_organisme(client, se_connecter):
    inscription = fab.inscription()
    autre = fab.organisme("Francil’In")
    ferme = fab.organisme("Fermé", ferme_le=fab.jour(-1))
    ancien, nouveau = fab.role_organisme(inscription.organisme), fab.role_organisme(autre)
    role = fab.anct()
    se_connecter(client, role)
    lien = adresse("confier", role, inscription)
    assert ferme.nom not in client.get(lien).content.decode()
    court = client.post(lien, {"organisme": autre.pk, "motif": "Non"})
    assert "Écrivez de 10" in court.content.decode()
    fait = client.post(lien, {"organisme": autre.pk, "motif": "Pas de session avant l’été ici."})
    assert fait.url == adresse("inscription", role, inscription)
    inscription.refresh_from_db()
    assert inscription.organisme == autre
    lus = {c.destinataire: c for c in Courriel.objects.filter(objet_id=str(inscription.pk))}
    assert lus[ancien.utilisateur.email].code == "formations/confiee_ailleurs"
    assert reverse("formations:inscriptions", args=[ancien.pk]) in lus[ancien.utilisateur.email].texte
    assert lus[nouveau.utilisateur.email].code == "formations/nouvelle_personne"
    assert Entree.objects.de_l_objet(inscription).get().motif == "Pas de session avant l’été ici."
    se_connecter(client, ancien)
    assert client.get(adresse("inscription", ancien, inscription)).status_code == 404
    assert client.post(adresse("confier", ancien, inscription)).status_code == 403


def test_la_distance_et_la_disponibilite(client, se_connecter):
    inscription = fab.inscription()
    for role in (fab.role_conseiller(inscription), fab.employeur(inscription), fab.anct()):
        se_connecter(client, role)
        lien = adresse("regler_disponibilite", role, inscription)
        assert client.get(lien).status_code == 200
        faux = client.post(lien, {"portee_km": "5000", "disponible_le": fab.jour(-30)}).content.decode()
        assert "2 000 kilomètres au plus" in faux
        passe = client.post(lien, {"portee_km": "50", "disponible_le": fab.jour(-30)}).content.decode()
        assert "Ce jour est passé." in passe
        trop_tard = client.post(lien, {"portee_km": "50", "disponible_le": fab.jour(900)}).content.decode()
        assert "Le contrat finit le" in trop_tard
        client.post(lien, {"portee_km": "30", "disponible_le": fab.jour(12)})
        inscription.refresh_from_db()
        assert (inscription.portee_km, inscription.disponible_le) == (30, fab.jour(12))
    organisme = fab.role_organisme(inscription.organisme)
    se_connecter(client, organisme)
    assert client.get(adresse("regler_disponibilite", organisme, inscription)).status_code == 403


def test_l_anct_arrete_et_rouvre(client, se_connecter):
    inscription = fab.inscription()
    role, agent = fab.anct(), fab.role_organisme(inscription.organisme)
    se_connecter(client, role)
    client.post(adresse("arreter_inscription", role, inscription), {"motif": "La personne part en congé long."})
    inscription.refresh_from_db()
    assert inscription.etat == Etat.ABANDONNEE
    assert Courriel.objects.get(code="formations/arretee", destinataire=agent.utilisateur.email)
    encore = client.post(adresse("arreter_inscription", role, inscription), {"motif": "Un second clic trop tard."})
    assert "n&#x27;est plus possible" in encore.content.decode()
    page = client.get(adresse("inscription", role, inscription)).content.decode()
    assert "Rouvrir l’inscription" in page
    client.post(adresse("rouvrir_inscription", role, inscription))
    inscription.refresh_from_db()
    assert inscription.etat == Etat.OUVERTE
    se_connecter(client, agent)
    for nom in ("arreter_inscription", "rouvrir_inscription"):
        assert client.post(adresse(nom, agent, inscription), {"motif": "Pas à moi."}).status_code == 403
