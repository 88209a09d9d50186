"""Le champ « commune » : la liste qui se filtre, et le même champ sans JavaScript."""

import pytest
from django.test import Client

from conum.territoires.forms import CommuneField
from conum.territoires.models import Commune
from conum.ui.forms import DsfrForm
from tests.territoires.fabriques import AncienneCommuneFactory, CommuneFactory, DepartementFactory

pytestmark = pytest.mark.django_db

ADRESSE = "/territoires/communes/"


class Formulaire(DsfrForm):
    commune = CommuneField(label="Commune", help_text="Nom ou code postal")


@pytest.fixture(autouse=True)
def _communes() -> None:
    CommuneFactory()
    bretagne = DepartementFactory(code="22", nom="Côtes-d’Armor")
    CommuneFactory(code="35288", nom="Saint-Malo", codes_postaux=["35400"], population=47000)
    CommuneFactory(code="35299", nom="Saint-Méloir", codes_postaux=["35350"], population=4000)
    CommuneFactory(code="22999", nom="Saint-Méloir", codes_postaux=["22980"], population=200, departement=bretagne)
    AncienneCommuneFactory(code="35294", nom="Saint-Servan", commune_id="35288")


def envoyer(texte: str = "", code: str = "", choix: str = "") -> Formulaire:
    return Formulaire({"commune": code, "commune_texte": texte, "commune_choix": choix})


def test_la_recherche_est_ouverte_a_tous_et_rend_du_json(client: Client) -> None:
    response = client.get(ADRESSE, {"q": "renn"})
    assert response.status_code == 200
    assert response.json() == {
        "resultats": [
            {"code": "35238", "libelle": "Rennes (35)", "detail": "35000, 35200… · Ille-et-Vilaine", "ancien_nom": ""}
        ]
    }


def test_la_recherche_dit_par_quel_ancien_nom_elle_trouve(client: Client) -> None:
    (resultat,) = client.get(ADRESSE, {"q": "saint servan"}).json()["resultats"][:1]
    assert (resultat["code"], resultat["ancien_nom"]) == ("35288", "Saint-Servan")


def test_la_recherche_refuse_un_post(client: Client) -> None:
    assert client.post(ADRESSE).status_code == 405


@pytest.mark.parametrize("texte", ["", "r", "x" * 5000, "'; DROP TABLE", "%_%", "\x00", " ".join(["saint"] * 200)])
def test_la_recherche_supporte_toute_saisie(client: Client, texte: str) -> None:
    assert client.get(ADRESSE, {"q": texte}).status_code == 200


def test_le_code_pose_par_la_liste_est_retenu() -> None:
    formulaire = envoyer("Saint-Méloir (22)", code="22999")
    assert formulaire.is_valid()
    assert formulaire.cleaned_data["commune"] == Commune.objects.get(code="22999")


def test_un_code_qui_ne_correspond_plus_au_texte_est_ignore() -> None:
    formulaire = envoyer("Rennes", code="35288")
    assert formulaire.is_valid()
    assert formulaire.cleaned_data["commune"].code == "35238"


@pytest.mark.parametrize("texte", ["rennes", "RENNES", "35000", "35238", "Rennes (35)", "rennes 35200"])
def test_sans_javascript_un_texte_exact_suffit(texte: str) -> None:
    formulaire = envoyer(texte)
    assert formulaire.is_valid(), formulaire.errors
    assert formulaire.cleaned_data["commune"].code == "35238"


def test_un_ancien_nom_exact_suffit_aussi() -> None:
    formulaire = envoyer("saint-servan")
    assert formulaire.is_valid()
    assert formulaire.cleaned_data["commune"].code == "35288"


def test_des_homonymes_sont_proposes_au_choix_et_le_texte_reste() -> None:
    formulaire = envoyer("saint meloir")
    assert formulaire.errors["commune"] == [
        "Plusieurs communes correspondent à « saint meloir » : choisissez la vôtre."
    ]
    page = str(formulaire)
    assert 'value="saint meloir"' in page
    assert 'name="commune_choix"' in page
    assert 'value="22999"' in page
    assert 'value="35299"' in page
    assert "fr-input-group--error" in page


def test_le_choix_parmi_les_candidats_est_retenu() -> None:
    formulaire = envoyer("saint meloir", choix="22999")
    assert formulaire.is_valid()
    assert formulaire.cleaned_data["commune"].code == "22999"


def test_un_choix_d_avant_correction_du_texte_est_ignore() -> None:
    formulaire = envoyer("rennes", choix="22999")
    assert formulaire.is_valid()
    assert formulaire.cleaned_data["commune"].code == "35238"


def test_une_faute_propose_les_communes_proches_sans_choisir() -> None:
    formulaire = envoyer("renes")
    assert "Nous ne connaissons pas « renes »" in formulaire.errors["commune"][0]
    assert 'value="35238"' in str(formulaire)


def test_une_commune_inconnue_le_dit() -> None:
    assert "Aucune commune ne correspond" in envoyer("zzzzqqqq").errors["commune"][0]


def test_un_texte_hostile_est_echappe() -> None:
    page = str(envoyer('"><script>alert(1)</script>'))
    assert "<script>alert" not in page


def test_une_commune_obligatoire_manquante_le_dit() -> None:
    assert envoyer().errors["commune"] == ["Ce champ est obligatoire."]


def test_une_commune_facultative_peut_manquer() -> None:
    assert CommuneField(required=False).clean(None) is None


def test_la_valeur_initiale_s_affiche_et_ne_compte_pas_comme_un_changement() -> None:
    formulaire = Formulaire(initial={"commune": Commune.objects.get(code="35238")})
    assert 'value="Rennes (35)"' in str(formulaire)
    renvoye = Formulaire({"commune": "35238", "commune_texte": "Rennes (35)"}, initial={"commune": "35238"})
    assert not renvoye.has_changed()


def test_le_libelle_est_relie_au_champ_visible() -> None:
    page = str(Formulaire())
    assert '<label class="fr-label" for="id_commune">' in page
    assert 'id="id_commune"' in page
    assert page.count('id="id_commune"') == 1
