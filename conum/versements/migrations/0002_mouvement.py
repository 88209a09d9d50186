"""La vue d'où sortent tous les totaux : une ligne d'acte ou une échéance, une fois, avec son année civile."""

from django.db import migrations, models

VUE = """
CREATE VIEW versements_mouvement AS
SELECT
    'L' || l.id AS cle,
    a.convention_id,
    l.poste_id,
    l.id AS ligne_id,
    NULL::bigint AS echeance_id,
    l.annee::integer AS annee,
    CASE WHEN a.courant THEN l.plafond END AS accorde,
    CASE WHEN a.en_vigueur THEN l.montant END AS engage,
    NULL::numeric(12, 2) AS prevu,
    NULL::numeric(12, 2) AS ordonnance,
    NULL::numeric(12, 2) AS verse,
    NULL::numeric(12, 2) AS a_rendre
FROM conventions_ligneacte l
JOIN (
    SELECT
        acte.id,
        acte.convention_id,
        -- Le dernier acte non retiré d'une convention retenue : ce que l'État accorde.
        c.etat <> 'annulee' AND acte.retire_le IS NULL
            AND acte.numero = max(acte.numero) FILTER (WHERE acte.retire_le IS NULL) OVER convention AS courant,
        -- Le dernier acte signé d'une convention signée : ce que l'État engage.
        c.etat IN ('active', 'avenant_en_cours', 'terminee', 'resiliee') AND acte.signe_etat_le IS NOT NULL
            AND acte.numero = max(acte.numero) FILTER (WHERE acte.signe_etat_le IS NOT NULL) OVER convention
            AS en_vigueur
    FROM conventions_acte acte
    JOIN conventions_convention c ON c.id = acte.convention_id
    WINDOW convention AS (PARTITION BY acte.convention_id)
) a ON a.id = l.acte_id
WHERE a.courant OR a.en_vigueur
UNION ALL
SELECT
    'P' || e.id,
    e.convention_id,
    e.poste_id,
    NULL,
    e.id,
    extract(year FROM e.prevue_le)::integer,
    NULL,
    NULL,
    CASE WHEN e.nature = 'versement' THEN e.montant END,
    CASE WHEN e.etat = 'ordonnance' THEN e.montant END,
    NULL,
    CASE WHEN e.etat = 'reversement_demande' THEN e.montant END
FROM versements_echeance e
WHERE e.etat <> 'annule' AND (e.nature = 'versement' OR e.etat = 'reversement_demande')
UNION ALL
SELECT
    'R' || e.id,
    e.convention_id,
    e.poste_id,
    NULL,
    e.id,
    extract(year FROM e.realisee_le)::integer,
    NULL,
    NULL,
    NULL,
    NULL,
    CASE WHEN e.nature = 'reversement' THEN -e.montant ELSE e.montant END,
    NULL
FROM versements_echeance e
WHERE e.etat IN ('verse', 'reversement_recu')
"""


class Migration(migrations.Migration):
    dependencies = [
        ("conventions", "0001_initial"),
        ("versements", "0001_initial"),
    ]

    operations = [
        migrations.RunSQL(VUE, "DROP VIEW versements_mouvement"),
        migrations.CreateModel(
            name="Mouvement",
            fields=[
                ("cle", models.CharField(max_length=25, primary_key=True, serialize=False, verbose_name="clé")),
                ("annee", models.PositiveSmallIntegerField(null=True, verbose_name="année civile")),
                (
                    "accorde",
                    models.DecimalField(decimal_places=2, max_digits=12, null=True, verbose_name="accordé"),
                ),
                ("engage", models.DecimalField(decimal_places=2, max_digits=12, null=True, verbose_name="engagé")),
                ("prevu", models.DecimalField(decimal_places=2, max_digits=12, null=True, verbose_name="prévu")),
                (
                    "ordonnance",
                    models.DecimalField(decimal_places=2, max_digits=12, null=True, verbose_name="ordonnancé"),
                ),
                (
                    "verse",
                    models.DecimalField(
                        decimal_places=2, max_digits=12, null=True, verbose_name="versé, moins ce qui a été rendu"
                    ),
                ),
                (
                    "a_rendre",
                    models.DecimalField(decimal_places=2, max_digits=12, null=True, verbose_name="à rendre"),
                ),
            ],
            options={
                "verbose_name": "mouvement",
                "db_table": "versements_mouvement",
                "managed": False,
            },
        ),
    ]
