"""La structure suit ses demandes : ce qui s'est passé, ce qui est attendu, de qui, pour quand."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format

from conum.comptes.models import Role
from conum.demandes.actions import comite, depot
from conum.demandes.models import Demande
from conum.demandes.rules import ENGAGEMENTS_CONSEILLER
from conum.demandes.states import Etat
from tests.demandes import fabriques as f
from tests.demandes.etat import attribuee
from tests.structures.fabriques import MembreFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def lire(client: Client, se_connecter):  # type: ignore[no-untyped-def]
    def page(demande: Demande, nom: str = "suivre") -> str:
        role = f.membre_de(demande.structure)
        se_connecter(client, role)
        return client.get(reverse(f"demandes:{nom}", args=[role.pk, demande.pk])).content.decode()

    return page


def test_deposee_la_page_dit_qui_doit_quoi_pour_quand(lire) -> None:  # type: ignore[no-untyped-def]
    page = lire(f.deposee())
    echeance = timezone.localdate() + timedelta(days=14)
    assert "La préfecture donne son avis" in page
    assert date_format(echeance, "j F Y") in page
    assert "Corriger ma demande" in page
    assert "Vous n’avez rien à faire" in page


def test_l_avis_rendu_se_lit_sans_son_motif(lire) -> None:  # type: ignore[no-untyped-def]
    page = lire(f.en_instruction(sens="defavorable"))
    assert "défavorable" in page
    assert "Besoin réel sur ce territoire." not in page
    assert "Corriger ma demande" not in page


def test_la_structure_repond_a_la_question_posee(client: Client, lire) -> None:  # type: ignore[no-untyped-def]
    demande = f.en_complement("Combien de communes seront couvertes ?")
    page = lire(demande)
    assert "À vous d’agir" in page
    assert "Combien de communes seront couvertes ?" in page
    role = f.membre_de(demande.structure)
    adresse = reverse("demandes:repondre", args=[role.pk, demande.pk])
    assert "Combien de communes" in client.get(adresse).content.decode()
    assert "au moins 10" in client.post(adresse, {"reponse": "Douze"}).content.decode()
    client.post(adresse, {"reponse": "Douze communes, en itinérance."})
    demande.refresh_from_db()
    assert (demande.etat, demande.reponse) == (Etat.EN_INSTRUCTION, "Douze communes, en itinérance.")
    assert "Douze communes, en itinérance." in lire(demande)


def test_une_attribution_dit_les_echeances_et_les_documents(lire) -> None:  # type: ignore[no-untyped-def]
    demande = attribuee(2)
    page = lire(demande)
    assert "2 postes accordés" in page
    for attendu in ("Choisissez un candidat", "dans les 15 jours", "réexaminer", "RIB de la structure", "P-0"):
        assert attendu in page


def test_un_refus_dit_ses_motifs_publies(lire) -> None:  # type: ignore[no-untyped-def]
    demande = f.en_instruction()
    comite.refuser(
        demande,
        motifs=["repartition"],
        motif_libre="Deux postes existent déjà dans la commune.",
        par=f.anct(),
        justification="Décidé hors session, à la demande de la préfecture.",
    )
    demande.refresh_from_db()
    page = lire(demande)
    assert "Répartition des postes à l&#x27;intérieur du département" in page
    assert "Deux postes existent déjà dans la commune." in page
    assert "hors session" not in page


def test_une_autre_structure_ne_voit_rien(client: Client, se_connecter) -> None:  # type: ignore[no-untyped-def]
    demande = f.deposee()
    _, intrus = f.structure_membre()
    se_connecter(client, intrus)
    for nom in ("suivre", "corriger", "abandonner", "repondre"):
        assert client.get(reverse(f"demandes:{nom}", args=[intrus.pk, demande.pk])).status_code == 404, nom
    assert demande.reference not in client.get(reverse("demandes:mes_demandes", args=[intrus.pk])).content.decode()


def test_le_role_d_un_autre_n_ouvre_rien(client: Client, se_connecter) -> None:  # type: ignore[no-untyped-def]
    demande = f.deposee()
    vraie = f.membre_de(demande.structure)
    _, intrus = f.structure_membre()
    se_connecter(client, intrus)
    assert client.get(reverse("demandes:suivre", args=[vraie.pk, demande.pk])).status_code == 404


def test_un_agent_n_est_pas_chez_lui_ici(client: Client, se_connecter) -> None:  # type: ignore[no-untyped-def]
    demande = f.deposee()
    agent = f.prefecture_de(demande.departement)
    se_connecter(client, agent)
    assert client.get(reverse("demandes:suivre", args=[agent.pk, demande.pk])).status_code == 403


def test_une_demande_non_confirmee_ne_se_suit_pas(client: Client, se_connecter) -> None:  # type: ignore[no-untyped-def]
    demande = f.a_confirmer()
    _, role = f.structure_membre()
    se_connecter(client, role)
    assert client.get(reverse("demandes:suivre", args=[role.pk, demande.pk])).status_code == 404


# --- La liste et la préparation ---


def test_la_liste_ne_demande_pas_plus_de_requetes_quand_elle_s_allonge(client: Client, se_connecter) -> None:  # type: ignore[no-untyped-def]
    premiere = f.deposee()
    role = f.membre_de(premiere.structure)
    se_connecter(client, role)
    adresse = reverse("demandes:mes_demandes", args=[role.pk])
    client.get(adresse)

    def requetes() -> int:
        with CaptureQueriesContext(
            connection,
        ) as capture:
            assert client.get(adresse).status_code == 200
        return len(capture)

    avant = requetes()
    for _ in range(5):
        depot.abandonner(Demande.objects.get(etat=Etat.DEPOSEE), par=role)
        autre = depot.ouvrir_brouillon(par=role, structure=premiere.structure)
        depot.soumettre(autre, f.un_depot(structure=None), par=role)
    assert requetes() == avant
    assert Demande.objects.visibles_par(role).count() == 6


def test_la_liste_s_exporte(client: Client, se_connecter) -> None:  # type: ignore[no-untyped-def]
    demande = f.deposee()
    role = f.membre_de(demande.structure)
    se_connecter(client, role)
    reponse = client.get(reverse("demandes:mes_demandes", args=[role.pk]), {"format": "csv"})
    assert demande.reference in b"".join(reponse.streaming_content).decode("utf-8-sig")


def preparer(role: Role, demande: Demande, etape: str) -> str:
    return reverse("demandes:preparer", args=[role.pk, demande.pk, etape])


def test_un_membre_prepare_et_envoie_une_demande_de_son_espace(client: Client, se_connecter) -> None:  # type: ignore[no-untyped-def]
    structure, role = f.structure_membre()
    se_connecter(client, role)
    client.post(reverse("demandes:nouvelle", args=[role.pk]))
    assert client.post(reverse("demandes:nouvelle", args=[role.pk])).status_code == 302
    demande = Demande.objects.get()
    page = client.get(preparer(role, demande, "contact")).content.decode()
    assert "Étape 1 sur 5" in page
    assert role.utilisateur.email in page
    commune = structure.commune
    reponses = (
        ("contact", {"prenom": "Lina", "nom": "Haddad", "fonction": "Directrice", "email": "autre@exemple.fr"}),
        (
            "besoin",
            {
                "poste": "conseiller",
                "postes": "2",
                "commune": commune.pk,
                "commune_texte": f"{commune.nom} ({commune.departement_id})",
                "debut": "mois",
                "candidat": "oui",
            },
        ),
        ("motivation", {"motivation": f.MOTIVATION}),
        ("engagements", {f"conseiller-{code}": "on" for code in ENGAGEMENTS_CONSEILLER}),
        ("recapitulatif", {}),
    )
    for etape, donnees in reponses:
        reponse = client.post(preparer(role, demande, etape), donnees)
        assert reponse.status_code == 302, etape
    assert reponse.url == reverse("demandes:suivre", args=[role.pk, demande.pk])
    assert client.post(preparer(role, demande, "recapitulatif")).url == reponse.url
    demande.refresh_from_db()
    assert (demande.etat, demande.structure) == (Etat.DEPOSEE, structure)
    # L'adresse est celle du compte, quoi qu'on envoie.
    assert demande.contact_email == role.utilisateur.email


def test_un_collegue_finit_le_brouillon_un_etranger_non(client: Client, se_connecter) -> None:  # type: ignore[no-untyped-def]
    structure, role = f.structure_membre()
    demande = depot.ouvrir_brouillon(par=role, structure=structure)
    collegue = MembreFactory(structure=structure).role
    _, intrus = f.structure_membre()
    for personne, attendu in ((collegue, 200), (intrus, 404)):
        se_connecter(client, personne)
        assert client.get(preparer(personne, demande, "contact")).status_code == attendu
    assert client.post(reverse("demandes:jeter", args=[intrus.pk, demande.pk])).status_code == 404
    assert Demande.objects.filter(pk=demande.pk).exists()


def test_un_membre_efface_son_brouillon(client: Client, se_connecter) -> None:  # type: ignore[no-untyped-def]
    structure, role = f.structure_membre()
    demande = depot.ouvrir_brouillon(par=role, structure=structure)
    se_connecter(client, role)
    client.post(reverse("demandes:jeter", args=[role.pk, demande.pk]))
    assert not Demande.objects.exists()


def test_on_n_efface_pas_une_demande_deposee(client: Client, se_connecter) -> None:  # type: ignore[no-untyped-def]
    demande = f.deposee()
    role = f.membre_de(demande.structure)
    se_connecter(client, role)
    page = client.post(reverse("demandes:jeter", args=[role.pk, demande.pk]), follow=True)
    assert "déjà partie" in page.content.decode()
    assert Demande.objects.filter(pk=demande.pk).exists()
