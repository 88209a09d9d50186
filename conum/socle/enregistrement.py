"""Enregistrer un objet : les contraintes sont vérifiées par la base, une fois, et leur refus devient une phrase.

`full_clean()` pose une question à la base par contrainte, et n'est sûr de rien : entre la question et l'écriture, un
autre agent passe. Ici on vérifie les champs en mémoire, on écrit, et on traduit ce que la base refuse.
"""

from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, models, transaction


def enregistrer(objet: models.Model, **kwargs: Any) -> None:
    """Vérifie les champs puis enregistre ; à appeler dans le bloc atomique de l'acte, que l'exception traverse.

    Raises:
        ValidationError: un champ est invalide, ou la base refuse une contrainte (avec sa phrase).
    """
    cles = {f.name for f in objet._meta.concrete_fields if f.is_relation}
    objet.full_clean(exclude=cles, validate_unique=False, validate_constraints=False)
    try:
        # Sans point de reprise : l'acte entier est défait quand l'exception le traverse.
        with transaction.atomic(savepoint=False):
            objet.save(**kwargs)
    except IntegrityError as erreur:
        raise traduire(type(objet), erreur) from erreur


def traduire(modele: type[models.Model], erreur: IntegrityError) -> ValidationError | IntegrityError:
    """La phrase de la contrainte refusée ; l'erreur d'origine si elle n'est pas de ce modèle."""
    nom = getattr(getattr(erreur.__cause__, "diag", None), "constraint_name", None)
    for contrainte in modele._meta.constraints:
        if contrainte.name == nom:
            return ValidationError(str(contrainte.violation_error_message))
    for champ in modele._meta.concrete_fields:
        if champ.unique and nom == f"{modele._meta.db_table}_{champ.column}_key":
            return ValidationError({champ.name: str(champ.error_messages["unique"])})
    return erreur
