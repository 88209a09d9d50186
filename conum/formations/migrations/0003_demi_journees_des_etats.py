"""Une demi-journée signée ne compte que dans un état récapitulatif."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("formations", "0002_prise_de_poste_annulee"),
    ]

    operations = [
        migrations.CreateModel(
            name="LigneEmargement",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("minutes", models.PositiveIntegerField(verbose_name="minutes")),
                ("actif", models.BooleanField(default=True, verbose_name="compte")),
            ],
            options={
                "verbose_name": "demi-journée d'un état récapitulatif",
                "verbose_name_plural": "demi-journées d'un état récapitulatif",
            },
        ),
        migrations.RemoveConstraint(
            model_name="ligneetat",
            name="ligne_etat_montant",
        ),
        migrations.AddField(
            model_name="ligneetat",
            name="actif",
            field=models.BooleanField(default=True, verbose_name="compte"),
        ),
        migrations.AddField(
            model_name="ligneetat",
            name="prix",
            field=models.DecimalField(
                blank=True, decimal_places=2, max_digits=9, null=True, verbose_name="prix par conseiller"
            ),
        ),
        migrations.AlterField(
            model_name="ligneetat",
            name="montant",
            field=models.DecimalField(blank=True, decimal_places=2, max_digits=10, null=True, verbose_name="montant"),
        ),
        migrations.AddConstraint(
            model_name="ligneetat",
            constraint=models.UniqueConstraint(
                condition=models.Q(("actif", True), ("nature", "certification")),
                fields=("inscription",),
                name="ligne_etat_certification_une_fois",
                violation_error_message="La certification de cette personne est déjà dans un état.",
            ),
        ),
        migrations.AddConstraint(
            model_name="ligneetat",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("montant", None), ("prix", None)),
                    models.Q(("montant__gte", 0), ("montant__lte", models.F("prix")), ("prix__gt", 0)),
                    _connector="OR",
                ),
                name="ligne_etat_montant",
                violation_error_message="Le montant d'une ligne va de zéro au prix de la personne.",
            ),
        ),
        migrations.AddField(
            model_name="ligneemargement",
            name="emargement",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="lignes_etat",
                to="formations.emargement",
                verbose_name="émargement",
            ),
        ),
        migrations.AddField(
            model_name="ligneemargement",
            name="inscription",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="formations.inscription",
                verbose_name="inscription",
            ),
        ),
        migrations.AddField(
            model_name="ligneemargement",
            name="ligne",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="demi_journees",
                to="formations.ligneetat",
                verbose_name="ligne",
            ),
        ),
        migrations.AddField(
            model_name="ligneemargement",
            name="seance",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="formations.seance",
                verbose_name="séance",
            ),
        ),
        migrations.AddConstraint(
            model_name="ligneemargement",
            constraint=models.UniqueConstraint(
                condition=models.Q(("actif", True)),
                fields=("seance", "inscription"),
                name="demi_journee_comptee_une_fois",
                violation_error_message="Cette demi-journée est déjà dans un état.",
            ),
        ),
        migrations.AddConstraint(
            model_name="ligneemargement",
            constraint=models.CheckConstraint(
                condition=models.Q(("minutes__gt", 0)),
                name="demi_journee_minutes",
                violation_error_message="Une demi-journée compte des minutes.",
            ),
        ),
    ]
