"""Exports : mêmes colonnes, mêmes valeurs, rien qu'un tableur exécute."""

import datetime as dt
import io
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from conum.socle.exports import ecrire_xlsx, lignes_csv, texte_sur

ENTETES = ["Nom", "Nombre", "Date", "Vrai", "Montant", "Vide"]
LIGNE = ["L'Haÿ ; « 94 »", 3, dt.date(2026, 2, 1), True, Decimal("12.50"), None]


def test_le_csv_s_ouvre_dans_un_tableur_francais():
    texte = "".join(lignes_csv(ENTETES, [LIGNE]))
    assert texte.startswith("\ufeffNom;Nombre")
    assert texte.splitlines()[1] == '"L\'Haÿ ; « 94 »";3;01/02/2026;oui;12,50;'


def test_le_xlsx_garde_les_types():
    tampon = io.BytesIO()
    ecrire_xlsx(tampon, ENTETES, [LIGNE, ["=1+1", 0, None, False, 0, ""]])
    feuille = CalamineWorkbook.from_filelike(io.BytesIO(tampon.getvalue())).get_sheet_by_index(0).to_python()
    assert feuille[0] == ENTETES
    assert feuille[1][:4] == ["L'Haÿ ; « 94 »", 3, dt.date(2026, 2, 1), "oui"]
    assert feuille[2][0] == "=1+1"


@given(st.text())
def test_aucune_cellule_ne_commence_comme_une_formule(texte):
    assert not texte_sur(texte).startswith(("=", "+", "-", "@", "\t", "\r"))
