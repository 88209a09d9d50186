"""La vie d'un poste et de son argent, dans un vrai navigateur : attribué, conventionné, payé, rompu, remboursé.

Cinq personnes : la structure sur son téléphone, deux agentes de l'ANCT, la préfecture qui lit, et une autre structure
qui n'a rien à y voir. Le comité s'est tenu il y a quarante jours, le contrat a commencé il y a trente : ce sont des
dates que les écrans acceptent, aucune horloge n'est déplacée.
"""

from collections.abc import Callable

import pytest
from django.core.cache import cache
from playwright.sync_api import Page

from tests.demandes import fabriques as demandes
from tests.parcours import actes_convention as conventions
from tests.parcours import actes_versement as versements
from tests.parcours.aides_argent import Axe, Regard
from tests.parcours.conftest import ORDINATEUR, TELEPHONE, ouvrir_session
from tests.parcours.recit_argent import COMITE, Recit
from tests.postes import fabriques as postes
from tests.structures.fabriques import MembreFactory

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _limites_remises_a_zero(transactional_db: None) -> None:
    """La table du cache survit aux tests à transactions : sans cela, la limite d'envoi de codes aussi."""
    cache.clear()


@pytest.fixture
def recit(ouvrir_page: Callable[..., Page], axe: Axe) -> Recit:
    depot = demandes.un_depot(
        structure=demandes.donnees_structure(categorie="collectivite", denomination="Commune de Reims"),
        contact=demandes.contact(prenom="Lina", nom="Haddad", email="lina@reims.example", fonction="Maire"),
        besoin=demandes.besoin(postes=1),
    )
    demande = demandes.en_instruction(depot)
    demandes.enveloppes(demande.departement, annee=COMITE.year)
    assert demande.structure is not None
    agente, seconde = postes.anct(), postes.anct()
    for role, prenom, nom in ((agente, "Inès", "Moreau"), (seconde, "Sami", "Roux")):
        role.utilisateur.prenom, role.utilisateur.nom = prenom, nom
        role.utilisateur.save()
    recit = Recit(
        telephone=ouvrir_page(TELEPHONE),
        bureau=ouvrir_page(ORDINATEUR),
        second_bureau=ouvrir_page(ORDINATEUR),
        ailleurs=ouvrir_page(ORDINATEUR),
        chez_le_prefet=ouvrir_page(ORDINATEUR),
        passant=ouvrir_page(TELEPHONE),
        voir=Regard(axe),
        structure=demande.structure,
        membre=demande.structure.membres.get().role,
        agente=agente,
        seconde_agente=seconde,
        etrangere=MembreFactory().role,
        prefet=demandes.prefecture_de(demande.departement),
    )
    ouvrir_session(recit.ailleurs, recit.etrangere)
    ouvrir_session(recit.chez_le_prefet, recit.prefet)
    return recit


def test_de_l_attribution_au_reversement(recit: Recit) -> None:
    conventions.les_agentes_entrent(recit)
    conventions.attribuer(recit)
    conventions.saisir_et_valider_le_contrat(recit)
    conventions.preparer_la_convention(recit)
    conventions.reunir_les_pieces(recit)
    conventions.proposer(recit)
    conventions.signer_pour_la_structure(recit)
    conventions.signer_pour_l_etat(recit)
    document = conventions.ouvrir_le_document(recit)
    conventions.verifier_en_public(recit, document)
    versements.donner_le_compte(recit)
    versements.echelonner(recit)
    lot = versements.mettre_en_lot(recit)
    versements.payer(recit, lot)
    versements.rompre(recit)
    versements.ouvrir_l_avenant(recit)
    versements.signer_l_avenant(recit)
    versements.rendre(recit)
