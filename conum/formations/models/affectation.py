from __future__ import annotations

from django.db import models
from django.db.models import CheckConstraint, Q

from conum.comptes.models import Role
from conum.formations.models.inscription import Inscription
from conum.formations.models.session import SessionFormation
from conum.formations.states import EtatProposition


class PassageAffectation(models.Model):
    """Un calcul d'affectation : toutes les personnes qui attendent, toutes les sessions ouvertes, ce jour-là."""

    jour = models.DateField("jour")
    par = models.ForeignKey(
        Role, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name="demandé par"
    )
    personnes = models.PositiveIntegerField("personnes qui attendent")
    sessions = models.PositiveIntegerField("sessions ouvertes")
    placees = models.PositiveIntegerField("personnes placées")
    bilan = models.JSONField("bilan", default=dict)
    created_at = models.DateTimeField("calculé le", auto_now_add=True)

    class Meta:
        verbose_name = "passage d'affectation"
        verbose_name_plural = "passages d'affectation"

    def __str__(self) -> str:
        return f"Passage n° {self.pk}"


class PropositionSession(models.Model):
    """Ce que le calcul propose pour une personne : une session, ou aucune, et pourquoi. Un agent confirme."""

    passage = models.ForeignKey(
        PassageAffectation, on_delete=models.CASCADE, related_name="propositions", verbose_name="passage"
    )
    inscription = models.ForeignKey(
        Inscription, on_delete=models.PROTECT, related_name="propositions", verbose_name="inscription"
    )
    session = models.ForeignKey(
        SessionFormation, on_delete=models.PROTECT, null=True, blank=True, related_name="propositions",
        verbose_name="session proposée",
    )  # fmt: skip
    etat = models.CharField("état", max_length=15, choices=EtatProposition.choices, default=EtatProposition.PROPOSEE)
    explication = models.JSONField("explication", default=dict)
    motif = models.TextField("motif", blank=True)

    class Meta:
        verbose_name = "proposition de session"
        verbose_name_plural = "propositions de session"
        constraints = (
            models.UniqueConstraint(
                fields=("passage", "inscription"),
                name="proposition_une_par_passage",
                violation_error_message="Une proposition existe déjà pour cette personne.",
            ),
            models.UniqueConstraint(
                fields=("inscription",),
                condition=Q(etat=EtatProposition.PROPOSEE),
                name="proposition_une_a_confirmer",
                violation_error_message="Une proposition attend déjà d'être confirmée.",
            ),
            CheckConstraint(
                name="proposition_confirmee_avec_session",
                condition=~Q(etat=EtatProposition.CONFIRMEE) | Q(session__isnull=False),
                violation_error_message="On ne confirme qu'une session.",
            ),
        )

    def __str__(self) -> str:
        return f"{self.inscription} : {self.session or 'aucune session'}"
