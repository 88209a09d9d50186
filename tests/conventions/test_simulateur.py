"""Le simulateur public : ce qu'il montre, ce qu'il refuse, ce qu'il garde, le PDF."""

import io
import re
from datetime import date
from decimal import Decimal
from html import unescape

import pypdf
import pytest
import time_machine
from django.urls import reverse
from hypothesis import given, settings
from hypothesis import strategies as st

from conum.comptes.rules import ajouter_mois
from conum.conventions.rules import Contrat, Phase, Poste, Statut, trace
from conum.conventions.rules.simulation import Hypotheses, simuler
from conum.conventions.views.graphique import tracer
from tests.territoires.fabriques import CommuneFactory, DepartementFactory, RegionFactory

PAGE, PDF = "conventions:simulateur", "conventions:simulateur_pdf"
SAISIE = {
    "statut": "public",
    "commune": "35238",
    "commune_texte": "Rennes (35)",
    "type_poste": "conseiller",
    "phase": "v1",
    "debut": "2027-01-01",
    "contrat": "cdd",
    "duree": "24",
    "salaire": "1867.02",
    "taux": "42",
}


@pytest.fixture
def simuler_en_ligne(client, db):
    CommuneFactory()

    def demander(nom=PAGE, **changements):
        with time_machine.travel("2026-11-25 10:00", tick=False):
            return client.get(reverse(nom), {**SAISIE, **changements})

    return demander


def _texte(reponse):
    sans_balises = re.sub(r"<[^>]+>", " ", reponse.content.decode())
    return " ".join(unescape(sans_balises).replace("\u202f", " ").replace("\xa0", " ").split())


def _papeete():
    region = RegionFactory(code="987", nom="Polynésie française")
    departement = DepartementFactory(code="987", nom="Polynésie française", region=region)
    return CommuneFactory(code="98735", nom="Papeete", departement=departement, codes_postaux=["98714"])


# --- Ce qu'il montre --------------------------------------------------------------------------------------------------


def test_la_page_vide_propose_un_depart_et_ne_calcule_rien(client, db):
    with time_machine.travel("2026-11-25 10:00", tick=False):
        page = client.get(reverse(PAGE))
    assert page.status_code == 200
    assert 'value="2026-12-01"' in page.content.decode()
    assert 'value="1867,02"' in page.content.decode()
    assert "<table" not in page.content.decode()


def test_un_poste_public_en_metropole(simuler_en_ligne):
    texte = _texte(simuler_en_ligne())
    assert "À Rennes (35), l’État finance 50 000,00 €, jusqu’au 31 décembre 2028 au plus tard." in texte
    # 24 mois à 2 651,1684 €, puis plus rien : le contrat est terminé.
    assert "Sur 24 mois 63 628,04 €" in texte
    assert "63 628,04 € de coût − 50 000,00 € d’aide = 13 628,04 €." in texte
    assert "Règle appliquée : Règle de base du programme ." in texte


def test_chaque_montant_du_tableau_s_ouvre_sur_son_calcul(simuler_en_ligne):
    reponse = simuler_en_ligne()
    html, texte = reponse.content.decode(), _texte(reponse)
    cellules = re.findall(r"<td>(.*?)</td>", html, re.DOTALL)
    assert len(cellules) == 3 * (36 + 3 + 2 + 2)
    assert all("<details" in c and "<summary>" in c and "<p" in c for c in cellules)
    assert "Aide : 50 000,00 € × 31 jours financés ÷ 731 (tranche du 01/01/2027 au 31/12/2028, 731 jours)" in texte
    assert "1 867,02 € brut × 1,42 = 2 651,17 €." in texte


def test_un_cdi_coute_encore_apres_la_fin_de_l_aide(simuler_en_ligne):
    texte = _texte(simuler_en_ligne(contrat="cdi", duree=""))
    assert "Sur 36 mois 95 442,06 €" in texte
    assert "Aucune aide : la règle finance jusqu’au 31/12/2028." in texte


def test_un_renouvellement_en_zone_prioritaire(simuler_en_ligne):
    texte = _texte(simuler_en_ligne(phase="v2", zone="on", contrat="cdi", duree=""))
    assert "l’État finance 50 000,00 €" in texte
    assert "Bonification QPV ou ZRR, année 2 : 5 000,00 €" in texte
    assert "1 janvier 2028 : 17 500,00 €" in texte
    assert "Depuis mai 2025, aucune nouvelle convention" in texte


def test_l_echeancier_inconnu_est_dit(simuler_en_ligne):
    texte = _texte(simuler_en_ligne())
    assert "Date inconnue : 50 000,00 €" in texte
    assert "L’échéancier des versements n’est pas publié" in texte


def test_quand_l_aide_depasse_le_cout_on_le_dit(simuler_en_ligne):
    texte = _texte(simuler_en_ligne(taux="0", duree="24", debut="2026-01-01", salaire="1823,03"))
    assert "ce qui n’a pas servi est rendu" in texte


def test_le_graphique_a_une_barre_par_ligne_et_le_tableau_pour_equivalent(simuler_en_ligne):
    html = simuler_en_ligne().content.decode()
    assert html.index("</table>") < html.index('role="img"')
    assert html.count('<rect class="conum-barre-aide" x=') == 24
    assert "style=" not in html


def test_le_lien_a_partager_refait_la_meme_page(simuler_en_ligne, client):
    reponse = simuler_en_ligne(salaire="1 900,5 €", taux="41,5 %")
    lien = unescape(re.search(r'href="([^"]*)">Lien à partager', reponse.content.decode())[1])
    assert "salaire=1900.5&" in lien
    with time_machine.travel("2026-11-25 10:00", tick=False):
        refaite = client.get(lien)
    assert _texte(refaite) == _texte(reponse)


# --- Ce qu'il refuse ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changements", "phrase"),
    [
        ({"salaire": "1800"}, "inférieur au SMIC du 01/01/2027 : 1 867,02 € brut"),
        ({"salaire": "beaucoup"}, "Écrivez une somme en euros"),
        ({"salaire": "NaN"}, "Écrivez une somme en euros"),
        ({"salaire": "1900,123"}, "au centime près"),
        ({"salaire": "25000"}, "salaire annuel"),
        ({"salaire": "-5"}, "inférieur au SMIC"),
        ({"taux": "142"}, "entre 0 et 100 %"),
        ({"taux": "-1"}, "entre 0 et 100 %"),
        ({"duree": "12"}, None),
        ({"duree": "0"}, "durée de 1 à 72 mois"),
        ({"duree": "73"}, "durée de 1 à 72 mois"),
        ({"duree": "un an"}, "nombre entier de mois"),
        ({"duree": ""}, "Écrivez la durée du contrat"),
        ({"contrat": "cdi"}, "Un CDI n’a pas de fin"),
        ({"contrat": "contrat_de_projet", "duree": "6"}, "un an au moins"),
        ({"contrat": "contrat_de_projet", "statut": "prive"}, "réservé aux structures publiques"),
        ({"contrat": "service_civique"}, "Sélectionnez un choix valide"),
        ({"debut": "2020-12-31"}, "entre le 01/01/2021 et le 31/12/2031"),
        ({"debut": "2032-01-01"}, "entre le 01/01/2021 et le 31/12/2031"),
        ({"debut": "2027-02-30"}, "date valide"),
        ({"statut": ""}, "obligatoire"),
        ({"commune": "", "commune_texte": "Nulle-Part"}, "Aucune commune ne correspond"),
    ],
)
def test_une_saisie_fausse_est_dite_a_cote_du_champ_et_gardee(simuler_en_ligne, changements, phrase):
    reponse = simuler_en_ligne(**changements)
    texte = _texte(reponse)
    assert reponse.status_code == 200
    if phrase is None:
        assert "réponse est à revoir" not in texte
        return
    assert phrase in texte
    assert "À Rennes (35), l’État finance" not in texte
    html = reponse.content.decode()
    for champ in ("salaire", "taux", "duree"):
        assert f'name="{champ}" value="{changements.get(champ, SAISIE[champ])}"' in html or not changements.get(
            champ, 1
        )


def test_une_collectivite_inconnue_est_refusee_sans_un_chiffre(simuler_en_ligne):
    commune = _papeete()
    reponse = simuler_en_ligne(commune=commune.code, commune_texte="Papeete (987)", salaire="1000")
    texte = _texte(reponse)
    assert "Le montant de l’aide en Polynésie française n’est pas connu" in texte
    assert "Rien n’est calculé" in texte
    assert "<table" not in reponse.content.decode()


def test_un_coordinateur_est_refuse(simuler_en_ligne):
    assert "Le montant de l’aide pour un coordinateur n’est pas connu" in _texte(
        simuler_en_ligne(type_poste="coordinateur")
    )


def test_un_renouvellement_avant_2023_est_refuse(simuler_en_ligne):
    texte = _texte(simuler_en_ligne(phase="v2", debut="2022-06-01", salaire="1700"))
    assert "Aucune règle de renouvellement n’est connue au 01/06/2022" in texte


def test_mayotte_a_son_smic(simuler_en_ligne):
    mayotte = DepartementFactory(code="976", nom="Mayotte", region=RegionFactory(code="06", nom="Mayotte"))
    commune = CommuneFactory(code="97611", nom="Mamoudzou", departement=mayotte, codes_postaux=["97600"])
    texte = _texte(simuler_en_ligne(commune=commune.code, commune_texte="Mamoudzou (976)", salaire="1500"))
    assert "À Mamoudzou (976), l’État finance" in texte
    assert "De 2021 à 2022, l’État y comptait davantage" in texte


# --- Le PDF -----------------------------------------------------------------------------------------------------------


def test_le_pdf_est_balise_et_dit_les_memes_sommes(simuler_en_ligne):
    reponse = simuler_en_ligne(PDF)
    assert reponse["Content-Type"] == "application/pdf"
    lu = pypdf.PdfReader(io.BytesIO(reponse.content))
    racine = lu.trailer["/Root"]
    assert racine["/MarkInfo"]["/Marked"] == True  # noqa: E712 - objet PDF, pas un booléen Python
    assert racine["/Lang"].startswith("fr")
    texte = " ".join(" ".join(p.extract_text() for p in lu.pages).replace("\u202f", " ").replace("\xa0", " ").split())
    for phrase in ("Rennes (35)", "63 628,04 €", "50 000,00 €", "13 628,04 €", "décembre 2029", "échéancier", "42 %"):
        assert phrase in texte, phrase


@pytest.mark.parametrize("changements", [{"salaire": "1"}, {"type_poste": "coordinateur"}])
def test_un_pdf_impossible_ramene_a_la_page_qui_dit_pourquoi(simuler_en_ligne, changements):
    reponse = simuler_en_ligne(PDF, **changements)
    assert reponse.status_code == 302
    assert reponse["Location"].startswith("/simulateur/?statut=public")


# --- Les sommes -------------------------------------------------------------------------------------------------------


@settings(max_examples=30, deadline=None)
@given(
    st.dates(date(2023, 1, 1), date(2030, 12, 31)),
    st.one_of(st.none(), st.integers(1, 60)),
    st.decimals(Decimal(1500), Decimal(9000), places=2),
    st.decimals(Decimal(0), Decimal(100), places=2),
    st.sampled_from(list(Phase)),
    st.sampled_from(list(Statut)),
)
def test_les_lignes_font_les_totaux_au_centime(debut, duree, salaire, taux, phase, statut):
    contrat = Contrat(debut, ajouter_mois(debut, duree) if duree else None, "cdd")
    s = simuler(Hypotheses(Poste(statut, "35", zone_prioritaire=True), phase, contrat, salaire, taux))
    trois_ans = s.sur(36)
    assert trois_ans.mois == s.mois
    assert trois_ans.aide == s.subvention.total
    assert sum(t.cout for t in s.annees.values()) == trois_ans.cout
    assert sum(t.reste for t in s.annees.values()) == trois_ans.reste == trois_ans.cout - trois_ans.aide
    assert s.sur(24).cout + s.annees[3].cout == trois_ans.cout
    complet = Decimal(s.hypotheses.cout_mensuel_exact.numerator) / s.hypotheses.cout_mensuel_exact.denominator
    if debut.day == 1 and not duree:
        assert abs(trois_ans.cout - 36 * complet) <= Decimal("0.01")
    assert len(tracer(s).barres) == len(s.mois)
    assert all(trace.dire_aide(s, m) and trace.dire_cout(s.hypotheses, m) for m in s.mois)
