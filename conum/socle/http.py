"""Décorateurs de vues. Tout est fermé par défaut (LoginRequiredMiddleware) ; une vue publique le dit."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase
from django.views.decorators.http import require_http_methods

Vue = Callable[..., HttpResponseBase]


def publique(vue: Vue) -> Vue:
    """Ouvre la vue à tous. La liste des vues publiques est tenue par tests/gardes/test_urls.py."""
    vue = login_not_required(vue)
    vue.publique = True  # type: ignore[attr-defined]
    return vue


def role_requis(*types: str) -> Callable[[Vue], Vue]:
    """La vue, rangée sous /espace/<role_id>/, n'est ouverte qu'à ces types de rôle : 403 pour les autres.

    Le rôle lui-même est vérifié par RoleMiddleware (au signataire, actif, second facteur) et posé sur `request.role`.
    """
    admis = frozenset(str(t) for t in types)

    def decorer(vue: Vue) -> Vue:
        @wraps(vue)
        def enveloppe(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            role = getattr(request, "role", None)
            if role is None or role.type not in admis:
                raise PermissionDenied("Votre rôle ne donne pas accès à cette page.")
            return vue(request, *args, **kwargs)

        enveloppe.types_de_role = admis  # type: ignore[attr-defined]
        return enveloppe

    return decorer


lecture = require_http_methods(["GET", "HEAD"])
ecriture = require_http_methods(["POST"])
lecture_ecriture = require_http_methods(["GET", "HEAD", "POST"])
