"""Deux agents à la fois sur les mêmes postes ou la même convention : un gagnant, rien d'orphelin."""

import pytest
from django.core.exceptions import ValidationError

from conum.conventions import actions
from conum.conventions.models import Acte, Convention, LigneActe, Piece, PosteConventionne
from conum.conventions.states import Etat
from conum.courriels.models import Courriel
from conum.journal.models import Entree
from conum.journal.workflow import TransitionImpossible
from tests.aides import ensemble
from tests.conventions import fabriques as f
from tests.postes import fabriques as p

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _depot(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


def _ensemble(actes):
    """Ce qui a réussi, et les refus : des phrases, jamais une panne."""
    issues = ensemble(*actes)
    refus = [i for i in issues if isinstance(i, Exception)]
    assert all(isinstance(r, ValidationError | TransitionImpossible) for r in refus), refus
    return [i for i in issues if not isinstance(i, Exception)], refus


def test_deux_agents_preparent_les_memes_postes():
    structure, postes = f.structure_et_postes(3)
    choix = [postes, postes[::-1], postes[1:], postes[:2]]
    agents = [p.anct() for _ in choix]
    faits, refus = _ensemble(
        [lambda c=c, a=a: f.preparer(structure, c, par=a) for c, a in zip(choix, agents, strict=True)]
    )
    assert (len(faits), len(refus)) == (1, 3)
    assert all(f"déjà dans la convention {faits[0].reference}" in str(r) for r in refus)
    # Rien d'orphelin : une convention, ses postes, son acte, ses pièces, une ligne au journal.
    assert Convention.objects.count() == Acte.objects.count() == 1
    assert set(PosteConventionne.objects.values_list("convention", flat=True)) == {faits[0].pk}
    assert LigneActe.objects.count() == faits[0].postes.count() * 2
    assert Piece.objects.count() == 4
    assert Entree.objects.filter(action="preparer_convention").count() == 1


def test_deux_agents_proposent_la_meme_convention():
    convention = f.brouillon()
    p.membre_de(convention.structure)
    f.valider_pieces(convention)
    agents = [p.anct(), p.anct()]
    faits, refus = _ensemble([lambda a=a: actions.proposer_convention(convention, par=a) for a in agents])
    assert (len(faits), len(refus)) == (1, 1)
    assert Acte.objects.get().sha256
    assert Courriel.objects.filter(code="conventions/a_signer").count() == 1


def test_proposer_pendant_qu_un_autre_annule():
    convention = f.brouillon()
    f.valider_pieces(convention)
    agents = [p.anct(), p.anct()]
    faits, refus = _ensemble(
        [
            lambda: actions.proposer_convention(convention, par=agents[0]),
            lambda: actions.annuler_convention(convention, motif="Postes rendus.", par=agents[1]),
        ]
    )
    convention.refresh_from_db()
    # Annuler passe toujours, avant ou après l'envoi ; proposer ne passe pas après.
    assert convention.etat == Etat.ANNULEE
    assert len(faits) + len(refus) == 2
    assert not PosteConventionne.objects.filter(retenu=True).exists()
    assert not LigneActe.objects.exists()
