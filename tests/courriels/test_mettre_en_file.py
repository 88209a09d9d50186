"""Écrire un courriel : dans la transaction de l'acte, une fois par clé, à une adresse et une seule."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest
from django.db import connection, transaction
from procrastinate.contrib.django.models import ProcrastinateJob

from conum.courriels import actions
from conum.courriels.emails import Essai
from conum.courriels.messages import REGISTRE, Message, MessageInvalide
from conum.courriels.models import AdresseRefusee, Courriel
from conum.courriels.states import Etat
from conum.socle.contexte import sous_request_id
from tests.comptes.fabriques import RegionFactory
from tests.courriels.fabriques import ecrire

essai = Essai(depuis="l’été & <b>Reims</b>")


@pytest.fixture
def registre() -> Iterator[dict[str, type[Message]]]:
    avant = dict(REGISTRE)
    yield REGISTRE
    REGISTRE.clear()
    REGISTRE.update(avant)


@pytest.mark.django_db
def test_la_ligne_garde_le_texte_rendu_et_demande_son_envoi() -> None:
    region = RegionFactory()
    with sous_request_id("requete-12345"):
        courriel = ecrire(objet=region)
    assert courriel.etat == Etat.A_ENVOYER
    assert courriel.sujet == "Essai d’envoi de Conseiller numérique"
    assert (courriel.objet_type, courriel.objet_id) == ("territoires.Region", region.pk)
    assert courriel.request_id == "requete-12345"
    assert list(Courriel.objects.de_l_objet(region)) == [courriel]
    travail = ProcrastinateJob.objects.get()
    assert (travail.task_name, travail.args) == ("courriels.envoyer", {"courriel_id": courriel.pk})


@pytest.mark.django_db
def test_le_texte_n_est_pas_echappe_et_le_html_l_est() -> None:
    courriel = actions.mettre_en_file(essai, a="a@exemple.fr")
    assert "l’été & <b>Reims</b>" in courriel.texte
    assert "l’été &amp; &lt;b&gt;Reims&lt;/b&gt;" in courriel.html
    assert "\n\n\n" not in courriel.texte
    assert "<style>body" in courriel.html


@pytest.mark.django_db(transaction=True)
def test_hors_transaction_l_ecriture_est_refusee() -> None:
    with pytest.raises(actions.HorsTransaction):
        actions.mettre_en_file(essai, a="a@exemple.fr")
    assert Courriel.objects.count() == ProcrastinateJob.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_un_acte_annule_n_ecrit_ni_courriel_ni_travail() -> None:
    with transaction.atomic():
        actions.mettre_en_file(essai, a="a@exemple.fr")
        transaction.set_rollback(True)
    assert Courriel.objects.count() == ProcrastinateJob.objects.count() == 0


@pytest.mark.django_db
def test_une_cle_deja_prise_rend_la_premiere_ligne_sans_rien_envoyer() -> None:
    premier = ecrire(cle="rappel-7j:12")
    second = ecrire("autre@exemple.fr", cle="rappel-7j:12")
    assert second == premier
    assert second.destinataire == "camille@exemple.fr"
    assert ProcrastinateJob.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_deux_actes_a_la_fois_avec_la_meme_cle_n_ecrivent_qu_une_ligne() -> None:
    depart = threading.Barrier(4)

    def acte(_: int) -> int:
        try:
            with transaction.atomic():
                depart.wait()
                return actions.mettre_en_file(essai, a="a@exemple.fr", cle="rappel-7j:12").pk
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as fils:
        numeros = list(fils.map(acte, range(4)))
    assert len(set(numeros)) == 1
    assert Courriel.objects.count() == ProcrastinateJob.objects.count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize(
    "adresse",
    [
        "",
        "camille",
        "a@exemple.fr\nBcc: b@exemple.fr",
        "a@exemple.fr\r\nSubject: faux",
        "a@exemple.fr, b@exemple.fr",
        "a@exemple.fr;b@exemple.fr",
        "Camille <a@exemple.fr>",
        "a@exemple.fr\x00",
        '"a b"@exemple.fr',
    ],
)
def test_seule_une_adresse_simple_est_admise(adresse: str) -> None:
    with pytest.raises(AdresseRefusee):
        actions.mettre_en_file(essai, a=adresse)
    assert not Courriel.objects.exists()


def test_l_objet_tient_sur_une_ligne_de_150_caracteres(registre: dict[str, type[Message]]) -> None:
    @dataclass(frozen=True)
    class Long(Message):
        code = "courriels/long"
        sujet = "Demande {nom}"
        nom: str

    assert Long("de\r\nBcc: pirate@exemple.fr\x0bR&D").rendre_sujet() == "Demande de Bcc: pirate@exemple.fr R&D"
    assert len(Long("x" * 400).rendre_sujet()) == 150


def test_deux_messages_ne_partagent_pas_un_code(registre: dict[str, type[Message]]) -> None:
    with pytest.raises(MessageInvalide):

        @dataclass(frozen=True)
        class Doublon(Message):
            code = "courriels/essai"
            sujet = "Doublon"
