"""Le candidat répond : accepte le contact, accepte l'offre, dit non ; connecté, ou par son lien personnel."""

from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from conum.recrutement.actions.liens import nouveau_lien
from conum.recrutement.models import MiseEnRelation, Partie
from conum.recrutement.states import Etat
from tests.recrutement.fabriques import CandidatFactory, membre, relation

pytestmark = pytest.mark.django_db


class Espace:
    """Les adresses d'une proposition dans l'espace du candidat."""

    def __init__(self, client, se_connecter, relation_) -> None:
        self.relation = relation_
        se_connecter(client, relation_.candidat.role)

    def adresse(self, acte: str = "") -> str:
        nom = f"recrutement:proposition{'_' + acte if acte else ''}"
        return reverse(nom, args=[self.relation.candidat.role_id, self.relation.pk])


class Lien:
    """Les mêmes, par le lien personnel et sans session."""

    def __init__(self, _client, _se_connecter, relation_) -> None:
        self.jeton = nouveau_lien(relation_, Partie.CANDIDAT).rstrip("/").rsplit("/", 1)[1]

    def adresse(self, acte: str = "") -> str:
        return reverse(f"recrutement:lien_candidat{'_' + acte if acte else ''}", args=[self.jeton])


@pytest.fixture(params=[Espace, Lien], ids=["espace", "lien"])
def entree(request):
    return request.param


def _etat(relation_) -> str:
    return MiseEnRelation.objects.get(pk=relation_.pk).etat


@pytest.mark.parametrize("etat", [Etat.PROPOSEE, Etat.RETENUE])
def test_accepter_le_contact(client, se_connecter, entree, etat) -> None:
    proposee = relation(etat=etat)
    porte = entree(client, se_connecter, proposee)
    assert client.get(porte.adresse()).status_code == 200
    assert _etat(proposee) == etat
    reponse = client.post(porte.adresse("contact"), follow=True)
    assert "la structure peut maintenant vous contacter" in reponse.content.decode()
    assert _etat(proposee) == Etat.CONTACT_ACCEPTE


def test_un_double_clic_dit_la_meme_chose(client, se_connecter, entree) -> None:
    porte = entree(client, se_connecter, relation())
    for _ in range(2):
        page = client.post(porte.adresse("contact"), follow=True).content.decode()
        assert "la structure peut maintenant vous contacter" in page


def test_trop_tard_se_dit_sans_casser(client, se_connecter, entree) -> None:
    close = relation(etat=Etat.SANS_OBJET, motif_fin="poste_pourvu", close_le=timezone.now())
    porte = entree(client, se_connecter, close)
    page = client.post(porte.adresse("contact"), follow=True).content.decode()
    assert "n&#x27;est plus possible" in page or "n’est plus possible" in page
    for acte in ("offre", "decliner"):
        assert client.get(porte.adresse(acte)).status_code == 302
        page = client.post(porte.adresse(acte), {"motif": "distance"}, follow=True).content.decode()
        assert "plus possible" in page
    assert "Le poste est pourvu par une autre personne." in client.get(porte.adresse()).content.decode()
    assert _etat(close) == Etat.SANS_OBJET


def test_accepter_l_offre_passe_par_une_page_qui_dit_la_suite(client, se_connecter, entree) -> None:
    offre = relation(etat=Etat.OFFRE)
    autre = relation(None, offre.candidat, etat=Etat.CONTACT_ACCEPTE)
    porte = entree(client, se_connecter, offre)
    page = client.get(porte.adresse("offre")).content.decode()
    assert "Votre autre échange en cours se ferme" in page
    assert (autre.recrutement.structure.nom in page) is (entree is Espace), "le lien ne parle que de sa proposition"
    assert _etat(offre) == Etat.OFFRE
    page = client.post(porte.adresse("offre"), follow=True).content.decode()
    assert "Vous avez accepté l’offre" in page
    assert (_etat(offre), _etat(autre)) == (Etat.ACCEPTEE, Etat.SANS_OBJET)
    page = client.post(porte.adresse("offre"), follow=True).content.decode()
    assert "Vous avez accepté l’offre" in page


def test_une_offre_expiree_ne_s_accepte_plus(client, se_connecter, entree) -> None:
    offre = relation(etat=Etat.OFFRE, echeance=timezone.now() - timedelta(minutes=1))
    porte = entree(client, se_connecter, offre)
    assert client.get(porte.adresse("offre")).status_code == 302
    assert "a expiré" in client.post(porte.adresse("offre"), follow=True).content.decode()
    assert _etat(offre) == Etat.OFFRE


def test_dire_non_demande_une_raison_et_garde_ce_qui_est_tape(client, se_connecter, entree) -> None:
    proposee = relation()
    porte = entree(client, se_connecter, proposee)
    assert client.get(porte.adresse("decliner")).status_code == 200
    page = client.post(porte.adresse("decliner"), {"precision": "Trop de route le matin"}).content.decode()
    assert "Choisissez une raison." in page
    assert "Trop de route le matin" in page
    assert _etat(proposee) == Etat.PROPOSEE
    envoi = {"motif": "distance", "precision": "Trop de route le matin"}
    page = client.post(porte.adresse("decliner"), envoi, follow=True).content.decode()
    assert "ne vous sera plus proposé" in page
    close = MiseEnRelation.objects.get(pk=proposee.pk)
    assert (close.etat, close.motif_fin, close.precision_fin) == (
        Etat.DECLINEE,
        "distance",
        "Trop de route le matin",
    )


def test_un_motif_invente_est_refuse(client, se_connecter, entree) -> None:
    proposee = relation()
    porte = entree(client, se_connecter, proposee)
    assert (
        "Choisissez une raison de la liste"
        in client.post(porte.adresse("decliner"), {"motif": "poste_pourvu"}).content.decode()
    )
    assert _etat(proposee) == Etat.PROPOSEE


def test_aucun_acte_par_get(client, se_connecter, entree) -> None:
    proposee = relation(etat=Etat.OFFRE)
    porte = entree(client, se_connecter, proposee)
    assert client.get(porte.adresse("contact")).status_code == 405
    client.get(porte.adresse("offre"))
    client.get(porte.adresse("decliner"))
    assert _etat(proposee) == Etat.OFFRE


# --- Ce que le lien ne permet pas ----------------------------------------------------------------------------------


def test_un_lien_perime_dit_comment_continuer(client) -> None:
    with time_machine.travel("2026-03-01T10:00:00+01:00", tick=False):
        proposee = relation()
        porte = Lien(client, None, proposee)
    with time_machine.travel("2026-04-02T10:00:00+02:00", tick=False):
        reponse = client.get(porte.adresse())
        assert reponse.status_code == 410
        assert "Me connecter" in reponse.content.decode()
        assert proposee.recrutement.structure.nom not in reponse.content.decode()
        for acte in ("contact", "offre", "decliner"):
            assert client.post(porte.adresse(acte), {"motif": "distance"}).status_code == 410
    assert _etat(proposee) == Etat.PROPOSEE


def test_le_lien_de_la_structure_n_est_pas_celui_du_candidat(client) -> None:
    proposee = relation()
    lien = nouveau_lien(proposee, Partie.STRUCTURE, role=membre(proposee.recrutement))
    jeton = lien.rstrip("/").rsplit("/", 1)[1]
    for acte in ("", "_offre", "_decliner", "_ical"):
        assert client.get(reverse(f"recrutement:lien_candidat{acte}", args=[jeton])).status_code == 404
    for acte in ("contact", "offre", "decliner"):
        adresse = reverse(f"recrutement:lien_candidat_{acte}", args=[jeton])
        assert client.post(adresse, {"motif": "distance"}).status_code == 404
    assert _etat(proposee) == Etat.PROPOSEE


def test_un_lien_invente_n_existe_pas(client) -> None:
    assert client.get(reverse("recrutement:lien_candidat", args=["x" * 43])).status_code == 404


def test_le_lien_ne_donne_ni_coordonnees_ni_espace(client) -> None:
    acceptee = relation(etat=Etat.CONTACT_ACCEPTE)
    page = client.get(Lien(client, None, acceptee).adresse()).content.decode()
    for secret in (
        acceptee.candidat.email,
        acceptee.candidat.nom,
        acceptee.candidat.telephone,
        membre(acceptee.recrutement).utilisateur.email,
        f"/espace/{acceptee.candidat.role_id}/",
    ):
        assert secret not in page


def test_le_lien_exige_le_jeton_du_formulaire() -> None:
    proposee = relation()
    porte = Lien(None, None, proposee)
    assert Client(enforce_csrf_checks=True).post(porte.adresse("contact")).status_code == 403
    assert _etat(proposee) == Etat.PROPOSEE


def test_le_lien_d_une_offre_montre_l_entretien_a_mettre_a_l_agenda(client) -> None:
    invite = relation(None, CandidatFactory(), etat=Etat.ENTRETIEN, entretien_lieu="1 place de la Mairie")
    porte = Lien(client, None, invite)
    assert "1 place de la Mairie" in client.get(porte.adresse()).content.decode()
    assert client.get(porte.adresse("ical")).status_code == 200
