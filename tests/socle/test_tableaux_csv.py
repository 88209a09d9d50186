"""Le CSV d'un tableur : encodages, séparateurs, numéros de lignes, fichiers qui n'en sont pas."""

import pytest

from conum.socle.tableaux import OCTETS_MAX, TableauIllisible, lire_csv

COLONNES = {"email": "email", "nom": "Prénom et nom"}


def lire(contenu: bytes, maximum: int = 10):
    return [(x.numero, dict(x.cellules)) for x in lire_csv(contenu, COLONNES, obligatoires=("email",), maximum=maximum)]


@pytest.mark.parametrize("encodage", ["utf-8", "utf-8-sig", "latin-1"])
@pytest.mark.parametrize("separateur", [";", ","])
def test_ce_qu_ecrit_un_tableur_se_lit(encodage, separateur):
    texte = f"EMAIL{separateur}prenom et nom\r\ni@x.fr{separateur}Inès\r\n"
    assert lire(texte.encode(encodage)) == [(2, {"email": "i@x.fr", "nom": "Inès"})]


def test_une_colonne_facultative_absente_vaut_vide_et_une_inconnue_est_ignoree():
    assert lire(b"autre;email\nx;a@x.fr\n") == [(2, {"email": "a@x.fr", "nom": ""})]


def test_les_numeros_sont_ceux_de_l_editeur():
    contenu = b'email;Prenom et nom\n\na@x.fr;"deux\nlignes"\nb@x.fr;c\n;;\n'
    assert [numero for numero, _ in lire(contenu)] == [3, 5]


@pytest.mark.parametrize(
    ("contenu", "phrase"),
    [
        (b"", "absente"),
        (b"nom\nx\n", "absente"),
        (b"email;email\nx;y\n", "en double"),
        (b"PK\x03\x04reste", "classeur"),
        (b"email\n\x00\n", "pas un texte"),
        (b'email\n"jamais fini\n', "mal form"),
        (b"email\n" + b"a@x.fr\n" * 11, "plus de 10 lignes"),
        (b"x" * (OCTETS_MAX + 1), "5 Mo"),
    ],
)
def test_un_fichier_qui_ne_va_pas_le_dit(contenu, phrase):
    with pytest.raises(TableauIllisible, match=phrase):
        lire(contenu)
