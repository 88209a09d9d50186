"""Le formulaire public, page par page, comme une personne sans compte le remplit."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from conum.courriels.models import Courriel
from conum.demandes.models import Demande
from conum.demandes.rules import ENGAGEMENTS_CONSEILLER
from conum.demandes.states import Etat
from conum.passerelles.entreprises.faux import FAUX, SIRET_SANS_REPONSE
from conum.structures.models import Structure
from conum.territoires.models import Commune
from tests.comptes.fabriques import DepartementFactory
from tests.demandes import fabriques as f
from tests.structures.fabriques import CommuneFactory, StructureFactory

pytestmark = pytest.mark.django_db

TOULOUSE = "21310555400017"


@pytest.fixture
def toulouse() -> Commune:
    departement = DepartementFactory(code="31", nom="Haute-Garonne")
    return CommuneFactory(code="31555", nom="Toulouse", departement=departement, codes_postaux=["31000"])


CONTACT = {"prenom": "Lina", "nom": "Haddad", "fonction": "Directrice", "email": "Lina@Exemple.fr", "telephone": ""}
BESOIN = {
    "poste": "conseiller",
    "postes": "3",
    "commune": "31555",
    "commune_texte": "Toulouse (31)",
    "debut": "mois",
    "candidat": "non",
}
ENGAGEMENTS = {f"conseiller-{code}": "on" for code in ENGAGEMENTS_CONSEILLER}
ETAPES = (
    ("contact", CONTACT),
    ("besoin", BESOIN),
    ("motivation", {"motivation": f.MOTIVATION}),
    ("engagements", ENGAGEMENTS),
)


def etape(nom: str) -> str:
    return reverse("demandes:etape", args=[nom])


def donner_la_structure(client: Client) -> None:
    client.post(reverse("demandes:structure"), {"numero": "213 105 554 00017"})
    client.post(reverse("demandes:identite"), {"confirmee": "on"})


def tout_remplir(client: Client) -> Demande:
    donner_la_structure(client)
    for nom, reponses in ETAPES:
        assert client.post(etape(nom), reponses).status_code == 302, nom
    return Demande.objects.get()


def test_du_numero_a_l_envoi_une_demande_attend_sa_confirmation(client: Client, toulouse: Commune) -> None:
    demande = tout_remplir(client)
    page = client.get(etape("recapitulatif"))
    for attendu in ("COMMUNE DE TOULOUSE", "lina@exemple.fr", "Toulouse (31)", f.MOTIVATION[:20], "Non indiqué"):
        assert attendu.replace("'", "&#x27;") in page.content.decode()
    suite = client.post(etape("recapitulatif"), follow=True)
    assert "lina@exemple.fr" in suite.content.decode()
    demande.refresh_from_db()
    assert (demande.etat, demande.postes_demandes, demande.commune) == (Etat.A_CONFIRMER, 3, toulouse)
    assert demande.engagements == sorted(ENGAGEMENTS_CONSEILLER)
    assert list(demande.saisie) == ["identite"]
    assert Courriel.objects.get().destinataire == "lina@exemple.fr"


def test_chaque_etape_mene_a_la_suivante(client: Client, toulouse: Commune) -> None:
    assert client.post(reverse("demandes:structure"), {"numero": TOULOUSE}).url == reverse("demandes:identite")
    assert client.post(reverse("demandes:identite"), {"confirmee": "on"}).url == etape("contact")
    suites = ["besoin", "motivation", "engagements", "recapitulatif"]
    for (nom, reponses), suivante in zip(ETAPES, suites, strict=True):
        assert client.post(etape(nom), reponses).url == etape(suivante)


def test_une_reponse_fausse_est_gardee_et_expliquee(client: Client, toulouse: Commune) -> None:
    donner_la_structure(client)
    page = client.post(etape("contact"), CONTACT | {"email": "lina@", "telephone": "12"})
    assert page.status_code == 200
    assert "n’est pas complète" in page.content.decode()
    relue = client.get(etape("contact")).content.decode()
    assert 'value="lina@"' in relue
    assert 'value="Haddad"' in relue
    assert "Ce numéro de téléphone n’existe pas" in relue


@pytest.mark.parametrize(
    ("champs", "phrase"),
    [
        ({"postes": "31"}, "au plus 30 postes"),
        ({"postes": ""}, "Saisissez le nombre de postes"),
        ({"debut": "autre", "debut_autre": "2020-01-01"}, "ne peut pas être passée"),
        ({"debut": "autre"}, "Saisissez la date de début"),
        ({"commune": "", "commune_texte": ""}, "Choisissez la commune"),
        ({"candidat": ""}, "Répondez par oui ou par non"),
    ],
)
def test_le_besoin_dit_ce_qui_ne_va_pas(client: Client, toulouse: Commune, champs: dict[str, str], phrase: str) -> None:
    donner_la_structure(client)
    assert phrase in client.post(etape("besoin"), BESOIN | champs).content.decode()


def test_un_coordinateur_porte_sur_un_poste_sans_qu_on_le_demande(client: Client, toulouse: Commune) -> None:
    tout_remplir(client)
    client.post(etape("besoin"), BESOIN | {"poste": "coordinateur-PT", "postes": ""})
    # Les engagements du coordinateur sont d'autres phrases : ils se cochent à nouveau.
    assert client.get(etape("recapitulatif")).url == etape("engagements")
    assert "checked" not in client.get(etape("engagements")).content.decode()


def test_la_date_choisie_ne_glisse_pas_avec_le_temps(client: Client, toulouse: Commune) -> None:
    donner_la_structure(client)
    client.post(etape("besoin"), BESOIN | {"debut": "quinzaine"})
    dans_deux_semaines = timezone.localdate() + timedelta(days=14)
    gardees = Demande.objects.get().saisie["besoin"]
    assert (gardees["debut"], gardees["debut_autre"]) == ("autre", dans_deux_semaines.isoformat())
    assert f'value="{dans_deux_semaines.isoformat()}"' in client.get(etape("besoin")).content.decode()


def test_un_engagement_manquant_bloque_et_se_dit(client: Client, toulouse: Commune) -> None:
    donner_la_structure(client)
    for nom, reponses in ETAPES[:-1]:
        client.post(etape(nom), reponses)
    manquants = dict(list(ENGAGEMENTS.items())[1:])
    assert "Cet engagement est nécessaire" in client.post(etape("engagements"), manquants).content.decode()
    assert client.get(etape("recapitulatif")).url == etape("engagements")


def test_envoyer_deux_fois_ne_fait_qu_une_demande_et_n_effraie_personne(client: Client, toulouse: Commune) -> None:
    tout_remplir(client)
    autre_onglet = client.session["demande"]
    assert client.post(etape("recapitulatif")).url == reverse("demandes:envoyee")
    assert client.post(etape("recapitulatif")).url == reverse("demandes:envoyee")
    assert client.session["demande"] == autre_onglet
    assert Demande.objects.count() == Courriel.objects.count() == 1


def test_deux_onglets_n_effacent_pas_le_travail_l_un_de_l_autre(client: Client, toulouse: Commune) -> None:
    donner_la_structure(client)
    client.post(etape("contact"), CONTACT)
    client.post(etape("motivation"), {"motivation": f.MOTIVATION})
    client.post(etape("besoin"), BESOIN)
    saisie = Demande.objects.get().saisie
    assert {"structure", "identite", "contact", "motivation", "besoin"} <= set(saisie)


def test_aucune_adresse_ne_porte_de_donnee_personnelle(client: Client, toulouse: Commune) -> None:
    donner_la_structure(client)
    suites = [client.post(etape(nom), reponses).url for nom, reponses in ETAPES]
    suites.append(client.post(etape("recapitulatif")).url)
    assert not [s for s in suites if re.search(r"lina|haddad|\d", s, re.IGNORECASE)]


def test_la_demande_d_une_autre_session_ne_se_lit_pas(client: Client, toulouse: Commune) -> None:
    tout_remplir(client)
    page = Client().get(etape("recapitulatif"), follow=True)
    assert "lina" not in page.content.decode().lower()
    assert "Nous n’avons pas trouvé de demande en cours" in page.content.decode()


# --- La structure ---


def test_un_service_de_l_etat_lit_la_regle(client: Client) -> None:
    page = client.post(reverse("demandes:structure"), {"numero": "17990010500018"})
    assert "Les services déconcentrés de l&#x27;État ne sont pas éligibles" in page.content.decode()
    assert client.get(reverse("demandes:identite")).url == reverse("demandes:structure")


def test_un_numero_mal_tape_reste_a_l_ecran(client: Client) -> None:
    client.post(reverse("demandes:structure"), {"numero": "2131055540001"})
    assert 'value="2131055540001"' in client.get(reverse("demandes:structure")).content.decode()


def test_une_structure_inscrite_mene_a_la_rejoindre(client: Client, toulouse: Commune) -> None:
    StructureFactory(siret=TOULOUSE, commune=toulouse, denomination="Ville de Toulouse")
    page = client.post(reverse("demandes:structure"), {"numero": TOULOUSE}, follow=True)
    assert reverse("structures:rejoindre", args=[TOULOUSE]) in page.content.decode()
    assert client.get(etape("recapitulatif"), follow=True).status_code == 200
    assert Structure.objects.count() == 1


def test_un_membre_connecte_est_mene_a_son_espace(client: Client, se_connecter, toulouse: Commune) -> None:  # type: ignore[no-untyped-def]
    structure = StructureFactory(siret=TOULOUSE, commune=toulouse)
    role = f.membre_de(structure)
    se_connecter(client, role)
    page = client.post(reverse("demandes:structure"), {"numero": TOULOUSE}, follow=True)
    assert reverse("demandes:mes_demandes", args=[role.pk]) in page.content.decode()


def test_registre_en_panne_la_personne_saisit_elle_meme(client: Client, toulouse: Commune) -> None:
    page = client.post(reverse("demandes:structure"), {"numero": SIRET_SANS_REPONSE}, follow=True)
    assert "ne répond pas" in page.content.decode()
    libre = {
        "denomination": "Maison des jeunes",
        "adresse": "3 rue du Faubourg",
        "code_postal": "31000",
        "commune": "31555",
        "commune_texte": "Toulouse (31)",
        "categorie": "association",
    }
    assert client.post(reverse("demandes:identite"), libre).url == etape("contact")
    for nom, reponses in ETAPES:
        client.post(etape(nom), reponses)
    client.post(etape("recapitulatif"))
    identite = Demande.objects.get().saisie["identite"]
    assert (identite["denomination"], identite["identite_verifiee"]) == ("Maison des jeunes", False)


def test_le_registre_n_est_interroge_qu_une_fois(client: Client, toulouse: Commune) -> None:
    client.post(reverse("demandes:structure"), {"numero": TOULOUSE})
    with FAUX.en_panne():
        assert "COMMUNE DE TOULOUSE" in client.get(reverse("demandes:identite")).content.decode()
        assert client.post(reverse("demandes:identite"), {"confirmee": "on"}).url == etape("contact")


def test_une_structure_inscrite_pendant_la_saisie_ne_se_double_pas(client: Client, toulouse: Commune) -> None:
    tout_remplir(client)
    StructureFactory(siret=TOULOUSE, commune=toulouse)
    assert client.post(etape("recapitulatif")).url == reverse("demandes:deja_inscrite")
    assert Demande.objects.get().etat == Etat.BROUILLON


# --- Les abus ---


def test_le_champ_piege_arrete_un_robot_sans_rien_ecrire(client: Client) -> None:
    page = client.post(reverse("demandes:structure"), {"numero": TOULOUSE, "site_web": "http://spam.example"})
    assert "robot" in page.content.decode()
    assert not Demande.objects.exists()


def test_on_n_ouvre_pas_des_brouillons_sans_fin() -> None:
    for _ in range(30):
        Client().post(reverse("demandes:structure"), {"numero": "1"})
    page = Client().post(reverse("demandes:structure"), {"numero": "1"})
    assert "Réessayez dans une heure" in page.content.decode()
    assert Demande.objects.count() == 30


def test_un_envoi_enorme_est_borne(client: Client, toulouse: Commune) -> None:
    donner_la_structure(client)
    page = client.post(etape("motivation"), {"motivation": "x" * 50_000} | {f"champ{i}": "y" for i in range(200)})
    assert "2 500" in page.content.decode() or "2500" in page.content.decode()
    saisie = Demande.objects.get().saisie["motivation"]
    assert len(saisie) <= 50
    assert len(saisie["motivation"]) == 10_000


def test_des_noms_et_des_caracteres_inventes_n_empechent_pas_de_garder_le_reste(
    client: Client, toulouse: Commune
) -> None:
    donner_la_structure(client)
    client.post(etape("contact"), CONTACT | {"nom": "Had\x00dad", "a\x00b": "x", "n" * 200: "y"})
    gardees = Demande.objects.get().saisie["contact"]
    assert gardees["nom"] == "Haddad"
    assert set(gardees) == set(CONTACT)


def test_effacer_son_brouillon_l_efface_vraiment(client: Client, toulouse: Commune) -> None:
    tout_remplir(client)
    client.post(reverse("demandes:recommencer"))
    assert not Demande.objects.exists()
    assert "demande" not in client.session


def test_une_etape_inconnue_n_existe_pas(client: Client, toulouse: Commune) -> None:
    donner_la_structure(client)
    assert client.get(etape("piratage")).status_code == 404
