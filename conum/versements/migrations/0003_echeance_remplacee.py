"""Quel échéancier a remplacé une échéance : un renoncement de l'État ne se confond pas avec un recalcul."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("versements", "0002_mouvement")]

    operations = [
        migrations.AlterField(
            model_name="echeance",
            name="trace",
            field=models.JSONField(blank=True, default=list, verbose_name="trace du calcul"),
        ),
        migrations.AlterField(
            model_name="echeancier",
            name="trace",
            field=models.JSONField(blank=True, default=list, verbose_name="trace du calcul"),
        ),
        migrations.AddField(
            model_name="echeance",
            name="remplacee_par",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="remplacees",
                to="versements.echeancier",
                verbose_name="remplacée par",
            ),
        ),
        migrations.AddConstraint(
            model_name="echeance",
            constraint=models.CheckConstraint(
                condition=models.Q(("remplacee_par", None), ("etat", "annule"), _connector="OR"),
                name="echeance_remplacee_annulee",
                violation_error_message="Une échéance remplacée est annulée.",
            ),
        ),
    ]
