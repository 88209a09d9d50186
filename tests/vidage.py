"""Vider la base après un test qui valide ses transactions : les seules tables qui ont des lignes, sans TRUNCATE.

Django vide les soixante-dix tables (une seconde par test) puis récrit les types de contenu et les permissions. Ici, on
efface ce qui a été écrit (trente millisecondes) et l'on garde ce que les migrations ont posé.
"""

from typing import Any

from django.db import connection, transaction
from django.test import TransactionTestCase
from psycopg import sql

# Écrites par `post_migrate` et par les migrations : tout test les suppose là.
GARDEES = {"auth_permission", "django_content_type", "django_migrations", "django_site"}
_d_origine = TransactionTestCase._fixture_teardown  # type: ignore[attr-defined]


def _lister(curseur: Any, requete: sql.Composable | str) -> list[str]:
    curseur.execute(requete)
    return [ligne[0] for ligne in curseur.fetchall()]


def vider() -> None:
    with transaction.atomic(), connection.cursor() as curseur:
        noms = _lister(curseur, "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()")
        tables = {nom: sql.Identifier(nom) for nom in sorted(noms) if nom not in GARDEES}
        # Une écriture encore en cours (un serveur web de test qui finit) : on l'attend, pour l'effacer aussi.
        curseur.execute(
            sql.SQL("LOCK TABLE {} IN SHARE ROW EXCLUSIVE MODE").format(sql.SQL(", ").join(tables.values()))
        )
        a_des_lignes = sql.SQL("SELECT {} WHERE EXISTS (SELECT FROM {})")
        union = sql.SQL(" UNION ALL ").join(a_des_lignes.format(nom, table) for nom, table in tables.items())
        pleines = _lister(curseur, union)
        # Le rôle de réplication ne tire ni clés étrangères ni déclencheurs : l'ordre des tables est sans importance.
        curseur.execute("SET LOCAL session_replication_role = replica")
        for nom in pleines:
            curseur.execute(sql.SQL("DELETE FROM {}").format(tables[nom]))


def _apres_un_test(cas: TransactionTestCase) -> None:
    with connection.cursor() as curseur:
        curseur.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
        superutilisateur = curseur.fetchone()[0]
    if superutilisateur:
        vider()
        return
    _d_origine(cas)
    with connection.cursor() as curseur:  # Django ne vide pas les tables qu'il ne gère pas
        curseur.execute("TRUNCATE procrastinate_jobs, procrastinate_workers, procrastinate_periodic_defers CASCADE")


def installer() -> None:
    TransactionTestCase._fixture_teardown = _apres_un_test  # type: ignore[attr-defined]
