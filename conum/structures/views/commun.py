"""Ce que partagent les écrans des structures."""

from typing import Any

from django.core.exceptions import ValidationError
from django.forms import Form
from django.http import HttpRequest

from conum.comptes.models import Role
from conum.journal.workflow import TransitionImpossible


def role_de(request: HttpRequest) -> Role:
    """Le rôle qui agit, posé par RoleMiddleware et vérifié par `role_requis`."""
    role: Role = request.role  # type: ignore[attr-defined]
    return role


def reporter(form: Form, erreur: ValidationError | TransitionImpossible) -> None:
    """Met l'erreur d'une action près de son champ, sinon en tête du formulaire."""
    if isinstance(erreur, TransitionImpossible):
        form.add_error(None, str(erreur))
        return
    messages: dict[str, Any] = erreur.message_dict if hasattr(erreur, "error_dict") else {"": erreur.messages}
    for champ, textes in messages.items():
        form.add_error(champ if champ in form.fields else None, textes)
