from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import CheckConstraint, Q

from conum.comptes.models import Role, TypeRole
from conum.formations.models.inscription import Inscription
from conum.formations.models.organisme import Organisme
from conum.formations.states import MODULES_COMPTES, EtatModule
from conum.journal.acteurs import Acteur


class ModuleQuerySet(models.QuerySet["InscriptionModule"]):
    def visibles_par(self, acteur: Acteur) -> ModuleQuerySet:
        """La personne elle-même, l'organisme du module, l'ANCT ; l'employeur et les agents par l'inscription."""
        if not isinstance(acteur, Role):
            return self.none()
        match acteur.type:
            case TypeRole.ANCT:
                return self
            case TypeRole.CONSEILLER:
                return self.filter(personne=acteur.utilisateur_id)
            case TypeRole.ORGANISME if acteur.code:
                return self.filter(organisme__code=acteur.code)
        return self.filter(personne__in=Inscription.objects.visibles_par(acteur).order_by().values("personne"))

    def comptes(self) -> ModuleQuerySet:
        return self.filter(etat__in=sorted(MODULES_COMPTES))


class InscriptionModule(models.Model):
    """Un module de formation continue demandé par un conseiller. `code` : celui du catalogue de sa date.

    Pris en charge ou non : se déduit du quota (`rules.droits`), n'est jamais stocké.
    """

    personne = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="modules_formation", verbose_name="personne"
    )
    code = models.CharField("module", max_length=50)
    jour = models.DateField("commence le")
    organisme = models.ForeignKey(
        Organisme, on_delete=models.PROTECT, null=True, blank=True, related_name="modules", verbose_name="organisme"
    )
    etat = models.CharField("état", max_length=15, choices=EtatModule.choices, default=EtatModule.DEMANDE)
    motif = models.TextField("motif du refus", blank=True)
    created_at = models.DateTimeField("demandé le", auto_now_add=True)

    objects = ModuleQuerySet.as_manager()

    class Meta:
        verbose_name = "module de formation continue"
        verbose_name_plural = "modules de formation continue"
        constraints = (
            models.UniqueConstraint(
                fields=("personne", "code", "jour"),
                condition=Q(etat__in=sorted(MODULES_COMPTES)),
                name="module_une_fois",
                violation_error_message="Ce module est déjà demandé pour ce jour.",
            ),
            CheckConstraint(
                name="module_refus_motive",
                condition=Q(etat=EtatModule.REFUSE) & ~Q(motif="") | ~Q(etat=EtatModule.REFUSE) & Q(motif=""),
                violation_error_message="Un refus porte un motif.",
            ),
        )

    def __str__(self) -> str:
        return f"{self.code}, {self.jour:%d/%m/%Y}"
