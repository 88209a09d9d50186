"""L'attestation : toutes les heures signées, un document figé, et une page qui dit à chacun s'il vaut."""

import hashlib
import shutil
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import pytest
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone
from pypdf import PdfReader

from conum.courriels.models import Courriel
from conum.formations.actions import attestations as actes
from conum.formations.actions import presence
from conum.formations.models import Attestation
from conum.formations.rules import attestation as modeles
from conum.formations.states import Etat
from conum.journal.models import Entree
from conum.journal.workflow import TransitionImpossible
from conum.socle.donnees_figees import lire_manifeste
from conum.socle.modeles import ModeleInvalide, charger
from tests.aides import ensemble
from tests.comptes.fabriques import RoleFactory
from tests.formations import fabriques_base as f
from tests.formations import fabriques_presence as p

pytestmark = pytest.mark.django_db

# Un modèle publié ne change plus : un nouveau texte est une nouvelle version, et une ligne de plus ici.
PUBLIES = {"2026-11/attestation.typ": "641c8d7508061907417b904bb4f4eda8fd472563416db00e9cf6ec3bc3357f41"}


@pytest.fixture(autouse=True)
def _depot(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


def url(nom, role, *pks):
    return reverse(f"formations:{nom}", args=[role.pk, *pks])


def texte(reponse):
    return reponse.content.decode()


def verifier(attestation):
    return reverse("conventions:verifier_acte", args=[attestation.code])


def test_un_modele_publie_ne_change_plus(tmp_path):
    assert lire_manifeste(modeles.MODELES) == PUBLIES
    copie = tmp_path / "modeles"
    shutil.copytree(modeles.MODELES, copie)
    gabarit = copie / modeles.CODE_COURANT / modeles.GABARIT
    gabarit.write_text(gabarit.read_text() + "\n")
    with pytest.raises(ModeleInvalide, match="a changé après sa publication"):
        charger(modeles.CODE_COURANT, copie)


def test_de_la_derniere_signature_a_la_page_publique(client, se_connecter):
    place = p.complete()
    inscription, personne = place.inscription, place.inscription.personne
    agent, employeur, conseiller = (
        f.role_organisme(f.organisme()), f.employeur(inscription), f.role_conseiller(inscription),
    )  # fmt: skip
    se_connecter(client, agent)
    assert "Délivrer l’attestation" in texte(client.get(url("inscription", agent, inscription.pk)))
    for _ in range(2):  # deux clics, une attestation
        reponse = client.post(url("delivrer_attestation", agent, inscription.pk), follow=True)
    assert "n&#x27;est plus possible" in texte(reponse)
    attestation = Attestation.objects.get()
    inscription.refresh_from_db()
    assert (inscription.etat, attestation.minutes) == (Etat.ATTESTEE, 70 * 60)
    contenu = attestation.document.open().read()
    assert hashlib.sha256(contenu).hexdigest() == attestation.sha256
    assert actes.produire(attestation) == contenu
    lu = PdfReader(BytesIO(contenu))
    imprime = " ".join(page.extract_text() for page in lu.pages)
    for dit in (
        personne.get_full_name(),
        "70 h",
        "La Fabrik",
        attestation.code_lisible,
        "Médiateur numérique",
        "20 demi",
    ):
        assert dit in imprime
    assert lu.metadata.title == f"Attestation de fin de formation de {personne.get_full_name()}"
    assert lu.trailer["/Root"]["/MarkInfo"]["/Marked"]
    recus = Courriel.objects.filter(code="formations/attestation_delivree").values_list("destinataire", flat=True)
    assert {personne.email, employeur.utilisateur.email} <= set(recus)
    assert Entree.objects.de_l_objet(inscription).filter(action="attester").count() == 1
    # Qui la télécharge, le même fichier.
    for role in (agent, employeur, conseiller, f.anct(), RoleFactory(prefecture=True)):
        se_connecter(client, role)
        document = client.get(url("attestation_document", role, attestation.pk))
        assert b"".join(document.streaming_content) == contenu
    for role in (f.role_organisme(f.organisme("Francil’In")), f.role_conseiller(f.inscription())):
        se_connecter(client, role)
        assert client.get(url("attestation_document", role, attestation.pk)).status_code == 404
    client.logout()
    # Sans compte : ce qu'elle vaut, sans le nom.
    page = texte(client.get(verifier(attestation)))
    assert "Attestation valable" in page
    assert f"{personne.prenom} {personne.nom[0].upper()}." in page
    assert personne.nom not in page
    assert attestation.sha256 in page
    fichier = SimpleUploadedFile("a.pdf", contenu, content_type="application/pdf")
    assert "Fichier identique" in texte(client.post(verifier(attestation), {"fichier": fichier}))
    autre = SimpleUploadedFile("a.pdf", contenu + b" ", content_type="application/pdf")
    assert "Fichier différent" in texte(client.post(verifier(attestation), {"fichier": autre}))


def test_seule_l_anct_annule_et_chacun_le_lit(client, se_connecter):
    place = p.complete()
    agent = f.role_organisme(f.organisme())
    attestation = actes.delivrer_attestation(place.inscription, par=agent)
    # Une heure attestée ne s'annule pas avant l'attestation.
    with pytest.raises(TransitionImpossible, match="L’attestation compte ces heures"):
        presence.annuler_emargement(place.emargements.first(), motif="Erreur.", par=agent)
    se_connecter(client, agent)
    assert client.get(url("annuler_attestation", agent, attestation.pk)).status_code == 403
    anct = f.anct()
    se_connecter(client, anct)
    page = url("annuler_attestation", anct, attestation.pk)
    assert "Écrivez le motif" in texte(client.post(page, {"motif": ""}))
    assert client.post(page, {"motif": "Heures d’une autre personne."}).status_code == 302
    place.inscription.refresh_from_db()
    assert place.inscription.etat == Etat.EN_FORMATION
    publique = texte(client.get(verifier(attestation)))
    assert "Attestation annulée" in publique
    assert f"{timezone.localdate():%d/%m/%Y}" in publique
    assert "autre personne" not in publique
    assert Courriel.objects.filter(code="formations/attestation_annulee", destinataire=agent.utilisateur.email).exists()
    assert "n&#x27;est plus possible" in texte(client.post(page, {"motif": "Encore."}))
    # Les heures sont toujours là : une autre se délivre, et l'ancienne reste annulée.
    neuve = actes.delivrer_attestation(place.inscription, par=agent)
    assert neuve.code != attestation.code
    assert Attestation.objects.valables().get() == neuve


def test_rien_n_est_atteste_tant_qu_il_manque_une_heure(client, se_connecter):
    place = p.complete()
    derniere = place.emargements.order_by("-seance__jour", "-seance__debut").first()
    derniere.delete()
    agent = f.role_organisme(f.organisme())
    assert actes.a_delivrer(agent) == []
    with pytest.raises(TransitionImpossible, match="Il manque 3 h 30 de cours signées, sur les 70 h du parcours"):
        actes.delivrer_attestation(place.inscription, par=agent)
    se_connecter(client, agent)
    page = texte(client.get(url("inscription", agent, place.inscription_id)))
    assert "Il manque 3 h 30" in page
    assert "Délivrer l’attestation" not in page
    for par in (f.employeur(place.inscription), f.role_conseiller(place.inscription), RoleFactory(prefecture=True)):
        with pytest.raises(PermissionDenied):
            actes.delivrer_attestation(place.inscription, par=par)
    assert not Attestation.objects.exists()


def test_des_heures_qui_se_contredisent_ne_s_attestent_pas():
    place = p.complete()
    croisee = f.session(debut=f.jour(-30), seances=1)
    f.emarger(croisee.seances.get(), f.place(croisee, place.inscription))
    assert actes.a_delivrer(f.anct()) == []
    with pytest.raises(TransitionImpossible, match="deux séances à la fois"):
        actes.delivrer_attestation(place.inscription, par=f.anct())


def test_l_organisme_en_delivre_plusieurs_a_la_fois(client, se_connecter, django_assert_max_num_queries):
    premiere = p.complete()
    dans = {"dans": premiere.session}
    agent, ailleurs = f.role_organisme(f.organisme()), f.role_organisme(f.organisme("Francil’In"))
    with django_assert_max_num_queries(20) as une:
        assert actes.a_delivrer(agent) == [premiere.inscription]
    autres = [p.complete(**dans) for _ in range(2)]
    with django_assert_max_num_queries(20) as trois:
        assert len(actes.a_delivrer(agent)) == 3
    assert len(une) == len(trois)
    assert actes.a_delivrer(ailleurs) == []
    se_connecter(client, agent)
    page = url("attestations", agent)
    assert "Cochez au moins une personne" in texte(client.post(page, {}))
    etrangere = f.inscription(etat=Etat.EN_FORMATION, chez=f.organisme("Francil’In"))
    assert "La liste a changé" in texte(client.post(page, {"personnes": [etrangere.pk]}))
    choisies = [x.inscription_id for x in (premiere, autres[0])]
    reponse = client.post(page, {"personnes": choisies}, follow=True)
    assert "2 attestations délivrées" in texte(reponse)
    assert set(Attestation.objects.values_list("inscription", flat=True)) == set(choisies)
    assert autres[1].inscription in actes.a_delivrer(agent)
    fichier = b"".join(client.get(page, {"format": "csv"}).streaming_content).decode("utf-8-sig")
    assert fichier.count("Valable") == 2
    # L'une ne peut plus l'être : les autres le sont quand même, et la raison est dite.
    fait = actes.delivrer_plusieurs([autres[1].inscription, etrangere, premiere.inscription], par=agent)
    assert [a.inscription for a in fait.delivrees] == [autres[1].inscription]
    assert len(fait.refus) == 2
    employeur = f.employeur(premiere.inscription)
    se_connecter(client, employeur)
    assert client.get(url("attestations", employeur)).status_code == 403


@pytest.mark.django_db(transaction=True)
def test_deux_agents_en_meme_temps_une_attestation():
    place = p.complete()
    agents = [f.role_organisme(f.organisme()), f.anct()]
    rendus = ensemble(*(lambda a=a: actes.delivrer_attestation(place.inscription, par=a) for a in agents))
    assert sorted(type(r).__name__ for r in rendus) == ["Attestation", "TransitionImpossible"]
    seule = Attestation.objects.get()
    assert hashlib.sha256(seule.document.open().read()).hexdigest() == seule.sha256


def test_le_document_s_efface_dix_ans_apres_la_page_le_dit(client, django_capture_on_commit_callbacks):
    place = p.complete()
    attestation = actes.delivrer_attestation(place.inscription, par=f.anct())
    rangee, instant = attestation.document.path, timezone.now()
    assert actes.effacer_documents(instant - timedelta(days=1)) == 0
    with django_capture_on_commit_callbacks(execute=True):
        assert actes.effacer_documents(instant + timedelta(days=1)) == 1
    assert actes.effacer_documents(instant + timedelta(days=1)) == 0
    attestation.refresh_from_db()
    assert (attestation.document.name, attestation.donnees, Path(rangee).exists()) == ("", {}, False)
    page = texte(client.get(verifier(attestation)))
    assert "Document effacé" in page
    assert attestation.sha256 in page
