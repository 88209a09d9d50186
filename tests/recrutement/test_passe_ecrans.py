"""Les écrans de l'appariement : page publique, passages, rapport, réglages, lancement."""

import csv
import io
from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from conum.journal.acteurs import SYSTEME
from conum.journal.models import Entree
from conum.recrutement import jobs
from conum.recrutement.actions import chiffres, passes, reglages
from conum.recrutement.models import MiseEnRelation, Passe, ReglageAppariement
from conum.recrutement.rules import equite
from conum.recrutement.states import Etat, EtatPasse
from tests.demandes.fabriques import anct
from tests.recrutement.fabriques import CandidatFactory, membre, recrutement, vivier

pytestmark = pytest.mark.django_db
MOTIF = "Davantage de choix pour les structures."


@pytest.fixture
def agent(client, se_connecter):
    role = anct()
    se_connecter(client, role)
    return role


def _clore(relation, etat, motif):
    champs = {"etat": etat, "motif_fin": motif, "close_le": timezone.now(), "echeance": None}
    MiseEnRelation.objects.filter(pk=relation.pk).update(**champs)


# --- Page publique ----------------------------------------------------------------------------------------------------


def test_la_page_publique_dit_tout_ce_que_la_loi_demande(client):
    ReglageAppariement.objects.create(
        a_partir_du=timezone.localdate() - timedelta(days=3), max_par_poste=4, max_par_candidat=2, motif=MOTIF
    )
    recrutement(postes=2)
    vivier(4)
    passes.lancer()
    ouvertes = list(MiseEnRelation.objects.order_by("pk"))
    _clore(ouvertes[0], Etat.DECLINEE, "distance")
    page = client.get(reverse("recrutement:algorithme"))
    texte = page.content.decode()
    assert page.status_code == 200
    for attendu in (
        "L. 311-3-1", "R. 311-3-1-2", "4 propositions par poste vacant", MOTIF, "2026-1", "le genre (ni demandé",
        "Déclinées par le candidat", f"version {passes.VERSION}", reverse("recrutement:delais"),
        reverse("portail:contact"), *equite.donnees_lues()["candidats"],
    ):  # fmt: skip
        assert attendu in texte.replace("&#x27;", "'").replace('<abbr title="législatif">L.</abbr>', "L."), attendu


def test_la_page_publique_s_ouvre_sans_aucun_passage(client):
    assert client.get(reverse("recrutement:algorithme")).status_code == 200


def test_les_chiffres_de_l_annee_comptent_chaque_issue():
    recrutement(postes=3)
    vivier(9)
    passes.lancer()
    relations = list(MiseEnRelation.objects.order_by("pk"))
    assert len(relations) == 9
    _clore(relations[0], Etat.DECLINEE, "distance")
    _clore(relations[1], Etat.DECLINEE, "dates")
    _clore(relations[2], Etat.ECARTEE, "experience")
    _clore(relations[3], Etat.EXPIREE, "sans_reponse")
    annee = timezone.localdate().year
    lus = chiffres.chiffres(annee)
    assert (lus.passages, lus.propositions, lus.candidats, lus.recrutements) == (1, 9, 9, 1)
    assert (lus.declinees, lus.ecartees, lus.expirees, lus.en_cours, lus.closes) == (2, 1, 1, 5, 4)
    assert ("Déclinées par le candidat", 2, 50) in lus.issues
    assert chiffres.chiffres(annee - 1).propositions == 0
    assert chiffres.chiffres(annee - 1).part(0) is None
    assert chiffres.annees() == [annee]


# --- Passages ---------------------------------------------------------------------------------------------------------


def test_l_anct_lit_les_passages_et_leur_rapport(client, agent):
    recrutement(postes=2), recrutement(code="51230")
    vivier(5)
    passe = passes.lancer()
    liste = client.get(reverse("recrutement:passes", args=[agent.pk])).content.decode()
    assert reverse("recrutement:passe", args=[agent.pk, passe.pk]) in liste
    page = client.get(reverse("recrutement:passe", args=[agent.pk, passe.pk])).content.decode()
    assert "Candidats, selon leur mobilité" in page
    assert "Marne (51)" in page
    assert "aucune autre solution ne coûte moins" in page
    assert passe.propositions.order_by("pk").first().reference in page


def test_le_rapport_s_exporte_et_dit_les_memes_nombres(client, agent):
    recrutement(postes=2)
    vivier(5)
    passe = passes.lancer()
    adresse = reverse("recrutement:passe", args=[agent.pk, passe.pk])
    fichier = client.get(adresse, {"equite": "csv"})
    lignes = list(csv.DictReader(io.StringIO(b"".join(fichier.streaming_content).decode("utf-8-sig")), delimiter=";"))
    par_departement = [x for x in lignes if x["Tableau"] == "Postes, par département"]
    assert [(x["Code"], x["Total"], x["Servis"]) for x in par_departement] == [("51", "2", "2")]
    propositions = client.get(adresse, {"format": "csv"})
    assert b"".join(propositions.streaming_content).decode().count("\n") == passe.propositions.count() + 1
    assert client.get(adresse, {"equite": "exe"}).status_code == 404
    assert client.get(adresse, {"equite": "xlsx"}).status_code == 200


def test_un_passage_echoue_le_dit(client, agent, monkeypatch):
    monkeypatch.setattr(passes, "apparier", lambda *a, **k: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        passes.lancer()
    page = client.get(reverse("recrutement:passe", args=[agent.pk, Passe.objects.get().pk])).content.decode()
    assert "n’a rien proposé" in page
    assert "ZeroDivisionError" in page
    assert client.get(reverse("recrutement:passes", args=[agent.pk])).status_code == 200


def test_lancer_demande_un_travail_et_le_double_clic_n_en_demande_qu_un(client, agent):
    adresse = reverse("recrutement:lancer_passe", args=[agent.pk])
    assert client.get(adresse).status_code == 405
    for _ in range(2):
        reponse = client.post(adresse, follow=True)
        assert reponse.status_code == 200
    assert "déjà demandé" in reponse.content.decode()
    assert ProcrastinateJob.objects.filter(task_name=passes.TRAVAIL).count() == 1
    page = client.get(reverse("recrutement:etat_passe", args=[agent.pk])).content.decode()
    assert "va commencer" in page
    assert "every 5s" in page
    assert "<form" not in page


def test_un_passage_en_cours_se_voit_et_empeche_d_en_demander_un_autre(client, agent):
    passes._commencer(SYSTEME)
    assert "en cours depuis" in client.get(reverse("recrutement:passes", args=[agent.pk])).content.decode()
    client.post(reverse("recrutement:lancer_passe", args=[agent.pk]))
    assert not ProcrastinateJob.objects.filter(task_name=passes.TRAVAIL).exists()


def test_le_travail_demande_passe_au_nom_de_l_agent(agent):
    jobs.passer(role=agent.pk)
    jobs.passage_de_nuit()
    agents = Passe.objects.order_by("pk").values_list("declenchee_par", "etat")
    assert list(agents) == [(agent.pk, EtatPasse.TERMINEE), (None, EtatPasse.TERMINEE)]
    agent.actif = False
    agent.save()
    jobs.passer(role=agent.pk)
    assert Passe.objects.order_by("-pk").first().declenchee_par is None


@pytest.mark.parametrize("nom", ["passes", "reglages", "pourquoi", "etat_passe"])
def test_ces_pages_sont_a_l_anct_seule(client, se_connecter, nom):
    for role in (membre(recrutement()), CandidatFactory().role):
        assert se_connecter(client, role).get(reverse(f"recrutement:{nom}", args=[role.pk])).status_code == 403


def test_les_requetes_de_la_page_d_un_passage_ne_suivent_pas_les_propositions(client, agent):
    recrutement(postes=8)
    vivier(30)
    passe = passes.lancer()
    assert passe.propositions.count() == 21
    adresse = reverse("recrutement:passe", args=[agent.pk, passe.pk])
    client.get(adresse)
    with CaptureQueriesContext(connection) as capture:
        client.get(adresse)
    assert len(capture) <= 10


# --- Réglages ---------------------------------------------------------------------------------------------------------


def test_l_anct_fixe_un_reglage_date_et_motive(client, agent):
    adresse = reverse("recrutement:reglages", args=[agent.pk])
    demain = timezone.localdate() + timedelta(days=1)
    envoi = {"a_partir_du": demain.isoformat(), "max_par_poste": 5, "max_par_candidat": 4, "motif": MOTIF}
    assert client.post(adresse, envoi).status_code == 302
    reglage = ReglageAppariement.objects.get()
    assert (reglage.max_par_poste, reglage.max_par_candidat, reglage.role) == (5, 4, agent)
    assert ReglageAppariement.au(timezone.localdate()).max_par_poste == 3
    assert ReglageAppariement.au(demain).max_par_poste == 5
    entree = Entree.objects.de_l_objet(reglage).get()
    assert (entree.action, entree.motif, entree.donnees["plafonds"]) == ("fixer_reglage", MOTIF, [5, 4])
    # Le même jour à venir se corrige.
    assert client.post(adresse, envoi | {"max_par_poste": 6}).status_code == 302
    reglage.refresh_from_db()
    assert reglage.max_par_poste == 6
    assert MOTIF in client.get(adresse).content.decode()


@pytest.mark.parametrize(
    ("champs", "champ"),
    [
        ({"a_partir_du": -1}, "a_partir_du"),
        ({"max_par_poste": 0}, "max_par_poste"),
        ({"max_par_candidat": 21}, "max_par_candidat"),
        ({"motif": "court"}, "motif"),
    ],
)
def test_un_reglage_faux_est_refuse_a_l_ecran_et_dans_l_action(client, agent, champs, champ):
    voulu = {"a_partir_du": 1, "max_par_poste": 3, "max_par_candidat": 3, "motif": MOTIF, **champs}
    voulu["a_partir_du"] = timezone.localdate() + timedelta(days=voulu["a_partir_du"])
    with pytest.raises(ValidationError):
        reglages.fixer_reglage(**voulu, par=agent)
    assert not ReglageAppariement.objects.exists()
    page = client.post(reverse("recrutement:reglages", args=[agent.pk]), voulu)
    assert page.status_code == 200
    assert page.context["form"].errors.keys() == {champ}


def test_un_reglage_en_vigueur_ne_se_recrit_pas_le_jour_meme(client, agent):
    voulu = {"a_partir_du": timezone.localdate(), "max_par_poste": 2, "max_par_candidat": 2, "motif": MOTIF}
    reglages.fixer_reglage(**voulu, par=agent)
    page = client.post(reverse("recrutement:reglages", args=[agent.pk]), voulu | {"max_par_poste": 4})
    assert "prend déjà effet ce jour-là" in page.content.decode()
    assert ReglageAppariement.objects.get().max_par_poste == 2


def test_seule_l_anct_regle():
    voulu = {"a_partir_du": timezone.localdate(), "max_par_poste": 2, "max_par_candidat": 2, "motif": MOTIF}
    with pytest.raises(PermissionDenied):
        reglages.fixer_reglage(**voulu, par=membre(recrutement()))
