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


@dataclass(frozen=True)
class Groupe:
    """Des liens réunis sous un bouton du menu, quand ils ne tiennent plus sur une ligne."""

    titre: str
    liens: tuple[Lien, ...]

    @property
    def actif(self) -> bool:
        return any(lien.actif for lien in self.liens)


Entree = Lien | Groupe


@cache
def _navigation() -> Callable[[Any], Sequence[Entree]]:
    # L'ui est tout en bas : les menus viennent d'une app du dessus, désignée par un réglage.
    return import_string(settings.UI_NAVIGATION)


@cache
def _pied() -> Callable[[], Sequence[Lien]]:
    return import_string(settings.UI_PIED)


def _liens(entrees: Sequence[Entree]) -> list[Lien]:
    return [lien for e in entrees for lien in (e.liens if isinstance(e, Groupe) else (e,))]


def _marquer(entrees: Sequence[Entree], chemin: str) -> list[Entree]:
    """Marque le lien dont l'adresse est la plus longue à ouvrir le chemin de la page, au menu ou dans un groupe."""
    candidats = [e for e in _liens(entrees) if chemin == e.lien or (e.lien != "/" and chemin.startswith(e.lien))]
    courant = max(candidats, key=lambda e: len(e.lien), default=None)

    def marquer(lien: Lien) -> Lien:
        return replace(lien, actif=lien is courant)

    return [
        replace(e, liens=tuple(marquer(lien) for lien in e.liens)) if isinstance(e, Groupe) else marquer(e)
        for e in entrees
    ]


def ui(request: HttpRequest) -> dict[str, Any]:
    role = getattr(request, "role", None)
    return {
        "nom_du_service": settings.NOM_DU_SERVICE,
        "role": role,
        "navigation": _marquer(_navigation()(role), request.path),
        "liens_de_pied": _pied()(),
        "themes": THEMES,
    }
