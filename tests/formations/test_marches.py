"""Les marchés : figés, complets, sourcés, le bon à chaque date ; un marché nouveau est un fichier."""

from datetime import date
from decimal import Decimal

import pytest

from conum.formations.rules import lecture
from conum.formations.rules.marches import (
    Acces,
    MarcheInconnu,
    catalogue,
    charger,
    marche,
    marche_au,
    organismes_de,
    parcours,
    prise_en_charge,
    regle_au,
)
from conum.formations.rules.positionnement import questionnaire_au, recommander
from conum.formations.rules.prise_de_poste import Formation, peut_prendre_poste
from conum.socle.donnees_figees import DonneeInvalide, empreinte_de, lire_manifeste
from tests.formations.fabriques import meilleure, reinscrire, remplacer, repondre, suivie

# Une ligne ne change jamais : ce qui a été décidé d'après elle doit se retrouver. Un fichier nouveau s'ajoute.
PUBLIEES = {
    "marches/2021.toml": "6be78a0cb1f3d67e473a711bcc1b7e69adde0a5e39a7243a13b5913662124b9d",
    "marches/2024.toml": "11f1f659128f62cb5e579e0f4276872bf03009d4992759c49f60120108ee63c1",
    "marches/2025.toml": "cc113706369ec25676e9f023a14cf6e453226569f0e4cab66a9282a02fce6a70",
    "marches/programme.toml": "cfb969a28d5996f1280130135fc7fb9ebb5006f46f2e56277e1901b932e67052",
    "questionnaires/positionnement-2026-11.toml": "213a966b74388269a2e8359f1d8a8a54056518c3da8d9a246075996d0296c475",
    "modules-2024.toml": "bbbf66471bd2210bf2def23cceb967d7341d15788c6a5c5b1f6100f4f215b119",
    "modules-2025.toml": "6625f06d46a3fbc34cb15e3f774dfbc3b98616dcd3aeb2e9b31f02f8dc68af30",
    "satisfaction-2026-11.toml": "a1d9304058c255751256fd90c852a0febe7286dd907648a66f19cd73dd50317f",
    "titres.toml": "943230d8c8e14e11c0a9c05487ebb8b6d67908163d75bf48143274def03294f3",
}


def test_aucune_donnee_publiee_n_a_change():
    assert lire_manifeste(lecture.DONNEES) == PUBLIEES
    assert {c: empreinte_de((lecture.DONNEES / c).read_bytes()) for c in PUBLIEES} == PUBLIEES


def test_un_chiffre_change_en_silence_et_rien_ne_se_charge(copie):
    remplacer(copie / "marches" / "2024.toml", "heures_cours = 70", "heures_cours = 71")
    with pytest.raises(DonneeInvalide, match="a changé après sa publication"):
        charger(copie)


@pytest.mark.parametrize(
    ("jour", "code", "heures"),
    [
        (date(2021, 1, 1), "2021", [420, 350, 280, 105]),
        (date(2023, 4, 30), "2021", [420, 350, 280, 105]),
        (date(2024, 1, 1), "2024", [315, 175, 70]),
        (date(2024, 12, 31), "2024", [315, 175, 70]),
        (date(2025, 1, 1), "2025", [385]),
        (date(2026, 11, 25), "2025", [385]),
    ],
)
def test_le_marche_de_chaque_date_et_ses_heures(jour, code, heures):
    assert marche_au(jour).code == code
    assert [p.heures for p in marche_au(jour).parcours] == heures


def test_le_parcours_de_2025_compte_cours_et_stage():
    assert (parcours("2025-385").heures_cours, parcours("2025-385").heures_stage) == (175, 210)


def test_entre_deux_marches_on_le_dit_et_la_regle_de_base_vaut():
    with pytest.raises(MarcheInconnu, match="précédent a pris fin le 01/05/2023 ; le suivant commence le 01/01/2024"):
        marche_au(date(2023, 8, 1))
    with pytest.raises(MarcheInconnu, match="commence le 01/01/2021"):
        marche_au(date(2020, 11, 17))
    assert regle_au(date(2023, 8, 1)).code == "programme"
    assert regle_au(date(2023, 8, 1)).acces is Acces.APRES


def test_un_marche_garde_son_empreinte():
    courant = marche("2025")
    assert marche("2025", courant.empreinte) is courant
    with pytest.raises(DonneeInvalide, match="n'est plus celui"):
        marche("2025", "0" * 64)
    for inconnu in (lambda: marche("2030"), lambda: parcours("2030-1"), lambda: courant.par_code("2024-70")):
        with pytest.raises(MarcheInconnu):
            inconnu()


def test_ce_qui_est_connu_est_compte_et_le_reste_est_dit():
    premier = prise_en_charge(marche("2021"))
    assert premier.total == Decimal("5131.60")
    assert all(c.moyenne for c in premier.couts)
    for code in ("2024", "2025", "programme"):
        inconnu = prise_en_charge(marche(code))
        assert inconnu.total is None
        assert inconnu.raisons


def test_les_organismes_d_une_region():
    assert organismes_de(marche("2021"), "11") == ("Le PôleS", "WebForce3")
    assert organismes_de(marche("2025"), "04") == ("Francil’In",)
    assert organismes_de(marche("2025"), "53") == ("La Fabrik",)
    deux = [r for m in catalogue().marches for x in m.lots for r in x.regions if m.code == "2021"]
    assert len(deux) == len(set(deux)) == 18


NOUVEAU = """
code = "2027"
titre = "Troisième marché de formation"
debut = 2027-03-01
date_note = "Publié le 1er février 2027."
sources = ["CONUM"]
[prise_de_poste]
acces = "en_alternance"
note = "Deux jours par semaine dans la structure."
sources = ["CONUM"]
[delais]
depart_jours = 30
certification_mois = 4
sources = ["CONUM"]
[exemption]
certifications = ["titre"]
sources = ["CONUM"]
[[parcours]]
code = "2027-140"
libelle = "Parcours court"
rang = 2
heures_cours = 140
heures_stage = 0
score_min = 60
plancher_domaine = 40
sources = ["CONUM"]
[[parcours]]
code = "2027-280"
libelle = "Parcours long"
rang = 1
heures_cours = 280
heures_stage = 35
score_min = 0
plancher_domaine = 0
sources = ["CONUM"]
[positionnement]
note = "Seuils du marché."
sources = ["CONUM"]
[[couts]]
nature = "formation"
libelle = "Formation, par conseiller"
montant = 5_200.50
sources = ["CONUM"]
"""


def test_un_marche_nouveau_est_un_fichier_et_aucune_ligne_de_code(copie):
    (copie / "marches" / "2027.toml").write_text(NOUVEAU)
    with pytest.raises(DonneeInvalide, match="non inscrite"):
        charger(copie)
    reinscrire(copie)
    marches = charger(copie)

    # Le marché précédent s'arrête de lui-même, sans que son fichier change.
    assert marches.au(date(2027, 2, 28)).code == "2025"
    nouveau = marches.au(date(2027, 3, 1))
    assert nouveau.code == "2027"
    assert prise_en_charge(nouveau).total == Decimal("5200.50")
    assert marches.parcours("2027-280").heures == 315
    # Il sert aussitôt partout : recommandation, puis prise de poste selon sa règle.
    q = questionnaire_au(date(2027, 3, 1))
    assert recommander(q, repondre(q, meilleure), nouveau).parcours.code == "2027-140"
    ici = Formation(suivie(parcours("2025-385"), sauf=10), session_debut=date(2027, 3, 15))
    jours = {"jour": date(2027, 4, 1), "formation": ici, "marches": marches}
    assert peut_prendre_poste(date(2027, 3, 1), **jours).autorise
    assert not peut_prendre_poste(date(2027, 2, 28), **jours).autorise


@pytest.mark.parametrize(
    ("fichier", "avant", "apres", "phrase"),
    [
        ("2024", "debut = 2024-01-01", "debut = 2025-01-01", "même jour"),
        ("2024", "debut = 2024-01-01", "defaut = true", "une règle par défaut"),
        ("2024", "debut = 2024-01-01\n", "", "un marché a un début"),
        ("2021", "fin = 2023-05-01", "fin = 2020-05-01", "précède le début"),
        ("2021", "fin = 2023-05-01", "fin = 2023-05-01\ninconnu = 'oui'", "des parcours, ou la raison"),
        ("2024", "score_min = 0", "score_min = 1", "accueillir tout le monde"),
        ("2024", "score_min = 75", "score_min = 45", "meilleur score"),
        ("2024", "score_min = 75", "score_min = 101", "0 à 100"),
        ("2024", "plancher_domaine = 50", "plancher_domaine = 10", "plancher plus bas"),
        ("2024", "heures_cours = 70", "heures_cours = 175", "plus d'heures"),
        ("2024", "heures_cours = 70", "heures_cours = 0", "sans heures"),
        ("2024", "rang = 3", "rang = 2", "même rang"),
        ("2024", 'code = "2024-70"', 'code = "2025-385"', "même code"),
        ("2024", 'code = "2024"', 'code = "2025"', "même code"),
        ("2024", 'certifications = ["ccp1", "titre"]', 'certifications = ["bac"]', "dispense inconnue"),
        ("2024", "depart_jours = 15", "depart_jours = 0", "délai est nul"),
        ("2024", 'nature = "formation"', 'nature = "repas"', "nature de coût"),
        ("2024", 'sources = ["R-NAO"]', 'sources = ["RUMEUR"]', "source inconnue"),
        ("2024", 'sources = ["R-NAO"]', "sources = []", "pas de source"),
        ("2021", "montant = 4_805", "montant = 4_805\ninconnu = 'si'", "connu ou inconnu"),
        ("2021", "montant = 4_805", "montant = 4_805.001", "au centime"),
        ("2021", "montant = 4_805", "montant = 0", "coût connu est nul"),
        ("2021", "a_distance = true", "", "un lot a des régions"),
    ],
)
def test_un_marche_faux_est_refuse(copie, fichier, avant, apres, phrase):
    remplacer(copie / "marches" / f"{fichier}.toml", avant, apres)
    reinscrire(copie)
    with pytest.raises(DonneeInvalide, match=phrase):
        charger(copie)
