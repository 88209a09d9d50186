from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db import models

from conum.journal.acteurs import Acteur
from conum.journal.models import Entree
from conum.socle.contexte import request_id

LOT = 2_000
"""Lignes écrites par requête, en masse."""


@dataclass(frozen=True)
class Ligne:
    """Une ligne de journal à écrire."""

    objet: models.Model
    action: str
    de: str = ""
    vers: str = ""
    motif: str = ""
    donnees: dict[str, Any] = field(default_factory=dict)


def _entree(ligne: Ligne, par: Acteur) -> Entree:
    return Entree(
        objet_type=ligne.objet._meta.label,
        objet_id=str(ligne.objet.pk),
        action=ligne.action,
        de=ligne.de,
        vers=ligne.vers,
        auteur_id=par.utilisateur_id,
        role=par.role_id,
        acteur=par.libelle_acteur[:300],
        motif=ligne.motif,
        donnees=ligne.donnees,
        request_id=request_id(),
    )


def noter(
    objet: models.Model,
    action: str,
    *,
    par: Acteur,
    de: str = "",
    vers: str = "",
    motif: str = "",
    donnees: dict[str, Any] | None = None,
) -> Entree:
    """Ajoute une ligne au journal, dans la transaction en cours."""
    entree = _entree(Ligne(objet, action, de, vers, motif, donnees or {}), par)
    entree.save(force_insert=True)
    return entree


def noter_en_masse(lignes: Iterable[Ligne], *, par: Acteur) -> None:
    """Les mêmes lignes, pour beaucoup d'objets à la fois."""
    Entree.objects.bulk_create([_entree(ligne, par) for ligne in lignes], batch_size=LOT)
