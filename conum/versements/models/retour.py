from __future__ import annotations

from django.db import models
from django.db.models import CheckConstraint, Q

from conum.comptes.models import Role
from conum.versements.models.lot import LigneLot
from conum.versements.states import EtatRapprochement


class SensRetour(models.TextChoices):
    PAYE = "paye", "Payé"
    REJETE = "rejete", "Rejeté"


class RetourBancaire(models.Model):
    """Un fichier rendu par la banque, importé une fois : son empreinte le reconnaît."""

    nom_fichier = models.CharField("nom du fichier", max_length=200)
    format = models.CharField("format", max_length=20)
    sha256 = models.CharField(
        "empreinte du fichier",
        max_length=64,
        unique=True,
        error_messages={"unique": "Ce fichier a déjà été importé."},
    )
    role = models.ForeignKey(Role, on_delete=models.PROTECT, related_name="+", verbose_name="importé par")
    created_at = models.DateTimeField("importé le", auto_now_add=True)

    class Meta:
        verbose_name = "retour bancaire"
        verbose_name_plural = "retours bancaires"

    def __str__(self) -> str:
        return self.nom_fichier


class LigneRetour(models.Model):
    """Une ligne du fichier : rapprochée d'une ligne de lot, ou gardée pour qu'une personne la traite."""

    retour = models.ForeignKey(RetourBancaire, on_delete=models.PROTECT, related_name="lignes", verbose_name="retour")
    numero = models.PositiveIntegerField("numéro dans le fichier")
    reference = models.CharField("identifiant de bout en bout", max_length=35, blank=True)
    sens = models.CharField("sens", max_length=10, choices=SensRetour.choices)
    montant = models.DecimalField("montant", max_digits=12, decimal_places=2, null=True, blank=True)
    date = models.DateField("date de valeur", null=True, blank=True)
    motif = models.CharField("motif de la banque", max_length=200, blank=True)
    texte = models.TextField("ligne telle que reçue", blank=True)
    etat = models.CharField("état", max_length=15, choices=EtatRapprochement.choices)
    # Pourquoi la machine n'a pas rapproché, ou ce qu'une personne en a dit.
    explication = models.TextField("explication", blank=True)
    ligne_lot = models.ForeignKey(
        LigneLot, on_delete=models.PROTECT, null=True, blank=True, related_name="retours", verbose_name="ligne de lot"
    )

    class Meta:
        verbose_name = "ligne de retour"
        verbose_name_plural = "lignes de retour"
        constraints = (
            models.UniqueConstraint(fields=("retour", "numero"), name="ligne_retour_unique"),
            models.UniqueConstraint(
                fields=("ligne_lot",),
                condition=Q(etat=EtatRapprochement.RAPPROCHEE),
                name="ligne_retour_un_rapprochement",
                violation_error_message="Cette ligne de lot a déjà son retour.",
            ),
            CheckConstraint(
                name="ligne_retour_rapprochee",
                condition=Q(etat=EtatRapprochement.RAPPROCHEE, ligne_lot__isnull=False)
                | (~Q(etat=EtatRapprochement.RAPPROCHEE) & Q(ligne_lot=None)),
                violation_error_message="Une ligne rapprochée dit de quelle ligne de lot.",
            ),
        )

    def __str__(self) -> str:
        return f"Ligne {self.numero} de {self.retour}"
