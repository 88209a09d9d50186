"""Un état récapitulatif se paie dans un lot, un organisme de formation a son compte."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("formations", "0003_demi_journees_des_etats"),
        ("structures", "0001_initial"),
        ("versements", "0005_mouvement_du_solde"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="lignelot",
            name="etat_recapitulatif",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="lignes_de_lot",
                to="formations.etatrecapitulatif",
                verbose_name="état récapitulatif",
            ),
        ),
        migrations.AddField(
            model_name="lignelot",
            name="payee_le",
            field=models.DateField(blank=True, null=True, verbose_name="payée le"),
        ),
        migrations.AddField(
            model_name="rib",
            name="organisme",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="ribs",
                to="formations.organisme",
                verbose_name="organisme de formation",
            ),
        ),
        migrations.AlterField(
            model_name="lignelot",
            name="echeance",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="lignes_de_lot",
                to="versements.echeance",
                verbose_name="échéance",
            ),
        ),
        migrations.AlterField(
            model_name="rib",
            name="structure",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="ribs",
                to="structures.structure",
                verbose_name="structure",
            ),
        ),
        migrations.AddConstraint(
            model_name="lignelot",
            constraint=models.UniqueConstraint(
                condition=models.Q(("actif", True)),
                fields=("etat_recapitulatif",),
                name="ligne_lot_etat_une_fois",
                violation_error_message="Cet état est déjà dans un lot.",
            ),
        ),
        migrations.AddConstraint(
            model_name="lignelot",
            constraint=models.UniqueConstraint(
                fields=("lot", "etat_recapitulatif"),
                name="ligne_lot_etat_unique",
                violation_error_message="Cet état est déjà dans ce lot.",
            ),
        ),
        migrations.AddConstraint(
            model_name="lignelot",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("echeance__isnull", False), ("etat_recapitulatif", None)),
                    models.Q(("echeance", None), ("etat_recapitulatif__isnull", False)),
                    _connector="OR",
                ),
                name="ligne_lot_un_objet",
                violation_error_message="Une ligne paie une échéance ou un état récapitulatif.",
            ),
        ),
        migrations.AddConstraint(
            model_name="rib",
            constraint=models.UniqueConstraint(
                condition=models.Q(("etat", "actif")),
                fields=("organisme",),
                name="rib_un_seul_actif_organisme",
                violation_error_message="Un organisme a un seul compte actif.",
            ),
        ),
        migrations.AddConstraint(
            model_name="rib",
            constraint=models.UniqueConstraint(
                condition=models.Q(("etat", "propose")),
                fields=("organisme",),
                name="rib_un_seul_a_confirmer_organisme",
                violation_error_message="Des coordonnées attendent déjà d'être confirmées.",
            ),
        ),
        migrations.AddConstraint(
            model_name="rib",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("organisme", None), ("structure__isnull", False)),
                    models.Q(("organisme__isnull", False), ("structure", None)),
                    _connector="OR",
                ),
                name="rib_un_beneficiaire",
                violation_error_message="Un compte est celui d'une structure ou d'un organisme.",
            ),
        ),
    ]
