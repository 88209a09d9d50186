"""typst → PDF balisé."""

import io

import pypdf
import pytest
import typst

from conum.socle import pdf

GABARIT = """#let d = json(bytes(sys.inputs.donnees))
#set document(title: d.titre)
#set text(lang: "fr")
= #d.titre
#d.texte
"""


@pytest.fixture
def gabarit(tmp_path):
    chemin = tmp_path / "essai.typ"
    chemin.write_text(GABARIT, encoding="utf-8")
    return chemin


def test_un_document_balise_avec_ses_accents_et_sans_interpreter_les_donnees(gabarit):
    contenu = pdf.produire(gabarit, {"titre": "Été à L'Haÿ", "texte": "#panic() *gras* $x$ œuf"})
    lu = pypdf.PdfReader(io.BytesIO(contenu))
    assert "/StructTreeRoot" in lu.trailer["/Root"]
    assert lu.trailer["/Root"]["/Lang"].startswith("fr")
    assert "#panic() *gras* $x$ œuf" in lu.pages[0].extract_text()


def test_un_document_sans_titre_n_est_pas_accessible_et_echoue(tmp_path):
    chemin = tmp_path / "sans-titre.typ"
    chemin.write_text("Bonjour", encoding="utf-8")
    with pytest.raises(typst.TypstError, match="title"):
        pdf.produire(chemin, {})


def test_les_polices_sont_dans_le_document(gabarit):
    contenu = pdf.produire(gabarit, {"titre": "Titre", "texte": "Texte"})
    polices = pypdf.PdfReader(io.BytesIO(contenu)).pages[0]["/Resources"]["/Font"]
    assert all("Libertinus" in str(p.get_object()["/BaseFont"]) for p in polices.values())


def test_la_reponse_se_telecharge(gabarit):
    response = pdf.reponse(b"%PDF", "proces-verbal-64")
    assert response["Content-Type"] == "application/pdf"
    assert response["Content-Disposition"] == 'attachment; filename="proces-verbal-64.pdf"'
