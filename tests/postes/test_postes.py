"""Postes : numéros, rattachements datés, état déduit, postes rendus."""

from datetime import date, timedelta

import pytest
from django.db import IntegrityError, transaction

from conum.journal.acteurs import SYSTEME
from conum.journal.models import Entree
from conum.journal.workflow import TransitionImpossible
from conum.postes.actions import creer_postes, rendre_postes
from conum.postes.models import EtatPoste, Poste, Rattachement, TypePoste
from tests.structures.fabriques import StructureFactory

pytestmark = pytest.mark.django_db
DEBUT = date(2026, 1, 1)


@pytest.fixture
def structure():
    return StructureFactory()


def _creer(structure, nombre=3, debut=DEBUT):
    return creer_postes(structure, nombre=nombre, type_poste=TypePoste.CONSEILLER, debut=debut, par=SYSTEME)


def _rendre(structure, nombre, le):
    return rendre_postes(structure, nombre=nombre, type_poste=TypePoste.CONSEILLER, le=le, par=SYSTEME)


def test_chaque_poste_a_un_numero_a_lui(structure):
    numeros = {p.numero for p in _creer(structure)} | {p.numero for p in _creer(StructureFactory())}
    assert len(numeros) == 6
    assert None not in numeros


def test_l_etat_se_deduit_a_la_date(structure):
    _creer(structure)
    _rendre(structure, 1, date(2026, 6, 1))
    assert Poste.objects.rattaches_a(structure, date(2025, 12, 31)).count() == 0
    assert Poste.objects.rattaches_a(structure, DEBUT).count() == 3
    # La période est semi-ouverte : le jour du rendu, le poste n'est plus là.
    assert Poste.objects.rattaches_a(structure, date(2026, 5, 31)).count() == 3
    assert Poste.objects.rattaches_a(structure, date(2026, 6, 1)).count() == 2
    etats = sorted(Poste.objects.a_la_date(date(2026, 6, 1)).values_list("etat_du_jour", flat=True))
    assert etats == [EtatPoste.RENDU, EtatPoste.VACANT, EtatPoste.VACANT]


def test_on_rend_les_derniers_attribues_d_abord(structure):
    postes = _creer(structure)
    assert _rendre(structure, 1, date(2026, 6, 1)) == [max(postes, key=lambda p: p.numero)]


def test_on_ne_rend_pas_plus_que_ce_qui_est_libre(structure):
    _creer(structure, 2)
    _rendre(structure, 1, date(2026, 6, 1))
    with pytest.raises(TransitionImpossible, match="1 poste"):
        _rendre(structure, 2, date(2026, 6, 1))
    assert Poste.objects.rattaches_a(structure, date(2026, 6, 1)).count() == 1


def test_un_poste_deja_promis_au_rendu_n_est_plus_libre(structure):
    _creer(structure, 1)
    _rendre(structure, 1, date(2026, 6, 1))
    with pytest.raises(TransitionImpossible):
        _rendre(structure, 1, date(2026, 3, 1))


def test_un_poste_ne_se_rend_pas_le_jour_de_son_attribution(structure):
    _creer(structure, 1)
    with pytest.raises(TransitionImpossible, match="lendemain"):
        _rendre(structure, 1, DEBUT)
    assert _rendre(structure, 1, DEBUT + timedelta(days=1))


def test_la_base_refuse_deux_structures_pour_un_poste(structure):
    (poste,) = _creer(structure, 1)
    with pytest.raises(IntegrityError, match="rattachement_sans_chevauchement"), transaction.atomic():
        Rattachement.objects.create(poste=poste, structure=StructureFactory(), periode=(date(2026, 3, 1), None))


def test_le_journal_garde_les_numeros(structure):
    postes = _creer(structure, 2)
    entree = Entree.objects.de_l_objet(structure).filter(action="creer_postes").get()
    assert entree.donnees == {"postes": [p.numero for p in postes], "debut": "2026-01-01"}


def test_le_quota_par_structure_sort_de_la_meme_periode(structure):
    autre = StructureFactory()
    _creer(structure, 2)
    _creer(autre, 1, debut=date(2026, 9, 1))
    assert Rattachement.objects.nombre_par_structure(date(2026, 2, 1)) == {structure.pk: 2}
    assert Rattachement.objects.nombre_par_structure(date(2026, 9, 1)) == {structure.pk: 2, autre.pk: 1}
