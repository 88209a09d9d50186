"""Écrire un courriel : dans la transaction de l'acte, une fois par clé, à une adresse et une seule."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from django.db import transaction
from django.utils.module_loading import autodiscover_modules
from procrastinate.contrib.django.models import ProcrastinateJob

from conum.courriels import actions
from conum.courriels.emails import Essai
from conum.courriels.messages import REGISTRE, Message, MessageInvalide
from conum.courriels.models import AdresseRefusee, Courriel
from conum.courriels.states import Etat
from conum.socle.contexte import sous_request_id
from tests.comptes.fabriques import RegionFactory
from tests.courriels.fabriques import ecrire

autodiscover_modules("emails")
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


@pytest.mark.parametrize("classe", [pytest.param(c, id=code) for code, c in sorted(REGISTRE.items())])
def test_chaque_message_se_rend(classe: type[Message]) -> None:
    """Sujet, texte brut et HTML de l'exemple ; la variable absente d'un gabarit fait échouer le test."""
    message = classe.exemple()
    assert message.rendre_sujet()
    texte, html = message.rendre_texte(), message.rendre_html()
    assert "Conseiller numérique" in texte
    assert html.startswith("<!DOCTYPE html>")
    assert '<html lang="fr">' in html
    for reste in ("{{", "{%", "&amp;", "&#x27;", "&lt;"):
        assert reste not in texte
    for interdit in ("<script", "javascript:", " style=", 'src="http'):
        assert interdit not in html
    # Ce que dit un lien en HTML se retrouve dans le texte : les deux versions mènent au même endroit.
    assert html.count("href=") >= 1
