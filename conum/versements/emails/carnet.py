"""Les adresses de beaucoup de structures à la fois : une requête, et le lien de chacun dans son rôle."""

from collections import defaultdict
from collections.abc import Iterable

from django.conf import settings
from django.urls import reverse

from conum.postes.emails.destinataires import Destinataire
from conum.structures.models import Membre


class Carnet:
    """Les membres joignables de ces structures."""

    def __init__(self, structures: Iterable[int]) -> None:
        self._par_structure: dict[int, list[tuple[int, str]]] = defaultdict(list)
        membres = Membre.objects.actifs().filter(structure__in=set(structures))
        for structure, role, email in membres.order_by("role_id").values_list(
            "structure_id", "role_id", "role__utilisateur__email"
        ):
            self._par_structure[structure].append((role, email))

    def de_la_structure(self, structure: int, nom: str, *arguments: int) -> list[Destinataire]:
        """Comme `postes.emails.destinataires.de_la_structure`, sans question à la base."""
        return [
            Destinataire(email, settings.SITE_URL + reverse(nom, args=[role, *arguments]))
            for role, email in self._par_structure[structure]
        ]
