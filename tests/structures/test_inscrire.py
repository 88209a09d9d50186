"""Identifier et inscrire une structure."""

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, connection, transaction

from conum.journal.acteurs import SYSTEME, anonyme
from conum.journal.models import Entree
from conum.journal.workflow import TransitionImpossible
from conum.passerelles.entreprises.faux import FAUX, SIRET_SANS_REPONSE
from conum.structures import rules
from conum.structures.actions import (
    DonneesStructure,
    Issue,
    StructureExistante,
    corriger_structure,
    creer_structure,
    fusionner,
    identifier,
    quasi_doublons,
    verifier_identite,
)
from conum.structures.models import Structure
from conum.territoires.models import Commune
from tests.aides import ensemble
from tests.comptes.fabriques import DepartementFactory, RoleFactory
from tests.structures.fabriques import CommuneFactory, StructureFactory, siret_de

pytestmark = pytest.mark.django_db

TOULOUSE = "21310555400017"


@pytest.fixture
def toulouse() -> Commune:
    departement = DepartementFactory(code="31", nom="Haute-Garonne")
    return CommuneFactory(code="31555", nom="Toulouse", departement=departement)


def donnees(commune: Commune, **champs: object) -> DonneesStructure:
    voulus = {
        "identifiant": rules.lire_identifiant(siret_de("79990021")),
        "denomination": "Les Ateliers du numérique",
        "categorie": "association",
        "commune": commune,
        "adresse": "12 rue des Écoles",
        "code_postal": "51100",
    }
    return DonneesStructure(**(voulus | champs))  # type: ignore[arg-type]


# --- Identifier ---


def test_un_siret_du_registre_rend_l_etablissement_sa_commune_et_sa_categorie(toulouse: Commune) -> None:
    lue = identifier("213 105 554 00017")
    assert lue.issue is Issue.TROUVEE
    assert lue.commune == toulouse
    assert lue.etablissement is not None
    assert lue.etablissement.denomination == "COMMUNE DE TOULOUSE"
    assert lue.eligibilite is not None
    assert lue.eligibilite.proposee == rules.PAR_CODE["collectivite"]
    assert lue.peut_continuer
    assert not lue.saisie_libre


@pytest.mark.parametrize(
    ("saisie", "issue", "extrait", "continue_"),
    [
        ("2131055540001", Issue.INVALIDE, "saisi 13", False),
        ("BE0123456749", Issue.INVALIDE, "autre pays", False),
        ("17990010500018", Issue.NON_ELIGIBLE, "Les services déconcentrés de l'État ne sont pas éligibles", False),
        ("33990015100012", Issue.FERMEE, "fermé", False),
        ("73282932000074", Issue.INTROUVABLE, "ne connaît pas", True),
        (SIRET_SANS_REPONSE, Issue.INDISPONIBLE, "ne répond pas", True),
        ("123456", Issue.HORS_REGISTRE, "Nouvelle-Calédonie", True),
    ],
)
def test_chaque_issue_a_son_message(saisie: str, issue: Issue, extrait: str, continue_: bool) -> None:
    lue = identifier(saisie)
    assert lue.issue is issue
    assert extrait in lue.message
    assert lue.peut_continuer is continue_


def test_une_structure_inscrite_est_retrouvee_sans_interroger_le_registre(toulouse: Commune) -> None:
    structure = StructureFactory(siret=TOULOUSE, commune=toulouse, categorie="collectivite")
    with FAUX.en_panne():
        lue = identifier(TOULOUSE)
    assert lue.issue is Issue.EXISTANTE
    assert lue.structure == structure
    assert not lue.peut_continuer


# --- Inscrire ---


def test_une_structure_du_registre_est_inscrite_verifiee_et_journalisee(toulouse: Commune) -> None:
    identite = DonneesStructure.du_registre(identifier(TOULOUSE), categorie="collectivite")
    structure = creer_structure(identite, par=anonyme("porteur"))
    structure.refresh_from_db()
    assert (structure.siret, structure.siren, structure.statut) == (TOULOUSE, "213105554", "public")
    assert structure.identite_verifiee
    assert [e.action for e in Entree.objects.de_l_objet(structure)] == ["creer_structure"]


def test_une_saisie_libre_reste_a_verifier() -> None:
    structure = creer_structure(donnees(CommuneFactory()), par=SYSTEME)
    assert not structure.identite_verifiee
    anct = RoleFactory(anct=True)
    assert verifier_identite(structure, par=anct).identite_verifiee
    assert Entree.objects.de_l_objet(structure).filter(action="verifier_identite").count() == 1


def test_un_siret_deja_inscrit_mene_a_la_structure() -> None:
    commune = CommuneFactory()
    premiere = creer_structure(donnees(commune), par=SYSTEME)
    with pytest.raises(StructureExistante) as erreur:
        creer_structure(donnees(commune, denomination="Un autre nom"), par=SYSTEME)
    assert erreur.value.structure == premiere
    assert Structure.objects.count() == 1


def test_un_service_de_l_etat_n_est_pas_inscrit() -> None:
    with pytest.raises(TransitionImpossible, match="services déconcentrés de l'État ne sont pas éligibles"):
        creer_structure(donnees(CommuneFactory(), categorie_juridique="7172"), par=SYSTEME)


@pytest.mark.parametrize(
    ("champs", "extrait"),
    [
        ({"categorie": "inconnue"}, "Choisissez la catégorie"),
        ({"categorie": "collectivite", "categorie_juridique": "9220"}, "ne correspond pas à la forme juridique"),
        ({"denomination": "  "}, "Ce champ ne peut pas être vide"),
        ({"code_postal": "511"}, "Un code postal compte cinq chiffres"),
    ],
)
def test_un_champ_invalide_est_refuse_avec_sa_raison(champs: dict[str, str], extrait: str) -> None:
    with pytest.raises(ValidationError, match=extrait):
        creer_structure(donnees(CommuneFactory(), **champs), par=SYSTEME)
    assert not Structure.objects.exists()


def test_une_prefecture_n_inscrit_que_dans_son_departement(toulouse: Commune) -> None:
    prefecture = RoleFactory(prefecture=True)  # Marne
    with pytest.raises(PermissionDenied):
        creer_structure(donnees(toulouse), par=prefecture)
    assert creer_structure(donnees(CommuneFactory()), par=prefecture).pk


@pytest.mark.parametrize("trait", ["structure", "reseau", "hub", "prefecture_de_region"])
def test_les_autres_roles_n_inscrivent_pas(trait: str) -> None:
    with pytest.raises(PermissionDenied):
        creer_structure(donnees(CommuneFactory()), par=RoleFactory(**{trait: True}))


@pytest.mark.django_db(transaction=True)
def test_deux_inscriptions_simultanees_du_meme_siret_n_en_font_qu_une() -> None:
    commune = CommuneFactory()
    issues = ensemble(*[lambda: creer_structure(donnees(commune), par=SYSTEME)] * 4)
    (gagnante,) = [i for i in issues if isinstance(i, Structure)]
    refus = [i for i in issues if i is not gagnante]
    assert all(isinstance(i, StructureExistante) for i in refus), refus
    assert [i.structure for i in refus] == [gagnante] * 3


@pytest.mark.parametrize(
    "champs",
    [
        {"siret": "21310555400017", "ridet": "123456"},
        {"siret": "2131055540001"},
        {"siret": None, "ridet": "12345"},
        {"siret": None, "identite_verifiee": True},
        {"categorie": "collectivite", "statut": "prive"},
        {"categorie_juridique": "72"},
        {"code_postal": "5110"},
    ],
)
def test_la_base_repete_les_invariants(champs: dict[str, object]) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        StructureFactory(**champs)


# --- Corriger ---


def corrigee(structure: Structure, **champs: object) -> DonneesStructure:
    return donnees(
        structure.commune,
        **{"identifiant": rules.lire_identifiant(structure.siret or ""), "denomination": structure.denomination}
        | champs,
    )


def test_corriger_garde_au_journal_l_avant_et_l_apres() -> None:
    structure = StructureFactory(denomination="Centre socail")
    corriger_structure(
        structure, corrigee(structure, denomination="Centre social"), par=RoleFactory(anct=True), motif="Coquille"
    )
    entree = Entree.objects.de_l_objet(structure).get(action="corriger_structure")
    assert entree.donnees["denomination"] == ["Centre socail", "Centre social"]
    assert entree.motif == "Coquille"
    structure.refresh_from_db()
    assert structure.nom_recherche == "centre social"


def test_corriger_sans_rien_changer_n_ecrit_rien() -> None:
    structure = StructureFactory(adresse="12 rue des Écoles", identite_verifiee=True)
    corriger_structure(structure, corrigee(structure, identite_verifiee=True), par=RoleFactory(anct=True))
    assert not Entree.objects.de_l_objet(structure).exists()


def test_un_siret_qui_change_vraiment_mene_encore_a_la_structure() -> None:
    structure = StructureFactory()
    ancien, nouveau = structure.siret, siret_de("79990022")
    voulu = corrigee(structure, identifiant=rules.lire_identifiant(nouveau))
    corriger_structure(structure, voulu, par=RoleFactory(anct=True), garder_ancien=True)
    assert identifier(ancien).structure == structure
    assert identifier(nouveau).structure == structure
    with pytest.raises(StructureExistante):
        creer_structure(donnees(structure.commune, identifiant=rules.lire_identifiant(ancien)), par=SYSTEME)


def test_un_siret_mal_saisi_redevient_libre() -> None:
    structure = StructureFactory()
    faux = structure.siret
    voulu = corrigee(structure, identifiant=rules.lire_identifiant(siret_de("79990023")))
    corriger_structure(structure, voulu, par=RoleFactory(anct=True))
    assert creer_structure(donnees(structure.commune, identifiant=rules.lire_identifiant(faux)), par=SYSTEME).pk


def test_reprendre_son_ancien_siret() -> None:
    structure = StructureFactory()
    anct, ancien = RoleFactory(anct=True), structure.siret
    corriger_structure(
        structure,
        corrigee(structure, identifiant=rules.lire_identifiant(siret_de("79990024"))),
        par=anct,
        garder_ancien=True,
    )
    structure.refresh_from_db()
    corriger_structure(structure, corrigee(structure, identifiant=rules.lire_identifiant(ancien)), par=anct)
    structure.refresh_from_db()
    assert structure.siret == ancien
    assert not structure.anciens_identifiants.exists()


def test_corriger_vers_le_siret_d_une_autre_est_refuse() -> None:
    structure, autre = StructureFactory(), StructureFactory()
    voulu = corrigee(structure, identifiant=rules.lire_identifiant(autre.siret))
    with pytest.raises(StructureExistante) as erreur:
        corriger_structure(structure, voulu, par=RoleFactory(anct=True))
    assert erreur.value.structure == autre


def test_une_structure_fusionnee_ne_se_corrige_plus() -> None:
    source, cible = StructureFactory(), StructureFactory()
    anct = RoleFactory(anct=True)
    fusionner(source, cible, par=anct)
    source.refresh_from_db()
    with pytest.raises(PermissionDenied):
        corriger_structure(source, corrigee(source, denomination="Autre"), par=anct)


# --- Quasi-doublons ---


def test_les_quasi_doublons_se_reconnaissent_au_siren_au_nom_et_a_l_adresse(toulouse: Commune) -> None:
    reims = CommuneFactory()
    meme_siren = StructureFactory(siret=siret_de("79990021", "0002"), commune=toulouse)
    meme_nom = StructureFactory(denomination="ATELIER DU NUMERIQUE", commune=reims)
    meme_adresse = StructureFactory(denomination="Tout autre", adresse="12, Rue des Ecoles", commune=reims)
    StructureFactory(denomination="Les Ateliers du numérique", commune=toulouse, adresse="12 rue des Écoles")
    StructureFactory(denomination="Maison des jeunes", commune=reims)

    assert set(quasi_doublons(donnees(reims))) == {meme_siren, meme_nom, meme_adresse}


def test_une_commune_et_son_ccas_ne_sont_pas_des_quasi_doublons() -> None:
    reims = CommuneFactory()
    StructureFactory(denomination="COMMUNE DE REIMS", categorie="collectivite", commune=reims)
    ccas = donnees(reims, denomination="CTRE COM ACTION SOCIALE DE REIMS", categorie="etablissement_local")
    assert not quasi_doublons(ccas).exists()
    mairie = donnees(reims, denomination="Mairie de Reims", categorie="collectivite")
    assert quasi_doublons(mairie).count() == 1


def test_une_structure_n_est_pas_son_propre_doublon_ni_une_fiche_fusionnee() -> None:
    source, cible = StructureFactory(denomination="Relais 51"), StructureFactory(denomination="Relais 51")
    assert list(quasi_doublons(cible)) == [source]
    fusionner(source, cible, par=RoleFactory(anct=True))
    assert not quasi_doublons(cible).exists()


def test_la_recherche_de_quasi_doublons_se_sert_des_index() -> None:
    StructureFactory.create_batch(5)
    commune = CommuneFactory()
    with connection.cursor() as curseur:
        curseur.execute("SET LOCAL enable_seqscan = off")
        plan = quasi_doublons(donnees(commune)).explain()
    assert "Seq Scan on structures_structure" not in plan
