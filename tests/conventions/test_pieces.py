"""Les pièces : la structure dépose, l'ANCT examine, personne d'autre ne lit ; les fichiers s'effacent à leur terme."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.conf import settings
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import override_settings
from django.urls import reverse
from django.utils import timezone

from conum.conventions import actions
from conum.conventions.actions import pieces as actes
from conum.conventions.models import Piece, TypePiece
from conum.conventions.states import EtatPiece
from conum.courriels.models import Courriel
from conum.journal.models import Entree
from conum.journal.workflow import TransitionImpossible
from conum.socle import conservation
from tests.comptes.fabriques import DepartementFactory, RoleFactory
from tests.conventions import fabriques as f
from tests.postes import fabriques as postes
from tests.socle.test_fichiers import JPEG, png

pytestmark = pytest.mark.django_db
IDENTITES, AUTRES = "pièces d'identité des conventions", "autres pièces des conventions"


@pytest.fixture(autouse=True)
def depot(tmp_path):
    dossier = {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": str(tmp_path)}}
    with override_settings(STORAGES={**settings.STORAGES, "default": dossier}):
        yield tmp_path


@pytest.fixture
def cas():
    """Un brouillon, sa pièce d'identité demandée, un membre de la structure, un agent de l'ANCT."""
    convention = f.brouillon()
    piece = convention.pieces.get(type=TypePiece.IDENTITE)
    return convention, piece, postes.membre_de(convention.structure), postes.anct()


def fichiers(depot) -> list[str]:
    return sorted(f.relative_to(depot).as_posix() for f in (depot / "conventions" / "pieces").glob("*"))


def adresse(nom, role, *arguments) -> str:
    return reverse(f"conventions:{nom}", args=[role.pk, *arguments])


def televerser(client, role, piece, contenu=None, nom="Carte d'identité de Zoé.pdf", **options):
    fichier = postes.pdf(nom) if contenu is None else SimpleUploadedFile(nom, contenu)
    return client.post(adresse("piece", role, piece.pk), {"fichier": fichier}, **options)


def deposer(piece, par):
    return actes.deposer_piece(piece, postes.pdf(), par=par)


# --- Déposer ---


def test_deposer_examiner_refuser_deposer_de_nouveau_valider(
    client, se_connecter, cas, depot, django_capture_on_commit_callbacks
):
    _, piece, membre, agent = cas
    se_connecter(client, membre)
    page = client.get(adresse("piece", membre, piece.pk)).content.decode()
    assert "À déposer." in page
    page = televerser(client, membre, piece, follow=True).content.decode()
    assert "vous n’avez rien à faire" in page
    piece.refresh_from_db()
    assert (piece.etat, piece.deposee_par, piece.nom_fichier) == (
        EtatPiece.RECUE,
        membre,
        "Carte d'identité de Zoé.pdf",
    )
    assert re.fullmatch(r"conventions/pieces/[\w-]{32}\.pdf", piece.fichier.name)
    ancien = piece.fichier.name

    se_connecter(client, agent)
    assert "Valider la pièce" in client.get(adresse("piece", agent, piece.pk)).content.decode()
    refus = adresse("refuser_piece", agent, piece.pk)
    page = client.post(refus, {"motif": "flou"})
    assert "au moins 10 caractères" in page.content.decode()
    assert client.post(refus, {"motif": "La photo est floue.", "sha256_lu": piece.sha256}).status_code == 302
    (courriel,) = Courriel.objects.filter(code="conventions/piece_refusee")
    assert courriel.destinataire == membre.utilisateur.email
    assert "La photo est floue." in courriel.texte
    assert adresse("piece", membre, piece.pk) in courriel.texte

    se_connecter(client, membre)
    page = client.get(adresse("piece", membre, piece.pk)).content.decode()
    assert "La photo est floue." in page
    assert "Refusée. Déposez-en une autre." in page
    with django_capture_on_commit_callbacks(execute=True):
        televerser(client, membre, piece, JPEG, "photo.jpg")
    piece.refresh_from_db()
    assert (piece.etat, piece.motif_refus) == (EtatPiece.RECUE, "")
    assert piece.fichier.name.endswith(".jpg")
    assert fichiers(depot) == [piece.fichier.name] != [ancien]

    se_connecter(client, agent)
    page = client.post(adresse("valider_piece", agent, piece.pk), {"sha256_lu": piece.sha256}, follow=True)
    assert "La pièce est validée." in page.content.decode()
    piece.refresh_from_db()
    assert piece.etat == EtatPiece.VALIDEE
    actions_notees = [e.action for e in Entree.objects.de_l_objet(piece)]
    assert actions_notees == ["deposer_piece", "refuser_piece", "deposer_piece", "valider_piece"]


@pytest.mark.parametrize(
    ("contenu", "nom", "phrase"),
    [
        (b"MZ\x90\x00", "carte.pdf", "n&#x27;est pas au format PDF, JPEG ou PNG"),
        (b"%PDF-1.7 coupe", "carte.pdf", "Ce PDF est abîmé"),
        (png()[:-6], "carte.png", "Cette image est incomplète"),
        (b"", "carte.pdf", "Ce fichier est vide"),
        (b"%PDF-" + b"0" * 5 * 1024 * 1024, "carte.pdf", "dépasse 5 Mo"),
        (JPEG, "a" * 300 + ".jpg", "Le nom de ce fichier est trop long"),
    ],
)
def test_un_fichier_non_recevable_se_dit_pres_du_champ(client, se_connecter, cas, depot, contenu, nom, phrase):
    _, piece, membre, _ = cas
    se_connecter(client, membre)
    page = televerser(client, membre, piece, contenu, nom)
    assert page.status_code == 200
    assert phrase in page.content.decode()
    piece.refresh_from_db()
    assert piece.etat == EtatPiece.DEMANDEE
    assert not (depot / "conventions" / "pieces").exists()
    assert not Entree.objects.de_l_objet(piece)


def test_sans_fichier_rien_ne_se_depose(client, se_connecter, cas):
    _, piece, membre, _ = cas
    se_connecter(client, membre)
    assert "Choisissez un fichier." in client.post(adresse("piece", membre, piece.pk)).content.decode()


def test_le_nom_de_la_personne_n_est_qu_une_etiquette(client, se_connecter, cas, depot):
    _, piece, membre, _ = cas
    se_connecter(client, membre)
    televerser(client, membre, piece, None, "..\\..\\etc/pas\x00swd<script>.pdf")
    piece.refresh_from_db()
    assert "/" not in piece.nom_fichier
    assert "\x00" not in piece.nom_fichier
    page = client.get(adresse("piece", membre, piece.pk)).content.decode()
    assert "<script>" not in page
    assert len(fichiers(depot)) == 1


# --- Lire ---


def test_le_fichier_se_telecharge_et_ne_s_ouvre_pas(client, se_connecter, cas):
    convention, piece, membre, agent = cas
    piece = deposer(piece, membre)
    for role in (membre, agent):
        reponse = se_connecter(client, role).get(adresse("piece_fichier", role, piece.pk))
        assert b"".join(reponse.streaming_content).startswith(b"%PDF-")
        assert reponse["Content-Disposition"] == f'attachment; filename="{convention.reference}-identite.pdf"'
        assert reponse["X-Content-Type-Options"] == "nosniff"
        assert reponse["Content-Type"] == "application/pdf"
        assert reponse["Cache-Control"] == "private, no-store"


def test_personne_d_autre_ne_lit_ni_ne_depose(client, se_connecter, cas):
    convention, piece, membre, _ = cas
    deposer(piece, membre)
    autre, _ = postes.structure_avec(0)
    voisin = postes.membre_de(autre)
    marne = RoleFactory(prefecture=True, departement=DepartementFactory())
    attendu = {voisin: 404, marne: 403}
    for role, code in attendu.items():
        se_connecter(client, role)
        for nom in ("piece", "piece_fichier"):
            assert client.get(adresse(nom, role, piece.pk)).status_code == code
        assert client.post(adresse("piece", role, piece.pk)).status_code == code
        with pytest.raises(PermissionDenied):
            deposer(piece, role)
    # La structure ne juge pas ses propres pièces, ni ne voit la file.
    se_connecter(client, membre)
    for nom in ("valider_piece", "refuser_piece"):
        assert client.post(adresse(nom, membre, piece.pk)).status_code == 403
    assert client.get(adresse("pieces", membre)).status_code == 403
    assert client.get(adresse("demander_piece", membre, convention.pk)).status_code == 403
    for acte in (
        lambda: actes.valider_piece(piece, par=membre),
        lambda: actes.refuser_piece(piece, motif="Dix caractères.", par=membre),
        lambda: actes.demander_piece(convention, type="statuts", par=membre),
    ):
        with pytest.raises(PermissionDenied):
            acte()


def test_une_piece_sans_fichier_ou_disparue_du_depot_est_introuvable(client, se_connecter, cas, depot):
    _, piece, membre, _ = cas
    se_connecter(client, membre)
    page = adresse("piece_fichier", membre, piece.pk)
    assert client.get(page).status_code == 404
    piece = deposer(piece, membre)
    (depot / piece.fichier.name).unlink()
    assert client.get(page).status_code == 404


# --- Examiner ---


def test_la_file_ne_montre_que_ce_qui_attend(client, se_connecter, cas, django_assert_max_num_queries):
    convention, piece, membre, agent = cas
    autre = f.brouillon()
    attend = deposer(piece, membre)
    deposer(autre.pieces.get(type=TypePiece.RIB), agent)
    actes.valider_piece(deposer(convention.pieces.get(type=TypePiece.RIB), membre), par=agent)
    annulee = f.brouillon()
    deposer(annulee.pieces.first(), agent)
    actions.annuler_convention(annulee, motif="Postes rendus.", par=agent)
    se_connecter(client, agent)
    page = client.get(adresse("pieces", agent)).content.decode()
    assert adresse("piece", agent, attend.pk) in page
    montrees = {c for c in (convention, autre, annulee) if adresse("convention", agent, c.pk) in page}
    assert montrees == {convention, autre}
    for filtre in (f"recherche={convention.reference}", f"recherche={convention.structure.nom}", "type=identite"):
        page = client.get(f"{adresse('pieces', agent)}?{filtre}").content.decode()
        montrees = {c for c in (convention, autre) if adresse("convention", agent, c.pk) in page}
        assert montrees == {convention}, filtre
    vide = client.get(f"{adresse('pieces', agent)}?departement=38&recherche=zzz").content.decode()
    assert "Aucune pièce n’attend." in vide
    assert client.get(f"{adresse('pieces', agent)}?format=csv").status_code == 200
    with django_assert_max_num_queries(12):
        client.get(adresse("pieces", agent))


def test_un_autre_fichier_depose_entre_temps_doit_etre_lu(client, se_connecter, cas):
    _, piece, membre, agent = cas
    lu = deposer(piece, membre).sha256
    actes.deposer_piece(piece, SimpleUploadedFile("photo.png", png()), par=membre)
    se_connecter(client, agent)
    page = client.post(adresse("valider_piece", agent, piece.pk), {"sha256_lu": lu}, follow=True).content.decode()
    assert "La structure a déposé un autre fichier" in page
    page = client.post(adresse("refuser_piece", agent, piece.pk), {"motif": "La photo est floue.", "sha256_lu": lu})
    assert "La structure a déposé un autre fichier" in page.content.decode()
    piece.refresh_from_db()
    assert piece.etat == EtatPiece.RECUE


def test_valider_deux_fois_ou_ce_qui_n_est_pas_recu(client, se_connecter, cas):
    _, piece, membre, agent = cas
    se_connecter(client, agent)
    page = client.post(adresse("valider_piece", agent, piece.pk), follow=True).content.decode()
    assert "l&#x27;état est maintenant « Demandée »" in page
    actes.valider_piece(deposer(piece, membre), par=agent)
    page = client.post(adresse("valider_piece", agent, piece.pk), follow=True).content.decode()
    assert "l&#x27;état est maintenant « Validée »" in page
    assert client.get(adresse("valider_piece", agent, piece.pk)).status_code == 405
    with pytest.raises(TransitionImpossible, match="Validée"):
        deposer(piece, membre)


def test_le_dossier_complet_s_annonce_une_fois(cas):
    convention, _, membre, agent = cas
    for piece in convention.pieces.order_by("pk"):
        assert not Courriel.objects.filter(code="conventions/dossier_complet").exists()
        actes.valider_piece(deposer(piece, membre), par=agent)
    (courriel,) = Courriel.objects.filter(code="conventions/dossier_complet")
    assert courriel.destinataire == membre.utilisateur.email
    actions.proposer_convention(convention, par=agent)


def test_une_piece_validee_ne_se_refuse_plus_pendant_la_signature(cas):
    _, _, _, agent = cas
    convention = f.proposee()
    piece = convention.pieces.first()
    with pytest.raises(TransitionImpossible, match="retirez d'abord le document"):
        actes.refuser_piece(piece, motif="Finalement illisible.", par=agent)
    actions.retirer_document(convention, motif="Date fausse.", par=agent)
    assert actes.refuser_piece(piece, motif="Finalement illisible.", par=agent).etat == EtatPiece.REFUSEE


def test_une_convention_finie_ne_recoit_plus_rien(cas):
    convention, piece, membre, agent = cas
    actions.annuler_convention(convention, motif="Postes rendus.", par=agent)
    for acte in (
        lambda: deposer(piece, membre),
        lambda: actes.demander_piece(convention, type="statuts", par=agent),
    ):
        with pytest.raises(TransitionImpossible, match="son dossier ne change plus"):
            acte()


# --- Demander ---


def test_demander_une_piece_de_plus(client, se_connecter, cas):
    convention, _, membre, agent = cas
    se_connecter(client, agent)
    page = adresse("demander_piece", agent, convention.pk)
    assert "Choisissez une pièce." in client.post(page).content.decode()
    assert "Cette pièce est déjà demandée." in client.post(page, {"type": "identite"}).content.decode()
    assert "Cette pièce est déjà demandée." in client.post(page, {"type": "exemplaire"}).content.decode()
    assert client.post(page, {"type": "statuts"}).status_code == 302
    piece = convention.pieces.get(type=TypePiece.STATUTS)
    assert piece.etat == EtatPiece.DEMANDEE
    (courriel,) = Courriel.objects.filter(code="conventions/piece_demandee")
    assert (courriel.destinataire, "Statuts" in courriel.texte) == (membre.utilisateur.email, True)
    with pytest.raises(ValidationError, match="déjà demandée"):
        actes.demander_piece(convention, type="statuts", par=agent)
    with pytest.raises(ValidationError, match="de la liste"):
        actes.demander_piece(convention, type="exemplaire", par=agent)


# --- Conserver ---


def test_une_piece_d_identite_s_efface_trente_jours_apres_la_signature(
    client, se_connecter, cas, depot, django_capture_on_commit_callbacks
):
    convention, piece, membre, _ = cas
    piece = deposer(piece, membre)
    rib = deposer(convention.pieces.get(type=TypePiece.RIB), membre)
    # Pas signée : elle sert encore.
    with time_machine.travel(timezone.now() + timedelta(days=400)):
        assert conservation.appliquer(IDENTITES) == 0
    f.signer(convention)
    with time_machine.travel(timezone.now() + timedelta(days=29)):
        assert conservation.appliquer(IDENTITES) == 0
    with time_machine.travel(timezone.now() + timedelta(days=31)):
        with django_capture_on_commit_callbacks(execute=True):
            assert conservation.appliquer(IDENTITES) == 1
        assert conservation.appliquer(IDENTITES) == 0
        assert conservation.appliquer(AUTRES) == 0
    empreinte = piece.sha256
    piece.refresh_from_db()
    assert (piece.fichier.name, piece.nom_fichier, piece.sha256) == ("", "", empreinte)
    assert piece.efface_le
    assert fichiers(depot) == [rib.fichier.name]
    assert Entree.objects.de_l_objet(piece).last().action == "effacer_piece"
    page = se_connecter(client, membre).get(adresse("piece", membre, piece.pk)).content.decode()
    assert "à la fin de sa conservation" in page
    assert client.get(adresse("piece_fichier", membre, piece.pk)).status_code == 404


def test_une_piece_d_identite_d_un_avenant_en_cours_reste(cas):
    convention, piece, membre, _ = cas
    deposer(piece, membre)
    f.signer(convention)
    convention.actes.create(numero=1, objet="dates", effet_le=f.DEBUT, regle_code="x", regle_empreinte="x")
    with time_machine.travel(timezone.now() + timedelta(days=60)):
        assert conservation.appliquer(IDENTITES) == 0


def test_annulee_les_pieces_d_identite_partent_trente_jours_apres(cas):
    convention, piece, membre, agent = cas
    deposer(piece, membre)
    actions.annuler_convention(convention, motif="Postes rendus.", par=agent)
    with time_machine.travel(timezone.now() + timedelta(days=29)):
        assert conservation.appliquer(IDENTITES) == 0
    with time_machine.travel(timezone.now() + timedelta(days=31)):
        assert conservation.appliquer(IDENTITES) == 1


def test_les_autres_pieces_restent_dix_ans_apres_la_fin(cas, depot, django_capture_on_commit_callbacks):
    convention, _, membre, _ = cas
    rib = deposer(convention.pieces.get(type=TypePiece.RIB), membre)
    f.signer(convention)
    dix_ans = f.FIN.replace(year=f.FIN.year + 10)
    with time_machine.travel(dix_ans):
        assert conservation.appliquer(AUTRES) == 0
    with time_machine.travel(dix_ans + timedelta(days=3)), django_capture_on_commit_callbacks(execute=True):
        assert conservation.appliquer(AUTRES) == 1
    assert Piece.objects.get(pk=rib.pk).efface_le
    assert fichiers(depot) == []
