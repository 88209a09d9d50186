import shutil

import pytest

from conum.formations.rules.lecture import DONNEES


@pytest.fixture
def copie(tmp_path):
    """Les données, à abîmer."""
    dossier = tmp_path / "donnees"
    shutil.copytree(DONNEES, dossier)
    return dossier
