"""Une transition = une table (states.py) + une fonction (actions.py). Ce module fait le reste."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from django.core.exceptions import PermissionDenied
from django.db import models, transaction

from conum.journal.acteurs import Acteur
from conum.journal.actions import noter
from conum.socle.enregistrement import enregistrer
from conum.socle.transitions import Table

M = TypeVar("M", bound=models.Model)


class TransitionImpossible(Exception):
    """L'état courant ou une règle n'autorise pas l'action ; le message est destiné à l'usager."""


@contextmanager
def transition(
    objet: M,
    action: str,
    *,
    table: Table,
    par: Acteur,
    peut: Callable[[Any, M], bool],
    motif: str = "",
    donnees: dict[str, Any] | None = None,
) -> Iterator[M]:
    """Verrouille la ligne, vérifie droit et état, laisse agir, enregistre et journalise, en une transaction.

    L'objet reçu peut être périmé : seul compte celui relu sous verrou, rendu au bloc `with`.

    Raises:
        PermissionDenied: `peut(par, objet)` est faux.
        TransitionImpossible: l'état courant n'est pas dans `table[action].depuis`.
        ValidationError: un champ ou une contrainte refuse l'objet tel que le bloc l'a laissé.
    """
    regle = table[action]
    with transaction.atomic():
        courant = type(objet)._base_manager.select_for_update(of=("self",), no_key=True).get(pk=objet.pk)
        # Le droit d'abord : l'état d'un objet ne se devine pas par le message d'erreur.
        if not peut(par, courant):
            raise PermissionDenied
        de = courant.etat  # type: ignore[attr-defined]
        if de not in regle.depuis:
            libelle = courant.get_etat_display()  # type: ignore[attr-defined]
            raise TransitionImpossible(f"Cette action n'est plus possible : l'état est maintenant « {libelle} ».")
        yield courant
        courant.etat = regle.vers  # type: ignore[attr-defined]
        enregistrer(courant)
        noter(courant, action, par=par, de=de, vers=regle.vers, motif=motif, donnees=donnees)
