"""Ce que partagent les écrans des structures."""

from django.http import HttpRequest

from conum.comptes.models import Role


def role_de(request: HttpRequest) -> Role:
    """Le rôle qui agit, posé par RoleMiddleware et vérifié par `role_requis`."""
    role: Role = request.role  # type: ignore[attr-defined]
    return role
