"""Les écrans des structures, par HTTP."""

import csv
import io

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.html import escape
from pytest_django import DjangoAssertNumQueries

from conum.comptes.models import Role
from conum.courriels.models import Courriel
from conum.passerelles.entreprises.faux import SIRET_SANS_REPONSE
from conum.structures import actions
from conum.structures.actions import Personne
from conum.structures.models import DemandeRattachement, Membre, Structure
from tests.comptes.fabriques import DepartementFactory, RoleFactory, connecter
from tests.structures.fabriques import CommuneFactory, MembreFactory, StructureFactory
from tests.structures.test_membres import jeton_recu

pytestmark = pytest.mark.django_db

LINA = {"prenom": "Lina", "nom": "Haddad", "email": "lina@exemple.fr", "fonction": "Directrice"}


@pytest.fixture
def anct() -> Role:
    return RoleFactory(anct=True)


@pytest.fixture
def prefecture() -> Role:
    return RoleFactory(prefecture=True)


def adresse(nom: str, *args: object) -> str:
    return reverse(f"structures:{nom}", args=args)


def page(reponse) -> str:  # type: ignore[no-untyped-def]
    assert reponse.status_code == 200, reponse
    return reponse.content.decode()


# --- Liste ---


def test_chacun_ne_voit_que_son_perimetre(client: Client, anct: Role, prefecture: Role) -> None:
    charleville = CommuneFactory(code="08105", departement=DepartementFactory(code="08", nom="Ardennes"))
    marne = StructureFactory(denomination="Relais de la Marne")
    autre = StructureFactory(denomination="Relais des Ardennes", reseau="emmaus-connect", commune=charleville)
    vues = {
        anct: {marne, autre},
        prefecture: {marne},
        RoleFactory(prefecture_de_region=True): {marne, autre},
        RoleFactory(reseau=True): {autre},
        RoleFactory(hub=True): set(),
    }
    for role, attendues in vues.items():
        lue = page(connecter(client, role).get(adresse("liste", role.pk)))
        for structure in (marne, autre):
            assert (structure.nom in lue) is (structure in attendues), role
            code = client.get(adresse("fiche", role.pk, structure.pk)).status_code
            assert code == (200 if structure in attendues else 404), role


def test_un_role_sans_perimetre_ne_voit_rien() -> None:
    StructureFactory()
    for role in (
        Role(type="prefecture"),
        Role(type="region"),
        Role(type="hub"),
        Role(type="structure"),
        Role(type="x"),
    ):
        assert not Structure.objects.visibles_par(role).exists()


def test_la_liste_se_filtre_et_se_cherche(client: Client, anct: Role) -> None:
    public = StructureFactory(denomination="CCAS de Reims", categorie="etablissement_local")
    prive = StructureFactory(denomination="Café associatif", siret=None)
    connecter(client, anct)
    cas = {
        "q=cafe": {prive},
        f"q={public.siret[:9]}": {public},
        "statut=public": {public},
        "categorie=association": {prive},
        "identite=a_verifier": {prive},
        "departement=51&q=reims": {public},
        "q=introuvable": set(),
    }
    for filtre, attendues in cas.items():
        lue = page(client.get(f"{adresse('liste', anct.pk)}?{filtre}"))
        assert {s for s in (public, prive) if escape(s.nom) in lue} == attendues, filtre


def test_l_export_contient_la_meme_liste(client: Client, anct: Role) -> None:
    StructureFactory(denomination="=DANGER()")
    StructureFactory(denomination="Autre", categorie="gip")
    connecter(client, anct)
    reponse = client.get(f"{adresse('liste', anct.pk)}?statut=prive&format=csv")
    lignes = list(csv.reader(io.StringIO(reponse.getvalue().decode("utf-8-sig")), delimiter=";"))
    assert len(lignes) == 2
    assert lignes[1][0] == "'=DANGER()"
    assert client.get(f"{adresse('liste', anct.pk)}?format=xlsx").getvalue()[:2] == b"PK"


def test_la_liste_ne_fait_pas_plus_de_requetes_quand_elle_grandit(
    client: Client, anct: Role, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    connecter(client, anct)
    for _ in range(20):
        MembreFactory(contact_principal=True)
    with django_assert_max_num_queries(12):
        client.get(adresse("liste", anct.pk))


def test_une_fiche_fusionnee_sort_de_la_liste_et_renvoie_a_l_autre(client: Client, anct: Role) -> None:
    source, cible = StructureFactory(denomination="Vieille fiche"), StructureFactory(denomination="Bonne fiche")
    actions.fusionner(source, cible, par=anct)
    connecter(client, anct)
    liste = page(client.get(adresse("liste", anct.pk)))
    assert "Vieille fiche" not in liste
    assert adresse("fiche", anct.pk, cible.pk) in page(client.get(adresse("fiche", anct.pk, source.pk)))


# --- Inscription ---


def test_inscrire_une_structure_du_registre(client: Client, anct: Role) -> None:
    CommuneFactory(code="31555", nom="Toulouse", departement=DepartementFactory(code="31", nom="Haute-Garonne"))
    connecter(client, anct)
    nouvelle = adresse("creer", anct.pk)
    lue = page(client.get(f"{nouvelle}?numero=213 105 554 00017"))
    assert "COMMUNE DE TOULOUSE" in lue
    reponse = client.post(nouvelle, {"numero": "21310555400017", "categorie": "collectivite", "nom_usage": ""})
    structure = Structure.objects.get()
    assert reponse.url == adresse("fiche", anct.pk, structure.pk)
    assert structure.identite_verifiee
    assert "COMMUNE DE TOULOUSE" in page(client.get(reponse.url))


def test_un_service_de_l_etat_est_refuse_a_l_ecran(client: Client, anct: Role) -> None:
    lue = page(connecter(client, anct).get(f"{adresse('creer', anct.pk)}?numero=17990010500018"))
    assert escape("Les services déconcentrés de l'État ne sont pas éligibles") in lue


def test_une_structure_deja_inscrite_est_montree(client: Client, anct: Role) -> None:
    structure = StructureFactory()
    lue = page(connecter(client, anct).get(f"{adresse('creer', anct.pk)}?numero={structure.siret}"))
    assert adresse("fiche", anct.pk, structure.pk) in lue


def test_registre_en_panne_on_saisit_et_rien_de_ce_qui_est_tape_ne_se_perd(client: Client, anct: Role) -> None:
    CommuneFactory()
    connecter(client, anct)
    nouvelle = adresse("creer", anct.pk)
    saisie = {
        "numero": SIRET_SANS_REPONSE,
        "denomination": "Relais du faubourg",
        "categorie": "association",
        "adresse": "3 rue du Faubourg",
        "code_postal": "511",
        "commune_texte": "Reims",
    }
    lue = page(client.post(nouvelle, saisie))
    assert "Un code postal compte cinq chiffres." in lue
    assert "Relais du faubourg" in lue
    client.post(nouvelle, saisie | {"code_postal": "51100"})
    structure = Structure.objects.get()
    assert (structure.siret, structure.identite_verifiee) == (SIRET_SANS_REPONSE, False)
    client.post(adresse("verifier", anct.pk, structure.pk))
    structure.refresh_from_db()
    assert structure.identite_verifiee


def test_les_quasi_doublons_sont_montres_avant_d_inscrire(client: Client, prefecture: Role) -> None:
    proche = StructureFactory(denomination="Relais du faubourg")
    connecter(client, prefecture)
    saisie = {
        "numero": SIRET_SANS_REPONSE,
        "denomination": "RELAIS DU FAUBOURG",
        "categorie": "association",
        "adresse": "3 rue du Faubourg",
        "code_postal": "51100",
        "commune_texte": "51454",
    }
    lue = page(client.post(adresse("creer", prefecture.pk), saisie))
    assert adresse("fiche", prefecture.pk, proche.pk) in lue
    assert Structure.objects.count() == 1
    client.post(adresse("creer", prefecture.pk), saisie | {"distincte": "on"})
    assert Structure.objects.count() == 2


def test_une_prefecture_n_inscrit_pas_ailleurs(client: Client, prefecture: Role) -> None:
    CommuneFactory(code="31555", nom="Toulouse", departement=DepartementFactory(code="31", nom="Haute-Garonne"))
    saisie = {"numero": "21310555400017", "categorie": "collectivite"}
    lue = page(connecter(client, prefecture).post(adresse("creer", prefecture.pk), saisie))
    assert escape("pas dans votre département") in lue
    assert not Structure.objects.exists()


def test_corriger_une_fiche(client: Client, prefecture: Role) -> None:
    structure = StructureFactory(denomination="Centre socail")
    autre = StructureFactory()
    connecter(client, prefecture)
    lien = adresse("corriger", prefecture.pk, structure.pk)
    assert "Centre socail" in page(client.get(lien))
    saisie = {
        "numero": structure.siret,
        "denomination": "Centre social",
        "categorie": "association",
        "commune_texte": "Reims",
        "motif": "Coquille",
    }
    assert escape(autre.nom) in page(client.post(lien, saisie | {"numero": autre.siret}))
    assert client.post(lien, saisie).status_code == 302
    structure.refresh_from_db()
    assert structure.denomination == "Centre social"


# --- Fiche et gestion ---


def test_la_structure_voit_et_gere_sa_fiche(client: Client) -> None:
    membre = MembreFactory(contact_principal=True)
    role, structure = membre.role, membre.structure
    connecter(client, role)
    assert client.get(adresse("ma_structure", role.pk)).url == adresse("fiche", role.pk, structure.pk)
    fiche = adresse("fiche", role.pk, structure.pk)
    client.post(adresse("antenne_ajouter", role.pk, structure.pk), {"nom": "Centre", "commune_texte": "Reims"})
    assert "Centre" in page(client.get(fiche))
    antenne = structure.antennes.get()
    modifier = adresse("antenne_modifier", role.pk, structure.pk, antenne.pk)
    client.post(modifier, {"nom": "Quartier Orgeval", "commune_texte": "Reims"})
    assert "Quartier Orgeval" in page(client.get(fiche))
    client.post(adresse("antenne_fermer", role.pk, structure.pk, antenne.pk))
    antenne.refresh_from_db()
    assert antenne.fermee_le
    assert client.get(adresse("antenne_modifier", role.pk, structure.pk, antenne.pk)).status_code == 404


def test_deux_antennes_ouvertes_du_meme_nom_sont_refusees(client: Client) -> None:
    membre = MembreFactory()
    connecter(client, membre.role)
    lien = adresse("antenne_ajouter", membre.role.pk, membre.structure.pk)
    client.post(lien, {"nom": "Centre", "commune_texte": "Reims"})
    assert "Une antenne ouverte porte déjà ce nom." in page(
        client.post(lien, {"nom": "Centre", "commune_texte": "Reims"})
    )


def test_un_lecteur_ne_voit_que_le_contact_principal_et_aucun_bouton(client: Client) -> None:
    principal = MembreFactory(contact_principal=True)
    autre = MembreFactory(structure=principal.structure)
    region = RoleFactory(prefecture_de_region=True)
    lue = page(connecter(client, region).get(adresse("fiche", region.pk, principal.structure.pk)))
    assert principal.role.utilisateur.email in lue
    assert autre.role.utilisateur.email not in lue
    for texte in ("Inviter", "Ajouter une antenne", "Corriger", "Historique"):
        assert texte not in lue


GESTION = [
    ("antenne_ajouter", ()),
    ("inviter", ()),
    ("contact", ()),
    ("membre_modifier", ("membre",)),
    ("membre_retirer", ("membre",)),
]


@pytest.mark.parametrize(("nom", "suite"), GESTION)
def test_la_gestion_d_une_autre_structure_n_existe_pas(client: Client, nom: str, suite: tuple[str, ...]) -> None:
    membre = MembreFactory(contact_principal=True)
    etrangers = [
        MembreFactory().role,
        RoleFactory(prefecture=True, departement=DepartementFactory(code="08", nom="Ardennes")),
    ]
    args = [membre.pk] if suite else []
    for role in etrangers:
        connecter(client, role)
        assert client.get(adresse(nom, role.pk, membre.structure.pk, *args)).status_code == 404
        assert client.post(adresse(nom, role.pk, membre.structure.pk, *args), {}).status_code == 404
    region = RoleFactory(prefecture_de_region=True)
    assert connecter(client, region).get(adresse(nom, region.pk, membre.structure.pk, *args)).status_code == 403


def test_inviter_puis_accepter_par_le_lien(client: Client) -> None:
    membre = MembreFactory(contact_principal=True)
    role, structure = membre.role, membre.structure
    connecter(client, role)
    client.post(adresse("inviter", role.pk, structure.pk), {"email": "lina@exemple.fr"})
    assert "lina@exemple.fr" in page(client.get(adresse("fiche", role.pk, structure.pk)))
    invitation = actions.invitations_ouvertes(structure)[0]
    client.post(adresse("invitation_renvoyer", role.pk, structure.pk, invitation.pk))
    lien = adresse("invitation", jeton_recu("invitation_membre", "lina@exemple.fr"))

    anonyme = Client()
    assert "lina@exemple.fr" in page(anonyme.get(lien))
    assert structure.membres.count() == 1
    assert "Ce champ est obligatoire" in page(anonyme.post(lien, {"prenom": "Lina"}))
    assert anonyme.post(lien, {"prenom": "Lina", "nom": "Haddad"}).status_code == 302
    assert structure.membres.count() == 2
    assert anonyme.get(lien).status_code == 410


def test_annuler_une_invitation(client: Client) -> None:
    membre = MembreFactory(contact_principal=True)
    invitation = actions.inviter_membre(membre.structure, email="lina@exemple.fr", par=membre.role)
    connecter(client, membre.role)
    lien = adresse("invitation_annuler", membre.role.pk, membre.structure.pk, invitation.pk)
    assert client.post(lien).status_code == 302
    assert not actions.invitations_ouvertes(membre.structure)


def test_modifier_et_retirer_un_membre(client: Client) -> None:
    principal = MembreFactory(contact_principal=True)
    autre = MembreFactory(structure=principal.structure)
    role, pk = principal.role, principal.structure.pk
    connecter(client, role)
    client.post(adresse("membre_modifier", role.pk, pk, autre.pk), {"fonction": "Trésorière", "telephone": ""})
    autre.refresh_from_db()
    assert autre.fonction == "Trésorière"
    client.get(adresse("membre_retirer", role.pk, pk, autre.pk))
    assert Membre.objects.filter(pk=autre.pk).exists()
    client.post(adresse("membre_retirer", role.pk, pk, autre.pk))
    assert not Membre.objects.filter(pk=autre.pk).exists()
    reponse = client.post(adresse("membre_retirer", role.pk, pk, principal.pk), follow=True)
    assert "dernier membre" in page(reponse)


def test_changer_de_contact_par_les_deux_liens(client: Client) -> None:
    sortant = MembreFactory(contact_principal=True)
    entrant = MembreFactory(structure=sortant.structure)
    role, structure = sortant.role, sortant.structure
    connecter(client, role)
    client.post(adresse("contact", role.pk, structure.pk), {"entrant": entrant.pk})
    assert "doit devenir le contact principal" in page(client.get(adresse("fiche", role.pk, structure.pk)))
    for membre in (entrant, sortant):
        lien = adresse("contact_confirmer", jeton_recu("contact_a_confirmer", membre.role.utilisateur.email))
        assert "Confirmer ce changement" in page(Client().get(lien))
        Client().post(lien, {"choix": "confirmer"})
    entrant.refresh_from_db()
    assert entrant.contact_principal
    assert "Le changement est fait" in page(Client().get(lien))


def test_refuser_un_changement_de_contact_par_son_lien(client: Client) -> None:
    sortant = MembreFactory(contact_principal=True)
    entrant = MembreFactory(structure=sortant.structure)
    actions.proposer_contact_principal(sortant.structure, entrant, par=sortant.role)
    lien = adresse("contact_confirmer", jeton_recu("contact_a_confirmer", entrant.role.utilisateur.email))
    client.post(lien, {"choix": "refuser"})
    assert "Ce changement est clos" in page(client.get(lien))
    assert client.get(adresse("contact_confirmer", "inconnu")).status_code == 410


def test_annuler_un_changement_de_contact(client: Client, prefecture: Role) -> None:
    sortant = MembreFactory(contact_principal=True)
    entrant = MembreFactory(structure=sortant.structure)
    connecter(client, prefecture)
    pk = sortant.structure.pk
    client.post(
        adresse("contact", prefecture.pk, pk), {"entrant": entrant.pk, "sortant_injoignable": "A quitté la structure"}
    )
    annuler = adresse("contact_annuler", prefecture.pk, pk)
    assert "est annulé" in page(client.post(annuler, follow=True))
    assert escape("n'est en attente") in page(client.post(annuler, follow=True))


# --- Demander à rejoindre ---


def test_la_reponse_publique_ne_dit_pas_qui_est_membre(client: Client) -> None:
    membre = MembreFactory(role__utilisateur__email="deja@exemple.fr")
    lien = adresse("rejoindre", membre.structure.siret)
    premiere = page(client.get(lien))
    assert membre.structure.nom in premiere
    assert membre.role.utilisateur.nom not in premiere
    reponses = {page(client.post(lien, LINA | {"email": email})) for email in ("lina@exemple.fr", "deja@exemple.fr")}
    reponses.add(page(client.post(lien, LINA)))
    assert len(reponses) == 1
    assert DemandeRattachement.objects.count() == 1


def test_un_numero_inconnu_ou_faux_n_a_pas_de_page(client: Client) -> None:
    for numero in ("73282932000074", "12", "abc"):
        assert client.get(adresse("rejoindre", numero)).status_code == 404


def test_les_demandes_publiques_sont_limitees(client: Client) -> None:
    structure = StructureFactory()
    for i in range(10):
        client.post(adresse("rejoindre", structure.siret), LINA | {"email": f"p{i}@exemple.fr"})
    assert "Trop de demandes" in page(client.post(adresse("rejoindre", structure.siret), LINA))
    assert DemandeRattachement.objects.count() == 10


def test_repondre_a_une_demande_depuis_le_courriel(client: Client) -> None:
    membre = MembreFactory(contact_principal=True)
    client.post(adresse("rejoindre", membre.structure.siret), LINA | {"message": "Bonjour"})
    demande = DemandeRattachement.objects.get()
    lien = adresse("rattachement", membre.role.pk, demande.pk)
    assert lien in Courriel.objects.get(code="structures/rattachement_demande").texte
    connecter(client, membre.role)
    assert "Bonjour" in page(client.get(lien))
    refus = adresse("rattachement_refuser", membre.role.pk, demande.pk)
    assert "Ce champ est obligatoire" in page(client.post(refus, {"motif": ""}))
    assert client.post(adresse("rattachement_accepter", membre.role.pk, demande.pk)).status_code == 302
    assert membre.structure.membres.count() == 2
    assert "traitée" in page(client.get(lien))
    assert "traitée" in page(client.get(lien))
    assert "acceptée" in page(client.post(refus, {"motif": "Trop tard"})).lower()


def test_une_demande_d_une_autre_structure_n_existe_pas(client: Client) -> None:
    demande = actions.demander_a_rejoindre(MembreFactory().structure, Personne(**LINA))
    assert demande is not None
    for role in (MembreFactory().role, RoleFactory(prefecture=True), RoleFactory(anct=True)):
        connecter(client, role)
        assert client.get(adresse("rattachement", role.pk, demande.pk)).status_code == 404
        assert client.post(adresse("rattachement_accepter", role.pk, demande.pk)).status_code == 404


# --- Fusion ---


def test_fusionner_depuis_les_ecrans(client: Client, prefecture: Role) -> None:
    source, cible = StructureFactory(denomination="Relais 51"), StructureFactory(denomination="Le Relais 51")
    MembreFactory(structure=source)
    connecter(client, prefecture)
    apercu = adresse("fusionner", prefecture.pk, source.pk, cible.pk)
    choix = adresse("fusion_choisir", prefecture.pk, source.pk)
    assert apercu in page(client.get(choix))
    assert apercu in page(client.get(f"{choix}?q={cible.siret}"))
    lue = page(client.get(apercu))
    assert "1 membre" in lue
    assert "Ce champ est obligatoire" in page(client.post(apercu, {"motif": ""}))
    assert client.post(apercu, {"motif": "Doublon"}).url == adresse("fiche", prefecture.pk, cible.pk)
    assert client.get(apercu).status_code == 404


def test_une_structure_ne_fusionne_ni_ne_corrige(client: Client) -> None:
    membre = MembreFactory()
    autre = StructureFactory()
    connecter(client, membre.role)
    for nom, args in (("fusion_choisir", ()), ("fusionner", (autre.pk,)), ("corriger", ())):
        assert client.get(adresse(nom, membre.role.pk, membre.structure.pk, *args)).status_code == 403
    assert client.post(adresse("verifier", membre.role.pk, membre.structure.pk)).status_code == 403


def test_un_visiteur_est_renvoye_a_la_connexion(client: Client, anct: Role) -> None:
    structure = StructureFactory()
    for nom, args in (("liste", ()), ("fiche", (structure.pk,)), ("creer", ())):
        reponse = client.get(adresse(nom, anct.pk, *args))
        assert reponse.status_code == 302
        assert reverse("account_login") in reponse.url
