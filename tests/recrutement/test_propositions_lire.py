"""Le candidat lit ses propositions : où elles en sont, qui l'on attend, jusqu'à quand."""

from datetime import date, datetime, timedelta

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from conum.recrutement.models import MiseEnRelation
from conum.recrutement.rules.relation import MOTIFS_FIN
from conum.recrutement.states import Etat
from conum.recrutement.views.resume import FINS, LIBELLES, resume_pour
from tests.comptes.fabriques import RoleFactory
from tests.recrutement.fabriques import CandidatFactory, membre, recrutement, relation

pytestmark = pytest.mark.django_db


def _liste(client, candidat) -> str:
    return client.get(reverse("recrutement:propositions", args=[candidat.role_id])).content.decode()


def _page(client, relation_) -> str:
    adresse = reverse("recrutement:proposition", args=[relation_.candidat.role_id, relation_.pk])
    return client.get(adresse).content.decode()


@pytest.mark.parametrize(
    ("etat", "attendu"),
    [
        (Etat.PROPOSEE, "vous et la structure"),
        (Etat.RETENUE, "vous"),
        (Etat.CONTACT_ACCEPTE, "la structure"),
        (Etat.ENTRETIEN, "vous et la structure"),
        (Etat.OFFRE, "vous"),
        (Etat.ACCEPTEE, "la structure"),
        (Etat.RESERVE, ""),
    ],
)
def test_chaque_etat_dit_qui_est_attendu(client, se_connecter, etat, attendu) -> None:
    proposee = relation(etat=etat, **({"acceptee_le": timezone.now()} if etat == Etat.ACCEPTEE else {}))
    (lue,) = resume_pour(proposee.candidat)
    assert lue.attendu == attendu
    se_connecter(client, proposee.candidat.role)
    for page in (_liste(client, proposee.candidat), _page(client, proposee)):
        assert proposee.recrutement.structure.nom in page
        assert "Reims (51)" in page
        assert "4 km" in page
        assert (f"On attend <strong>{attendu}</strong>" if attendu else "Personne n’a rien à faire") in page


def test_la_date_limite_est_le_dernier_jour_pour_repondre(client, se_connecter) -> None:
    with time_machine.travel("2026-03-02T10:00:00+01:00", tick=False):
        proposee = relation()
        se_connecter(client, proposee.candidat.role)
        assert "avant la fin du <strong>16 mars 2026</strong>" in _liste(client, proposee.candidat)
        acceptee = relation(None, proposee.candidat, etat=Etat.ACCEPTEE, acceptee_le=timezone.now(), echeance=None)
        assert "avant la fin du <strong>17 mars 2026</strong>" in _page(client, acceptee)


def test_apres_l_entretien_on_attend_la_structure(client, se_connecter) -> None:
    maintenant = timezone.now()
    vu = relation(etat=Etat.ENTRETIEN, entretien_le=maintenant - timedelta(hours=2))
    (lue,) = resume_pour(vu.candidat)
    assert lue.attendu == "la structure"
    assert lue.avant is not None


def test_ce_qui_attend_la_personne_vient_d_abord() -> None:
    personne = CandidatFactory()
    reserve = relation(None, personne, etat=Etat.RESERVE)
    contact = relation(None, personne, etat=Etat.CONTACT_ACCEPTE)
    proposee = relation(None, personne)
    offre = relation(None, personne, etat=Etat.OFFRE)
    assert [p.relation.pk for p in resume_pour(personne)] == [offre.pk, proposee.pk, contact.pk, reserve.pk]


@pytest.mark.parametrize(
    ("etat", "motif", "phrase"),
    [
        (Etat.ECARTEE, "experience", "correspond pas à ce poste."),
        (Etat.DECLINEE, "distance", "trop loin de chez moi."),
        (Etat.EXPIREE, "structure_muette", "La structure n’a pas donné de suite dans les 14 jours."),
        (Etat.SANS_OBJET, "poste_pourvu", "Le poste est pourvu par une autre personne."),
        (Etat.SANS_OBJET, "candidat_en_pause", "Votre recherche a été mise en pause."),
    ],
)
def test_une_fin_dit_sa_raison(client, se_connecter, etat, motif, phrase) -> None:
    finie = relation(etat=etat, motif_fin=motif, close_le=timezone.now(), precision_fin="Un mot pour vous.")
    se_connecter(client, finie.candidat.role)
    assert phrase in _liste(client, finie.candidat)
    page = _page(client, finie)
    assert phrase in page
    assert ("Un mot pour vous." in page) is (etat != Etat.DECLINEE)
    assert "Oui, la structure peut me contacter" not in page


def test_toute_fin_a_une_phrase() -> None:
    assert set(MOTIFS_FIN) <= set(FINS)
    assert set(Etat) == set(LIBELLES)


def test_avant_d_accepter_on_lit_ce_que_la_structure_verra(client, se_connecter) -> None:
    proposee = relation()
    se_connecter(client, proposee.candidat.role)
    page = _page(client, proposee)
    assert page.index("elle lira aussi") < page.index("Oui, la structure peut me contacter")
    assert "vous n’en avez pas déposé" in page


def test_le_contact_de_la_structure_se_lit_apres_l_accord_seulement(client, se_connecter) -> None:
    proposee = relation()
    courriel = membre(proposee.recrutement).utilisateur.email
    se_connecter(client, proposee.candidat.role)
    assert courriel not in _page(client, proposee)
    acceptee = relation(None, proposee.candidat, etat=Etat.CONTACT_ACCEPTE)
    assert membre(acceptee.recrutement).utilisateur.email in _page(client, acceptee)


def test_une_offre_se_lit_en_entier(client, se_connecter) -> None:
    offre = relation(
        etat=Etat.OFFRE, offre_debut=date(2027, 1, 4), offre_fin=date(2028, 1, 3), offre_type_contrat="cdd",
        offre_message="À bientôt dans l'équipe",
    )  # fmt: skip
    se_connecter(client, offre.candidat.role)
    page = _page(client, offre)
    for morceau in ("CDD", "1 900,00", "4 janvier 2027", "3 janvier 2028", "À bientôt", "Accepter cette offre"):
        assert morceau in page.replace("\u202f", " ")


def test_une_offre_perimee_ne_se_propose_plus(client, se_connecter) -> None:
    offre = relation(etat=Etat.OFFRE, echeance=timezone.now() - timedelta(minutes=1))
    se_connecter(client, offre.candidat.role)
    page = _page(client, offre)
    assert "Cette offre a expiré" in page
    assert "Accepter cette offre" not in page


def test_l_entretien_s_ajoute_a_l_agenda(client, se_connecter) -> None:
    invite = relation(etat=Etat.ENTRETIEN, entretien_lieu="1 place de la Mairie")
    se_connecter(client, invite.candidat.role)
    adresse = reverse("recrutement:proposition_ical", args=[invite.candidat.role_id, invite.pk])
    assert adresse in _page(client, invite)
    reponse = client.get(adresse)
    assert reponse["Content-Type"].startswith("text/calendar")
    assert "BEGIN:VEVENT" in reponse.content.decode()
    sans = relation(None, invite.candidat)
    assert (
        client.get(reverse("recrutement:proposition_ical", args=[invite.candidat.role_id, sans.pk])).status_code == 404
    )


def test_un_autre_candidat_ni_une_structure_ne_lisent(client, se_connecter) -> None:
    proposee = relation()
    autre = CandidatFactory()
    se_connecter(client, autre.role)
    for nom in ("proposition", "proposition_offre", "proposition_decliner", "proposition_ical"):
        assert client.get(reverse(f"recrutement:{nom}", args=[autre.role_id, proposee.pk])).status_code == 404
    assert client.post(reverse("recrutement:proposition_contact", args=[autre.role_id, proposee.pk])).status_code == 404
    assert proposee.recrutement.structure.nom not in _liste(client, autre)
    for role in (membre(proposee.recrutement), RoleFactory(anct=True)):
        se_connecter(client, role)
        assert client.get(reverse("recrutement:proposition", args=[role.pk, proposee.pk])).status_code == 403


def test_autant_de_questions_pour_douze_propositions_que_pour_deux(client, se_connecter) -> None:
    personne = CandidatFactory()
    se_connecter(client, personne.role)

    def ajouter(nombre: int) -> None:
        for _ in range(nombre):
            relation(None, personne)
            relation(None, personne, etat=Etat.ECARTEE, motif_fin="autre", close_le=timezone.now())

    ajouter(1)
    with CaptureQueriesContext(connection) as peu:
        _liste(client, personne)
    ajouter(6)
    with CaptureQueriesContext(connection) as beaucoup:
        _liste(client, personne)
    assert len(beaucoup) == len(peu)


def test_les_propositions_d_une_personne_se_lisent_par_leur_index() -> None:
    offre = recrutement()
    maintenant = timezone.now()
    personnes = [CandidatFactory() for _ in range(40)]
    MiseEnRelation.objects.bulk_create(
        [
            MiseEnRelation(
                recrutement=offre, candidat=p, etat=Etat.ECARTEE, motif_fin="autre", close_le=maintenant,
                attend_depuis=maintenant,
            )
            for p in personnes
            for _ in range(60)
        ]
    )  # fmt: skip
    with connection.cursor() as curseur:
        curseur.execute("ANALYZE recrutement_miseenrelation")
        curseur.execute("ANALYZE recrutement_candidat")
    plan = MiseEnRelation.objects.visibles_par(personnes[0].role).ouvertes().order_by("pk").explain()
    assert "Seq Scan on recrutement_miseenrelation" not in plan, plan


def test_les_finies_se_lisent_par_pages(client, se_connecter) -> None:
    personne = CandidatFactory()
    debut = datetime(2026, 1, 1, 12, tzinfo=timezone.get_current_timezone())
    for rang in range(26):
        relation(None, personne, etat=Etat.ECARTEE, motif_fin="autre", close_le=debut + timedelta(days=rang))
    se_connecter(client, personne.role)
    adresse = reverse("recrutement:propositions", args=[personne.role_id])
    assert "26 janvier 2026" in client.get(adresse).content.decode()
    assert "26 janvier 2026" not in client.get(adresse, {"page": "2"}).content.decode()
