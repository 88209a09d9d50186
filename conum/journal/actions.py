from typing import Any

from django.db import models

from conum.journal.acteurs import Acteur
from conum.journal.models import Entree
from conum.socle.contexte import request_id


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
    return Entree.objects.create(
        objet_type=objet._meta.label,
        objet_id=str(objet.pk),
        action=action,
        de=de,
        vers=vers,
        auteur_id=par.utilisateur_id,
        role=par.role_id,
        acteur=par.libelle_acteur[:300],
        motif=motif,
        donnees=donnees or {},
        request_id=request_id(),
    )
