"""Travaux de fond : déclarer une tâche, la demander dans la transaction en cours."""

import functools
from collections.abc import Callable
from typing import Any

from procrastinate import RetryStrategy, tasks
from procrastinate.contrib.django import app
from procrastinate.contrib.django.django_connector import DjangoConnector
from procrastinate.manager import JobManager

from conum.socle.contexte import sous_request_id

# Dans le worker, procrastinate remplace la connexion de son app par la sienne : une tâche demandée par une autre
# tâche partirait hors de la transaction. On passe donc toujours par la connexion de Django.
_gestionnaire = JobManager(connector=DjangoConnector())


def differer(nom: str, *, priorite: int = 0, **arguments: Any) -> int:
    """Demande la tâche `nom` dans la transaction en cours : annulée avec elle, visible du worker avec elle.

    Les tâches sont nommées et non importées : une action ne connaît pas jobs.py. Rend le numéro du travail.
    """
    return tasks.configure_task(name=nom, job_manager=_gestionnaire, priority=priorite).defer(**arguments)


def travail(nom: str, *, cron: str = "", reprises: int = 0) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Déclare une tâche du worker, périodique si `cron` est donné.

    Chaque exécution a son identifiant de requête. Une tâche s'écrit pour être jouée en retard ou deux fois : elle part
    de ce qui reste à faire en base, jamais d'une fenêtre de temps. `reprises` : nouveaux essais après une erreur.
    """
    reprise = RetryStrategy(max_attempts=reprises, exponential_wait=5) if reprises else False

    def declarer(fonction: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(fonction)
        def executer(timestamp: int = 0, **arguments: Any) -> None:
            with sous_request_id():
                fonction(**arguments)

        # Un seul exemplaire périodique en attente : un worker arrêté une heure ne trouve pas soixante relèves.
        tache = app.task(name=nom, retry=reprise, queueing_lock=nom if cron else None)(executer)
        if cron:
            app.periodic(cron=cron, periodic_id=nom)(tache)
        return executer

    return declarer
