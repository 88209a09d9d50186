"""Le glossaire connaît chaque modèle et chaque transition ; les diagrammes d'états sont ceux du code."""

import re
from importlib import import_module

from django.apps import apps
from django.core.management import call_command
from django.utils.module_loading import module_has_submodule

from tests.aides import RACINE

APPS = [a for a in apps.get_app_configs() if a.name.startswith("conum.")]


def _identifiants() -> set[str]:
    return set(re.findall(r"`([A-Za-z_]+)`", (RACINE / "docs" / "glossaire.md").read_text()))


def test_chaque_modele_est_au_glossaire() -> None:
    modeles = {m.__name__ for a in APPS for m in a.get_models()}
    assert modeles - _identifiants() == set()


def test_chaque_transition_est_au_glossaire() -> None:
    transitions: set[str] = set()
    for app in APPS:
        if module_has_submodule(app.module, "states"):
            module = import_module(f"{app.name}.states")
            transitions |= {
                cle for nom, table in vars(module).items() if nom.startswith("TRANSITIONS") for cle in table
            }
    assert transitions - _identifiants() == set()


def test_les_diagrammes_sont_a_jour() -> None:
    call_command("documenter_etats", verifier=True)
