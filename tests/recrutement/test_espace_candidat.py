"""L'espace du candidat : ce qu'il lit, ce qu'il change, ce que cela ferme, et qui n'y entre pas."""

import re
from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from conum.comptes.actions import confirmer_changement_adresse, demander_changement_adresse
from conum.courriels.models import Courriel
from conum.journal.acteurs import SYSTEME
from conum.journal.models import Entree
from conum.journal.workflow import TransitionImpossible
from conum.recrutement.access import porteur
from conum.recrutement.actions import espace as actes
from conum.recrutement.actions.cv import deposer_cv
from conum.recrutement.models import Candidat
from conum.recrutement.states import Etat, EtatCandidat
from tests.comptes.fabriques import DepartementFactory, RoleFactory
from tests.recrutement.aides_candidature import MOTIVATION, envoyee, pdf, un_profil
from tests.recrutement.fabriques import CandidatFactory, commune, membre, recrutement, relation
from tests.structures.fabriques import CommuneFactory

pytestmark = pytest.mark.django_db
PAGES = ("ma_candidature", "profil", "cv", "pix", "disponibilite", "pause", "retirer", "mes_donnees",
         "supprimer_mes_donnees")  # fmt: skip
PROFIL = {
    "prenom": "Inès", "nom": "Moreau", "telephone": "06 12 34 56 78", "situations": ["en_emploi", "diplome"],
    "nom_diplome": "Titre REMN", "experience": "non", "commune": "51230", "commune_texte": "Épernay (51)",
    "mobilite_km": "40", "territoires": ["974"], "disponibilite": "mois", "disponible_le": "", "motivation": MOTIVATION,
    "langues": ["es", "lsf"],
}  # fmt: skip


def adresse(nom: str, candidat: Candidat) -> str:
    return reverse(f"recrutement:{nom}", args=[candidat.role_id])


@pytest.fixture
def espace(client, se_connecter):
    """Le candidat connecté, et de quoi lire ou poster une de ses pages."""

    class Espace:
        def __init__(self, **champs):
            self.candidat = CandidatFactory(**champs)
            se_connecter(client, self.candidat.role)

        def lire(self, nom: str) -> str:
            reponse = client.get(adresse(nom, self.candidat))
            assert reponse.status_code == 200, reponse.status_code
            return reponse.content.decode()

        def poster(self, page: str, /, **donnees):
            return client.post(adresse(page, self.candidat), donnees, follow=True)

        def relire(self) -> Candidat:
            self.candidat.refresh_from_db()
            return self.candidat

    return Espace


# --- Qui entre ---


@pytest.mark.parametrize("nom", PAGES)
def test_chaque_page_s_ouvre_a_son_titulaire_et_a_personne_d_autre(client, se_connecter, nom: str) -> None:
    candidat, autre = CandidatFactory(), CandidatFactory()
    structure = membre(relation(candidat=candidat).recrutement)
    agent = RoleFactory(anct=True)
    page = adresse(nom, candidat)
    assert client.get(page).status_code == 302
    for intrus in (autre.role, structure, agent):
        assert se_connecter(client, intrus).get(page).status_code == 404
        if intrus is not autre.role:
            assert client.get(reverse(f"recrutement:{nom}", args=[intrus.pk])).status_code == 403
    assert se_connecter(client, candidat.role).get(page).status_code == 200


@pytest.mark.parametrize(
    "etat", [EtatCandidat.RETIRE, EtatCandidat.BLOQUE, EtatCandidat.RECRUTE, EtatCandidat.EN_PAUSE]
)
def test_aucune_page_n_echoue_dans_un_autre_etat(client, se_connecter, etat: str) -> None:
    candidat = CandidatFactory(etat=etat, motif_blocage="Doublon", en_pause_depuis=timezone.now())
    se_connecter(client, candidat.role)
    for nom in PAGES:
        assert client.get(adresse(nom, candidat), follow=True).status_code == 200, nom
    for nom in ("revenir", "supprimer_cv", "partager_pix"):
        assert client.post(adresse(nom, candidat), {"choix": "oui"}, follow=True).status_code == 200, nom


def test_les_actes_refusent_qui_n_est_ni_le_candidat_ni_son_lien() -> None:
    candidat, autre = CandidatFactory(), CandidatFactory()
    for par in (autre.role, RoleFactory(anct=True), RoleFactory(structure=True), porteur(autre)):
        for acte in (
            lambda par: actes.modifier_profil(candidat, un_profil(), par=par),
            lambda par: actes.confirmer_disponibilite(candidat, par=par),
            lambda par: actes.mettre_en_pause(candidat, par=par),
            lambda par: actes.retirer(candidat, motif="autre", par=par),
            lambda par: actes.revenir_au_vivier(candidat, par=par),
            lambda par: actes.reprendre_recherche(candidat, par=par),
        ):
            with pytest.raises(PermissionDenied):
                acte(par)


# --- L'accueil ---


def test_l_accueil_dit_ou_l_on_en_est_et_quoi_faire(espace) -> None:
    candidat = espace(etat=EtatCandidat.DISPONIBLE)
    page = candidat.lire("ma_candidature")
    for attendu in (
        "Votre recherche est en cours",
        "Pas encore déposé",
        "Pas encore donné",
        "nous vous la redemanderons",
    ):
        assert attendu in page
    Candidat.objects.update(disponibilite_demandee_le=timezone.now(), disponibilite_confirmee_le="2026-01-01T00:00Z")
    assert "À vous d’agir" in candidat.lire("ma_candidature")


def test_l_accueil_montre_les_propositions(espace) -> None:
    moi = espace()
    proposee = relation(candidat=moi.candidat)
    assert proposee.recrutement.structure.nom in moi.lire("ma_candidature").replace("&#x27;", "'")


def test_le_nombre_de_requetes_de_l_accueil_ne_suit_pas_celui_des_autres(client, espace) -> None:
    moi = espace()
    deposer = relation(candidat=moi.candidat)

    def compter() -> int:
        with CaptureQueriesContext(connection) as requetes:
            moi.lire("ma_candidature")
        return len(requetes)

    seul = compter()
    for _ in range(5):
        relation(candidat=CandidatFactory(), recrutement_=deposer.recrutement)
        relation(candidat=moi.candidat)
    assert compter() <= seul + 1


# --- Le profil ---


def test_tout_le_profil_se_corrige(espace) -> None:
    moi = espace()
    commune("51230")
    suite = moi.poster("profil", **PROFIL)
    assert "Votre profil est à jour" in suite.content.decode()
    lu = moi.relire()
    assert (lu.commune_id, lu.mobilite_km, lu.territoires_choisis) == ("51230", 40, ["974"])
    assert (lu.latitude, lu.longitude) == (commune("51230").latitude, commune("51230").longitude)
    assert (lu.en_recherche, lu.en_emploi, lu.diplome, lu.nom_diplome) == (False, True, True, "Titre REMN")
    assert (lu.experience, lu.langues, lu.telephone) == (False, ["lsf", "es"], "+33 6 12 34 56 78")
    entree = Entree.objects.de_l_objet(lu).last()
    assert entree.action == "modifier_profil"
    assert "commune" in entree.donnees["champs"]
    assert "Moreau" not in str(entree.donnees)


def test_changer_de_departement_suit_la_commune(espace) -> None:
    moi = espace()
    ailleurs = DepartementFactory(code="94", nom="Val-de-Marne")
    CommuneFactory(code="94038", nom="L'Haÿ-les-Roses", departement=ailleurs, latitude=48.78, longitude=2.33)
    moi.poster("profil", **PROFIL | {"commune": "94038", "commune_texte": "L'Haÿ-les-Roses (94)"})
    assert moi.relire().departement_id == "94"


def test_une_reponse_fausse_reste_a_l_ecran_et_rien_n_est_ecrit(espace) -> None:
    moi = espace()
    commune("51230")
    page = moi.poster("profil", **PROFIL | {"motivation": "Court", "nom": "Nouveau"}).content.decode()
    assert "De 10 à 2 500" in page
    assert 'value="Nouveau"' in page
    assert moi.relire().nom != "Nouveau"


def test_une_date_passee_se_garde_mais_ne_se_choisit_pas(espace) -> None:
    hier = timezone.localdate() - timedelta(days=1)
    moi = espace(disponible_le=hier)
    commune("51230")
    garder = PROFIL | {"disponibilite": "autre", "disponible_le": hier.isoformat()}
    assert "est à jour" in moi.poster("profil", **garder).content.decode()
    avant = (hier - timedelta(days=1)).isoformat()
    assert "Cette date est passée" in moi.poster("profil", **garder | {"disponible_le": avant}).content.decode()


def test_enregistrer_sans_rien_changer_ne_remplit_pas_le_journal() -> None:
    candidat = CandidatFactory(telephone="", nom="Moreau")
    identique = un_profil( experience=candidat.experience, disponible_le=candidat.disponible_le,
        motivation=candidat.motivation,
    )  # fmt: skip
    actes.modifier_profil(candidat, identique, par=candidat.role)
    assert not Entree.objects.de_l_objet(candidat).exists()


# --- Disponibilité, pause ---


def test_confirmer_sa_disponibilite_avec_une_autre_date(espace) -> None:
    moi = espace(disponibilite_confirmee_le=timezone.now() - timedelta(days=50))
    voulue = timezone.localdate() + timedelta(days=14)
    moi.poster("disponibilite", disponibilite="quinzaine")
    lu = moi.relire()
    assert lu.disponible_le == voulue
    assert timezone.now() - lu.disponibilite_confirmee_le < timedelta(minutes=1)


def test_une_date_passee_devient_aujourd_hui_a_la_confirmation() -> None:
    candidat = CandidatFactory(disponible_le=timezone.localdate() - timedelta(days=30))
    assert actes.confirmer_disponibilite(candidat, par=candidat.role).disponible_le == timezone.localdate()
    with pytest.raises(ValidationError):
        actes.confirmer_disponibilite(
            candidat, par=candidat.role, disponible_le=timezone.localdate() - timedelta(days=1)
        )


def test_la_pause_ferme_ce_qui_n_est_pas_engage_et_laisse_le_reste(espace) -> None:
    moi = espace()
    etats = (Etat.PROPOSEE, Etat.RETENUE, Etat.CONTACT_ACCEPTE, Etat.ENTRETIEN, Etat.RESERVE)
    relations = {etat: relation(candidat=moi.candidat, etat=etat) for etat in etats}
    suite = moi.poster("pause", motif="formation").content.decode()
    assert "Votre recherche est en pause" in suite
    lu = moi.relire()
    assert (lu.etat, lu.motif_pause) == (EtatCandidat.EN_PAUSE, "formation")
    assert lu not in Candidat.objects.au_vivier()
    for etat, une in relations.items():
        une.refresh_from_db()
        close = etat in (Etat.PROPOSEE, Etat.RETENUE)
        assert une.etat == (Etat.SANS_OBJET if close else etat), etat
        assert une.motif_fin == ("candidat_en_pause" if close else "")
        prevenue = Courriel.objects.filter(destinataire=membre(une.recrutement).utilisateur.email)
        assert prevenue.exists() == close, etat


def test_le_motif_de_la_pause_est_facultatif_mais_pas_invente(espace) -> None:
    moi = espace()
    assert "choix valide" in moi.poster("pause", motif="invente").content.decode()
    moi.poster("pause", motif="")
    assert moi.relire().motif_pause == ""
    with pytest.raises(ValidationError):
        actes.mettre_en_pause(CandidatFactory(), par=SYSTEME, motif="invente")


def test_reprendre_sa_recherche(espace) -> None:
    moi = espace(etat=EtatCandidat.EN_PAUSE, en_pause_depuis=timezone.now(), motif_pause="formation")
    assert "Reprendre ma recherche" in moi.lire("ma_candidature")
    moi.poster("disponibilite", disponibilite="demain")
    lu = moi.relire()
    assert (lu.etat, lu.motif_pause, lu.en_pause_depuis) == (EtatCandidat.DISPONIBLE, "", None)
    assert lu in Candidat.objects.au_vivier()


def test_un_second_clic_dit_l_etat_sans_erreur(espace) -> None:
    moi = espace()
    moi.poster("pause", motif="")
    page = moi.poster("pause", motif="")
    assert page.status_code == 200
    assert "n’est pas en cours" in page.content.decode()


# --- Retirer, revenir ---


def test_retirer_ferme_tout_efface_le_cv_et_garde_la_fiche(espace, django_capture_on_commit_callbacks) -> None:
    moi = espace()
    with django_capture_on_commit_callbacks(execute=True):
        deposer_cv(moi.candidat, pdf(), nom="a.pdf", par=moi.candidat.role)
    relations = [relation(candidat=moi.candidat, etat=etat) for etat in (Etat.PROPOSEE, Etat.OFFRE, Etat.ACCEPTEE)]
    assert "3 échanges en cours seront clos" in moi.lire("retirer")
    with django_capture_on_commit_callbacks(execute=True):
        moi.poster("retirer", motif="trop_long", precision="Deux mois sans nouvelle.")
    lu = moi.relire()
    assert (lu.etat, lu.motif_retrait, lu.precision_retrait) == (
        EtatCandidat.RETIRE, "trop_long", "Deux mois sans nouvelle.",
    )  # fmt: skip
    assert lu.cv.name == ""
    assert lu.prenom == "Inès"
    for une in relations:
        une.refresh_from_db()
        assert (une.etat, une.motif_fin) == (Etat.SANS_OBJET, "candidat_retire")
        assert Courriel.objects.filter(destinataire=membre(une.recrutement).utilisateur.email).count() == 1


def test_un_retrait_demande_sa_raison(espace) -> None:
    moi = espace()
    assert "Choisissez une raison" in moi.poster("retirer", motif="").content.decode()
    assert moi.relire().etat == EtatCandidat.DISPONIBLE
    for mauvais in ({"motif": "invente"}, {"motif": "autre", "precision": "x" * 1001}):
        with pytest.raises(ValidationError):
            actes.retirer(moi.candidat, **mauvais, par=moi.candidat.role)


def test_revenir_au_vivier_depuis_son_espace(espace) -> None:
    moi = espace(
        etat=EtatCandidat.RETIRE, motif_retrait="autre", disponible_le=timezone.localdate() - timedelta(days=90)
    )
    assert "Revenir au vivier" in moi.lire("ma_candidature")
    moi.poster("revenir")
    lu = moi.relire()
    assert (lu.etat, lu.motif_retrait, lu.disponible_le) == (EtatCandidat.DISPONIBLE, "", timezone.localdate())


def test_recrute_on_ne_se_retire_pas_et_l_on_ne_revient_qu_apres_le_contrat(espace) -> None:
    moi = espace(etat=EtatCandidat.RECRUTE)
    ouvert = recrutement()
    une = relation(
        ouvert, moi.candidat, etat=Etat.RECRUTEE, close_le=timezone.now(), contrat_signe_le=timezone.localdate()
    )
    poste = ouvert.postes.get()
    poste.pourvu_par, poste.pourvu_le = une, timezone.now()
    poste.save()
    assert f"Vous êtes recruté par {ouvert.structure.nom}" in moi.lire("ma_candidature").replace("&#x27;", "'")
    assert "encore sous contrat" in moi.poster("revenir").content.decode()
    assert "ne peut pas être retirée" in moi.poster("retirer", motif="autre").content.decode()
    une.offre_type_contrat, une.offre_debut = "cdd", timezone.localdate() - timedelta(days=365)
    une.offre_fin = timezone.localdate() - timedelta(days=1)
    une.save()
    moi.poster("revenir")
    assert moi.relire().etat == EtatCandidat.DISPONIBLE


def test_bloque_rien_ne_se_change(espace) -> None:
    moi = espace(etat=EtatCandidat.BLOQUE, motif_blocage="Deux candidatures pour une personne.")
    page = moi.lire("ma_candidature")
    assert "Deux candidatures pour une personne." in page
    assert "ne se modifie plus" in moi.poster("profil", **PROFIL).content.decode()
    for acte in (actes.retirer, actes.mettre_en_pause):
        with pytest.raises(TransitionImpossible):
            acte(moi.candidat, motif="autre", par=moi.candidat.role)


# --- L'adresse ---


def test_changer_d_adresse_de_compte_change_celle_de_la_candidature() -> None:
    candidat = CandidatFactory()
    personne = candidat.role.utilisateur
    envoyee("nouvelle@exemple.fr")  # un envoi jamais confirmé occupait l'adresse
    demander_changement_adresse(personne, "Nouvelle@exemple.fr", par=candidat.role)
    texte = Courriel.objects.get(code="comptes/adresse_a_confirmer").texte
    jeton = re.search(r"/adresse/confirmer/([^/\s]+)/", texte)[1]
    confirmer_changement_adresse(jeton, par=candidat.role)
    candidat.refresh_from_db()
    assert candidat.email == "nouvelle@exemple.fr"
    assert Candidat.objects.filter(email="nouvelle@exemple.fr").count() == 1
