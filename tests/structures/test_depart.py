"""Fermer ou effacer un compte ne laisse jamais une structure sans personne pour répondre."""

import pytest

from conum.comptes import actions as comptes
from conum.journal.acteurs import SYSTEME
from conum.journal.workflow import TransitionImpossible
from conum.structures import actions
from tests.comptes.fabriques import RoleFactory
from tests.structures.fabriques import MembreFactory, StructureFactory

pytestmark = pytest.mark.django_db


def test_le_compte_du_seul_membre_ne_se_ferme_ni_ne_s_efface() -> None:
    anct = RoleFactory(anct=True)
    membre = MembreFactory(structure=StructureFactory(denomination="Les Amis du Numérique"))
    with pytest.raises(comptes.CompteRefuse, match="Les Amis du Numérique"):
        comptes.desactiver_compte(membre.role.utilisateur, par=anct)
    with pytest.raises(comptes.CompteRefuse):
        comptes.anonymiser_compte(membre.role.utilisateur, par=SYSTEME)
    membre.role.utilisateur.refresh_from_db()
    assert membre.role.utilisateur.is_active


def test_un_membre_parmi_d_autres_peut_partir_mais_pas_le_suivant() -> None:
    anct = RoleFactory(anct=True)
    premier = MembreFactory()
    second = MembreFactory(structure=premier.structure)
    comptes.desactiver_compte(premier.role.utilisateur, par=anct)
    with pytest.raises(comptes.CompteRefuse):
        comptes.desactiver_compte(second.role.utilisateur, par=anct)
    # Un compte désactivé ne répond plus : il ne compte pas non plus quand on retire un membre.
    with pytest.raises(TransitionImpossible, match="dernier membre"):
        actions.retirer_membre(second, par=anct)
