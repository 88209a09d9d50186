"""La vérification publique : ce que vaut un document, sans compte, sans nom de personne, sans garder de fichier."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from conum.conventions import actions
from conum.conventions.models import Acte, Partie, Signature, Voie
from conum.conventions.states import Etat
from conum.conventions.views import verification
from conum.socle.models import CompteurDebit
from tests.conventions import fabriques as f
from tests.postes import fabriques as p

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _depot(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


def _texte(reponse):
    return reponse.content.decode()


def _signer(acte):
    """Les dates et les signatures qu'écrit une signature des deux parties."""
    instant, role = timezone.now(), p.anct()
    for partie, nom in ((Partie.STRUCTURE, "Solène Quéméneur"), (Partie.ETAT, "Aurélien Vasseur")):
        Signature.objects.create(
            acte=acte, partie=partie, voie=Voie.ELECTRONIQUE, role=role, nom=nom, qualite="Représentant légal",
            sha256=acte.sha256, second_facteur="totp", signee_le=instant,
        )  # fmt: skip
    Acte.objects.filter(pk=acte.pk).update(signe_structure_le=instant, signe_etat_le=instant)
    type(acte.convention).objects.filter(pk=acte.convention_id).update(etat=Etat.ACTIVE)


def test_le_code_mene_a_la_page_quelle_que_soit_sa_frappe(client):
    acte = f.proposee().actes.get()
    reponse = client.get(reverse("conventions:verifier"), {"code": f" {acte.code_lisible.lower()} "})
    assert reponse["Location"] == reverse("conventions:verifier_acte", args=[acte.code])
    page = _texte(client.get(reponse["Location"]))
    assert "pas encore signé" in page
    assert acte.sha256 in page
    assert acte.reference in page


@pytest.mark.parametrize("saisi", ["", "ABCD", "0000-1111-OOOO"])
def test_un_code_mal_ecrit_se_dit_pres_du_champ(client, saisi):
    reponse = client.get(reverse("conventions:verifier"), {"code": saisi})
    assert reponse.status_code == 200
    assert reponse.context["form"].errors["code"]


def test_un_code_inconnu_ou_un_brouillon_ne_dit_rien(client):
    brouillon = f.brouillon().actes.get()
    for code in ("ABCDEFGHJKLM", brouillon.code, "pas-un-code"):
        reponse = client.get(reverse("conventions:verifier_acte", args=[code]))
        assert reponse.status_code == 404
        assert "Aucun document ne porte ce code" in _texte(reponse)


def test_signe_il_est_en_vigueur_et_ne_nomme_personne(client):
    acte = f.proposee().actes.get()
    membre = p.membre_de(acte.convention.structure)
    _signer(acte)
    page = _texte(client.get(reverse("conventions:verifier_acte", args=[acte.code])))
    assert "Document en vigueur" in page
    assert "Représentant légal" in page
    for prive in ("Quéméneur", "Vasseur", membre.utilisateur.email):
        assert prive not in page


@pytest.mark.parametrize(
    ("champs", "phrase"),
    [
        ({"etat": Etat.TERMINEE}, "Convention terminée"),
        (
            {"etat": Etat.RESILIEE, "resiliee_le": f.DEBUT, "resiliation_motif": "manquement"},
            "Convention résiliée",
        ),
    ],
)
def test_la_fin_de_la_convention_se_lit(client, champs, phrase):
    acte = f.proposee().actes.get()
    _signer(acte)
    type(acte.convention).objects.filter(pk=acte.convention_id).update(**champs)
    assert phrase in _texte(client.get(reverse("conventions:verifier_acte", args=[acte.code])))


def test_un_avenant_signe_se_dit_sur_l_acte_qu_il_modifie(client):
    acte = f.proposee().actes.get()
    _signer(acte)
    instant = timezone.now()
    avenant = Acte.objects.create(
        convention=acte.convention, numero=1, objet="dates", effet_le=f.DEBUT, regle_code=acte.regle_code,
        regle_empreinte=acte.regle_empreinte, sha256="a" * 64, document="x.pdf", modele_code="2026-01",
        modele_empreinte="b" * 64, propose_le=instant, signe_structure_le=instant, signe_etat_le=instant,
    )  # fmt: skip
    page = _texte(client.get(reverse("conventions:verifier_acte", args=[acte.code])))
    assert f"modifié par l’avenant n° 1 ({avenant.reference})" in page
    assert "Document en vigueur" in _texte(client.get(reverse("conventions:verifier_acte", args=[avenant.code])))


def test_retire_il_ne_vaut_plus_rien(client):
    convention = f.proposee()
    acte = convention.actes.get()
    actions.retirer_document(convention, motif="Erreur de Mme Durand.", par=p.anct())
    page = _texte(client.get(reverse("conventions:verifier_acte", args=[acte.code])))
    assert "Document retiré" in page
    assert "Durand" not in page


def test_comparer_un_fichier_dit_identique_ou_different_et_ne_garde_rien(client, settings, tmp_path):
    acte = f.proposee().actes.get()
    url = reverse("conventions:verifier_acte", args=[acte.code])
    contenu = acte.document.open().read()
    avant = sorted(tmp_path.rglob("*"))
    for octets, phrase in ((contenu, "Fichier identique"), (contenu + b"\n", "Fichier différent")):
        reponse = client.post(url, {"fichier": SimpleUploadedFile("copie.pdf", octets)})
        assert phrase in _texte(reponse)
    assert sorted(tmp_path.rglob("*")) == avant
    assert client.post(url, {}).context["form"].errors["fichier"]
    gros = SimpleUploadedFile("gros.pdf", b"x" * (5 * 1024 * 1024 + 1))
    assert "dépasse 5 Mo" in _texte(client.post(url, {"fichier": gros}))


def test_on_ne_devine_pas_les_codes(client, monkeypatch):
    monkeypatch.setattr(verification, "ESSAIS_PAR_HEURE", 2)
    acte = f.proposee().actes.get()
    url = reverse("conventions:verifier_acte", args=["ABCDEFGHJKLM"])
    assert [client.get(url).status_code for _ in range(3)] == [404, 404, 429]
    assert client.get(reverse("conventions:verifier_acte", args=[acte.code])).status_code == 429
    assert not CompteurDebit.objects.filter(cle__contains="127.0.0.1").exists()
