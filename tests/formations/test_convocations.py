"""Convoquer : le courriel, le calendrier joint, ce qui part tout seul, et le fichier à télécharger."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import PermissionDenied
from django.urls import reverse
from django.utils import timezone
from icalendar import Calendar

from conum.courriels.models import Courriel
from conum.formations.actions import convocations, places
from conum.formations.actions.calendrier import retirer_seances
from conum.formations.models import Place, Seance
from conum.formations.rules import agenda
from conum.formations.states import Etat, EtatPlace, EtatSession
from conum.journal.acteurs import SYSTEME
from conum.journal.workflow import TransitionImpossible
from tests.comptes.fabriques import RoleFactory
from tests.formations import fabriques_base as fab

pytestmark = pytest.mark.django_db
CONVOCATION = "formations/convocation"


def evenements(texte):
    return {str(e["uid"]): e for e in Calendar.from_ical(texte).walk("VEVENT")}


def convoquee(**champs):
    """Une personne inscrite par l'ANCT, avec son espace."""
    inscription = fab.inscription(etat=Etat.POSITIONNEE)
    fab.role_conseiller(inscription)
    return places.inscrire(fab.session(**champs), inscription, par=fab.anct())


def lire(client, role, nom, *arguments):
    return client.get(reverse(f"formations:{nom}", args=[role.pk, *arguments]))


# --- Le texte iCalendar ---


def test_la_personne_recoit_son_calendrier_et_la_structure_les_jours_sans_le_lien():
    inscription = fab.inscription(etat=Etat.POSITIONNEE)
    fab.role_conseiller(inscription)
    employeur = fab.employeur(inscription)
    session = fab.session(a_distance=True, contact_email="formation@exemple.fr")
    place = places.inscrire(session, inscription, par=fab.anct())
    recu = Courriel.objects.get(code=CONVOCATION, destinataire=inscription.personne.email)
    annonce = Courriel.objects.get(code=CONVOCATION, destinataire=employeur.utilisateur.email)
    for courriel in (recu, annonce):
        assert "formation@exemple.fr" in courriel.texte
        assert f"{session.debut:%d/%m/%Y} : 09:00 à 12:30, 13:30 à 17:00" in courriel.texte
    assert session.lien in recu.texte
    assert session.lien not in annonce.texte + annonce.calendrier
    assert not annonce.calendrier
    lus = evenements(recu.calendrier)
    assert len(lus) == 4
    premiere = Seance.objects.filter(session=session).order_by("jour", "debut").first()
    evenement = lus[f"seance-{premiere.pk}-fo-{inscription.pk}@conum"]
    assert int(evenement["sequence"]) == place.convocations == 1
    assert evenement.decoded("dtstart") == datetime.combine(session.debut, time(9), ZoneInfo("Europe/Paris"))
    assert "METHOD:PUBLISH" in recu.calendrier
    assert "TZID:Europe/Paris" in recu.calendrier


@pytest.mark.parametrize(
    ("zone", "quand", "ecart"),
    [
        ("Europe/Paris", datetime(2027, 3, 28, 1, 30, tzinfo=UTC), 2),
        ("Europe/Paris", datetime(2027, 12, 1, tzinfo=UTC), 1),
        ("America/Miquelon", datetime(2027, 7, 1, tzinfo=UTC), -2),
        ("Indian/Reunion", datetime(2027, 7, 1, tzinfo=UTC), 4),
        ("Pacific/Noumea", datetime(2027, 7, 1, tzinfo=UTC), 11),
    ],
)
def test_le_fuseau_decrit_donne_l_heure_de_la_terre(zone, quand, ecart):
    texte = agenda.ecrire(
        agenda.Agenda("Formation", "", "", "", ZoneInfo(zone)),
        (agenda.Evenement(1, date(2027, 7, 1), time(9), time(12), 1),),
        personne=1, ecrit_le=quand,
    )  # fmt: skip
    (fuseau,) = Calendar.from_ical(texte).walk("VTIMEZONE")
    assert fuseau["tzid"] == zone
    assert quand.astimezone(fuseau.to_tz()).utcoffset() == timedelta(hours=ecart)


def test_l_heure_est_celle_du_lieu(client, se_connecter):
    from tests.structures.fabriques import CommuneFactory

    saint_denis = CommuneFactory(code="97411", departement__code="974", departement__nom="La Réunion")
    place = convoquee(commune=saint_denis)
    texte = Courriel.objects.get(code=CONVOCATION, destinataire=place.inscription.personne.email).calendrier
    assert "DTSTART;TZID=Indian/Reunion" in texte


def test_une_seance_retiree_revient_annulee_et_le_numero_croit():
    place = convoquee()
    session = place.session
    partie = Seance.objects.filter(session=session).order_by("jour", "debut").last()
    retirer_seances(session, du=partie.jour, au=partie.jour, par=fab.anct(), motif="La salle est prise ce jour-là.")
    # Rien ne part tant que l'organisme peut encore corriger ; puis une convocation, et une seule.
    assert convocations.convoquer_d_office(timezone.now()) == 0
    plus_tard = timezone.now() + timedelta(minutes=30)
    assert convocations.convoquer_d_office(plus_tard) == 1
    assert convocations.convoquer_d_office(plus_tard) == 0
    dernier = Courriel.objects.filter(code=CONVOCATION, destinataire=place.inscription.personne.email).latest("pk")
    assert "remplace la précédente" in dernier.texte
    lus = evenements(dernier.calendrier)
    etats = sorted((str(e["status"]), int(e["sequence"])) for e in lus.values())
    assert etats == [("CANCELLED", 2), ("CANCELLED", 2), ("CONFIRMED", 2), ("CONFIRMED", 2)]
    assert str(lus[f"seance-{partie.pk}-fo-{place.inscription_id}@conum"]["status"]) == "CANCELLED"


def test_revenir_dans_une_session_ne_fait_jamais_reculer_le_numero():
    place = convoquee()
    places.retirer_place(place, motif="La personne est en arrêt.", par=fab.anct())
    annule = Courriel.objects.get(code="formations/place_retiree", destinataire=place.inscription.personne.email)
    assert {int(e["sequence"]) for e in evenements(annule.calendrier).values()} == {2}
    places.inscrire(place.session, place.inscription, par=fab.anct())
    revenu = Courriel.objects.filter(code=CONVOCATION, destinataire=place.inscription.personne.email).latest("pk")
    assert {int(e["sequence"]) for e in evenements(revenu.calendrier).values()} == {3}


# --- Ce qui part, et quand ---


def test_quinze_jours_avant_qui_n_est_pas_convoque_l_est():
    inscription = fab.inscription(etat=Etat.INSCRITE)
    proche, lointaine = fab.session(debut=fab.jour(14)), fab.session(debut=fab.jour(40))
    champs = {"etat": EtatPlace.INSCRITE, "convoquee_le": None, "convocations": 0}
    a_convoquer, tranquille = fab.place(proche, inscription, **champs), fab.place(lointaine, inscription, **champs)
    assert convocations.convoquer_d_office(timezone.now()) == 1
    a_convoquer.refresh_from_db()
    tranquille.refresh_from_db()
    assert (a_convoquer.etat, tranquille.etat) == (EtatPlace.CONVOQUEE, EtatPlace.INSCRITE)


def test_convoquer_toute_la_session_est_a_qui_la_tient(client, se_connecter):
    place = convoquee()
    session = place.session
    organisme = fab.role_organisme(session.organisme)
    se_connecter(client, organisme)
    reponse = client.post(reverse("formations:convoquer_session", args=[organisme.pk, session.pk]), follow=True)
    assert "Toutes les personnes inscrites sont convoquées" in reponse.content.decode()
    client.post(reverse("formations:convoquer_place", args=[organisme.pk, place.pk]))
    place.refresh_from_db()
    assert place.convocations == 3
    autre = fab.role_organisme(fab.organisme("Francil’In"))
    se_connecter(client, autre)
    assert client.post(reverse("formations:convoquer_session", args=[autre.pk, session.pk])).status_code == 404
    assert client.post(reverse("formations:convoquer_place", args=[autre.pk, place.pk])).status_code == 404
    employeur = fab.employeur(place.inscription)
    se_connecter(client, employeur)
    assert client.post(reverse("formations:convoquer_place", args=[employeur.pk, place.pk])).status_code == 403
    with pytest.raises(PermissionDenied):
        convocations.convoquer(place, par=employeur)


def test_rien_ne_part_d_une_session_fermee_vide_ou_sans_siege():
    place = convoquee()
    attend = Place.objects.create(
        session=place.session, inscription=fab.inscription(etat=Etat.POSITIONNEE), etat=EtatPlace.EN_ATTENTE
    )
    with pytest.raises(TransitionImpossible, match="liste d'attente"):
        convocations.convoquer(attend, par=SYSTEME)
    with pytest.raises(TransitionImpossible, match="Personne n’est inscrit"):
        convocations.convoquer_session(fab.session(), par=fab.anct())
    place.session.etat, place.session.motif_annulation = EtatSession.ANNULEE, "Plus de formateur."
    place.session.save()
    with pytest.raises(TransitionImpossible, match="Annulée"):
        convocations.convoquer(place, par=fab.anct())


def test_le_calendrier_se_telecharge_le_lien_n_est_que_pour_qui_a_la_salle(client, se_connecter):
    place = convoquee(a_distance=True)
    siens = [fab.role_conseiller(place.inscription), fab.role_organisme(place.session.organisme), fab.anct()]
    autres = [fab.employeur(place.inscription), RoleFactory(prefecture=True)]
    for role in (*siens, *autres[:1]):
        reponse = lire(se_connecter(client, role), role, "calendrier", place.pk)
        assert reponse.status_code == 200, role.type
        assert reponse["Content-Type"].startswith("text/calendar")
        assert f"formation-{place.session.reference}.ics" in reponse["Content-Disposition"]
        texte = reponse.content.decode()
        assert len(evenements(texte)) == 4
        assert (place.session.lien in texte.replace("\r\n ", "")) is (role in siens), role.type
    autre = fab.inscription(etat=Etat.POSITIONNEE, chez=fab.organisme("Francil’In"))
    for role in (fab.employeur(autre), fab.role_conseiller(autre), fab.role_organisme(autre.organisme)):
        assert lire(se_connecter(client, role), role, "calendrier", place.pk).status_code == 404, role.type
    places.retirer_place(place, motif="La personne est en arrêt.", par=fab.anct())
    role = siens[0]
    assert lire(se_connecter(client, role), role, "calendrier", place.pk).status_code == 404
    client.logout()
    assert lire(client, role, "calendrier", place.pk).status_code == 302
