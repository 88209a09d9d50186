"""Les candidats vus par l'ANCT : chercher, filtrer, exporter, bloquer avec un motif que la personne reçoit."""

import csv
import io
from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from conum.courriels.models import Courriel
from conum.journal.acteurs import SYSTEME
from conum.journal.models import Entree
from conum.journal.workflow import TransitionImpossible
from conum.recrutement.actions import anct as actes
from conum.recrutement.actions.candidature import ouvrir_brouillon
from conum.recrutement.models import Candidat
from conum.recrutement.states import Etat, EtatCandidat
from tests.comptes.fabriques import DepartementFactory, RoleFactory
from tests.recrutement.aides_candidature import envoyee
from tests.recrutement.fabriques import CandidatFactory, membre, relation, vivier
from tests.structures.fabriques import CommuneFactory

pytestmark = pytest.mark.django_db
MOTIF = "Deux candidatures portent la même identité."


@pytest.fixture
def anct(client, se_connecter):
    role = RoleFactory(anct=True)
    se_connecter(client, role)
    return role


@pytest.fixture
def lister(client, anct):
    def voir(**parametres):
        reponse = client.get(reverse("recrutement:candidats", args=[anct.pk]), parametres)
        assert reponse.status_code == 200
        return {c.pk for c in reponse.context["liste"].page}

    return voir


# --- Chercher ---


def test_la_liste_ne_montre_que_les_candidatures_confirmees(lister) -> None:
    vus = {CandidatFactory(etat=e).pk for e in (EtatCandidat.DISPONIBLE, EtatCandidat.RETIRE, EtatCandidat.BLOQUE)}
    envoyee("attend@exemple.fr")
    ouvrir_brouillon()
    assert lister() == vus


@pytest.mark.parametrize(
    "saisie", ["élodie", "ELODIE", "dupré", "Elodie Dupre", "Dupré Élodie", "elodie.d@ex", "C-{pk}", "{pk}"]
)
def test_on_cherche_par_nom_adresse_ou_reference(lister, saisie: str) -> None:
    voulue = CandidatFactory(prenom="Élodie", nom="Dupré", email="elodie.d@exemple.fr")
    CandidatFactory(prenom="Karim", nom="Haddad")
    assert lister(recherche=saisie.format(pk=f"{voulue.pk:05d}")) == {voulue.pk}


def test_une_recherche_bizarre_ne_casse_rien(lister) -> None:
    CandidatFactory(nom="D'Été-Roux")
    assert lister(recherche="d'ete-r")
    for saisie in ("%", "_", "C-", "99999999999999999999", "'; drop table", "\\", "C-9999999999999"):
        assert lister(recherche=saisie) == set(), saisie


def test_les_filtres_se_cumulent(lister) -> None:
    ailleurs = DepartementFactory(code="94", nom="Val-de-Marne")
    lieu = CommuneFactory(code="94038", departement=ailleurs, latitude=48.78, longitude=2.33)
    ici = CandidatFactory()
    la = CandidatFactory(commune=lieu)
    bloque = CandidatFactory(commune=lieu, etat=EtatCandidat.BLOQUE)
    avec_cv = CandidatFactory(commune=lieu, cv="cv/x.pdf", cv_depose_le=timezone.now())
    assert lister(departement="94") == {la.pk, bloque.pk, avec_cv.pk}
    assert lister(departement="94", etat="bloque") == {bloque.pk}
    assert lister(cv="oui") == {avec_cv.pk}
    assert lister(departement="51", cv="non") == {ici.pk}


def test_l_export_porte_les_memes_lignes(client, anct) -> None:
    CandidatFactory(nom="=CMD()", prenom="Zoé", telephone="+33 6 12 34 56 78")
    reponse = client.get(reverse("recrutement:candidats", args=[anct.pk]), {"format": "csv", "recherche": "zoe"})
    contenu = b"".join(reponse.streaming_content).decode("utf-8-sig")
    titres, ligne = list(csv.reader(io.StringIO(contenu), delimiter=";"))
    lues = dict(zip(titres, ligne, strict=True))
    assert lues["Téléphone"] == "'+33 6 12 34 56 78"
    assert lues["Nom"].startswith("'=CMD()"), "une cellule n'est jamais une formule"
    assert client.get(reverse("recrutement:candidats", args=[anct.pk]), {"format": "xlsx"}).status_code == 200


def test_les_autres_roles_n_y_entrent_pas(client, se_connecter) -> None:
    candidat = CandidatFactory()
    autres = [RoleFactory(prefecture=True), RoleFactory(prefecture_de_region=True), RoleFactory(structure=True),
              RoleFactory(reseau=True), RoleFactory(hub=True), candidat.role]  # fmt: skip
    for role in autres:
        se_connecter(client, role)
        assert client.get(reverse("recrutement:candidats", args=[role.pk])).status_code == 403
        for nom in ("candidat", "bloquer", "debloquer"):
            assert client.get(reverse(f"recrutement:{nom}", args=[role.pk, candidat.pk])).status_code == 403


def test_le_nombre_de_requetes_ne_suit_pas_la_liste(client, anct) -> None:
    def compter() -> int:
        with CaptureQueriesContext(connection) as requetes:
            client.get(reverse("recrutement:candidats", args=[anct.pk]))
        return len(requetes)

    CandidatFactory()
    seul = compter()
    vivier(24)
    assert compter() == seul


# --- La page d'une candidature ---


def test_la_page_raconte_le_parcours(client, anct) -> None:
    candidat = CandidatFactory(etat=EtatCandidat.RETIRE, motif_retrait="trop_long", precision_retrait="Deux mois.")
    une = relation(candidat=candidat, etat=Etat.ENTRETIEN)
    actes.bloquer(candidat, motif=MOTIF, par=anct)
    page = client.get(reverse("recrutement:candidat", args=[anct.pk, candidat.pk])).content.decode()
    for attendu in (candidat.email, MOTIF, "Candidature bloquée par l’ANCT", une.reference, "Deux mois."):
        assert attendu.replace("'", "&#x27;") in page, attendu


@pytest.mark.parametrize("etat", [EtatCandidat.DISPONIBLE, EtatCandidat.EN_PAUSE, EtatCandidat.RECRUTE])
def test_la_page_s_ouvre_dans_chaque_etat(client, anct, etat: str) -> None:
    candidat = CandidatFactory(etat=etat, motif_pause="formation", en_pause_depuis=timezone.now())
    assert client.get(reverse("recrutement:candidat", args=[anct.pk, candidat.pk])).status_code == 200


def test_une_candidature_pas_encore_confirmee_n_existe_pas_pour_l_anct(client, anct) -> None:
    for candidat in (envoyee("attend@exemple.fr"), ouvrir_brouillon()):
        assert client.get(reverse("recrutement:candidat", args=[anct.pk, candidat.pk])).status_code == 404


# --- Bloquer, débloquer ---


def test_bloquer_clot_previent_et_garde_le_motif(client, anct) -> None:
    candidat = CandidatFactory()
    relations = [relation(candidat=candidat, etat=e) for e in (Etat.PROPOSEE, Etat.ACCEPTEE)]
    adresse = reverse("recrutement:bloquer", args=[anct.pk, candidat.pk])
    assert "Bloquer la candidature" in client.get(adresse).content.decode()
    suite = client.post(adresse, {"motif": MOTIF}, follow=True).content.decode()
    assert "est bloquée" in suite
    candidat.refresh_from_db()
    assert (candidat.etat, candidat.motif_blocage) == (EtatCandidat.BLOQUE, MOTIF)
    assert candidat not in Candidat.objects.au_vivier()
    for une in relations:
        une.refresh_from_db()
        assert (une.etat, une.motif_fin) == (Etat.SANS_OBJET, "candidat_bloque")
        assert Courriel.objects.filter(destinataire=membre(une.recrutement).utilisateur.email).exists()
    recu = Courriel.objects.get(destinataire=candidat.email)
    assert recu.code == "recrutement/candidature_bloquee"
    assert MOTIF in recu.texte
    assert MOTIF not in str(list(Entree.objects.de_l_objet(candidat).values()))


def test_debloquer_rend_la_main_a_la_personne(client, anct) -> None:
    candidat = CandidatFactory(etat=EtatCandidat.BLOQUE, motif_blocage=MOTIF)
    client.post(reverse("recrutement:debloquer", args=[anct.pk, candidat.pk]), {"motif": "Erreur de notre part."})
    candidat.refresh_from_db()
    assert (candidat.etat, candidat.motif_blocage, candidat.motif_pause) == (EtatCandidat.EN_PAUSE, "", "deblocage")
    assert "Erreur de notre part." in Courriel.objects.get(destinataire=candidat.email).texte


def test_le_motif_est_obligatoire_et_borne(client, anct) -> None:
    candidat = CandidatFactory()
    adresse = reverse("recrutement:bloquer", args=[anct.pk, candidat.pk])
    for motif in ("", "court", "x" * 1001):
        assert client.post(adresse, {"motif": motif}).status_code == 200
        with pytest.raises(ValidationError):
            actes.bloquer(candidat, motif=motif, par=anct)
    candidat.refresh_from_db()
    assert candidat.etat == EtatCandidat.DISPONIBLE


def test_on_ne_bloque_pas_deux_fois_ni_une_personne_recrutee(client, anct) -> None:
    for etat in (EtatCandidat.BLOQUE, EtatCandidat.RECRUTE):
        candidat = CandidatFactory(etat=etat)
        with pytest.raises(TransitionImpossible):
            actes.bloquer(candidat, motif=MOTIF, par=anct)
        page = client.post(reverse("recrutement:bloquer", args=[anct.pk, candidat.pk]), {"motif": MOTIF}, follow=True)
        assert "Cette candidature est maintenant" in page.content.decode()
    assert not Courriel.objects.exists()


def test_nul_autre_que_l_anct_ne_bloque() -> None:
    candidat = CandidatFactory()
    bloque = CandidatFactory(etat=EtatCandidat.BLOQUE)
    for par in (candidat.role, bloque.role, RoleFactory(prefecture=True), RoleFactory(structure=True), SYSTEME):
        with pytest.raises(PermissionDenied):
            actes.bloquer(candidat, motif=MOTIF, par=par)
        with pytest.raises(PermissionDenied):
            actes.debloquer(bloque, motif=MOTIF, par=par)


def test_une_page_de_blocage_perimee_ne_refait_rien(client, anct) -> None:
    candidat = CandidatFactory()
    Candidat.objects.filter(pk=candidat.pk).update(
        etat=EtatCandidat.RETIRE, updated_at=timezone.now() - timedelta(days=1)
    )
    actes.bloquer(candidat, motif=MOTIF, par=anct)
    assert Courriel.objects.count() == 1
