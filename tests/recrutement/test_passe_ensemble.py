"""Deux passages à la fois : l'un attend l'autre, puis ne trouve rien ; un passage en cours se voit."""

import re
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from django.utils import timezone

from conum.courriels.messages import Message
from conum.courriels.models import Courriel
from conum.recrutement.actions import passes, propositions
from conum.recrutement.models import Candidat, LienPersonnel, MiseEnRelation, Passe
from conum.recrutement.states import EtatCandidat, EtatPasse
from conum.socle.jetons import empreinte
from tests.aides import PATIENCE
from tests.recrutement.fabriques import recrutement, vivier
from tests.structures.fabriques import MembreFactory


def _verrous(curseur, *, accordes):
    """Les verrous consultatifs de cette base : l'instance en porte d'autres."""
    curseur.execute(
        "SELECT count(*) FROM pg_locks JOIN pg_database base ON base.oid = database"
        " WHERE locktype = 'advisory' AND datname = current_database() AND granted = %s",
        [accordes],
    )
    return curseur.fetchone()[0]


@pytest.mark.django_db(transaction=True)
def test_deux_passages_a_la_fois_l_un_attend_puis_ne_trouve_rien(monkeypatch):
    recrutement(postes=2)
    vivier(10)
    vrai = passes.apparier
    dedans, continuer = threading.Event(), threading.Event()

    def apparier(*args, **kwargs):
        dedans.set()
        assert continuer.wait(PATIENCE)
        return vrai(*args, **kwargs)

    monkeypatch.setattr(passes, "apparier", apparier)

    def lancer():
        try:
            return passes.lancer()
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as fils:
        premier = fils.submit(lancer)
        assert dedans.wait(PATIENCE)
        # Le passage est validé en base pendant son calcul : la page de l'ANCT le montre.
        assert Passe.objects.get().etat == EtatPasse.EN_COURS
        second = fils.submit(lancer)
        with connection.cursor() as curseur:
            for _ in range(20 * PATIENCE):
                if _verrous(curseur, accordes=False):
                    break
                threading.Event().wait(0.05)
            else:
                pytest.fail("le second passage n'attend pas")
        assert Passe.objects.count() == 1
        continuer.set()
        bilans = [fil.result(timeout=PATIENCE).bilan for fil in (premier, second)]
    assert [b["propositions"] for b in bilans] == [6, 0]
    assert MiseEnRelation.objects.count() == 6
    assert bilans[1]["courriels"] == 0
    assert Courriel.objects.count() == bilans[0]["courriels"]
    assert set(Passe.objects.order_by("pk").values_list("etat", flat=True)) == {EtatPasse.TERMINEE}


@pytest.mark.django_db(transaction=True)
def test_un_echec_libere_la_place(monkeypatch):
    recrutement()
    vivier(2)
    vrai = passes.apparier
    monkeypatch.setattr(passes, "apparier", lambda *a, **k: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        passes.lancer()
    monkeypatch.setattr(passes, "apparier", vrai)
    assert passes.lancer().bilan["propositions"] == 2
    with connection.cursor() as curseur:
        assert _verrous(curseur, accordes=True) == 0


@pytest.mark.django_db(transaction=True)
def test_les_courriels_sont_rendus_avant_les_verrous(monkeypatch):
    """Sous verrou, on ne fait qu'écrire : rendre dix mille courriels y retiendrait toutes les fiches."""
    recrutement(postes=2)
    vivier(3)
    sous_transaction = []
    vrai = Message.rendre

    def rendre(message):
        sous_transaction.append(connection.in_atomic_block)
        return vrai(message)

    monkeypatch.setattr(Message, "rendre", rendre)
    bilan = passes.lancer().bilan
    assert sous_transaction == [False] * bilan["courriels"]
    assert Courriel.objects.count() == bilan["courriels"] == 4


@pytest.mark.django_db(transaction=True)
def test_ce_qui_change_entre_le_rendu_et_les_verrous_se_lit_dans_le_courriel(monkeypatch):
    """Un prénom corrigé, un membre arrivé, un candidat qui se retire : ce qui part est ce qui est vrai à l'écriture."""
    ouvert = recrutement(postes=2)
    corrige, retire, _ = vivier(3)
    vrai = propositions.verrouiller_parties

    def verrouiller(paires):
        Candidat.objects.filter(pk=corrige.pk).update(prenom="Maïwenn", email="neuve@exemple.fr")
        Candidat.objects.filter(pk=retire.pk).update(etat=EtatCandidat.EN_PAUSE, en_pause_depuis=timezone.now())
        MembreFactory(structure=ouvert.structure)
        vrai(paires)

    monkeypatch.setattr(propositions, "verrouiller_parties", verrouiller)
    bilan = passes.lancer().bilan
    assert (bilan["propositions"], bilan["abandonnees"], bilan["courriels"]) == (2, 1, 4)
    assert not Courriel.objects.filter(destinataire=retire.email).exists()
    a_elle = Courriel.objects.get(destinataire="neuve@exemple.fr")
    assert "Maïwenn" in a_elle.texte
    aux_membres = Courriel.objects.filter(code="recrutement/nouveaux_candidats")
    assert aux_membres.count() == ouvert.structure.membres.count() == 2
    for courriel in aux_membres:
        assert courriel.sujet.startswith("2 candidats")
        assert "Maïwenn" in courriel.texte
        assert courriel.texte.count("/proposition/structure/") == 2
    # Chaque lien écrit dans un courriel est celui d'une proposition gardée.
    empreintes = {
        empreinte(jeton)
        for courriel in Courriel.objects.all()
        for jeton in re.findall(r"/proposition/(?:structure|candidat)/([^/\s]+)/", courriel.texte)
    }
    assert empreintes == set(LienPersonnel.objects.values_list("empreinte", flat=True))
    assert len(empreintes) == 6
