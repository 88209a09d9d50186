"""Les formulaires disent ce qui est attendu, et relient chaque erreur à son champ."""

import datetime as dt
import re
from decimal import Decimal

import pytest
from django import forms
from django.core.exceptions import ValidationError

from conum.ui.forms import DsfrForm, FiltresForm, MontantField


class Essai(DsfrForm):
    email = forms.EmailField(label="Adresse électronique")
    debut = forms.DateField(label="Début")
    choix = forms.ChoiceField(label="Type", choices=[("a", "A"), ("b", "B")], widget=forms.RadioSelect)
    telephone = forms.CharField(label="Téléphone", required=False)
    accord = forms.BooleanField(label="J'accepte")


class Invitation(DsfrForm):
    autocompletion = {}
    email = forms.EmailField(label="Adresse de l'agent")


class Filtres(FiltresForm):
    etat = forms.ChoiceField(label="État", choices=[("", "Tous"), ("a", "A")])


def test_le_resume_mene_a_chaque_champ_en_faute() -> None:
    html = Essai({"email": "faux"}).render()
    for ancre in ("id_email", "id_debut", "id_choix_0", "id_accord"):
        assert f'href="#{ancre}"' in html
        assert f'id="{ancre}"' in html


def test_l_erreur_est_rattachee_au_champ() -> None:
    html = Essai({"email": "faux"}).render()
    champ = re.search(r"<input[^>]*name=\"email\"[^>]*>", html)
    assert champ
    assert 'aria-describedby="id_email_error"' in champ[0]
    assert 'aria-invalid="true"' in champ[0]
    assert re.search(r'id="id_email_error"[^>]*>\s*<p class="fr-message fr-message--error">', html)


def test_sans_erreur_rien_n_est_annonce() -> None:
    html = Essai().render()
    assert "aria-invalid" not in html
    assert 'role="alert"' not in html


def test_le_facultatif_est_dit_et_l_obligatoire_annonce() -> None:
    html = Essai().render()
    assert html.count("(facultatif)") == 1
    assert "Tous les champs sont obligatoires" in html


def test_l_autocompletion_ne_vaut_que_pour_soi() -> None:
    assert 'autocomplete="email"' in Essai().render()
    assert 'autocomplete="tel"' in Essai().render()
    assert "autocomplete" not in Invitation().render()


def test_une_date_s_ecrit_au_format_du_navigateur() -> None:
    html = Essai(initial={"debut": dt.date(2026, 3, 1)}).render()
    assert re.search(r'<input[^>]*type="date"[^>]*value="2026-03-01"', html)


def test_un_filtre_inconnu_est_ignore() -> None:
    assert Filtres({"etat": "zzz"}).valeurs() == {}
    assert Filtres({"etat": "a"}).valeurs() == {"etat": "a"}


@pytest.mark.parametrize("saisi", ["1950,50", "1 950,50", "1 950,50 €", "1\u202f950,5", "1950.50"])
def test_un_montant_se_lit_comme_on_l_ecrit(saisi):
    assert MontantField().clean(saisi) == Decimal("1950.50")


@pytest.mark.parametrize("saisi", ["mille", "19,50,00", "NaN", "1950,505", "1e3000"])
def test_un_montant_mal_ecrit_est_refuse_avec_une_phrase(saisi):
    with pytest.raises(ValidationError):
        MontantField().clean(saisi)
