from __future__ import annotations

from datetime import date

from django.db import models
from django.db.models import Q

from conum.comptes.models import Role
from conum.recrutement.states import EtatPasse


class ReglageAppariement(models.Model):
    """Plafonds de l'appariement à partir d'une date : un réglage du programme, jamais une constante."""

    a_partir_du = models.DateField(
        "à partir du", unique=True, error_messages={"unique": "Un réglage prend déjà effet ce jour-là."}
    )
    max_par_poste = models.PositiveSmallIntegerField("propositions par poste vacant", default=3)
    max_par_candidat = models.PositiveSmallIntegerField("propositions ouvertes par candidat", default=3)
    motif = models.TextField("motif", blank=True)
    role = models.ForeignKey(Role, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField("fixé le", auto_now_add=True)

    class Meta:
        verbose_name = "réglage de l'appariement"
        verbose_name_plural = "réglages de l'appariement"
        constraints = (
            models.CheckConstraint(
                name="reglage_appariement_bornes",
                condition=Q(max_par_poste__range=(1, 20), max_par_candidat__range=(1, 20)),
                violation_error_message="Un plafond va de 1 à 20.",
            ),
        )

    def __str__(self) -> str:
        plafonds = f"{self.max_par_poste} par poste, {self.max_par_candidat} par candidat"
        return f"{plafonds} depuis le {self.a_partir_du:%d/%m/%Y}"

    @classmethod
    def au(cls, jour: date) -> ReglageAppariement:
        """Le réglage en vigueur ce jour-là ; celui par défaut (3 et 3) si l'on n'en a jamais fixé."""
        return cls.objects.filter(a_partir_du__lte=jour).order_by("-a_partir_du").first() or cls(a_partir_du=jour)


class Passe(models.Model):
    """Un passage de l'appariement sur tout le pays : ses réglages, son bilan, son rapport d'équité."""

    etat = models.CharField("état", max_length=20, choices=EtatPasse.choices, default=EtatPasse.EN_COURS)
    declenchee_par = models.ForeignKey(
        Role, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name="déclenchée par"
    )
    jour = models.DateField("jour")
    version = models.CharField("version de l'algorithme", max_length=20)
    ponderation = models.CharField("version de la pondération", max_length=20)
    # {"max_par_poste": 3, "max_par_candidat": 3, "poids": {…}} : de quoi refaire le calcul.
    parametres = models.JSONField("paramètres", default=dict, blank=True)
    # Nombres du passage : besoins, candidats, paires possibles, servis avant et après, propositions, coût, écart.
    bilan = models.JSONField("bilan", default=dict, blank=True)
    equite = models.JSONField("rapport d'équité", default=dict, blank=True)
    # Prix d'une place (variables duales), par identifiant : ils expliquent pourquoi une paire n'a pas été proposée.
    # Gardés pour le dernier passage seulement.
    prix_recrutements = models.JSONField("prix des recrutements", default=dict, blank=True)
    prix_candidats = models.JSONField("prix des candidats", default=dict, blank=True)
    erreur = models.TextField("erreur", blank=True)
    debut = models.DateTimeField("début")
    fin = models.DateTimeField("fin", null=True, blank=True)

    class Meta:
        verbose_name = "passage de l'appariement"
        verbose_name_plural = "passages de l'appariement"
        constraints = (
            models.UniqueConstraint(
                fields=("etat",),
                condition=Q(etat=EtatPasse.EN_COURS),
                name="passe_une_en_cours",
                violation_error_message="Un passage est déjà en cours.",
            ),
            models.CheckConstraint(
                name="passe_finie_datee",
                condition=Q(etat=EtatPasse.EN_COURS, fin=None) | (~Q(etat=EtatPasse.EN_COURS) & Q(fin__isnull=False)),
                violation_error_message="Un passage fini porte sa date de fin.",
            ),
        )
        indexes = (models.Index(fields=("-debut",), name="passe_recente"),)

    def __str__(self) -> str:
        return f"Passage du {self.jour:%d/%m/%Y} (n° {self.pk})"
