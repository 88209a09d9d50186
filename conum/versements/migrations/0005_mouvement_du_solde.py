"""Une convention soldée n'engage plus que ce qui a été versé, moins ce qui est rendu ou demandé, plus son solde."""

from importlib import import_module

from django.db import migrations

AVANT = import_module("conum.versements.migrations.0002_mouvement").VUE
SOLDE = """
UNION ALL
SELECT
    'S' || s.id,
    s.convention_id,
    NULL,
    NULL,
    s.echeance_id,
    extract(year FROM s.le)::integer,
    NULL,
    (s.verse - s.demande + s.a_verser - s.a_rendre - a.total)::numeric(12, 2),
    NULL,
    NULL,
    NULL,
    NULL
FROM versements_solde s
JOIN LATERAL (
    SELECT acte.total
    FROM conventions_acte acte
    WHERE acte.convention_id = s.convention_id AND acte.signe_etat_le IS NOT NULL
    ORDER BY acte.numero DESC
    LIMIT 1
) a ON true
"""
RETIRER = "DROP VIEW versements_mouvement"


class Migration(migrations.Migration):
    dependencies = [("versements", "0004_retours_et_solde")]

    operations = [
        migrations.RunSQL(RETIRER, AVANT),
        migrations.RunSQL(AVANT + SOLDE, RETIRER),
    ]
