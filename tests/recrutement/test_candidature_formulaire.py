"""Le formulaire public du candidat, page par page, comme une personne sans compte le remplit."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from conum.courriels.models import Courriel
from conum.recrutement.models import Candidat
from conum.recrutement.states import EtatCandidat
from tests.comptes.fabriques import DepartementFactory
from tests.recrutement.aides_candidature import EMAIL, MOTIVATION, REPONSES, codes, envoyer, etape, remplir
from tests.recrutement.fabriques import commune, vivier
from tests.structures.fabriques import CommuneFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _reims() -> None:
    commune()


def test_de_la_premiere_page_a_l_envoi(client: Client) -> None:
    debut = client.get(reverse("recrutement:candidature")).content.decode()
    assert etape("situation") in debut
    candidat = remplir(client)
    page = client.get(etape("recapitulatif")).content.decode()
    for attendu in (EMAIL, "Reims (51)", "20 km", "Inès Moreau", "Je cherche un emploi", "Arabe", "+33 6 12 34 56 78"):
        assert attendu in page, attendu
    suite = client.post(etape("recapitulatif"), follow=True)
    assert EMAIL in suite.content.decode()
    candidat.refresh_from_db()
    assert (candidat.etat, candidat.email, candidat.nom_complet) == (EtatCandidat.A_CONFIRMER, EMAIL, "Inès Moreau")
    assert (candidat.departement_id, candidat.mobilite_km, candidat.langues) == ("51", 20, ["ar"])
    assert (candidat.latitude, candidat.longitude) == (commune().latitude, commune().longitude)
    assert candidat.saisie == {}
    assert candidat.role is None
    assert codes() == ["candidature_confirmation"]


def test_chaque_etape_mene_a_la_suivante(client: Client) -> None:
    suites = ["lieu", "quand", "vous", "motivation", "recapitulatif"]
    for (nom, reponses), suivante in zip(REPONSES.items(), suites, strict=True):
        assert client.post(etape(nom), reponses).url == etape(suivante)


def test_une_visite_ne_laisse_rien_en_base(client: Client) -> None:
    client.get(reverse("recrutement:candidature"))
    client.get(etape("situation"))
    assert not Candidat.objects.exists()


@pytest.mark.parametrize(
    ("nom", "champs", "phrase"),
    [
        ("situation", {"situations": []}, "Cochez au moins une situation"),
        ("situation", {"situations": ["inventee"]}, "choix valide"),
        ("situation", {"situations": ["diplome"]}, "Donnez le nom de votre diplôme"),
        ("situation", {"situations": ["diplome"], "nom_diplome": "http://x.fr"}, "sans lien"),
        ("situation", {"experience": ""}, "Répondez par oui ou par non"),
        ("lieu", {"commune": "", "commune_texte": ""}, "Choisissez votre commune"),
        ("lieu", {"commune": "", "commune_texte": "Atlantide"}, "Aucune commune"),
        ("lieu", {"mobilite_km": ""}, "Choisissez une distance"),
        ("lieu", {"mobilite_km": "7"}, "choix valide"),
        ("lieu", {"territoires": ["999"]}, "choix valide"),
        ("quand", {"disponibilite": ""}, "Choisissez une date"),
        ("quand", {"disponibilite": "autre"}, "Saisissez la date"),
        ("quand", {"disponibilite": "autre", "disponible_le": "2020-01-01"}, "Cette date est passée"),
        ("quand", {"disponibilite": "autre", "disponible_le": "2999-01-01"}, "plus de deux ans"),
        ("quand", {"disponibilite": "autre", "disponible_le": "31/02/2027"}, "une date qui existe"),
        ("vous", {"prenom": ""}, "Saisissez votre prénom"),
        ("vous", {"nom": "Gagnez sur exemple.fr"}, "seulement des lettres"),
        ("vous", {"prenom": "http://mechant"}, "seulement des lettres"),
        ("vous", {"email": "ines@"}, "n’est pas complète"),
        ("vous", {"email": "I.Moreau@Conseiller-Numerique.fr"}, "se ferme à la fin du contrat"),
        ("vous", {"telephone": "12"}, "n’existe pas"),
        ("motivation", {"motivation": "Court"}, "De 10 à 2 500 caractères"),
        ("motivation", {"motivation": "x" * 2501}, "2501"),
        ("motivation", {"langues": ["xx"]}, "choix valide"),
    ],
)
def test_chaque_reponse_fausse_est_expliquee_et_gardee(client: Client, nom, champs, phrase) -> None:
    client.post(etape("situation"), REPONSES["situation"])
    page = client.post(etape(nom), REPONSES[nom] | champs)
    texte = page.content.decode().replace("&#x27;", "’")
    assert page.status_code == 200
    assert phrase in texte, texte
    assert client.get(etape("recapitulatif")).status_code == 302


def test_ce_qui_est_faux_se_relit(client: Client) -> None:
    client.post(etape("situation"), REPONSES["situation"])
    client.post(etape("vous"), REPONSES["vous"] | {"email": "ines@", "prenom": "Zoé"})
    relue = client.get(etape("vous")).content.decode()
    assert 'value="ines@"' in relue
    assert 'value="Zoé"' in relue


@pytest.mark.parametrize("nom", ["D'Été-Lacroix", "N’Guessan", "Lê Văn", "J. P. O’Brien", "Müller"])
def test_les_vrais_noms_passent(client: Client, nom: str) -> None:
    assert remplir(client, vous={"nom": nom}).saisie["vous"]["nom"] == [nom]


def test_un_numero_d_outre_mer_se_lit_depuis_sa_commune(client: Client) -> None:
    reunion = DepartementFactory(code="974", nom="La Réunion")
    CommuneFactory(code="97411", nom="Saint-Denis", departement=reunion, latitude=-20.88, longitude=55.45)
    lieu = {"commune": "97411", "commune_texte": "Saint-Denis (974)", "territoires": ["metropole", "974"]}
    candidat = envoyer(client, lieu=lieu, vous={"telephone": "0692 12 34 56"})
    assert candidat.telephone == "+262 692 12 34 56"
    # Son propre territoire ne se choisit pas : il est déjà compris.
    assert candidat.territoires_choisis == ["metropole"]


def test_outre_mer_se_dit_en_clair(client: Client) -> None:
    client.post(etape("situation"), REPONSES["situation"])
    page = client.get(etape("lieu")).content.decode()
    assert "Sans case cochée, seuls les postes de votre territoire vous sont proposés." in page
    assert re.search(r'<details class="conum-repli"\s*>', page)
    client.post(etape("lieu"), REPONSES["lieu"] | {"territoires": ["974"]})
    assert re.search(r'<details class="conum-repli"\s+open>', client.get(etape("lieu")).content.decode())


def test_la_date_choisie_ne_glisse_pas_avec_le_temps(client: Client) -> None:
    client.post(etape("situation"), REPONSES["situation"])
    client.post(etape("quand"), {"disponibilite": "quinzaine"})
    jour = (timezone.localdate() + timedelta(days=14)).isoformat()
    gardee = Candidat.objects.get().saisie["quand"]
    assert (gardee["disponibilite"], gardee["disponible_le"]) == ("autre", jour)


def test_une_date_passee_depuis_se_redemande(client: Client) -> None:
    with time_machine.travel("2026-03-01 10:00:00+01:00", tick=False):
        candidat = remplir(client, quand={"disponibilite": "demain"})
    with time_machine.travel("2026-03-09 10:00:00+01:00", tick=False):
        revenue = Client()  # la session d'avant a expiré
        session = revenue.session
        session["candidature"] = candidat.pk
        session.save()
        assert revenue.get(etape("recapitulatif")).url == etape("quand")


def test_deux_onglets_n_effacent_pas_le_travail_l_un_de_l_autre(client: Client) -> None:
    client.post(etape("situation"), REPONSES["situation"])
    client.post(etape("motivation"), REPONSES["motivation"])
    client.post(etape("vous"), REPONSES["vous"])
    assert {"situation", "motivation", "vous"} == set(Candidat.objects.get().saisie)


def test_envoyer_deux_fois_ne_fait_qu_une_candidature_et_n_effraie_personne(client: Client) -> None:
    remplir(client)
    for _ in range(2):
        assert client.post(etape("recapitulatif")).url == reverse("recrutement:candidature_envoyee")
    assert Candidat.objects.count() == Courriel.objects.count() == 1


def test_envoyee_elle_ne_se_modifie_plus_par_le_formulaire(client: Client) -> None:
    envoyer(client)
    for reponse in (client.get(etape("vous")), client.post(etape("situation"), REPONSES["situation"])):
        assert reponse.url == reverse("recrutement:candidature_envoyee")
    assert Candidat.objects.count() == 1


def test_une_etape_inconnue_n_existe_pas(client: Client) -> None:
    assert client.get(etape("piratage")).status_code == 404


def test_sans_brouillon_une_etape_ramene_au_debut(client: Client) -> None:
    page = client.get(etape("vous"), follow=True)
    assert "Nous n’avons pas trouvé de candidature en cours" in page.content.decode()


def test_la_candidature_d_une_autre_session_ne_se_lit_pas(client: Client) -> None:
    remplir(client)
    assert "Moreau" not in Client().get(etape("recapitulatif"), follow=True).content.decode()


def test_aucune_adresse_de_page_ne_porte_de_donnee_personnelle(client: Client) -> None:
    suites = [client.post(etape(nom), reponses).url for nom, reponses in REPONSES.items()]
    suites.append(client.post(etape("recapitulatif")).url)
    assert not [s for s in suites if re.search(r"ines|moreau|\d", s, re.IGNORECASE)]


def test_effacer_son_brouillon_l_efface_vraiment(client: Client) -> None:
    remplir(client)
    client.post(reverse("recrutement:candidature_recommencer"))
    assert not Candidat.objects.exists()
    assert "candidature" not in client.session


# --- Finir plus tard ---


def test_finir_plus_tard_et_reprendre_ailleurs(client: Client) -> None:
    client.post(etape("situation"), REPONSES["situation"])
    suite = client.post(etape("vous"), REPONSES["vous"] | {"action": "plus_tard"})
    assert suite.url == reverse("recrutement:candidature_plus_tard")
    page = client.get(suite.url).content.decode()
    assert "Ines.Moreau@Exemple.fr" in page
    client.post(suite.url, {"email": "Ines.Moreau@Exemple.fr"})
    lien = re.search(r"/candidature/reprendre/\S+", Courriel.objects.get().texte)[0]  # type: ignore[index]
    ailleurs = Client()
    assert ailleurs.get(lien).url == etape("lieu")
    assert 'value="Moreau"' in ailleurs.get(etape("vous")).content.decode()


def test_un_second_lien_perime_le_premier_et_un_lien_faux_le_dit(client: Client) -> None:
    client.post(etape("situation"), REPONSES["situation"])
    for _ in range(2):
        client.post(reverse("recrutement:candidature_plus_tard"), {"email": EMAIL})
    liens = [re.search(r"/candidature/reprendre/\S+", c.texte)[0] for c in Courriel.objects.order_by("pk")]  # type: ignore[index]
    assert [client.get(lien).status_code for lien in liens] == [410, 302]
    assert client.get(reverse("recrutement:candidature_reprendre", args=["faux"])).status_code == 410


def test_on_ne_bombarde_pas_une_boite_de_liens(client: Client) -> None:
    client.post(etape("situation"), REPONSES["situation"])
    pages = [client.post(reverse("recrutement:candidature_plus_tard"), {"email": EMAIL}) for _ in range(4)]
    assert [p.status_code for p in pages] == [302, 302, 302, 200]
    assert "Attendez une heure" in pages[-1].content.decode()
    # Un autre brouillon, la même boîte : la limite est celle de l'adresse.
    autre = Client()
    autre.post(etape("situation"), REPONSES["situation"])
    assert autre.post(reverse("recrutement:candidature_plus_tard"), {"email": EMAIL}).status_code == 200
    assert Courriel.objects.count() == 3


# --- Les abus ---


@pytest.mark.parametrize("nom", ["situation", "recapitulatif"])
def test_le_champ_piege_arrete_un_robot_sans_rien_ecrire(client: Client, nom: str) -> None:
    if nom == "recapitulatif":
        remplir(client)
    page = client.post(etape(nom), REPONSES.get(nom, {}) | {"site_web": "http://spam.example"})
    assert "robot" in page.content.decode()
    assert not Courriel.objects.exists()
    assert Candidat.objects.count() == (1 if nom == "recapitulatif" else 0)


def test_on_n_ouvre_pas_des_brouillons_sans_fin() -> None:
    for _ in range(60):
        Client().post(etape("situation"), {})
    page = Client().post(etape("situation"), {})
    assert "Réessayez dans une heure" in page.content.decode()
    assert Candidat.objects.count() == 60


def test_un_envoi_enorme_ou_bizarre_est_borne(client: Client) -> None:
    client.post(etape("situation"), REPONSES["situation"])
    trop = {"motivation": "x" * 50_000, "a\x00b": "x", "n" * 200: "y"} | {f"champ{i}": "y" for i in range(200)}
    assert client.post(etape("motivation"), trop).status_code == 200
    client.post(etape("vous"), REPONSES["vous"] | {"nom": "Mor\x00eau"})
    saisie = Candidat.objects.get().saisie
    assert len(saisie["motivation"]) <= 50
    assert len(saisie["motivation"]["motivation"][0]) == 10_000
    assert saisie["vous"]["nom"] == ["Moreau"]


def test_une_motivation_hostile_reste_du_texte(client: Client) -> None:
    remplir(client, motivation={"motivation": f"<script>alert(1)</script> {MOTIVATION}"})
    page = client.get(etape("recapitulatif")).content.decode()
    assert "<script>alert(1)</script>" not in page
    assert "&lt;script&gt;" in page


def test_le_nombre_de_requetes_ne_depend_pas_du_vivier(client: Client) -> None:
    def mesurer(personne: Client) -> int:
        remplir(personne)
        with CaptureQueriesContext(
            connection,
        ) as requetes:
            personne.get(etape("recapitulatif"))
        return len(requetes)

    seul = mesurer(Client())
    vivier(50)
    assert mesurer(Client()) == seul
