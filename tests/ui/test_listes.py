"""Une liste à l'écran : tri annoncé, pages, exports, cellules en français."""

import datetime as dt
from decimal import Decimal

import pytest
from django.template.loader import render_to_string
from django.test import RequestFactory

from conum.socle.listes import Colonne, Liste
from conum.ui.templatetags.ui import duree, jour, nombre
from conum.utilisateurs.models import Utilisateur
from tests.comptes.fabriques import UtilisateurFactory

pytestmark = pytest.mark.django_db
COLONNES = [
    Colonne("email", "Adresse", lambda u: u.email, tri="email", lien=lambda u: f"/personne/{u.pk}/"),
    Colonne("actif", "Actif", lambda u: u.is_active, niveau=lambda u: "success" if u.is_active else "error"),
    Colonne("id", "Numéro", lambda u: u.pk, a_l_ecran=False),
]


def _rendre(rf: RequestFactory, adresse: str = "/", par_page: int = 25) -> str:
    liste = Liste(rf.get(adresse), Utilisateur.objects.all(), COLONNES, "email", "personnes", par_page)
    return render_to_string("ui/liste.html", {"liste": liste, "legende": "Personnes", "vide": "Personne."})


def test_le_tri_courant_est_annonce_et_s_inverse(rf: RequestFactory) -> None:
    UtilisateurFactory()
    assert 'aria-sort="ascending"' in _rendre(rf)
    assert 'href="?tri=-email"' in _rendre(rf)
    assert 'aria-sort="descending"' in _rendre(rf, "/?tri=-email")


def test_les_pages_gardent_les_filtres(rf: RequestFactory) -> None:
    UtilisateurFactory.create_batch(7)
    html = _rendre(rf, "/?q=x&page=2", par_page=3)
    assert 'aria-current="page">2</a>' in " ".join(html.split()).replace(
        'aria-current="page" >', 'aria-current="page">'
    )
    assert "q=x&amp;page=3" in html
    assert "7</strong> résultats" in html


def test_une_colonne_de_fichier_ne_se_montre_pas(rf: RequestFactory) -> None:
    UtilisateurFactory()
    html = _rendre(rf)
    assert "Numéro" not in html
    assert "fr-badge--success" in html
    assert ">oui</p>" in html


def test_une_liste_vide_le_dit(rf: RequestFactory) -> None:
    html = _rendre(rf)
    assert "Personne." in html
    assert "<table" not in html


@pytest.mark.parametrize(
    ("valeur", "attendu"),
    [(0, "0"), (None, "–"), (1234567, "1\u202f234\u202f567"), (Decimal("1234.5"), "1\u202f234,5")],
)
def test_nombre(valeur: object, attendu: str) -> None:
    assert nombre(valeur) == attendu  # type: ignore[arg-type]


def test_jour() -> None:
    assert jour(dt.date(2026, 3, 1)) == "1 mars 2026"
    assert jour(dt.datetime(2026, 3, 1, 13, 5, tzinfo=dt.UTC)) == "1 mars 2026 à 14:05"
    assert jour(None) == "–"


@pytest.mark.parametrize(
    ("jours", "attendu"),
    [(1, "1 jour"), (30, "30 jours"), (183, "6 mois"), (913, "30 mois"), (365, "1 an"), (3650, "10 ans")],
)
def test_duree(jours: int, attendu: str) -> None:
    assert duree(dt.timedelta(days=jours)) == attendu
