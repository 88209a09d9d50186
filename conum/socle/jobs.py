"""Entretien : durées de conservation, travaux finis, travaux orphelins d'un worker tué."""

import logging
from datetime import datetime, timedelta

from django.contrib.sessions.models import Session
from django.core.files.storage import default_storage
from django.db import connection

from conum.socle import conservation, depot, limites
from conum.socle.travaux import differer, travail

logger = logging.getLogger(__name__)

# Un travail « en cours » dont le worker ne bat plus depuis deux minutes est orphelin. Cinq reprises au plus : un
# travail qui tue son worker ne le tue pas sans fin. Un seul exemplaire par clé d'attente, sinon la base refuse.
_REPRENDRE = """
SELECT procrastinate_retry_job_v2(orphelin.id, now(), NULL, NULL, NULL) FROM (
    SELECT DISTINCT ON (coalesce(travail.queueing_lock, travail.id::text)) travail.id
    FROM procrastinate_jobs travail LEFT JOIN procrastinate_workers worker ON worker.id = travail.worker_id
    WHERE travail.status = 'doing' AND travail.attempts < 5
      AND (worker.id IS NULL OR worker.last_heartbeat < now() - interval '2 minutes')
      AND NOT EXISTS (SELECT 1 FROM procrastinate_jobs autre
                      WHERE autre.status = 'todo' AND autre.queueing_lock = travail.queueing_lock)
    ORDER BY coalesce(travail.queueing_lock, travail.id::text), travail.id
) orphelin
"""


def _travaux_finis(avant: datetime) -> int:
    with connection.cursor() as curseur:
        curseur.execute(
            "DELETE FROM procrastinate_jobs travail WHERE status IN ('succeeded', 'failed', 'cancelled', 'aborted')"
            " AND NOT EXISTS (SELECT 1 FROM procrastinate_events e WHERE e.job_id = travail.id AND e.at >= %s)",
            [avant],
        )
        return curseur.rowcount


for regle in (
    conservation.Regle(
        "sessions expirées",
        timedelta(days=1),
        "une session finie ne sert plus",
        lambda avant: Session.objects.filter(expire_date__lt=avant).delete()[0],
    ),
    conservation.Regle(
        "compteurs de débit", timedelta(days=1), "les fenêtres durent moins d'un jour", limites.purger_avant
    ),
    conservation.Regle(
        "travaux de fond finis", timedelta(days=30), "de quoi comprendre un incident du mois", _travaux_finis
    ),
):
    conservation.enregistrer(regle)


@travail(depot.EFFACER, reprises=10)
def effacer_fichier(chemin: str) -> None:
    """Un fichier remplacé ou retiré que le dépôt n'a pas pu effacer sur le moment."""
    default_storage.delete(chemin)


@travail("socle.conservation", cron="17 3 * * *", reprises=5)
def appliquer_conservation() -> None:
    """Un travail par règle : celle qui échoue n'arrête pas les autres."""
    for regle in conservation.regles():
        differer("socle.conserver", quoi=regle.quoi)


@travail("socle.conserver", reprises=5)
def conserver(quoi: str) -> None:
    if nombre := conservation.appliquer(quoi):
        logger.info("Conservation : %s, %s effacés", quoi, nombre)


@travail("socle.reprendre_travaux", cron="*/5 * * * *")
def reprendre_travaux() -> None:
    with connection.cursor() as curseur:
        curseur.execute(_REPRENDRE)
