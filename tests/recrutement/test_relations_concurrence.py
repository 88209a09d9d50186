"""Plusieurs personnes à la fois : jamais plus d'offres que de postes, un seul gagnant, aucune étreinte fatale."""

import pytest
from django.utils import timezone

from conum.journal.workflow import TransitionImpossible
from conum.recrutement.actions import relations as actions
from conum.recrutement.models import MiseEnRelation, PosteOuvert
from conum.recrutement.states import PROMIS, Etat
from tests.aides import ensemble
from tests.recrutement.fabriques import CandidatFactory, membre, recrutement, relation
from tests.recrutement.test_relations_actes import offre

pytestmark = pytest.mark.django_db(transaction=True)
FILS = 16


def _issues(resultats):
    assert all(isinstance(r, MiseEnRelation | TransitionImpossible) for r in resultats), resultats
    return sum(isinstance(r, MiseEnRelation) for r in resultats)


def test_seize_offres_a_la_fois_sur_trois_postes():
    r = recrutement(postes=3)
    par = membre(r)
    lot = [relation(r, etat=Etat.ENTRETIEN) for _ in range(FILS)]
    resultats = ensemble(*[lambda m=m: actions.offrir(m, **offre(), par=par) for m in lot])
    assert _issues(resultats) == 3
    assert MiseEnRelation.objects.filter(recrutement=r, etat__in=PROMIS).count() == 3


def test_une_personne_qui_accepte_deux_offres_a_la_fois_n_en_tient_qu_une():
    candidat = CandidatFactory()
    offres = [relation(candidat=candidat, etat=Etat.OFFRE) for _ in range(4)]
    resultats = ensemble(*[lambda m=m: actions.accepter_offre(m, par=candidat.role) for m in offres])
    assert _issues(resultats) == 1
    assert MiseEnRelation.objects.filter(candidat=candidat, etat=Etat.ACCEPTEE).count() == 1
    assert MiseEnRelation.objects.filter(candidat=candidat, etat=Etat.SANS_OBJET).count() == 3


def test_accords_croises_entre_deux_recrutements_s_attendent():
    """Chaque candidat a un échange dans l'autre recrutement : accepter ici ferme là-bas, dans les deux sens."""
    ici, la = recrutement(postes=1), recrutement(postes=1)
    un, deux = CandidatFactory(), CandidatFactory()
    offre_ici, offre_la = relation(ici, un, etat=Etat.OFFRE), relation(la, deux, etat=Etat.OFFRE)
    relation(la, un)
    relation(ici, deux)
    resultats = ensemble(
        lambda: actions.accepter_offre(offre_ici, par=un.role),
        lambda: actions.accepter_offre(offre_la, par=deux.role),
    )
    assert _issues(resultats) == 2
    assert MiseEnRelation.objects.filter(etat=Etat.SANS_OBJET).count() == 2


def test_deux_contrats_sur_le_dernier_poste_n_en_prennent_qu_un():
    r = recrutement(postes=1)
    par, jour = membre(r), timezone.localdate()
    # Deux accords pour un poste : l'un des deux postes a été rendu depuis.
    lot = [relation(r, etat=Etat.ACCEPTEE) for _ in range(2)]
    resultats = ensemble(*[lambda m=m: actions.recruter(m, signe_le=jour, par=par) for m in lot])
    assert _issues(resultats) == 1
    assert PosteOuvert.objects.filter(recrutement=r, pourvu_par=None).count() == 0


def test_deux_agents_sur_la_meme_proposition():
    m = relation()
    par = membre(m.recrutement)
    resultats = ensemble(
        lambda: actions.retenir(m, par=par), lambda: actions.ecarter(m, motif="experience", par=par),
        lambda: actions.retenir(m, par=par),
    )  # fmt: skip
    # Écarter reste possible après avoir retenu ; retenir deux fois, jamais.
    retenues = [resultats[0], resultats[2]]
    assert _issues(retenues) <= 1
    assert MiseEnRelation.objects.get(pk=m.pk).etat == Etat.ECARTEE
