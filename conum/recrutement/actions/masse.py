"""Écrire beaucoup d'un coup, un seul à la fois."""

from django.db import connection

LOT = 2_000


def verrouiller(nom: str) -> None:
    """Attend son tour jusqu'à la fin de la transaction en cours : un seul à la fois, dans toute la plateforme."""
    with connection.cursor() as curseur:
        curseur.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"recrutement:{nom}"])
