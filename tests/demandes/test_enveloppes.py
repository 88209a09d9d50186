"""Enveloppes : fixer, ne jamais descendre sous l'attribué, importer d'un fichier."""

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from conum.demandes.actions import comite
from conum.demandes.actions.enveloppes import fixer_enveloppe, importer_enveloppes, lire_enveloppes
from conum.demandes.models import Decision, Enveloppe, Soldes
from conum.journal.models import Entree
from conum.journal.workflow import TransitionImpossible
from tests.aides import ensemble
from tests.comptes.fabriques import DepartementFactory
from tests.demandes.etat import attribuee, prete
from tests.demandes.fabriques import anct, enveloppes, prefecture_de

pytestmark = pytest.mark.django_db
MOTIF = "Notification du 3 janvier."


@pytest.fixture
def annee():
    return timezone.localdate().year


@pytest.fixture
def agent(client, se_connecter):
    role = anct()
    se_connecter(client, role)
    return role


def test_fixer_depuis_la_page(client, agent, annee):
    marne = DepartementFactory()
    url = reverse("demandes:fixer_enveloppe", args=[agent.pk, annee, marne.pk])
    assert client.post(url, {"postes": "12", "motif": MOTIF}).status_code == 302
    assert client.post(url, {"postes": "15", "motif": MOTIF}).status_code == 302
    enveloppe = Enveloppe.objects.get()
    assert (enveloppe.departement, enveloppe.postes) == (marne, 15)
    donnees = [e.donnees for e in Entree.objects.de_l_objet(enveloppe)]
    assert donnees == [{"avant": None, "apres": 12}, {"avant": 12, "apres": 15}]
    page = client.get(url).content.decode()
    assert "de 12 à 15 postes" in page


def test_une_enveloppe_ne_descend_pas_sous_l_attribue(client, agent):
    demande = attribuee(2)
    annee = demande.session.date.year
    for code in ("national", demande.departement_id):
        url = reverse("demandes:fixer_enveloppe", args=[agent.pk, annee, code])
        response = client.post(url, {"postes": "1", "motif": MOTIF})
        assert "2 postes sont déjà attribués" in response.content.decode()
        assert client.post(url, {"postes": "2", "motif": MOTIF}).status_code == 302
    assert Soldes.de(annee).national.reste == 0


def test_la_page_montre_le_national_et_chaque_departement(client, agent):
    demande = attribuee(2)
    annee = demande.session.date.year
    response = client.get(reverse("demandes:enveloppes", args=[agent.pk, annee]))
    soldes = dict(response.context["rangees"])
    assert (soldes[demande.departement].attribues, soldes[demande.departement].reste) == (2, 98)
    assert response.context["national"].reste == 98
    fichier = client.get(reverse("demandes:enveloppes", args=[agent.pk, annee]) + "?format=csv")
    assert "Marne;51;Grand Est;100;2;98" in b"".join(fichier.streaming_content).decode("utf-8-sig")


def test_une_decision_d_une_autre_annee_ne_compte_pas(annee):
    enveloppes(DepartementFactory(), 5, annee=annee + 1)
    attribuee(2)
    assert Soldes.de(annee + 1).national.attribues == 0


@pytest.mark.parametrize("champs", [{"postes": -1}, {"postes": 100_001}, {"motif": "bref"}, {"annee": 1999}])
def test_un_nombre_un_motif_ou_une_annee_hors_bornes_sont_refuses(annee, champs):
    voulu = {"annee": annee, "postes": 3, "motif": MOTIF} | champs
    with pytest.raises(ValidationError):
        fixer_enveloppe(voulu["annee"], None, voulu["postes"], par=anct(), motif=voulu["motif"])


def test_seule_l_anct_fixe(client, se_connecter, annee):
    role = prefecture_de(DepartementFactory())
    se_connecter(client, role)
    assert client.get(reverse("demandes:enveloppes", args=[role.pk, annee])).status_code == 403
    assert client.post(reverse("demandes:fixer_enveloppe", args=[role.pk, annee, "51"]), {}).status_code == 403
    with pytest.raises(PermissionDenied):
        fixer_enveloppe(annee, None, 5, par=role, motif=MOTIF)


def _deposer(client, agent, annee, contenu):
    fichier = SimpleUploadedFile("enveloppes.csv", contenu)
    return client.post(reverse("demandes:importer_enveloppes", args=[agent.pk, annee]), {"fichier": fichier})


def test_un_fichier_se_lit_puis_s_applique(client, agent, annee):
    DepartementFactory()
    DepartementFactory(code="08", nom="Ardennes")
    contenu = "département;postes\nnational;40\n51;12\n8;3\n"
    lu = _deposer(client, agent, annee, b"\xef\xbb\xbf" + contenu.encode())
    assert not Enveloppe.objects.exists()
    assert "aucune refusée" in lu.content.decode()
    cache = lu.context["appliquer"].initial["contenu"]
    url = reverse("demandes:importer_enveloppes", args=[agent.pk, annee])
    assert client.post(url, {"contenu": cache, "motif": MOTIF}).status_code == 302
    soldes = Soldes.de(annee)
    assert (soldes.national.postes, soldes.du_departement("51").postes, soldes.du_departement("08").postes) == (
        40,
        12,
        3,
    )


def test_chaque_ligne_refusee_dit_pourquoi_et_rien_ne_s_applique(annee):
    demande = attribuee(2)
    contenu = "51;1\n99;4\n51;8\n51\nnational;beaucoup\n"
    lignes = lire_enveloppes(contenu, demande.session.date.year)
    assert [ligne.ligne for ligne in lignes] == [1, 2, 3, 4, 5]
    raisons = [ligne.erreur for ligne in lignes]
    for attendu, raison in zip(("déjà attribués", "inconnu", "plus haut", "plus haut", "entier"), raisons, strict=True):
        assert attendu in raison
    with pytest.raises(TransitionImpossible):
        importer_enveloppes(contenu, demande.session.date.year, par=anct(), motif=MOTIF)


@pytest.mark.parametrize("contenu", [b"", b"\xff\xfe\x00", b"departement;postes\n", b"51;1\n" * 600])
def test_un_fichier_illisible_est_refuse_avec_une_phrase(client, agent, annee, contenu):
    DepartementFactory()
    response = _deposer(client, agent, annee, contenu)
    assert response.status_code == 200
    assert "à revoir" in response.content.decode()


@pytest.mark.django_db(transaction=True)
def test_baisser_l_enveloppe_pendant_qu_on_attribue_ne_la_fait_pas_depasser(annee):
    demande = prete(5)
    enveloppes(demande.departement, 5)
    agent = anct()
    ensemble(
        lambda: fixer_enveloppe(annee, None, 1, par=agent, motif=MOTIF),
        lambda: comite.attribuer(demande, postes=5, par=agent, justification="Décision urgente et motivée."),
    )
    national = Soldes.de(annee).national
    assert national.attribues <= national.postes
    assert Decision.objects.count() == (0 if national.postes == 1 else 1)
