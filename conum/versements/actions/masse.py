"""Écrire beaucoup d'un coup : les mêmes lignes de journal que `journal.noter`, en une requête."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db import models

from conum.journal.acteurs import Acteur
from conum.journal.models import Entree
from conum.socle.contexte import request_id

LOT = 2_000


@dataclass(frozen=True)
class Ligne:
    """Une ligne de journal à écrire."""

    objet: models.Model
    action: str
    de: str = ""
    vers: str = ""
    motif: str = ""
    donnees: dict[str, Any] = field(default_factory=dict)


def noter_en_masse(lignes: Iterable[Ligne], *, par: Acteur) -> None:
    """Une ligne de journal par acte, dans la transaction en cours."""
    Entree.objects.bulk_create(
        [
            Entree(
                objet_type=x.objet._meta.label,
                objet_id=str(x.objet.pk),
                action=x.action,
                de=x.de,
                vers=x.vers,
                auteur_id=par.utilisateur_id,
                role=par.role_id,
                acteur=par.libelle_acteur[:300],
                motif=x.motif,
                donnees=x.donnees,
                request_id=request_id(),
            )
            for x in lignes
        ],
        batch_size=LOT,
    )
