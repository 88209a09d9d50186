"""Toujours disponible ? Demandé, rappelé, suspendu, chacun une fois ; et l'on se désinscrit d'un bouton."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.core.exceptions import PermissionDenied
from django.test import Client
from django.urls import reverse

from conum.courriels.actions import envoyer
from conum.courriels.models import Courriel
from conum.journal.models import Entree
from conum.recrutement.access import porteur
from conum.recrutement.actions import espace as actes
from conum.recrutement.actions.disponibilite import relancer, relancer_tous
from conum.recrutement.emails.desinscription import lien_desinscription
from conum.recrutement.jobs import demander_disponibilites
from conum.recrutement.models import Candidat
from conum.recrutement.states import Etat, EtatCandidat
from tests.courriels.fabriques import serveur_smtp
from tests.recrutement.aides_candidature import codes, lien_du_courriel
from tests.recrutement.fabriques import CandidatFactory, relation, vivier

pytestmark = pytest.mark.django_db
PARIS = ZoneInfo("Europe/Paris")
INSCRIT = datetime(2026, 1, 15, 10, tzinfo=PARIS)
QUESTION = datetime(2026, 3, 15, 9, tzinfo=PARIS)


def le(instant: datetime):  # type: ignore[no-untyped-def]
    return time_machine.travel(instant, tick=False)


@pytest.fixture
def candidat() -> Candidat:
    with le(INSCRIT):
        return CandidatFactory()


def chemin(lien: str) -> str:
    return lien.partition("://")[2].partition("/")[2].join(("/", ""))


def test_la_question_part_au_bout_de_deux_mois_et_une_seule_fois(candidat: Candidat) -> None:
    with le(QUESTION - timedelta(days=1)):
        assert relancer_tous() == {"question": 0, "rappel": 0, "pause": 0}
    with le(QUESTION):
        assert relancer_tous()["question"] == 1
        demander_disponibilites()
    with le(QUESTION + timedelta(days=6)):
        demander_disponibilites()
    assert codes(candidat.email) == ["disponibilite_demandee"]
    candidat.refresh_from_db()
    assert candidat.disponibilite_demandee_le == QUESTION
    assert len(candidat.jeton_disponibilite) == 64


def test_sans_reponse_un_rappel_puis_la_pause_chacun_une_fois(candidat: Candidat) -> None:
    une = relation(candidat=candidat)
    for jours in (0, 7, 8, 13, 14, 15, 40):
        with le(QUESTION + timedelta(days=jours)):
            demander_disponibilites()
            demander_disponibilites()
    assert codes(candidat.email) == ["disponibilite_demandee", "disponibilite_demandee", "disponibilite_pause"]
    sujets = list(Courriel.objects.filter(destinataire=candidat.email).order_by("pk").values_list("sujet", flat=True))
    assert sujets[1].startswith("Rappel")
    candidat.refresh_from_db()
    une.refresh_from_db()
    assert (candidat.etat, candidat.motif_pause) == (EtatCandidat.EN_PAUSE, "sans_reponse")
    assert une.etat == Etat.SANS_OBJET
    # Une pause posée par la règle n'est pas un signe de vie.
    assert candidat.actif_le == INSCRIT


def test_en_retard_la_question_laisse_toujours_quatorze_jours(candidat: Candidat) -> None:
    with le(QUESTION + timedelta(days=100)):
        demander_disponibilites()
        candidat.refresh_from_db()
        assert candidat.etat == EtatCandidat.DISPONIBLE
        assert "29 juin" not in Courriel.objects.get().texte
        assert "7 juillet 2026" in Courriel.objects.get().texte


def test_ouvrir_le_lien_ne_repond_pas_oui_repart_pour_deux_mois(client: Client, candidat: Candidat) -> None:
    with le(QUESTION):
        demander_disponibilites()
    lien = lien_du_courriel("disponibilite_demandee", candidat.email)
    with le(QUESTION + timedelta(days=2)):
        page = client.get(lien).content.decode()
        assert "Oui, je suis toujours disponible" in page
        assert candidat.nom not in page
        candidat.refresh_from_db()
        assert candidat.disponibilite_confirmee_le == INSCRIT
        suite = client.post(lien, {"reponse": "oui"}, follow=True).content.decode()
        assert "C’est noté" in suite
        client.post(lien, {"reponse": "oui"})
    with le(QUESTION + timedelta(days=30)):
        demander_disponibilites()
    with le(QUESTION + timedelta(days=63)):
        demander_disponibilites()
    assert codes(candidat.email) == ["disponibilite_demandee"] * 2
    assert lien_du_courriel("disponibilite_demandee", candidat.email) != lien


def test_le_rappel_porte_le_meme_lien(client: Client, candidat: Candidat) -> None:
    with le(QUESTION):
        demander_disponibilites()
        premier = lien_du_courriel("disponibilite_demandee", candidat.email)
    with le(QUESTION + timedelta(days=7)):
        demander_disponibilites()
        assert lien_du_courriel("disponibilite_demandee", candidat.email) == premier
        assert client.get(premier).status_code == 200


def test_non_met_en_pause_et_le_meme_lien_fait_revenir(client: Client, candidat: Candidat) -> None:
    with le(QUESTION):
        demander_disponibilites()
        lien = lien_du_courriel("disponibilite_demandee", candidat.email)
        for _ in range(2):
            assert "en pause" in client.post(lien, {"reponse": "non"}, follow=True).content.decode()
        candidat.refresh_from_db()
        assert candidat.etat == EtatCandidat.EN_PAUSE
        client.post(lien, {"reponse": "oui"}, follow=True)
        candidat.refresh_from_db()
        assert candidat.etat == EtatCandidat.DISPONIBLE
    assert Entree.objects.de_l_objet(candidat).filter(action="mettre_en_pause").count() == 1


def test_le_courriel_de_pause_ramene_au_vivier(client: Client, candidat: Candidat) -> None:
    for jours in (0, 7, 14):
        with le(QUESTION + timedelta(days=jours)):
            demander_disponibilites()
    with le(QUESTION + timedelta(days=20)):
        client.post(lien_du_courriel("disponibilite_pause", candidat.email), {"reponse": "oui"})
        candidat.refresh_from_db()
        assert (candidat.etat, candidat.motif_pause) == (EtatCandidat.DISPONIBLE, "")
        demander_disponibilites()
    assert len(codes(candidat.email)) == 3


def test_une_reponse_inventee_ne_change_rien(client: Client, candidat: Candidat) -> None:
    with le(QUESTION):
        demander_disponibilites()
        client.post(lien_du_courriel("disponibilite_demandee", candidat.email), {"reponse": "peut-être"})
    candidat.refresh_from_db()
    assert (candidat.etat, candidat.disponibilite_confirmee_le) == (EtatCandidat.DISPONIBLE, INSCRIT)


def test_un_lien_faux_perime_ou_d_une_candidature_bloquee_le_dit(client: Client, candidat: Candidat) -> None:
    with le(QUESTION):
        demander_disponibilites()
        lien = lien_du_courriel("disponibilite_demandee", candidat.email)
        assert client.get(reverse("recrutement:disponibilite_par_lien", args=["0" * 64])).status_code == 410
        Candidat.objects.update(etat=EtatCandidat.BLOQUE)
        assert client.post(lien, {"reponse": "oui"}).status_code == 410
        Candidat.objects.update(etat=EtatCandidat.DISPONIBLE)
    with le(QUESTION + timedelta(days=61)):
        assert client.get(lien).status_code == 410


def test_seuls_les_disponibles_sont_interroges() -> None:
    with le(INSCRIT):
        for etat in (EtatCandidat.EN_PAUSE, EtatCandidat.RETIRE, EtatCandidat.RECRUTE, EtatCandidat.BLOQUE):
            CandidatFactory(etat=etat)
    with le(QUESTION + timedelta(days=30)):
        demander_disponibilites()
    assert not Courriel.objects.exists()


def test_le_travail_ne_regarde_que_ce_qui_est_du(django_assert_num_queries) -> None:
    with le(INSCRIT):
        vivier(30)
    with le(QUESTION - timedelta(days=10)), django_assert_num_queries(1):
        relancer_tous()


def test_une_reponse_donnee_pendant_que_le_travail_passe_l_emporte(candidat: Candidat) -> None:
    with le(QUESTION):
        demander_disponibilites()
    perimee = Candidat.objects.get()
    with le(QUESTION + timedelta(days=14)):
        actes.confirmer_disponibilite(candidat, par=candidat.role)
        assert relancer(perimee) == ""
    candidat.refresh_from_db()
    assert candidat.etat == EtatCandidat.DISPONIBLE
    assert "disponibilite_pause" not in codes(candidat.email)


# --- Se désinscrire (RFC 8058) ---


def test_un_bouton_met_en_pause_et_laisse_les_echanges_engages(client: Client) -> None:
    candidat = CandidatFactory()
    engagee, proposee = relation(candidat=candidat, etat=Etat.ENTRETIEN), relation(candidat=candidat)
    adresse = chemin(lien_desinscription(candidat))
    page = client.get(adresse).content.decode()
    assert "<h1>Ne plus recevoir ces messages</h1>" in page
    candidat.refresh_from_db()
    assert candidat.etat == EtatCandidat.DISPONIBLE
    reponse = client.post(adresse)
    assert reponse.status_code == 200
    assert "C’est fait" in reponse.content.decode()
    candidat.refresh_from_db()
    engagee.refresh_from_db()
    proposee.refresh_from_db()
    assert (candidat.etat, candidat.motif_pause) == (EtatCandidat.EN_PAUSE, "desinscription")
    assert (engagee.etat, proposee.etat) == (Etat.ENTRETIEN, Etat.SANS_OBJET)


def test_la_messagerie_poste_sans_jeton_ni_cookie_et_recommence_sans_effet() -> None:
    """RFC 8058 : « List-Unsubscribe=One-Click », sans session, sans redirection."""
    candidat = CandidatFactory()
    messagerie = Client(enforce_csrf_checks=True)
    adresse = chemin(lien_desinscription(candidat))
    for _ in range(3):
        reponse = messagerie.post(
            adresse, "List-Unsubscribe=One-Click", content_type="application/x-www-form-urlencoded"
        )
        assert reponse.status_code == 200
    assert Entree.objects.de_l_objet(candidat).filter(action="mettre_en_pause").count() == 1


def test_le_jeton_csrf_n_est_leve_que_la(client: Client) -> None:
    strict = Client(enforce_csrf_checks=True)
    assert strict.post(reverse("recrutement:candidature_renvoyer")).status_code == 403
    assert strict.post(reverse("recrutement:disponibilite_par_lien", args=["x"])).status_code == 403


@pytest.mark.parametrize(
    "etat", [EtatCandidat.EN_PAUSE, EtatCandidat.RETIRE, EtatCandidat.RECRUTE, EtatCandidat.BLOQUE]
)
def test_dans_un_autre_etat_c_est_deja_fait(client: Client, etat: str) -> None:
    candidat = CandidatFactory(etat=etat)
    adresse = chemin(lien_desinscription(candidat))
    for reponse in (client.get(adresse), client.post(adresse)):
        assert "C’est fait" in reponse.content.decode()
    candidat.refresh_from_db()
    assert candidat.etat == etat


def test_un_lien_falsifie_ou_d_une_candidature_effacee_ne_fait_rien(client: Client) -> None:
    moi, autre = CandidatFactory(), CandidatFactory()
    vrai = lien_desinscription(moi)
    faux = vrai.replace(f"/{moi.pk}:", f"/{autre.pk}:")
    assert faux != vrai
    assert client.post(chemin(faux)).status_code == 410
    Candidat.objects.filter(pk=autre.pk).delete()
    assert client.post(chemin(lien_desinscription(autre))).status_code == 410
    moi.refresh_from_db()
    assert moi.etat == EtatCandidat.DISPONIBLE


def test_le_lien_d_une_autre_personne_ne_donne_pas_le_droit() -> None:
    moi, autre = CandidatFactory(), CandidatFactory()
    with pytest.raises(PermissionDenied):
        actes.se_desinscrire(moi, par=porteur(autre))


def test_le_courriel_envoye_porte_les_en_tetes_qui_marchent(candidat: Candidat) -> None:
    with le(QUESTION):
        demander_disponibilites()
    with serveur_smtp() as reception:
        envoyer(Courriel.objects.get().pk)
    (recu,) = reception.messages
    assert recu["List-Unsubscribe"].strip() == f"<{lien_desinscription(candidat)}>"
    assert recu["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
