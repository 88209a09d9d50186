"""Écrire beaucoup d'un coup : mêmes lignes de journal que `journal.noter`, en une requête."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.db import connection, models

from conum.journal.acteurs import Acteur
from conum.journal.models import Entree
from conum.socle.contexte import request_id

LOT = 2_000


def verrouiller(nom: str) -> None:
    """Attend son tour jusqu'à la fin de la transaction en cours : un seul à la fois, dans toute la plateforme."""
    with connection.cursor() as curseur:
        curseur.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"recrutement:{nom}"])


def noter_en_masse(
    objets: Sequence[models.Model],
    action: str,
    *,
    par: Acteur,
    vers: str = "",
    motif: str = "",
    donnees: Iterable[dict[str, Any]] | None = None,
) -> None:
    """Une ligne de journal par objet ; `donnees` dans le même ordre."""
    details = list(donnees) if donnees is not None else [{}] * len(objets)
    Entree.objects.bulk_create(
        [
            Entree(
                objet_type=objet._meta.label,
                objet_id=str(objet.pk),
                action=action,
                vers=vers,
                auteur_id=par.utilisateur_id,
                role=par.role_id,
                acteur=par.libelle_acteur[:300],
                motif=motif,
                donnees=detail,
                request_id=request_id(),
            )
            for objet, detail in zip(objets, details, strict=True)
        ],
        batch_size=LOT,
    )
