"""Chaque courriel se rend, en texte et en HTML, sans variable oubliée ni lien relatif."""

import re

import pytest

from conum.courriels.messages import REGISTRE, Message
from tests.gardes.adresses import importer_courriels

importer_courriels()
MESSAGES = [pytest.param(classe, id=code) for code, classe in sorted(REGISTRE.items())]


@pytest.mark.parametrize("classe", MESSAGES)
def test_le_courriel_se_rend(classe: type[Message]) -> None:
    exemple = classe.exemple()
    sujet, texte, html = exemple.rendre_sujet(), exemple.rendre_texte(), exemple.rendre_html()
    assert sujet
    for rendu in (sujet, texte, html):
        assert not re.search(r"\{\{|\{%|\bNone\b|&amp;amp;", rendu)
    assert "<" not in texte.replace("<ne-pas", ""), "du HTML dans le texte brut"
    assert not re.search(r"&(amp|lt|gt|quot|#x27);", texte), "un échappement HTML dans le texte brut"
    assert not re.search(r"<script|javascript:| style=|src=", html), "un courriel n'exécute ni ne charge rien"
    assert 'lang="fr"' in html
    assert not re.findall(r'href="(?!https?://|mailto:)', html), "un courriel ne connaît que des liens complets"
