"""L'avis des personnes formées : invitées, une réponse sans nom, et rien qui désigne quelqu'un."""

import itertools
import random
from datetime import date, datetime, timedelta
from urllib.parse import urlsplit

import pytest
import time_machine
from django.urls import reverse
from django.utils import timezone

from conum.comptes.models import TypeRole
from conum.courriels.models import Courriel
from conum.formations.access import REPONDANT
from conum.formations.actions import satisfaction
from conum.formations.models import InvitationSatisfaction, ReponseSatisfaction
from conum.formations.models.satisfaction import Moment
from conum.formations.rules import satisfaction as regles
from conum.formations.states import Etat
from conum.journal.acteurs import anonyme
from conum.journal.models import Entree
from tests.aides import ensemble
from tests.comptes.fabriques import RoleFactory
from tests.formations import fabriques_base as fab
from tests.formations import fabriques_parcours as parcours

JOUR = date(2026, 11, 16)
QUESTIONS = {m: regles.questionnaires()[0].questions[m] for m in regles.MOMENTS}


# --- Ce qui se montre (règles pures) --------------------------------------------------------------------------------


def _reponse(moment="fin", mois=date(2026, 9, 1), note=4, **champs):
    notes = {q.code: note for q in QUESTIONS[moment]}
    return regles.Reponse(moment, mois, notes, note, **champs)


def test_quatre_reponses_ne_se_montrent_pas_cinq_se_montrent():
    quatre = [_reponse(note=n) for n in (1, 2, 3, 4)]
    assert regles.montrables(quatre, JOUR) == ()
    assert regles.resumer(quatre) is None
    cinq = [*quatre, _reponse(note=5)]
    resultat = regles.resumer(regles.montrables(cinq, JOUR))
    assert (resultat.nombre, resultat.globale) == (5, 3.0)
    assert set(resultat.moyennes) == {q.code for q in QUESTIONS["fin"]}


def test_le_mois_en_cours_n_entre_pas():
    assert regles.montrables([_reponse(mois=date(2026, 11, 1))] * 5, JOUR) == ()
    assert len(regles.montrables([_reponse(mois=date(2026, 10, 1))] * 5, JOUR)) == 5


def test_deux_annees_ne_se_soustraient_pas_de_l_ensemble():
    # 7 en 2025, 3 en 2026 : l'ensemble moins 2025 dirait les trois ; l'ensemble ne les compte donc pas.
    reponses = [_reponse(mois=date(2025, 6, 1), note=5)] * 7 + [_reponse(note=1)] * 3
    entrees = regles.montrables(reponses, JOUR)
    assert (regles.resumer(entrees).nombre, regles.resumer(entrees).globale) == (7, 5.0)


def test_une_question_nouvelle_attend_ses_cinq_reponses():
    ancienne = [regles.Reponse("fin", date(2026, 9, 1), {"a": 4}, 4)] * 6
    nouvelle = [regles.Reponse("fin", date(2026, 9, 1), {"a": 1, "b": 1}, 1)] * 2
    resultat = regles.resumer(regles.montrables([*ancienne, *nouvelle], JOUR))
    assert dict(resultat.moyennes) == {"a": 4.0}
    assert resultat.nombre == 6


@pytest.mark.parametrize("graine", range(12))
def test_aucune_difference_entre_deux_resultats_ne_tombe_sous_cinq(graine):
    """Toutes les cases de tous les mois de visite, ajoutées et retranchées : jamais un à quatre."""
    alea = random.Random(graine)
    mois = [date(2025 + (k // 12), k % 12 + 1, 1) for k in range(20)]
    reponses = [
        _reponse(moment=alea.choice(regles.MOMENTS), mois=alea.choice(mois), cle=str(k))
        for k in range(alea.choice((6, 20, 60)))
    ]
    groupes = []
    for visite in (date(2026, 3, 1), date(2026, 4, 1), date(2026, 5, 1), date(2026, 12, 1)):
        entrees = regles.montrables([r for r in reponses if r.mois <= visite], visite)
        groupes.append({r.cle for r in entrees})
        for moment in regles.MOMENTS:
            groupes.append({r.cle for r in entrees if r.moment == moment})
            for annee in (2025, 2026):
                groupes.append({r.cle for r in entrees if (r.moment, r.mois.year) == (moment, annee)})
                groupes.append({r.cle for r in entrees if r.mois.year == annee})
    for a, b in itertools.product(groupes, repeat=2):
        for reste in (a, a - b, a & b):
            assert len(reste) == 0 or len(reste) >= regles.MINIMUM


def test_les_commentaires_sont_melanges_toujours_pareil():
    reponses = [_reponse(commentaire=f"n{k}", cle=f"cle-{k}") for k in range(8)] + [_reponse(commentaire="  ", cle="v")]
    premiers = regles.resumer(reponses).commentaires
    assert sorted(premiers) == [f"n{k}" for k in range(8)]
    assert list(premiers) != sorted(premiers)
    assert regles.resumer(reversed(reponses)).commentaires == premiers


# --- En base --------------------------------------------------------------------------------------------------------


def _finie(le: date, etat=Etat.EN_FORMATION, **champs):
    """Une personne dont la dernière séance, signée, est ce jour-là."""
    de = fab.inscription(etat=etat, contrat=fab.contrat(debut=fab.jour(-150)), **champs)
    session = fab.session(debut=le, seances=2, chez=de.organisme)
    place = fab.place(session, de)
    fab.emarger(session.seances.order_by("debut").first(), place)
    return de


def _invitation(moment=Moment.FIN, **champs):
    de = champs.pop("de", None) or fab.inscription(etat=Etat.EN_FORMATION)
    return InvitationSatisfaction.objects.create(inscription=de, organisme=de.organisme, moment=moment, **champs)


def _notes(moment="fin", note=4):
    return {q.code: note for q in QUESTIONS[moment]}


@pytest.mark.django_db
def test_chacun_est_invite_a_la_fin_et_trois_mois_apres_une_fois():
    hier, aujourdhui = _finie(fab.jour(-1)), _finie(fab.jour(0))
    vieille, trois_mois = _finie(fab.jour(-75)), _finie(fab.jour(-95))
    attestee = fab.inscription(etat=Etat.ATTESTEE, contrat=fab.contrat(debut=fab.jour(-150)))
    parcours.attester(attestee, le=fab.jour(-2))
    fab.inscription(etat=Etat.INSCRITE)
    assert satisfaction.inviter(timezone.localdate()) == 3
    invitees = set(InvitationSatisfaction.objects.values_list("inscription", "moment"))
    assert invitees == {(hier.pk, "fin"), (attestee.pk, "fin"), (trois_mois.pk, "trois_mois")}
    assert not {aujourdhui.pk, vieille.pk} & {i for i, _ in invitees}
    courriel = Courriel.objects.get(destinataire=hier.personne.email, code="formations/donner_son_avis")
    invitation = InvitationSatisfaction.objects.get(inscription=hier)
    assert satisfaction.lien_de(invitation) in courriel.texte
    assert hier.personne.nom not in courriel.texte
    assert satisfaction.inviter(timezone.localdate()) == 0


@pytest.mark.django_db
def test_un_seul_rappel_dix_jours_apres_a_qui_n_a_pas_repondu():
    attend, repondue, jour = _invitation(), _invitation(repondue=True), timezone.localdate()
    assert satisfaction.rappeler(jour + timedelta(days=9)) == 0
    assert satisfaction.rappeler(jour + timedelta(days=10)) == 1
    assert satisfaction.rappeler(jour + timedelta(days=11)) == 0
    courriels = Courriel.objects.filter(code="formations/donner_son_avis")
    assert [c.destinataire for c in courriels] == [attend.inscription.personne.email]
    assert "seul rappel" in courriels[0].texte
    assert repondue.inscription.personne.email not in courriels.values_list("destinataire", flat=True)


@pytest.mark.django_db
def test_on_repond_par_le_lien_sans_compte_une_fois_et_sans_nom(client):
    invitation = _invitation()
    adresse = urlsplit(satisfaction.lien_de(invitation)).path
    page = client.get(adresse)
    assert page.status_code == 200
    assert "Envoyer mon avis" in page.content.decode()
    vide = client.post(adresse, {"commentaire": "Bien"})
    assert vide.status_code == 200
    assert ReponseSatisfaction.objects.count() == 0
    assert "Choisissez une note de 1 à 5." in vide.content.decode()
    assert "Bien" in vide.content.decode()
    assert client.post(adresse, _notes() | {"utilite": "6"}).status_code == 200
    journal = Entree.objects.count()
    reponse = client.post(adresse, _notes(note=5) | {"utilite": "2", "commentaire": " Merci aux formateurs. "})
    assert reponse.status_code == 302
    ecrite = ReponseSatisfaction.objects.get()
    assert (ecrite.notes["utilite"], ecrite.globale, ecrite.commentaire) == (2, 5, "Merci aux formateurs.")
    assert ecrite.mois == timezone.localdate().replace(day=1)
    assert {f.name for f in ReponseSatisfaction._meta.get_fields()} == {
        "id", "organisme", "moment", "mois", "notes", "globale", "commentaire",
    }  # fmt: skip
    assert Entree.objects.count() == journal
    invitation.refresh_from_db()
    assert invitation.repondue
    assert "Votre avis est enregistré" in client.get(adresse).content.decode()
    assert "On ne répond qu’une fois" in client.post(adresse, _notes()).content.decode()
    assert ReponseSatisfaction.objects.count() == 1


@pytest.mark.django_db
def test_un_lien_faux_est_inconnu_un_lien_ancien_est_perime(client):
    invitation = _invitation()
    jeton = satisfaction.lien_de(invitation).rstrip("/").rsplit("/", 1)[-1]
    for faux in (str(invitation.pk), jeton[:-1] + ("A" if jeton[-1] != "A" else "B"), "n-importe-quoi"):
        assert client.get(reverse("formations:avis", args=[faux])).status_code == 404
    InvitationSatisfaction.objects.update(envoyee_le=timezone.now() - timedelta(days=61))
    adresse = reverse("formations:avis", args=[jeton])
    assert client.get(adresse).status_code == 410
    assert client.post(adresse, _notes()).status_code == 410
    assert not ReponseSatisfaction.objects.exists()


@pytest.mark.django_db
def test_dans_son_espace_et_nul_autre(client, se_connecter):
    invitation = _invitation(Moment.TROIS_MOIS)
    de, role = invitation.inscription, fab.role_conseiller(invitation.inscription)
    se_connecter(client, role)
    fiche = client.get(reverse("formations:inscription", args=[role.pk, de.pk])).content.decode()
    adresse = reverse("formations:mon_avis", args=[role.pk, invitation.pk])
    assert adresse in fiche
    assert client.post(adresse, _notes("trois_mois")).status_code == 302
    assert ReponseSatisfaction.objects.get().moment == "trois_mois"
    assert adresse not in client.get(reverse("formations:inscription", args=[role.pk, de.pk])).content.decode()
    autre = fab.role_conseiller(fab.inscription())
    se_connecter(client, autre)
    assert client.get(reverse("formations:mon_avis", args=[autre.pk, invitation.pk])).status_code == 404
    for role in (fab.anct(), fab.employeur(de), fab.role_organisme(de.organisme)):
        se_connecter(client, role)
        assert client.get(reverse("formations:mon_avis", args=[role.pk, invitation.pk])).status_code == 403


@pytest.mark.django_db
def test_chacun_lit_les_siens_a_partir_de_cinq(client, se_connecter, django_assert_max_num_queries):
    fabrik, autre = fab.organisme(), fab.organisme("Francil’In")

    def repondre(chez, nombre, note):
        ReponseSatisfaction.objects.bulk_create(
            ReponseSatisfaction(
                organisme=chez, moment="fin", mois=date(2026, 9, 1), notes=_notes(note=note), globale=note,
                commentaire=f"Remarque de {chez.nom}",
            )
            for _ in range(nombre)
        )  # fmt: skip

    repondre(fabrik, 5, 4)
    repondre(autre, 4, 1)
    with time_machine.travel(timezone.now().replace(year=2026, month=11, day=16), tick=False):
        anct = fab.anct()
        se_connecter(client, anct)
        liste = client.get(reverse("formations:satisfaction", args=[anct.pk])).content.decode()
        assert "4,0" in liste
        assert "(5 réponses)" in liste
        assert "1,0" not in liste
        cache = client.get(reverse("formations:satisfaction_organisme", args=[anct.pk, autre.pk])).content.decode()
        assert "Remarque" not in cache
        assert "Pas encore 5 réponses" in cache
        sien = fab.role_organisme(fabrik)
        se_connecter(client, sien)
        suite = client.get(reverse("formations:satisfaction", args=[sien.pk]))
        page = client.get(suite.url).content.decode()
        assert page.count("Remarque de La Fabrik") == 5
        assert "septembre" not in page
        assert client.get(reverse("formations:satisfaction_organisme", args=[sien.pk, autre.pk])).status_code == 404
        for role in (
            RoleFactory(structure=True), RoleFactory(prefecture=True), RoleFactory(type=TypeRole.CONSEILLER),
        ):  # fmt: skip
            se_connecter(client, role)
            assert client.get(reverse("formations:satisfaction", args=[role.pk])).status_code == 403
        client.logout()
        assert client.get(reverse("formations:satisfaction", args=[anct.pk])).status_code == 302
    with django_assert_max_num_queries(2):
        satisfaction.resultats(type(fabrik).objects.all(), JOUR)


@pytest.mark.django_db
def test_les_remarques_et_les_invitations_s_effacent_les_notes_restent():
    chez = fab.organisme()
    for mois in (date(2023, 1, 1), date(2026, 9, 1)):
        ReponseSatisfaction.objects.create(
            organisme=chez, moment="fin", mois=mois, notes=_notes(), globale=4, commentaire="Une remarque."
        )
    invitation = _invitation()
    instant = timezone.make_aware(datetime(2026, 1, 15))
    assert satisfaction.effacer_remarques(instant) == 1
    assert list(ReponseSatisfaction.objects.order_by("mois").values_list("commentaire", "globale")) == [
        ("", 4), ("Une remarque.", 4),
    ]  # fmt: skip
    assert satisfaction.effacer_invitations(invitation.envoyee_le) == 0
    assert satisfaction.effacer_invitations(invitation.envoyee_le + timedelta(seconds=1)) == 1


@pytest.mark.django_db(transaction=True)
def test_deux_envois_a_la_fois_ne_font_qu_une_reponse():
    invitation = _invitation()
    par = anonyme(REPONDANT, objet_id=invitation.pk)

    def repondre():
        satisfaction.repondre(invitation, notes=_notes(), par=par)

    issues = ensemble(repondre, repondre)
    assert sorted(type(i).__name__ for i in issues) == ["NoneType", "TransitionImpossible"]
    assert ReponseSatisfaction.objects.count() == 1
