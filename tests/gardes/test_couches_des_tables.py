"""Les clés étrangères descendent les couches, comme les imports (import-linter ne les voit pas)."""

import tomllib

from django.apps import apps

from tests.aides import RACINE

_CONTRATS = tomllib.loads((RACINE / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
COUCHES: list[str] = next(c["layers"] for c in _CONTRATS if c["id"] == "apps")


def test_les_cles_etrangeres_descendent() -> None:
    montantes = []
    for modele in apps.get_models():
        app = modele._meta.app_config.name
        if not app.startswith("conum."):
            continue
        for champ in modele._meta.get_fields():
            cible = getattr(champ, "related_model", None)
            if not champ.concrete or cible is None or not cible.__module__.startswith("conum."):
                continue
            d_ici, vers = app.split(".")[1], cible.__module__.split(".")[1]
            if COUCHES.index(vers) < COUCHES.index(d_ici):
                montantes.append(f"{modele.__name__}.{champ.name} → {vers}")
    assert montantes == []
