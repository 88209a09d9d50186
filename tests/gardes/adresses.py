"""Toutes les adresses du site, tirées de l'URLconf : les gardes s'appliquent à chacune, d'hier et de demain."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any

from django.apps import apps
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils.module_loading import module_has_submodule


@dataclass(frozen=True)
class Adresse:
    """`nom` complet (« demandes:liste »), chemin écrit dans l'URLconf, vue, arguments attendus."""

    nom: str
    chemin: str
    vue: Callable[..., Any]
    arguments: tuple[str, ...]

    @property
    def publique(self) -> bool:
        return not getattr(self.vue, "login_required", True)

    @property
    def app(self) -> str:
        return self.nom.partition(":")[0] if ":" in self.nom else "allauth"

    @property
    def dans_un_espace(self) -> bool:
        return "role_id" in self.arguments


def _parcourir(resolveur: URLResolver, prefixe: str = "", espace: str = "") -> Iterator[Adresse]:
    for motif in resolveur.url_patterns:
        chemin = f"{prefixe}{motif.pattern}"
        if isinstance(motif, URLPattern):
            yield Adresse(f"{espace}{motif.name}", chemin, motif.callback, tuple(motif.pattern.converters))
        else:
            yield from _parcourir(motif, chemin, f"{espace}{motif.namespace}:" if motif.namespace else espace)


@cache
def toutes() -> tuple[Adresse, ...]:
    return tuple(_parcourir(get_resolver()))


def importer_courriels() -> None:
    """Chaque classe de courriel s'inscrit au registre à l'import de son module."""
    for app in apps.get_app_configs():
        if app.name.startswith("conum.") and module_has_submodule(app.module, "emails"):
            import_module(f"{app.name}.emails")
