"""Ce qui s'efface d'une candidature, quand et comment ; ce qui reste n'est plus personne."""

import json
import re
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.core.exceptions import PermissionDenied
from django.core.files.storage import default_storage
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from conum.comptes.actions import CompteRefuse, anonymiser_compte
from conum.courriels.actions import mettre_en_file
from conum.courriels.models import Courriel
from conum.journal.acteurs import SYSTEME
from conum.journal.models import Entree
from conum.recrutement.actions import conservation as actes
from conum.recrutement.actions.anct import bloquer
from conum.recrutement.actions.cv import deposer_cv, noter_usage_cv
from conum.recrutement.emails.candidature import Enregistree
from conum.recrutement.jobs import prevenir_inactifs
from conum.recrutement.models import Candidat, ConsultationVivier, LienPersonnel, MiseEnRelation, Partie
from conum.recrutement.states import Etat, EtatCandidat
from conum.socle import conservation
from conum.utilisateurs.models import Utilisateur
from tests.comptes.fabriques import RoleFactory
from tests.recrutement.aides_candidature import codes, envoyee, pdf
from tests.recrutement.fabriques import CandidatFactory, membre, recrutement, relation
from tests.structures.fabriques import MembreFactory

pytestmark = pytest.mark.django_db
PARIS = ZoneInfo("Europe/Paris")
DEBUT = datetime(2024, 1, 10, 10, tzinfo=PARIS)
REGLES = {
    "candidatures non terminées": 30,
    "CV des candidats": 183,
    "candidats sans nouvelle": 730,
    "recherches des structures dans le vivier": 365,
    "liens personnels expirés": 30,
}


def le(instant: datetime):  # type: ignore[no-untyped-def]
    return time_machine.travel(instant, tick=False)


def recrute(candidat: Candidat, **champs: Any) -> MiseEnRelation:
    """La personne occupe un poste de la structure."""
    ouvert = recrutement()
    une = relation(
        ouvert, candidat, etat=Etat.RECRUTEE, close_le=timezone.now(), contrat_signe_le=timezone.localdate(), **champs
    )
    poste = ouvert.postes.get()
    poste.pourvu_par, poste.pourvu_le = une, timezone.now()
    poste.save()
    return une


def tout_ce_qui_reste(candidat: Candidat) -> str:
    lignes = [*Candidat.objects.filter(pk=candidat.pk).values(), *MiseEnRelation.objects.values()]
    return str(lignes) + str(list(Entree.objects.values("acteur", "motif", "donnees")))


def test_les_durees_sont_des_donnees() -> None:
    declarees = {regle.quoi: regle.duree.days for regle in conservation.regles()}
    assert {quoi: declarees[quoi] for quoi in REGLES} == REGLES


# --- Effacer soi-même ---


def test_effacer_ses_donnees_efface_la_personne_et_garde_les_nombres(
    client, se_connecter, django_capture_on_commit_callbacks
) -> None:
    candidat = CandidatFactory(
        prenom="Zélie", nom="Quatremer", email="zelie.q@exemple.fr", langues=["ty"], pix_palier=2, diplome=True,
        nom_diplome="Titre REMN", mobilite_km=40, pix_le=timezone.localdate(), pix_origine="declaration",
    )  # fmt: skip
    role, numero = candidat.role, candidat.pk
    with django_capture_on_commit_callbacks(execute=True):
        deposer_cv(candidat, pdf(), nom="Quatremer.pdf", par=role)
    chemin = Candidat.objects.get().cv.name
    mettre_en_file(Enregistree.de(candidat), a=candidat.email)
    Courriel.objects.update(
        etat="envoye", envoye_le=timezone.now(), pris_le=timezone.now(), tentatives=1, prochaine_tentative=None
    )
    une = relation(candidat=candidat, etat=Etat.ENTRETIEN, entretien_lieu="chez Zélie", entretien_message="06…",
                   origine="preselection", motif_preselection="Zélie nous connaît")  # fmt: skip
    se_connecter(client, role)
    adresse = reverse("recrutement:supprimer_mes_donnees", args=[role.pk])
    assert "On ne peut pas revenir en arrière" in client.get(adresse).content.decode()
    with django_capture_on_commit_callbacks(execute=True):
        suite = client.post(adresse, {"adresse": " Zelie.Q@exemple.fr "}, follow=True)
    assert "Vos données sont effacées" in suite.content.decode()
    assert "_auth_user_id" not in client.session
    lu = Candidat.objects.get(pk=numero)
    assert lu.etat == EtatCandidat.ANONYMISE
    assert (lu.departement_id, lu.mobilite_km, lu.diplome, lu.en_recherche) == ("51", 40, True, True)
    assert lu.confirme_le is not None
    assert (lu.commune_id, lu.latitude, lu.role_id, lu.langues, lu.pix_palier) == (None, None, None, [], None)
    assert not default_storage.exists(chemin)
    une.refresh_from_db()
    assert (une.etat, une.motif_fin, une.motif_preselection) == (Etat.SANS_OBJET, "candidat_retire", "Effacé")
    assert not re.search(r"z[ée]lie|quatremer|remn|06…", tout_ce_qui_reste(lu), re.IGNORECASE)
    personne = Utilisateur.objects.get(pk=role.utilisateur_id)
    assert personne.anonymise_le is not None
    assert "zelie" not in personne.email
    # Partis avec l'effacement : l'annulation du rendez-vous et le dernier mot. Les courriels d'avant sont oubliés.
    assert codes("zelie.q@exemple.fr") == ["entretien_annule", "candidature_effacee"]
    ancien = Courriel.objects.get(code="recrutement/candidature_enregistree")
    assert (ancien.destinataire, ancien.texte, ancien.html) == ("efface@anonyme.invalid", "", "")
    assert "Votre compte est effacé" in Courriel.objects.get(code="recrutement/candidature_effacee").texte
    assert Courriel.objects.filter(destinataire=membre(une.recrutement).utilisateur.email).exists()


def test_il_faut_taper_son_adresse(client, se_connecter) -> None:
    candidat = CandidatFactory()
    se_connecter(client, candidat.role)
    adresse = reverse("recrutement:supprimer_mes_donnees", args=[candidat.role_id])
    for saisie in ("", "autre@exemple.fr"):
        page = client.post(adresse, {"adresse": saisie})
        assert page.status_code == 200
    assert "Ce n’est pas l’adresse" in page.content.decode()
    candidat.refresh_from_db()
    assert candidat.etat == EtatCandidat.DISPONIBLE


def test_avec_un_autre_role_seul_celui_de_candidat_se_ferme(client, se_connecter) -> None:
    candidat = CandidatFactory()
    personne = candidat.role.utilisateur
    autre = RoleFactory(structure=True, utilisateur=personne)
    se_connecter(client, candidat.role)
    page = client.get(reverse("recrutement:supprimer_mes_donnees", args=[candidat.role_id])).content.decode()
    assert "Vos autres accès au site ne changent pas" in page
    suite = client.post(
        reverse("recrutement:supprimer_mes_donnees", args=[candidat.role_id]), {"adresse": candidat.email}, follow=True
    )
    assert "Votre candidature est effacée" in suite.content.decode()
    personne.refresh_from_db()
    assert personne.anonymise_le is None
    assert [r.actif for r in personne.roles.order_by("pk")] == [False, True]
    assert client.get(reverse("recrutement:ma_candidature", args=[candidat.role_id])).status_code == 404
    assert autre.utilisateur.email == candidat.email


@pytest.mark.parametrize("engagement", ["acceptee", "recrutee"])
def test_qui_est_engage_lit_pourquoi_il_doit_attendre(client, se_connecter, engagement: str) -> None:
    candidat = CandidatFactory()
    une = relation(candidat=candidat, etat=Etat.ACCEPTEE) if engagement == "acceptee" else recrute(candidat)
    se_connecter(client, candidat.role)
    adresse = reverse("recrutement:supprimer_mes_donnees", args=[candidat.role_id])
    page = client.get(adresse).content.decode()
    assert "Ce n’est pas possible maintenant" in page
    assert une.recrutement.structure.nom in page.replace("&#x27;", "'")
    assert client.post(adresse, {"adresse": candidat.email}).status_code == 409
    candidat.refresh_from_db()
    assert candidat.prenom == "Inès"


def test_le_contrat_fini_on_peut_effacer() -> None:
    candidat = CandidatFactory(etat=EtatCandidat.RECRUTE)
    passe = timezone.localdate() - timedelta(days=400)
    une = recrute(candidat)
    une.offre_type_contrat, une.offre_debut = "cdd", passe
    une.offre_fin = timezone.localdate() - timedelta(days=1)
    une.save()
    actes.supprimer_mes_donnees(candidat, par=candidat.role)
    candidat.refresh_from_db()
    assert candidat.etat == EtatCandidat.ANONYMISE


def test_le_dernier_membre_d_une_structure_efface_quand_meme_sa_candidature() -> None:
    candidat = CandidatFactory()
    seul = MembreFactory(role=RoleFactory(structure=True, utilisateur=candidat.role.utilisateur))
    actes.supprimer_mes_donnees(candidat, par=candidat.role)
    candidat.refresh_from_db()
    seul.role.refresh_from_db()
    assert (candidat.etat, seul.role.actif) == (EtatCandidat.ANONYMISE, True)


def test_nul_autre_n_efface() -> None:
    candidat = CandidatFactory()
    for par in (CandidatFactory().role, RoleFactory(anct=True), RoleFactory(structure=True)):
        with pytest.raises(PermissionDenied):
            actes.supprimer_mes_donnees(candidat, par=par)
        with pytest.raises(PermissionDenied):
            actes.anonymiser(candidat, par=par, compte_efface=True)


def test_une_personne_effacee_peut_se_reinscrire() -> None:
    candidat = CandidatFactory(email="ines@exemple.fr")
    actes.supprimer_mes_donnees(candidat, par=candidat.role)
    nouvelle = envoyee("ines@exemple.fr")
    assert nouvelle.pk != candidat.pk
    assert nouvelle.etat == EtatCandidat.A_CONFIRMER


# --- Le compte s'efface ailleurs ---


def test_effacer_le_compte_efface_la_candidature() -> None:
    candidat = CandidatFactory()
    une = relation(candidat=candidat)
    anonymiser_compte(candidat.role.utilisateur, par=SYSTEME)
    candidat.refresh_from_db()
    une.refresh_from_db()
    assert (candidat.etat, candidat.email, une.etat) == (EtatCandidat.ANONYMISE, "", Etat.SANS_OBJET)


def test_le_compte_de_qui_occupe_un_poste_ne_s_efface_pas() -> None:
    candidat = CandidatFactory(etat=EtatCandidat.RECRUTE)
    recrute(candidat)
    with pytest.raises(CompteRefuse, match="engagé"):
        anonymiser_compte(candidat.role.utilisateur, par=SYSTEME)
    candidat.role.utilisateur.refresh_from_db()
    assert candidat.role.utilisateur.anonymise_le is None


def test_un_compte_sans_candidature_s_efface_comme_avant() -> None:
    role = RoleFactory(prefecture=True)
    assert anonymiser_compte(role.utilisateur, par=SYSTEME).anonymise_le is not None


# --- CV : six mois après le dernier usage ---


def _cv(candidat: Candidat) -> None:
    deposer_cv(candidat, pdf(), nom="a.pdf", par=candidat.role)


def test_un_cv_s_efface_six_mois_apres_son_dernier_usage(django_capture_on_commit_callbacks) -> None:
    with le(DEBUT):
        oublie, lu = CandidatFactory(), CandidatFactory()
        _cv(oublie)
        _cv(lu)
    with le(DEBUT + timedelta(days=100)):
        noter_usage_cv(lu, par=lu.role)
    with le(DEBUT + timedelta(days=183)):
        assert conservation.appliquer("CV des candidats") == 0
    chemin = Candidat.objects.get(pk=oublie.pk).cv.name
    with le(DEBUT + timedelta(days=184)):
        with django_capture_on_commit_callbacks(execute=True):
            assert conservation.appliquer("CV des candidats") == 1
        assert conservation.appliquer("CV des candidats") == 0
    oublie.refresh_from_db()
    lu.refresh_from_db()
    assert (oublie.cv.name, oublie.cv_nom, oublie.cv_depose_le) == ("", "", None)
    assert lu.cv.name
    assert not default_storage.exists(chemin)
    assert oublie.etat == EtatCandidat.DISPONIBLE
    assert codes(oublie.email) == ["cv_efface"]
    with le(DEBUT + timedelta(days=284)):
        assert conservation.appliquer("CV des candidats") == 1


# --- Candidats sans nouvelle : deux avertissements, puis l'effacement ---


def _passer(jours: int) -> int:
    with le(DEBUT + timedelta(days=jours)):
        prevenir_inactifs()
        prevenir_inactifs()
        return conservation.appliquer("candidats sans nouvelle")


@pytest.fixture
def silencieux() -> Candidat:
    with le(DEBUT):
        return CandidatFactory(etat=EtatCandidat.EN_PAUSE)


def test_deux_avertissements_puis_l_effacement(silencieux: Candidat) -> None:
    adresse = silencieux.email
    assert [_passer(j) for j in (500, 699)] == [0, 0]
    assert codes(adresse) == []
    assert [_passer(j) for j in (700, 710, 722)] == [0, 0, 0]
    assert codes(adresse) == ["candidature_inactive"]
    assert [_passer(j) for j in (723, 725, 729)] == [0, 0, 0]
    assert codes(adresse) == ["candidature_inactive"] * 2
    textes = Courriel.objects.filter(destinataire=adresse).values_list("sujet", flat=True)
    assert set(textes) == {"Votre candidature sera effacée le 09/01/2026"}
    assert _passer(731) == 1
    assert codes(adresse) == ["candidature_inactive"] * 2 + ["candidature_effacee"]
    silencieux.refresh_from_db()
    assert (silencieux.etat, silencieux.email) == (EtatCandidat.ANONYMISE, "")
    assert silencieux.departement_id == "51"
    assert Utilisateur.objects.filter(email=adresse).count() == 0
    assert _passer(732) == 0


def test_sans_les_deux_avertissements_rien_ne_s_efface(silencieux: Candidat) -> None:
    """Le worker a été arrêté trois mois : les délais repartent, la personne garde ses trente puis sept jours."""
    assert _passer(900) == 0
    assert codes(silencieux.email) == ["candidature_inactive"]
    assert _passer(922) == 0
    assert _passer(923) == 0
    assert len(codes(silencieux.email)) == 2
    assert _passer(929) == 0
    adresse = silencieux.email
    assert _passer(930) == 1
    assert codes(adresse)[-1] == "candidature_effacee"


@pytest.mark.parametrize("signe", ["actif_le", "connexion"])
def test_un_signe_de_vie_remet_l_horloge_a_zero(silencieux: Candidat, signe: str) -> None:
    for jours in (700, 723):
        _passer(jours)
    instant = DEBUT + timedelta(days=724)
    if signe == "actif_le":
        Candidat.objects.update(actif_le=instant)
    else:
        Utilisateur.objects.filter(pk=silencieux.role.utilisateur_id).update(last_login=instant)
    assert [_passer(j) for j in (731, 740, 1400)] == [0, 0, 0]
    assert len(codes(silencieux.email)) == 2
    _passer(724 + 701)
    assert len(codes(silencieux.email)) == 3


def test_qui_occupe_un_poste_n_est_ni_prevenu_ni_efface() -> None:
    with le(DEBUT):
        candidat = CandidatFactory(etat=EtatCandidat.RECRUTE)
        recrute(candidat)
    assert [_passer(j) for j in (700, 723, 731, 1500)] == [0, 0, 0, 0]
    assert codes(candidat.email) == []


def test_un_candidat_actif_n_est_pas_concerne() -> None:
    with le(DEBUT):
        candidat = CandidatFactory()
    assert _passer(600) == 0
    assert codes(candidat.email) == []


def test_le_travail_ne_regarde_que_les_silencieux() -> None:
    with le(DEBUT):
        for _ in range(5):
            CandidatFactory()
    with le(DEBUT + timedelta(days=300)), CaptureQueriesContext(connection) as requetes:
        actes.prevenir_inactifs()
    assert len(requetes) == 1


# --- Consultations, liens ---


def test_les_recherches_du_vivier_s_effacent_au_bout_d_un_an() -> None:
    ouvert = recrutement()
    for jours in (0, 366):
        with le(DEBUT + timedelta(days=jours)):
            ConsultationVivier.objects.create(recrutement=ouvert, role=membre(ouvert), rayon_km=20)
    with le(DEBUT + timedelta(days=366)):
        assert conservation.appliquer("recherches des structures dans le vivier") == 1
        assert ConsultationVivier.objects.count() == 1


def test_les_liens_expires_s_effacent_trente_jours_apres() -> None:
    une = relation()
    for numero, jours in enumerate((29, 31)):
        LienPersonnel.objects.create(
            mise_en_relation=une, partie=Partie.CANDIDAT, empreinte=f"{numero:064d}",
            expire_le=timezone.now() - timedelta(days=jours),
        )  # fmt: skip
    assert conservation.appliquer("liens personnels expirés") == 1
    assert LienPersonnel.objects.count() == 1


# --- Mes données ---


def test_l_export_dit_tout_ce_qui_est_garde(client, se_connecter) -> None:
    candidat = CandidatFactory(email="ines@exemple.fr", motivation="Transmettre.", pix_palier=2, langues=["ar"])
    role = candidat.role
    une = relation(candidat=candidat, etat=Etat.ENTRETIEN, entretien_lieu="Salle des fêtes")
    agent = membre(une.recrutement)
    ConsultationVivier.objects.create(
        recrutement=une.recrutement, role=agent, rayon_km=15, candidats=[candidat.pk, candidat.pk + 1000]
    )
    autre = relation()
    ConsultationVivier.objects.create(recrutement=autre.recrutement, role=membre(autre.recrutement), rayon_km=99)
    actes_de_la_personne = reverse("recrutement:pause", args=[role.pk])
    se_connecter(client, role).post(actes_de_la_personne, {"motif": "formation"})
    reponse = client.get(reverse("recrutement:mes_donnees_json", args=[role.pk]))
    assert reponse["Content-Disposition"].startswith("attachment")
    donnees = json.loads(reponse.content)
    assert donnees["candidature"]["email"] == donnees["compte"]["email"] == "ines@exemple.fr"
    assert donnees["candidature"]["motivation"] == "Transmettre."
    assert donnees["candidature"]["pix"]["palier"] == 2
    assert [r["reference"] for r in donnees["mises_en_relation"]] == [une.reference]
    assert donnees["mises_en_relation"][0]["entretien_lieu"] == "Salle des fêtes"
    (recherche,) = donnees["consultations_du_vivier"]
    assert (recherche["structure"], recherche["rayon_km"]) == (une.recrutement.structure.nom, 15)
    assert ("Recherche mise en pause", "Vous") in {(e["action"], e["par"]) for e in donnees["historique"]}
    texte = reponse.content.decode()
    for interdit in (agent.utilisateur.email, agent.utilisateur.nom, autre.recrutement.structure.nom):
        assert interdit not in texte, "les données d'un autre"
    page = client.get(reverse("recrutement:mes_donnees", args=[role.pk])).content.decode()
    assert une.recrutement.structure.nom in page.replace("&#x27;", "'")
    assert "à 15 km de son poste" in page


def test_d_un_agent_on_lit_la_qualite_pas_le_nom(client, se_connecter) -> None:
    candidat, agent = CandidatFactory(), RoleFactory(anct=True)
    bloquer(candidat, motif="Deux candidatures pour une personne.", par=agent)
    se_connecter(client, candidat.role)
    texte = client.get(reverse("recrutement:mes_donnees_json", args=[candidat.role_id])).content.decode()
    (entree,) = json.loads(texte)["historique"]
    assert entree["par"] == "ANCT"
    assert agent.utilisateur.nom not in texte


def test_l_export_ne_depend_pas_de_l_activite(client, se_connecter) -> None:
    candidat = CandidatFactory()
    se_connecter(client, candidat.role)

    def compter() -> int:
        with CaptureQueriesContext(connection) as requetes:
            client.get(reverse("recrutement:mes_donnees_json", args=[candidat.role_id]))
        return len(requetes)

    relation(candidat=candidat)
    seul = compter()
    for _ in range(5):
        relation(candidat=candidat)
    assert compter() == seul


def test_une_candidature_effacee_ne_compte_plus_mais_ses_nombres_restent() -> None:
    candidat = CandidatFactory()
    actes.supprimer_mes_donnees(candidat, par=candidat.role)
    assert Candidat.objects.filter(departement="51", confirme_le__isnull=False).count() == 1
    etats = Entree.objects.de_l_objet(candidat).values_list("vers", flat=True)
    assert list(etats)[-1] == EtatCandidat.ANONYMISE
    assert not Candidat.objects.visibles_par(RoleFactory(anct=True)).exists()
