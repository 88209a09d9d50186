from django.db import migrations, models

CACHE = """
CREATE TABLE IF NOT EXISTS socle_cache (
    cache_key varchar(255) NOT NULL PRIMARY KEY,
    value text NOT NULL,
    expires timestamp with time zone NOT NULL
);
CREATE INDEX IF NOT EXISTS socle_cache_expires ON socle_cache (expires);
"""


class Migration(migrations.Migration):
    initial = True
    dependencies = ()
    operations = [
        migrations.CreateModel(
            name="CompteurDebit",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("cle", models.CharField(max_length=200, verbose_name="clé")),
                ("fenetre", models.DateTimeField(verbose_name="début de la fenêtre")),
                ("nombre", models.PositiveIntegerField(default=0, verbose_name="nombre")),
            ],
            options={
                "verbose_name": "compteur de débit",
                "constraints": [models.UniqueConstraint(fields=("cle", "fenetre"), name="compteur_debit_unique")],
            },
        ),
        # La table du cache de Django : mise ici pour qu'un seul `migrate` suffise.
        migrations.RunSQL(CACHE, "DROP TABLE IF EXISTS socle_cache"),
    ]
