"""Textes comparables, limites de débit, listes triées et découpées."""

from datetime import timedelta

import pytest
import time_machine
from django.test import RequestFactory
from hypothesis import given
from hypothesis import strategies as st

from conum.socle import limites
from conum.socle.jetons import empreinte, nouveau_jeton
from conum.socle.listes import Colonne, Liste
from conum.socle.telephone import lire_telephone
from conum.socle.texte import normaliser
from conum.utilisateurs.models import Utilisateur


@pytest.mark.parametrize(
    ("texte", "attendu"),
    [("L'Haÿ-les-Roses", "l hay les roses"), ("Œuilly", "oeuilly"), ("  SAINT--Étienne ", "saint etienne"), ("", "")],
)
def test_deux_ecritures_d_un_nom_se_comparent(texte, attendu):
    assert normaliser(texte) == attendu


@given(st.text())
def test_normaliser_deux_fois_ne_change_rien(texte):
    assert normaliser(normaliser(texte)) == normaliser(texte)


def test_un_jeton_ne_se_devine_pas_et_la_base_n_en_garde_que_l_empreinte():
    clair, garde = nouveau_jeton()
    assert len(clair) >= 43
    assert garde == empreinte(clair)
    assert clair not in garde
    assert nouveau_jeton()[0] != clair


@pytest.mark.django_db
def test_la_limite_se_compte_par_fenetre():
    duree = timedelta(minutes=10)
    with time_machine.travel("2026-11-23 10:00:00+00:00", tick=False):
        assert [limites.depasse("a", maximum=2, duree=duree) for _ in range(3)] == [False, False, True]
        assert limites.depasse("b", maximum=2, duree=duree) is False
    with time_machine.travel("2026-11-23 10:10:01+00:00", tick=False):
        assert limites.depasse("a", maximum=2, duree=duree) is False


@pytest.mark.django_db
class TestListe:
    COLONNES = (
        Colonne("nom", "Nom", lambda u: u.nom, "nom"),
        Colonne("email", "Adresse", lambda u: u.email, "email"),
        Colonne("cle", "Clé", lambda u: u.pk, a_l_ecran=False),
    )

    def _liste(self, **parametres):
        for i in range(30):
            Utilisateur.objects.create_user(f"p{i:02}@exemple.fr", nom=f"Nom {29 - i:02}")
        request = RequestFactory().get("/", parametres)
        return Liste(request, Utilisateur.objects.all(), self.COLONNES, "nom", "personnes")

    def test_triee_et_decoupee(self):
        liste = self._liste(page="2")
        assert [u.nom for u in liste.page] == [f"Nom {i:02}" for i in range(25, 30)]

    def test_un_tri_inconnu_ou_une_page_folle_ne_casse_rien(self):
        liste = self._liste(tri="mot_de_passe", page="9999")
        assert liste.tri == "nom"
        assert liste.page.number == 2

    def test_l_entete_propose_l_autre_sens(self):
        entetes = self._liste(tri="email").entetes()
        assert entetes[1] == {"cle": "email", "titre": "Adresse", "lien": "?tri=-email", "sens": "ascending"}
        assert len(entetes) == 2

    def test_l_export_a_toutes_les_lignes_dans_le_meme_ordre(self):
        texte = b"".join(self._liste(tri="-email", format="csv").export()).decode()
        lignes = texte.splitlines()
        assert lignes[0] == "\ufeffNom;Adresse;Clé"
        assert len(lignes) == 31
        assert "p29@exemple.fr" in lignes[1]


@pytest.mark.parametrize(
    ("saisie", "departement", "lu"),
    [
        ("06 12 34 56 78", "", "+33 6 12 34 56 78"),
        ("0692 12 34 56", "974", "+262 692 12 34 56"),
        ("26.12.34", "988", "+687 26 12 34"),
        ("lol", "", None),
        ("01 23", "", None),
    ],
)
def test_un_telephone_existe_ou_n_est_pas_garde(saisie, departement, lu):
    assert lire_telephone(saisie, departement) == lu
