"""Les documents : produits, balisés, figés, et leurs modèles avec eux."""

import hashlib
from io import BytesIO

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone
from pypdf import PdfReader

from conum.conventions import actions
from conum.conventions.actions import documents
from conum.conventions.models import Convention, Etape, Piece
from conum.conventions.rules import documents as modeles
from conum.conventions.states import Etat, EtatPiece
from conum.courriels.models import Courriel
from conum.journal.models import Entree
from conum.journal.workflow import TransitionImpossible
from tests.conventions import fabriques as f
from tests.postes import fabriques as p

pytestmark = pytest.mark.django_db

PUBLIES = {
    "2026-01/avenant.typ": "52c9c4fde33ea31c56f07851106aca60fa90c1fa7acc24509f23477b0c077bd0",
}


@pytest.fixture(autouse=True)
def _depot(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


def test_proposer_fige_le_document_et_previent_la_structure():
    convention = f.brouillon(2)
    membre = p.membre_de(convention.structure)
    f.valider_pieces(convention)
    convention = actions.proposer_convention(convention, par=p.anct())
    acte = convention.actes.get()
    assert (convention.etat, acte.etape) == (Etat.A_SIGNER_STRUCTURE, Etape.A_SIGNER_STRUCTURE)
    contenu = acte.document.open().read()
    assert hashlib.sha256(contenu).hexdigest() == acte.sha256
    assert (acte.modele_code, acte.modele_empreinte) == (modeles.CODE_COURANT, modeles.courant().empreinte)
    courriel = Courriel.objects.get(destinataire=membre.utilisateur.email)
    assert convention.reference in courriel.sujet
    assert Entree.objects.get(action="proposer_convention").donnees["sha256"] == acte.sha256
