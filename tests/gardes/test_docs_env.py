"""docs/guides/exploiter.md dit tout ce qui se règle et tout ce qui s'efface, et rien d'imaginaire."""

import re
from itertools import chain

from django.conf import settings

from conum.socle import conservation
from tests.aides import RACINE

GUIDE = (RACINE / "docs" / "guides" / "exploiter.md").read_text()
_NOM = re.compile(r"""["'](CONUM_[A-Z_]+|DATABASE_URL|SECRET_KEY)["']""")


def _lues() -> set[str]:
    fichiers = chain((RACINE / "config").glob("*.py"), (RACINE / "bin").iterdir(), [RACINE / "tests" / "aides.py"])
    noms = {nom for f in fichiers if f.is_file() for nom in _NOM.findall(f.read_text())}
    return noms | {f"CONUM_PASSERELLE_{nom.upper()}" for nom in settings.PASSERELLES}


def test_chaque_variable_lue_est_decrite_et_chaque_variable_decrite_est_lue() -> None:
    decrites = set(re.findall(r"^\| `([A-Z_]+)` \|", GUIDE, re.MULTILINE))
    assert decrites == _lues()


def test_seul_config_lit_l_environnement() -> None:
    fautifs = [
        f for f in (RACINE / "conum").rglob("*.py") if re.search(r"\bos\.environ(\[|\.get\()|\bgetenv\b", f.read_text())
    ]
    assert fautifs == []


def test_chaque_duree_de_conservation_est_au_guide() -> None:
    lignes = set(re.findall(r"^\| ([^|]+) \| (\d+) jours? \|", GUIDE, re.MULTILINE))
    assert lignes == {(regle.quoi, str(regle.duree.days)) for regle in conservation.regles()}
