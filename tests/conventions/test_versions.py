"""Les versions de règles : figées, complètes, sourcées, et la bonne à chaque date."""

import shutil
from datetime import date
from decimal import Decimal

import pytest

from conum.conventions.rules import Phase, Poste, RegleInconnue, RegleInvalide, Statut, catalogue, regle, regle_au
from conum.conventions.rules.catalogue import bonification_de, charger, montant_de, reserves_de
from conum.conventions.rules.lecture import DONNEES, lire_manifeste, lire_sources, lire_version
from conum.conventions.rules.modele import territoire_de
from conum.socle.donnees_figees import EMPREINTES, empreinte_de

PUBLIC, PRIVE = Statut.PUBLIC, Statut.PRIVE
# Une ligne ne change jamais : une convention signée doit se recalculer à l'identique. Une nouvelle version s'ajoute.
PUBLIEES = {
    "versions/programme.toml": "ae7ed801a6d74f2b3b25f277a31dc9701615472009c8bc3bad26f14b78f92f97",
    "versions/v1-2021-01.toml": "9f6b9e58c65f12b76ec06be2c6bc6d57d729310a27fd0d16aed82e7ea0b3e907",
    "versions/v1-2021-03.toml": "b2bb6b0a8a4f31a016a302d5165f2a628e7590f43f36fb87b9893b87e066b22a",
    "versions/v2-2023-01.toml": "ff9e5602ac13bd0e03c4c1fb4f066bfad9d47b0262275aba1e61b4a0e795f9f8",
}


@pytest.fixture
def copie(tmp_path):
    """Les données, à abîmer ; `reinscrire` fait comme si l'on publiait le dossier tel qu'il est."""
    dossier = tmp_path / "donnees"
    shutil.copytree(DONNEES, dossier)
    return dossier


def reinscrire(dossier):
    lignes = [
        f"{empreinte_de(f.read_bytes())}  versions/{f.name}\n" for f in sorted((dossier / "versions").glob("*.toml"))
    ]
    (dossier / EMPREINTES).write_text("".join(lignes))


def remplacer(dossier, version, avant, apres):
    fichier = dossier / "versions" / f"{version}.toml"
    texte = fichier.read_text()
    assert avant in texte
    fichier.write_text(texte.replace(avant, apres, 1))


# --- Figées ---------------------------------------------------------------------------------------------------------


def test_aucune_version_publiee_n_a_change():
    assert lire_manifeste() == PUBLIEES
    assert {chemin: empreinte_de((DONNEES / chemin).read_bytes()) for chemin in PUBLIEES} == PUBLIEES


def test_chaque_regle_porte_l_empreinte_de_son_fichier():
    assert {r.empreinte for r in catalogue().regles} == set(PUBLIEES.values())
    assert regle("programme", PUBLIEES["versions/programme.toml"]) is catalogue().defaut


def test_une_convention_qui_garde_une_autre_empreinte_est_refusee():
    with pytest.raises(RegleInvalide, match="n'est plus celle"):
        regle("programme", "0" * 64)
    with pytest.raises(RegleInconnue, match="n’existe pas"):
        regle("v9")


def test_un_centime_change_en_silence_et_rien_ne_se_charge(copie):
    remplacer(copie, "programme", "50_000", "50_001")
    with pytest.raises(RegleInvalide, match="a changé après sa publication"):
        charger(copie)


def test_une_version_ne_disparait_ni_ne_s_ajoute_sans_etre_inscrite(copie):
    ajoutee = copie / "versions" / "v3.toml"
    shutil.copy(copie / "versions" / "v2-2023-01.toml", ajoutee)
    with pytest.raises(RegleInvalide, match="non inscrite"):
        charger(copie)
    ajoutee.unlink()
    (copie / "versions" / "v1-2021-01.toml").unlink()
    with pytest.raises(RegleInvalide, match="disparue"):
        charger(copie)


# --- Vérifiées au chargement ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("version", "avant", "apres", "phrase"),
    [
        ("programme", 'annuites = [50_000]\nsources = ["PROGRAMME"]', "annuites = [50_000]", "pas de source"),
        ("programme", '"971", "972", "973", "974", "976"]', '"971", "972", "973", "974"]', "cas manquants"),
        ("programme", '"971", "972", "973", "974", "976"]', '"971", "971", "973", "974", "976"]', "cas manquants"),
        ("programme", "[50_000]", "[50_000.005]", "deux décimales"),
        ("programme", "[50_000]", "[-1]", "négatives"),
        ("programme", "duree_mois = 24", "duree_mois = 37", "dépasse celle de la convention"),
        ("programme", 'sources = ["PROGRAMME"]', 'sources = ["RUMEUR"]', "source inconnue"),
        ("programme", "defaut = true", "defaut = false", "a un début"),
        ("v1-2021-01", "fin = 2021-03-24", "fin = 2021-01-20", "précède le début"),
        ("v1-2021-01", "fin = 2021-03-24", "fin = 2021-03-25", "se chevauchent"),
        ("v1-2021-01", 'code = "v1-2021-01"', 'code = "programme"', "même code"),
        ("v2-2023-01", "[17_500, 12_500, 12_500]", "[17_500, 12_500]", "d'un an chacune"),
        ("v2-2023-01", "nombre = 3", "nombre = 2", "un versement par annuité"),
        ("v2-2023-01", "nombre = 3", 'nombre = 3\ninconnu = "oui"', "connu ou inconnu"),
        ("v2-2023-01", 'zones = ["QPV", "ZRR"]', 'zones = ["QPV", "ZUS"]', "zone de bonification"),
        ("v2-2023-01", 'methode = "jours"', 'methode = "mois"', "méthode de prorata"),
    ],
)
def test_un_fichier_faux_est_refuse(copie, version, avant, apres, phrase):
    remplacer(copie, version, avant, apres)
    reinscrire(copie)
    with pytest.raises(RegleInvalide, match=phrase):
        charger(copie)


def test_une_source_a_un_titre_et_une_nature():
    with pytest.raises(RegleInvalide, match="Source"):
        lire_sources('[X]\ntitre = "T"\nadresse = ""\nnature = "on-dit"')


def test_une_version_se_lit_seule():
    sources = lire_sources((DONNEES / "sources.toml").read_text())
    assert lire_version((DONNEES / "versions" / "programme.toml").read_bytes(), sources).defaut


# --- La table facts-and-asks § 1.5 --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "statut", "departement", "annuites", "mois"),
    [
        ("programme", PUBLIC, "51", [50_000], 24),
        ("programme", PRIVE, "2A", [50_000], 24),
        ("programme", PUBLIC, "971", [50_000], 24),
        ("v1-2021-01", PUBLIC, "51", [50_000], 24),
        ("v1-2021-01", PUBLIC, "971", [70_000], 24),
        ("v1-2021-01", PUBLIC, "976", [67_500], 24),
        ("v1-2021-01", PRIVE, "51", [40_000], 24),
        ("v1-2021-03", PUBLIC, "51", [50_000], 24),
        ("v1-2021-03", PUBLIC, "972", [70_000], 24),
        ("v1-2021-03", PUBLIC, "973", [70_000], 24),
        ("v1-2021-03", PUBLIC, "974", [67_500], 24),
        ("v1-2021-03", PRIVE, "51", [32_000], 18),
        ("v1-2021-03", PRIVE, "974", [32_000], 18),
        ("v2-2023-01", PUBLIC, "51", [17_500, 12_500, 12_500], 36),
        ("v2-2023-01", PRIVE, "51", [20_000, 14_000, 10_000], 36),
    ],
)
def test_les_montants_connus(code, statut, departement, annuites, mois):
    ligne = montant_de(regle(code), Poste(statut, departement))
    assert ligne.annuites == tuple(Decimal(a) for a in annuites)
    assert ligne.duree_mois == mois
    assert ligne.sources


@pytest.mark.parametrize(
    ("code", "statut", "departement", "phrase"),
    [
        ("programme", PUBLIC, "987", "en Polynésie française n’est pas connu"),
        ("programme", PRIVE, "988", "en Nouvelle-Calédonie"),
        ("v1-2021-03", PUBLIC, "975", "à Saint-Pierre-et-Miquelon"),
        ("v1-2021-01", PRIVE, "972", "avant mars 2021"),
        ("v2-2023-01", PUBLIC, "974", "au renouvellement, il n’est publié que pour la métropole"),
        ("v2-2023-01", PRIVE, "", "dans cette collectivité"),
    ],
)
def test_l_inconnu_est_refuse_avec_sa_phrase(code, statut, departement, phrase):
    with pytest.raises(RegleInconnue, match=phrase):
        montant_de(regle(code), Poste(statut, departement))


@pytest.mark.parametrize("code", ["programme", "v1-2021-01", "v1-2021-03", "v2-2023-01"])
def test_un_coordinateur_n_est_chiffre_nulle_part(code):
    with pytest.raises(RegleInconnue, match="pour un coordinateur n’est pas connu"):
        montant_de(regle(code), Poste(PUBLIC, "51", type="coordinateur"))


def test_la_bonification_va_au_public_en_zone_prioritaire_au_renouvellement_seulement():
    v2 = regle("v2-2023-01")
    bonification = bonification_de(v2, Poste(PUBLIC, "51", zone_prioritaire=True))
    assert bonification is not None
    assert bonification.annuites == (2500, 5000, 0)
    assert bonification_de(v2, Poste(PUBLIC, "51")) is None
    assert bonification_de(v2, Poste(PRIVE, "51", zone_prioritaire=True)) is None
    assert bonification_de(regle("v1-2021-03"), Poste(PUBLIC, "51", zone_prioritaire=True)) is None


def test_les_reserves_concernent_le_cas():
    v2, jour = regle("v2-2023-01"), date(2024, 1, 1)
    prive_en_zone = Poste(PRIVE, "51", zone_prioritaire=True)
    assert "bonification" in reserves_de(v2, prive_en_zone, jour=jour)[0].texte
    assert reserves_de(v2, Poste(PUBLIC, "51"), jour=jour) == ()
    assert "PEC" in reserves_de(v2, Poste(PUBLIC, "51"), jour=jour, contrats=["cdd", "pec"])[0].texte
    assert "mai 2025" in reserves_de(v2, Poste(PUBLIC, "51"), jour=date(2025, 5, 1))[0].texte


@pytest.mark.parametrize(
    ("departement", "territoire"),
    [("01", "metropole"), ("2B", "metropole"), ("95", "metropole"), ("971", "971"), ("976", "976"), ("977", "autres"),
     ("987", "autres"), ("", "autres")],
)  # fmt: skip
def test_territoire_d_un_departement(departement, territoire):
    assert territoire_de(departement) == territoire


# --- La version qui vaut à une date -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("jour", "phase", "code"),
    [
        (date(2020, 12, 1), Phase.V1, "programme"),
        (date(2021, 1, 20), Phase.V1, "programme"),
        (date(2021, 1, 21), Phase.V1, "v1-2021-01"),
        (date(2021, 3, 23), Phase.V1, "v1-2021-01"),
        (date(2021, 3, 24), Phase.V1, "v1-2021-03"),
        (date(2022, 12, 31), Phase.V1, "v1-2021-03"),
        (date(2023, 1, 1), Phase.V1, "programme"),
        (date(2026, 11, 25), Phase.V1, "programme"),
        (date(2023, 1, 1), Phase.V2, "v2-2023-01"),
        (date(2026, 11, 25), Phase.V2, "v2-2023-01"),
    ],
)
def test_la_regle_d_une_date(jour, phase, code):
    assert regle_au(jour, phase).code == code


def test_pas_de_renouvellement_avant_2023():
    with pytest.raises(RegleInconnue, match="au 31/12/2022 : la première vaut à partir du 01/01/2023"):
        regle_au(date(2022, 12, 31), Phase.V2)


def test_la_convention_dure_au_plus_36_mois_partout():
    assert {r.duree_max_mois for r in catalogue().regles} == {36}


def test_rien_de_marque_inconnu_ne_porte_de_montant():
    for r in catalogue().regles:
        assert all(bool(m.inconnu) != bool(m.annuites) for m in r.montants), r.code
