"""Envoyer, confirmer, revenir : une adresse, une personne, et rien ne dit à un tiers qui est déjà inscrit."""

import re
from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from conum.comptes.models import Role, TypeRole
from conum.courriels.models import Courriel
from conum.journal.acteurs import SYSTEME
from conum.journal.models import Entree
from conum.journal.workflow import TransitionImpossible
from conum.recrutement.access import porteur
from conum.recrutement.actions import candidature as actes
from conum.recrutement.models import Candidat
from conum.recrutement.states import EtatCandidat
from conum.socle import conservation
from conum.utilisateurs.models import Utilisateur
from tests.aides import ensemble
from tests.comptes.fabriques import RoleFactory, UtilisateurFactory
from tests.recrutement.aides_candidature import (
    EMAIL,
    codes,
    envoyee,
    envoyer,
    etape,
    lien_du_courriel,
    remplir,
    un_profil,
)
from tests.recrutement.fabriques import CandidatFactory, commune

pytestmark = pytest.mark.django_db
ENVOYEE = "recrutement:candidature_envoyee"


def confirmer(client: Client, chemin: str):  # type: ignore[no-untyped-def]
    return client.post(chemin, follow=True)


# --- Confirmer ---


def test_ouvrir_le_lien_ne_confirme_rien_le_bouton_si(client: Client) -> None:
    envoyer(client)
    lien = lien_du_courriel("candidature_confirmation")
    page = client.get(lien).content.decode()
    assert "Reims (51)" in page
    assert Candidat.objects.get().etat == EtatCandidat.A_CONFIRMER
    suite = confirmer(client, lien).content.decode()
    candidat = Candidat.objects.get()
    assert candidat.reference in suite
    assert candidat.etat == EtatCandidat.DISPONIBLE
    assert candidat.role is not None
    assert (candidat.role.type, candidat.role.libelle) == (TypeRole.CANDIDAT, "Ma candidature")
    personne = candidat.role.utilisateur
    assert (personne.email, personne.prenom, personne.nom) == (EMAIL, "Inès", "Moreau")
    assert candidat.confirme_le == candidat.disponibilite_confirmee_le == candidat.actif_le
    assert codes() == ["candidature_confirmation", "candidature_enregistree"]
    assert list(Entree.objects.de_l_objet(candidat).values_list("action", flat=True)) == [
        "ouvrir_brouillon", "soumettre_candidature", "confirmer_candidature",
    ]  # fmt: skip
    assert Candidat.objects.au_vivier().get() == candidat


def test_le_lien_se_confirme_depuis_un_autre_appareil(client: Client) -> None:
    envoyer(client)
    confirmer(Client(), lien_du_courriel("candidature_confirmation"))
    assert Candidat.objects.get().etat == EtatCandidat.DISPONIBLE


def test_confirmer_deux_fois_dit_que_c_est_fait(client: Client) -> None:
    envoyer(client)
    lien = lien_du_courriel("candidature_confirmation")
    confirmer(client, lien)
    page = confirmer(client, lien)
    assert "déjà confirmée" in page.content.decode()
    assert Utilisateur.objects.filter(email=EMAIL).count() == 1
    assert codes().count("candidature_enregistree") == 1


def test_un_lien_expire_propose_d_en_recevoir_un_autre(client: Client) -> None:
    candidat = envoyer(client)
    Candidat.objects.update(confirmable_jusqu_au=timezone.now() - timedelta(minutes=1))
    lien = lien_du_courriel("candidature_confirmation")
    assert "Ce lien a expiré" in client.get(lien).content.decode()
    assert client.post(lien).status_code == 409
    client.post(lien, {"action": "renvoyer"})
    nouveau = lien_du_courriel("candidature_confirmation")
    assert nouveau != lien
    assert client.get(lien).status_code == 410
    confirmer(client, nouveau)
    candidat.refresh_from_db()
    assert candidat.etat == EtatCandidat.DISPONIBLE


def test_un_lien_inconnu_explique_ce_qui_a_pu_se_passer(client: Client) -> None:
    page = client.get(reverse("recrutement:candidature_confirmer", args=["inconnu"]))
    assert page.status_code == 410
    assert "Ce lien ne marche plus" in page.content.decode()


def test_un_compte_existant_recoit_le_role(client: Client) -> None:
    membre = RoleFactory(structure=True, utilisateur=UtilisateurFactory(email=EMAIL, prenom="Ancien"))
    envoyer(client)
    confirmer(client, lien_du_courriel("candidature_confirmation"))
    candidat = Candidat.objects.get()
    assert candidat.role is not None
    assert candidat.role.utilisateur == membre.utilisateur
    assert Utilisateur.objects.get(email=EMAIL).prenom == "Ancien"


def test_un_compte_desactive_se_dit_clairement(client: Client) -> None:
    UtilisateurFactory(email=EMAIL, is_active=False)
    envoyer(client)
    page = client.post(lien_du_courriel("candidature_confirmation"))
    assert page.status_code == 409
    assert "a été désactivé" in page.content.decode()
    assert Candidat.objects.get().etat == EtatCandidat.A_CONFIRMER
    assert not Role.objects.exists()


def test_un_role_de_candidat_ferme_se_rouvre() -> None:
    role = RoleFactory(type=TypeRole.CANDIDAT, actif=False, utilisateur=UtilisateurFactory(email=EMAIL))
    candidat = envoyee()
    candidat = actes.confirmer(candidat, par=porteur(candidat))
    role.refresh_from_db()
    assert (candidat.role, role.actif) == (role, True)


def test_la_disponibilite_datee_d_hier_vaut_aujourd_hui() -> None:
    candidat = envoyee(disponible_le=timezone.localdate())
    Candidat.objects.update(disponible_le=timezone.localdate() - timedelta(days=3))
    assert actes.confirmer(candidat, par=porteur(candidat)).disponible_le == timezone.localdate()


def test_qui_ne_tient_ni_session_ni_lien_ne_peut_rien() -> None:
    candidat = envoyee()
    autre = CandidatFactory()
    for par in (SYSTEME, porteur(autre), autre.role):
        with pytest.raises(PermissionDenied):
            actes.confirmer(candidat, par=par)
        with pytest.raises(PermissionDenied):
            actes.renvoyer_confirmation(candidat, par=par)
    brouillon = actes.ouvrir_brouillon()
    with pytest.raises(PermissionDenied):
        actes.enregistrer_etape(brouillon, "vous", {}, par=porteur(autre))
    with pytest.raises(PermissionDenied):
        actes.soumettre(brouillon, un_profil(), email=EMAIL, par=porteur(autre))


def test_un_profil_invalide_ne_part_pas_meme_hors_de_l_ecran() -> None:
    candidat = actes.ouvrir_brouillon()
    mauvais = un_profil(situations=(), mobilite_km=7, prenom="www.x.fr", langues=("xx",), telephone="12")
    with pytest.raises(ValidationError) as refus:
        actes.soumettre(candidat, mauvais, email=EMAIL, par=porteur(candidat))
    assert set(refus.value.message_dict) == {"situations", "mobilite_km", "prenom", "langues", "telephone"}
    with pytest.raises(ValidationError):
        actes.soumettre(candidat, un_profil(), email="x@conseiller-numerique.fr", par=porteur(candidat))
    assert not Courriel.objects.exists()


def test_une_commune_sans_position_est_refusee() -> None:
    lieu = commune()
    lieu.latitude = None
    with pytest.raises(ValidationError, match="commune voisine"):
        actes.soumettre(c := actes.ouvrir_brouillon(), un_profil(commune=lieu), email=EMAIL, par=porteur(c))


# --- Renvoyer ---


def test_renvoyer_a_la_meme_adresse_perime_le_premier_lien(client: Client) -> None:
    envoyer(client)
    premier = lien_du_courriel("candidature_confirmation")
    assert client.post(reverse("recrutement:candidature_renvoyer"), {"email": EMAIL}).url == reverse(ENVOYEE)
    assert client.get(premier).status_code == 410
    assert client.get(lien_du_courriel("candidature_confirmation")).status_code == 200


def test_une_adresse_fausse_se_corrige(client: Client) -> None:
    envoyer(client, vous={"email": "faute@exemple.fr"})
    client.post(reverse("recrutement:candidature_renvoyer"), {"email": EMAIL.upper()})
    assert Candidat.objects.get().email == EMAIL
    assert EMAIL in client.get(reverse(ENVOYEE)).content.decode()
    confirmer(client, lien_du_courriel("candidature_confirmation"))
    assert Candidat.objects.get().etat == EtatCandidat.DISPONIBLE


def test_les_renvois_sont_limites(client: Client) -> None:
    envoyer(client)
    pages = [client.post(reverse("recrutement:candidature_renvoyer"), {"email": EMAIL}) for _ in range(3)]
    assert [p.status_code for p in pages] == [302, 302, 200]
    assert "Attendez une heure" in pages[-1].content.decode()
    assert Courriel.objects.count() == 3


def test_une_adresse_incomplete_se_dit_pres_du_champ(client: Client) -> None:
    envoyer(client)
    page = client.post(reverse("recrutement:candidature_renvoyer"), {"email": "ines@"})
    assert "n’est pas complète" in page.content.decode()


# --- Une adresse, une personne ---


def test_capitales_et_espaces_ne_font_pas_une_seconde_personne(client: Client) -> None:
    envoyer(client)
    envoyer(Client(), vous={"email": "  INES.moreau@EXEMPLE.fr", "prenom": "Ines"})
    candidat = Candidat.objects.get()
    assert (candidat.email, candidat.prenom) == (EMAIL, "Ines")


def test_le_dernier_envoi_remplace_celui_qui_n_etait_pas_confirme(client: Client) -> None:
    envoyer(client)
    ancien = lien_du_courriel("candidature_confirmation")
    envoyer(Client(), lieu={"mobilite_km": "40"})
    assert client.get(ancien).status_code == 410
    confirmer(client, lien_du_courriel("candidature_confirmation"))
    assert Candidat.objects.get().mobilite_km == 40
    assert "Nous n’avons pas trouvé" in client.get(etape("vous"), follow=True).content.decode()


@pytest.mark.parametrize(
    "etat", [EtatCandidat.DISPONIBLE, EtatCandidat.EN_PAUSE, EtatCandidat.RECRUTE, EtatCandidat.BLOQUE]
)
def test_deja_inscrit_la_page_est_la_meme_et_le_courriel_le_dit(client: Client, etat: str) -> None:
    inscrit = CandidatFactory(email=EMAIL, etat=etat, motivation="La mienne, depuis longtemps.")
    envoyer(client)
    assert codes() == ["candidature_deja_inscrite"]
    texte = Courriel.objects.get().texte
    assert "déjà une" in texte
    assert "Inès" not in texte
    inscrit.refresh_from_db()
    assert (inscrit.etat, inscrit.motivation) == (etat, "La mienne, depuis longtemps.")

    inconnu = Client()
    envoyer(inconnu, vous={"email": "inconnue@exemple.fr"})

    def anonyme(personne: Client) -> str:
        page = personne.get(reverse(ENVOYEE)).content.decode()
        page = re.sub(r'name="csrfmiddlewaretoken" value="[^"]*"', "", page)
        return page.replace(EMAIL, "X").replace("inconnue@exemple.fr", "X")

    assert anonyme(client) == anonyme(inconnu)
    for personne, adresse in ((client, EMAIL), (inconnu, "inconnue@exemple.fr")):
        assert personne.get(etape("vous")).url == reverse(ENVOYEE)
        reponse = personne.post(reverse("recrutement:candidature_renvoyer"), {"email": adresse}, follow=True)
        assert "Un nouveau lien est parti" in reponse.content.decode()
    assert codes() == ["candidature_deja_inscrite"] * 2


def test_l_adresse_d_un_autre_tapee_par_erreur_se_corrige_sans_rien_perdre(client: Client) -> None:
    CandidatFactory(email="autre@exemple.fr")
    envoyer(client, vous={"email": "autre@exemple.fr"})
    client.post(reverse("recrutement:candidature_renvoyer"), {"email": EMAIL})
    confirmer(client, lien_du_courriel("candidature_confirmation"))
    assert Candidat.objects.get(email=EMAIL).nom == "Moreau"


def test_corriger_vers_une_adresse_deja_inscrite_ne_revele_ni_ne_change_rien(client: Client) -> None:
    inscrit = CandidatFactory(email="autre@exemple.fr")
    envoyer(client)
    client.post(reverse("recrutement:candidature_renvoyer"), {"email": "autre@exemple.fr"})
    assert "autre@exemple.fr" in client.get(reverse(ENVOYEE)).content.decode()
    assert codes("autre@exemple.fr") == ["candidature_deja_inscrite"]
    assert not Candidat.objects.filter(email=EMAIL).exists()
    inscrit.refresh_from_db()
    assert inscrit.etat == EtatCandidat.DISPONIBLE
    # L'ancien lien, à l'adresse qui n'est plus la bonne, ne vaut plus.
    assert client.get(lien_du_courriel("candidature_confirmation")).status_code == 410


def test_retiree_elle_revient_par_le_formulaire_avec_ses_nouvelles_reponses(client: Client) -> None:
    ancienne = CandidatFactory(
        email=EMAIL, etat=EtatCandidat.RETIRE, motif_retrait="trop_long", mobilite_km=5, prenom="Ancien"
    )
    envoyer(client)
    ancienne.refresh_from_db()
    assert (ancienne.etat, ancienne.mobilite_km) == (EtatCandidat.RETIRE, 5)
    lien = lien_du_courriel("candidature_confirmation")
    assert "Inès Moreau" in client.get(lien).content.decode()
    confirmer(client, lien)
    ancienne.refresh_from_db()
    assert (ancienne.etat, ancienne.mobilite_km, ancienne.prenom) == (EtatCandidat.DISPONIBLE, 20, "Inès")
    assert ancienne.motif_retrait == ""
    assert Candidat.objects.count() == 1
    assert client.get(lien).status_code == 410


def test_un_envoi_mis_a_part_ne_se_confirme_pas_si_la_personne_est_revenue_autrement() -> None:
    ancienne = CandidatFactory(email=EMAIL, etat=EtatCandidat.RETIRE)
    envoi = envoyee()
    Candidat.objects.filter(pk=ancienne.pk).update(etat=EtatCandidat.DISPONIBLE)
    with pytest.raises(TransitionImpossible, match="connectez-vous"):
        actes.confirmer(envoi, par=porteur(envoi))


def test_le_courriel_de_confirmation_ne_porte_rien_de_ce_qui_a_ete_tape(client: Client) -> None:
    """S8 : on n'écrit pas le texte d'un inconnu dans un courriel de l'État à une boîte qui n'est pas prouvée."""
    envoyer(client)
    texte = Courriel.objects.get().texte
    assert not [mot for mot in ("Inès", "Moreau", "quartier") if mot in texte]


def test_une_boite_n_est_pas_bombardee_par_des_envois() -> None:
    for _ in range(3):
        envoyer(Client())
    client = Client()
    remplir(client)
    assert "Attendez une heure" in client.post(etape("recapitulatif")).content.decode()
    assert Courriel.objects.count() == 3


# --- En même temps ---


@pytest.mark.django_db(transaction=True)
def test_des_envois_identiques_au_meme_instant_ne_font_qu_une_candidature(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("conum.recrutement.rules.candidature.RENVOIS_PAR_HEURE", 100)
    brouillons = [actes.ouvrir_brouillon() for _ in range(8)]
    profil = un_profil()
    issues = ensemble(*[lambda b=b: actes.soumettre(b, profil, email=EMAIL, par=porteur(b)) for b in brouillons])
    assert [i for i in issues if isinstance(i, Exception)] == []
    assert Candidat.objects.filter(email=EMAIL).count() == Candidat.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_le_meme_brouillon_envoye_huit_fois_ne_part_qu_une_fois() -> None:
    brouillon, profil = actes.ouvrir_brouillon(), un_profil()
    issues = ensemble(*[lambda: actes.soumettre(brouillon, profil, email=EMAIL, par=porteur(brouillon))] * 3)
    assert sum(isinstance(i, Candidat) for i in issues) == 1
    assert sum(isinstance(i, TransitionImpossible) for i in issues) == 2
    assert Courriel.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_huit_clics_sur_le_meme_lien_n_ouvrent_qu_un_compte() -> None:
    candidat = envoyee()
    issues = ensemble(*[lambda: actes.confirmer(candidat, par=porteur(candidat))] * 8)
    assert sum(isinstance(i, Candidat) for i in issues) == 1
    assert sum(isinstance(i, TransitionImpossible) for i in issues) == 7
    assert Utilisateur.objects.count() == Role.objects.count() == 1
    assert codes().count("candidature_enregistree") == 1


# --- Ce qui expire ---


def test_un_envoi_jamais_confirme_s_efface_a_l_echeance_et_un_brouillon_apres_trente_jours(client: Client) -> None:
    vieux = actes.ouvrir_brouillon()
    Candidat.objects.filter(pk=vieux.pk).update(updated_at=timezone.now() - timedelta(days=31))
    recent = actes.ouvrir_brouillon()
    perdu = envoyee("perdu@exemple.fr")
    Candidat.objects.filter(pk=perdu.pk).update(confirmable_jusqu_au=timezone.now() - timedelta(seconds=1))
    attend = envoyee()
    inscrit = CandidatFactory()
    Candidat.objects.filter(pk=inscrit.pk).update(updated_at=timezone.now() - timedelta(days=400))
    assert conservation.appliquer("candidatures non terminées") == 2
    assert set(Candidat.objects.values_list("pk", flat=True)) == {recent.pk, attend.pk, inscrit.pk}
    assert conservation.appliquer("candidatures non terminées") == 0
