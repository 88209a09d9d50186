"""Une prise de poste s’annule, avec un motif ; un fichier de résultats attend d’être importé."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("comptes", "0003_roles_de_formation"),
        ("formations", "0001_initial"),
        ("postes", "0002_contrats"),
    ]

    operations = [
        migrations.AddField(
            model_name="importresultats",
            name="a_importer",
            field=models.JSONField(blank=True, default=list, verbose_name="lignes à importer"),
        ),
        migrations.AddField(
            model_name="importresultats",
            name="applique_le",
            field=models.DateTimeField(blank=True, null=True, verbose_name="importé le"),
        ),
        migrations.AddField(
            model_name="prisedeposte",
            name="annulee_le",
            field=models.DateTimeField(blank=True, null=True, verbose_name="annulée le"),
        ),
        migrations.AddField(
            model_name="prisedeposte",
            name="annulee_motif",
            field=models.TextField(blank=True, verbose_name="motif de l'annulation"),
        ),
        migrations.AlterField(
            model_name="importresultats",
            name="compte_rendu",
            field=models.JSONField(blank=True, default=list, verbose_name="compte rendu"),
        ),
        migrations.AlterField(
            model_name="importresultats",
            name="created_at",
            field=models.DateTimeField(auto_now_add=True, verbose_name="déposé le"),
        ),
        migrations.AlterField(
            model_name="importresultats",
            name="par",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="comptes.role",
                verbose_name="déposé par",
            ),
        ),
        migrations.AlterField(
            model_name="importresultats",
            name="prises",
            field=models.PositiveIntegerField(default=0, verbose_name="lignes prises"),
        ),
        migrations.AlterField(
            model_name="prisedeposte",
            name="contrat",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="prises_de_poste",
                to="postes.contrat",
                verbose_name="contrat",
            ),
        ),
        migrations.AddConstraint(
            model_name="prisedeposte",
            constraint=models.UniqueConstraint(
                condition=models.Q(("annulee_le", None)),
                fields=("contrat",),
                name="prise_de_poste_une_par_contrat",
                violation_error_message="La prise de poste est déjà enregistrée.",
            ),
        ),
        migrations.AddConstraint(
            model_name="prisedeposte",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("annulee_le", None), ("annulee_motif", "")),
                    models.Q(("annulee_le__isnull", False), models.Q(("annulee_motif", ""), _negated=True)),
                    _connector="OR",
                ),
                name="prise_de_poste_annulation_motivee",
                violation_error_message="Une prise de poste annulée porte un motif.",
            ),
        ),
    ]
