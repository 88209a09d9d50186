from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q

from conum.comptes.models import Role
from conum.recrutement.models.recrutement import Recrutement


class ConsultationVivier(models.Model):
    """Une recherche d'une structure autour de ses postes : qui, quels critères, quels candidats montrés.

    Écrite avant de montrer quoi que ce soit (POST), relue par la page de résultats (GET).
    """

    recrutement = models.ForeignKey(
        Recrutement, on_delete=models.PROTECT, related_name="consultations", verbose_name="recrutement"
    )
    role = models.ForeignKey(Role, on_delete=models.PROTECT, related_name="+", verbose_name="par")
    rayon_km = models.PositiveSmallIntegerField("rayon (km)")
    criteres = models.JSONField("critères", default=dict)
    candidats = ArrayField(models.BigIntegerField(), verbose_name="candidats montrés", default=list)
    created_at = models.DateTimeField("le", auto_now_add=True)

    class Meta:
        verbose_name = "consultation du vivier"
        verbose_name_plural = "consultations du vivier"
        constraints = (
            models.CheckConstraint(
                name="consultation_rayon_borne",
                condition=Q(rayon_km__range=(1, 100)),
                violation_error_message="Cherchez à 100 km au plus de vos postes.",
            ),
        )
        indexes = (
            models.Index(fields=("created_at",), name="consultation_ecrite"),
            # « Qui m'a vu ? » : l'export d'une personne cherche son numéro dans les listes.
            GinIndex(fields=("candidats",), name="consultation_candidats", fastupdate=False),
        )

    def __str__(self) -> str:
        return f"{self.recrutement} : {len(self.candidats)} candidats à {self.rayon_km} km"


class PreferenceRappels(models.Model):
    """Un membre de structure qui ne veut plus de rappels ; les messages qui engagent lui arrivent toujours."""

    role = models.OneToOneField(
        Role, on_delete=models.CASCADE, related_name="preference_rappels", verbose_name="membre"
    )
    refuses_le = models.DateTimeField("rappels refusés le")

    class Meta:
        verbose_name = "préférence de rappels"
        verbose_name_plural = "préférences de rappels"

    def __str__(self) -> str:
        return f"{self.role} : sans rappels"
