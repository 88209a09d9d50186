"""Ce que tous les gabarits emploient : nom du service, rôle qui agit, menus."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.module_loading import import_string

THEMES = (("light", "Thème clair"), ("dark", "Thème sombre"), ("system", "Comme mon appareil"))


@dataclass(frozen=True)
class Lien:
    titre: str
    lien: str
    actif: bool = False


@cache
def _navigation() -> Callable[[Any], Sequence[Lien]]:
    # L'ui est tout en bas : les menus viennent d'une app du dessus, désignée par un réglage.
    return import_string(settings.UI_NAVIGATION)


@cache
def _pied() -> Callable[[], Sequence[Lien]]:
    return import_string(settings.UI_PIED)


def _marquer(entrees: Sequence[Lien], chemin: str) -> list[Lien]:
    """Marque l'entrée dont l'adresse est la plus longue à ouvrir le chemin de la page."""
    candidates = [e for e in entrees if chemin == e.lien or (e.lien != "/" and chemin.startswith(e.lien))]
    courante = max(candidates, key=lambda e: len(e.lien), default=None)
    return [replace(e, actif=e is courante) for e in entrees]


def ui(request: HttpRequest) -> dict[str, Any]:
    role = getattr(request, "role", None)
    return {
        "nom_du_service": settings.NOM_DU_SERVICE,
        "role": role,
        "navigation": _marquer(_navigation()(role), request.path),
        "liens_de_pied": _pied()(),
        "themes": THEMES,
    }
