"""Règles d'envoi : échéances des essais, destinataires permis."""

from collections.abc import Sequence
from datetime import datetime, timedelta

DELAIS = (
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=15),
    timedelta(hours=1),
    timedelta(hours=4),
    timedelta(hours=12),
    timedelta(hours=24),
)
"""Attente après chaque essai manqué : près de deux jours en tout, le temps d'une panne d'un week-end court."""

ESSAIS_MAX = len(DELAIS) + 1
DUREE_SUSPECTE = timedelta(minutes=15)
"""Un envoi dure au plus quelques minutes (attentes bornées) : au-delà, le worker est mort en chemin."""


def prochain_essai(tentatives: int, maintenant: datetime) -> datetime | None:
    """Date du prochain essai après `tentatives` essais manqués ; None quand il faut abandonner."""
    if tentatives >= ESSAIS_MAX:
        return None
    return maintenant + DELAIS[tentatives - 1]


def destinataire_permis(adresse: str, permis: Sequence[str]) -> bool:
    """Hors production, on n'écrit qu'à ces adresses ou domaines (« @exemple.fr »). Liste vide : tout est permis."""
    if not permis:
        return True
    adresse = adresse.lower()
    return any(
        adresse.endswith(motif.lower()) if motif.startswith("@") else adresse == motif.lower() for motif in permis
    )
