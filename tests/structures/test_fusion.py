"""Fusionner deux fiches."""

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection

from conum.comptes.models import Role
from conum.courriels.models import Courriel
from conum.journal.models import Entree
from conum.journal.workflow import TransitionImpossible
from conum.structures import actions
from conum.structures.actions import Issue, Personne
from conum.structures.models import Antenne, Membre, Structure
from conum.structures.states import EtatChangement, EtatRattachement
from tests.aides import ensemble
from tests.comptes.fabriques import DepartementFactory, RoleFactory
from tests.structures.fabriques import CommuneFactory, MembreFactory, StructureFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def anct() -> Role:
    return RoleFactory(anct=True)


def test_tout_ce_qui_est_attache_a_la_source_passe_a_la_cible(anct: Role) -> None:
    source, cible = StructureFactory(denomination="Mairie de Reims"), StructureFactory(denomination="Commune de Reims")
    membre = MembreFactory(structure=source, contact_principal=True)
    antenne = actions.ajouter_antenne(source, nom="Croix-Rouge", commune=source.commune, par=anct)
    demande = actions.demander_a_rejoindre(source, Personne(email="l@exemple.fr", prenom="L", nom="H", fonction="D"))
    assert demande is not None

    apercu = actions.apercu_fusion(source, cible)
    assert {d.libelle: d.nombre for d in apercu.deplacements} == {
        "membre": 1,
        "antenne": 1,
        "demande de rattachement": 1,
    }
    assert apercu.possible
    actions.fusionner(source, cible, par=anct, motif="Doublon")

    for objet in (membre, antenne, demande, source):
        objet.refresh_from_db()
    assert membre.structure == antenne.structure == demande.structure == cible
    assert membre.contact_principal
    assert membre.role.libelle == "Commune de Reims"
    assert source.fusionnee_dans == cible
    assert [e.action for e in Entree.objects.de_l_objet(cible)] == ["fusionner"]
    assert Entree.objects.de_l_objet(source).get(action="fusionner").motif == "Doublon"
    recu = Courriel.objects.get(code="structures/structure_fusionnee")
    assert recu.destinataire == membre.role.utilisateur.email


def test_l_ancien_siret_mene_a_la_cible_meme_apres_deux_fusions(anct: Role) -> None:
    un, deux, trois = StructureFactory.create_batch(3)
    actions.fusionner(un, deux, par=anct)
    actions.fusionner(deux, trois, par=anct)
    for siret in (un.siret, deux.siret, trois.siret):
        lue = actions.identifier(siret)
        assert (lue.issue, lue.structure) == (Issue.EXISTANTE, trois)
    un.refresh_from_db()
    assert un.fusionnee_dans == trois


def test_l_apercu_n_ecrit_rien(anct: Role) -> None:
    source, cible = StructureFactory(), StructureFactory()
    MembreFactory(structure=source)
    with connection.execute_wrapper(_refuser_les_ecritures):
        actions.apercu_fusion(source, cible)


def _refuser_les_ecritures(execute, sql, params, many, context):  # type: ignore[no-untyped-def]
    assert not sql.lstrip().upper().startswith(("INSERT", "UPDATE", "DELETE"))
    return execute(sql, params, many, context)


def test_les_heurts_connus_sont_annonces_et_regles(anct: Role) -> None:
    source, cible = StructureFactory(), StructureFactory()
    lina = Personne(email="lina@exemple.fr", prenom="Lina", nom="Haddad", fonction="D")
    sortant, entrant = MembreFactory(structure=source, contact_principal=True), MembreFactory(structure=source)
    double = MembreFactory(structure=cible, contact_principal=True)
    en_double = MembreFactory(structure=source, role__utilisateur=double.role.utilisateur)
    for structure in (source, cible):
        actions.ajouter_antenne(structure, nom="Centre", commune=structure.commune, par=anct)
        actions.demander_a_rejoindre(structure, lina)
    changement = actions.proposer_contact_principal(source, entrant, par=sortant.role)

    phrases = " ".join(actions.apercu_fusion(source, cible).ajustements)
    for extrait in ("n'est plus contact principal", "est membre des deux fiches", "« Centre »", "deux fois", "annulé"):
        assert extrait in phrases
    actions.fusionner(source, cible, par=anct)

    assert Membre.objects.get(structure=cible, contact_principal=True) == double
    assert set(Membre.objects.filter(structure=cible)) == {double, sortant, entrant}
    en_double.role.refresh_from_db()
    changement.refresh_from_db()
    assert not en_double.role.actif
    assert changement.etat == EtatChangement.ANNULE
    noms = sorted(Antenne.objects.filter(structure=cible).values_list("nom", flat=True))
    assert noms[0] == "Centre"
    assert noms[1].startswith("Centre (n° ")
    etats = sorted(cible.demandes_rattachement.values_list("etat", flat=True))
    assert etats == [EtatRattachement.DEPOSEE, EtatRattachement.EXPIREE]


def test_une_invitation_en_attente_mene_a_la_cible(anct: Role) -> None:
    source, cible = StructureFactory(), StructureFactory()
    actions.inviter_membre(source, email="lina@exemple.fr", par=anct)
    actions.fusionner(source, cible, par=anct)
    assert [i.email for i in actions.invitations_ouvertes(cible)] == ["lina@exemple.fr"]


def test_on_ne_fusionne_ni_avec_soi_meme_ni_deux_fois(anct: Role) -> None:
    source, cible = StructureFactory(), StructureFactory()
    with pytest.raises(TransitionImpossible):
        actions.fusionner(source, source, par=anct)
    actions.fusionner(source, cible, par=anct)
    with pytest.raises(TransitionImpossible, match="déjà été fusionnée"):
        actions.fusionner(source, cible, par=anct)
    with pytest.raises(TransitionImpossible, match="déjà été fusionnée"):
        actions.fusionner(cible, source, par=anct)


def test_une_prefecture_ne_fusionne_que_dans_son_departement() -> None:
    ardennes = DepartementFactory(code="08", nom="Ardennes")
    ici = StructureFactory()
    la_bas = StructureFactory(commune=CommuneFactory(code="08105", nom="Charleville", departement=ardennes))
    prefecture = RoleFactory(prefecture=True)
    with pytest.raises(PermissionDenied):
        actions.fusionner(la_bas, ici, par=prefecture)
    assert actions.fusionner(StructureFactory(), ici, par=prefecture) == ici


@pytest.mark.parametrize("trait", ["structure", "prefecture_de_region", "reseau"])
def test_les_autres_roles_ne_fusionnent_pas(trait: str) -> None:
    with pytest.raises(PermissionDenied):
        actions.fusionner(StructureFactory(), StructureFactory(), par=RoleFactory(**{trait: True}))


@pytest.mark.django_db(transaction=True)
def test_deux_fusions_croisees_attendent_sans_se_bloquer() -> None:
    un, deux = StructureFactory(), StructureFactory()
    anct = RoleFactory(anct=True)
    issues = ensemble(*(lambda p=p: actions.fusionner(*p, par=anct) for p in ((un, deux), (deux, un))))
    assert sorted(isinstance(i, TransitionImpossible) for i in issues) == [False, True]
    assert sum(isinstance(i, Exception) for i in issues) == 1
    assert Structure.objects.actives().count() == 1
