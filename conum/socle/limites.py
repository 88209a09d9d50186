"""Limites de débit, comptées dans PostgreSQL : les serveurs web ne partagent rien d'autre."""

from datetime import UTC, datetime, timedelta

from django.db import connection
from django.utils import timezone

from conum.socle.jetons import empreinte
from conum.socle.models import CompteurDebit


def _debut_fenetre(duree: timedelta) -> datetime:
    secondes = int(duree.total_seconds())
    return datetime.fromtimestamp(int(timezone.now().timestamp()) // secondes * secondes, tz=UTC)


def depasse(cle: str, *, maximum: int, duree: timedelta) -> bool:
    """Compte un essai sous `cle` et dit s'il dépasse `maximum` essais par fenêtre de `duree`.

    La clé est hachée : une adresse IP ou un courriel ne reste pas lisible en base.
    """
    with connection.cursor() as curseur:
        curseur.execute(
            "INSERT INTO socle_compteurdebit (cle, fenetre, nombre) VALUES (%s, %s, 1)"
            " ON CONFLICT (cle, fenetre) DO UPDATE SET nombre = socle_compteurdebit.nombre + 1 RETURNING nombre",
            [empreinte(cle), _debut_fenetre(duree)],
        )
        return bool(curseur.fetchone()[0] > maximum)


def purger_avant(avant: datetime) -> int:
    """Efface les compteurs des fenêtres antérieures à cette date ; rend leur nombre."""
    return CompteurDebit.objects.filter(fenetre__lt=avant).delete()[0]
