from __future__ import annotations

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import CheckConstraint, Q
from django.db.models.functions import TruncMonth

from conum.formations.models.inscription import Inscription
from conum.formations.models.organisme import Organisme

NOTE_MIN, NOTE_MAX = 1, 5


class Moment(models.TextChoices):
    FIN = "fin", "À la fin de la formation"
    TROIS_MOIS = "trois_mois", "Trois mois après"


class InvitationSatisfaction(models.Model):
    """Une personne est invitée à répondre, une fois par moment. Sa réponse, elle, ne porte pas son nom."""

    inscription = models.ForeignKey(
        Inscription, on_delete=models.PROTECT, related_name="invitations_satisfaction", verbose_name="inscription"
    )
    organisme = models.ForeignKey(Organisme, on_delete=models.PROTECT, related_name="+", verbose_name="organisme")
    moment = models.CharField("moment", max_length=15, choices=Moment.choices)
    envoyee_le = models.DateTimeField("envoyée le", auto_now_add=True)
    repondue = models.BooleanField("a répondu", default=False)

    class Meta:
        verbose_name = "invitation à répondre"
        verbose_name_plural = "invitations à répondre"
        constraints = (
            models.UniqueConstraint(
                fields=("inscription", "moment"),
                name="satisfaction_une_invitation",
                violation_error_message="Cette personne a déjà été invitée à répondre.",
            ),
        )

    def __str__(self) -> str:
        return f"{self.get_moment_display()}, {self.inscription}"


class ReponseSatisfaction(models.Model):
    """Une réponse, sans la personne ni le jour : `mois` est le premier du mois. Montrée à partir de cinq réponses."""

    organisme = models.ForeignKey(
        Organisme, on_delete=models.PROTECT, related_name="reponses_satisfaction", verbose_name="organisme"
    )
    moment = models.CharField("moment", max_length=15, choices=Moment.choices)
    mois = models.DateField("mois")
    notes = models.JSONField("notes par question", default=dict)
    globale = models.PositiveSmallIntegerField(
        "note globale", validators=[MinValueValidator(NOTE_MIN), MaxValueValidator(NOTE_MAX)]
    )
    commentaire = models.TextField("commentaire", blank=True, max_length=1_000)

    class Meta:
        verbose_name = "réponse de satisfaction"
        verbose_name_plural = "réponses de satisfaction"
        constraints = (
            CheckConstraint(
                name="satisfaction_note",
                condition=Q(globale__gte=NOTE_MIN, globale__lte=NOTE_MAX),
                violation_error_message="Une note va de 1 à 5.",
            ),
            CheckConstraint(
                name="satisfaction_mois",
                condition=Q(mois=TruncMonth("mois")),
                violation_error_message="Une réponse ne garde que son mois.",
            ),
        )

    def __str__(self) -> str:
        return f"{self.organisme}, {self.mois:%m/%Y}"
