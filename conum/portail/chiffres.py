"""Les chiffres publics, comptés dans la base au moment où on les lit."""

from dataclasses import dataclass

from django.db.models import Count
from django.utils import timezone

from conum.postes.models import Rattachement


@dataclass(frozen=True)
class Nationaux:
    """Postes rattachés aujourd'hui, structures et départements qui en disposent."""

    postes: int
    structures: int
    departements: int


def nationaux() -> Nationaux:
    comptes = (
        Rattachement.objects.en_cours(timezone.localdate())
        .order_by()
        .aggregate(
            postes=Count("poste", distinct=True),
            structures=Count("structure", distinct=True),
            departements=Count("structure__commune__departement", distinct=True),
        )
    )
    return Nationaux(**comptes)
