"""La garde des variables indéfinies (config/settings_test.py) prend les fautes et laisse les formes permises."""

import pytest
from django.template import Context, Engine, Origin, Template, engines

from config.settings import RACINE


def _rendre(source: str, gabarit: str = "conum/essai.html") -> str:
    moteur: Engine = engines["django"].engine
    return Template(source, origin=Origin(str(RACINE / gabarit)), engine=moteur).render(Context({"present": None}))


@pytest.mark.parametrize(
    "source",
    [
        "{{ absent }}",
        "{{ absent.champ }}",
        "{{ absent|upper }}",
        "{% with x=absent %}{% endwith %}",
        "{% for a in '12' %}{{ absent }}{% endfor %}",
    ],
)
def test_une_variable_absente_d_un_gabarit_de_conum_echoue(source: str) -> None:
    with pytest.raises(AssertionError, match="absent"):
        _rendre(source)


@pytest.mark.parametrize(
    ("source", "attendu"),
    [
        ("{% if absent %}a{% else %}b{% endif %}", "b"),
        ("{% if absent.champ == 1 %}a{% endif %}", ""),
        ("{% for a in absent %}a{% empty %}vide{% endfor %}", "vide"),
        ("{{ absent|default:'x' }}", "x"),
        ("{{ present|default_if_none:'x' }}", "x"),
    ],
)
def test_les_formes_qui_prevoient_l_absence_passent(source: str, attendu: str) -> None:
    assert _rendre(source) == attendu


def test_le_gabarit_d_une_bibliotheque_garde_le_comportement_de_django() -> None:
    assert _rendre("[{{ absent }}]", "../ailleurs/site-packages/allauth/page.html") == "[]"
