"""Ce que la base refuse d'elle-même, quel que soit le code qui écrit."""

from datetime import time

import pytest
from django.db import IntegrityError, transaction

from conum.formations.models import Inscription, Organisme, Place, Seance, SessionFormation
from conum.formations.states import Etat
from tests.comptes.fabriques import RoleFactory
from tests.formations import fabriques_base as f

pytestmark = pytest.mark.django_db


def test_un_siege_ne_depasse_pas_les_places():
    session = f.session(capacite=1)
    f.place(session, f.inscription(etat=Etat.INSCRITE))
    with pytest.raises(IntegrityError, match="complète"), transaction.atomic():
        f.place(session, f.inscription(etat=Etat.INSCRITE), siege=2)


def test_les_places_ne_descendent_pas_sous_un_siege_pris():
    session = f.session(capacite=2)
    f.place(session, f.inscription(etat=Etat.INSCRITE), siege=2)
    with pytest.raises(IntegrityError, match="sièges"), transaction.atomic():
        SessionFormation.objects.filter(pk=session.pk).update(capacite=1)


def test_deux_seances_ne_se_croisent_pas():
    seance = f.session().seances.order_by("pk").first()
    with pytest.raises(IntegrityError, match="seance_sans_chevauchement"), transaction.atomic():
        Seance.objects.create(session=seance.session, jour=seance.jour, debut=time(12), fin=time(13))
    Seance.objects.create(session=seance.session, jour=seance.jour, debut=time(12, 30), fin=time(13, 30))


def test_chacun_ne_voit_que_les_siens():
    ici, ailleurs = f.organisme(), f.organisme("Francil’In")
    mienne, autre = f.inscription(chez=ici), f.inscription(chez=ailleurs)
    voit = lambda role: set(Inscription.objects.visibles_par(role))  # noqa: E731
    assert voit(f.role_organisme(ici)) == {mienne}
    assert voit(f.role_organisme(ailleurs)) == {autre}
    assert voit(f.role_conseiller(mienne)) == {mienne}
    assert voit(f.employeur(mienne)) == {mienne}
    assert voit(f.anct()) == {mienne, autre}
    assert voit(RoleFactory(prefecture=True)) == {mienne, autre}
    assert voit(RoleFactory(hub=True)) == set()
    f.place(f.session(chez=ailleurs), mienne)
    assert voit(f.role_organisme(ailleurs)) == {mienne, autre}
    assert set(Organisme.objects.visibles_par(f.role_organisme(ici))) == {ici}
    assert set(Place.objects.visibles_par(f.role_organisme(ici)).values_list("inscription", flat=True)) == {mienne.pk}
