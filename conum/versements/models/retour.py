from __future__ import annotations

from django.db import models
from django.db.models import CheckConstraint, Q

from conum.comptes.models import Role
from conum.versements.models.echeance import Echeance
from conum.versements.models.lot import LigneLot
from conum.versements.states import EtatRapprochement


class SensRetour(models.TextChoices):
    PAYE = "paye", "Payé"
    REJETE = "rejete", "Rejeté"
    RECU = "recu", "Reçu d'une structure"


class RetourBancaire(models.Model):
    """Un fichier rendu par la banque, lu puis appliqué une fois : son empreinte le reconnaît.

    Déposé, il ne change rien : `operations` garde ce qui y a été lu, que l'on montre avant d'appliquer.
    """

    nom_fichier = models.CharField("nom du fichier", max_length=200)
    format = models.CharField("format", max_length=20)
    sha256 = models.CharField(
        "empreinte du fichier",
        max_length=64,
        unique=True,
        error_messages={"unique": "Ce fichier a déjà été importé."},
    )
    role = models.ForeignKey(Role, on_delete=models.PROTECT, related_name="+", verbose_name="importé par")
    operations = models.JSONField("opérations lues", default=list, blank=True)
    created_at = models.DateTimeField("déposé le", auto_now_add=True)
    applique_le = models.DateTimeField("importé le", null=True, blank=True)

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
    # La somme qu'une structure devait rendre, quand la ligne est un virement reçu.
    reversement = models.ForeignKey(
        Echeance, on_delete=models.PROTECT, null=True, blank=True, related_name="retours", verbose_name="reversement"
    )

    class Meta:
        verbose_name = "ligne de retour"
        verbose_name_plural = "lignes de retour"
        constraints = (
            models.UniqueConstraint(
                fields=("retour", "numero"),
                name="ligne_retour_unique",
                violation_error_message="Cette ligne du fichier est déjà importée.",
            ),
            # Un virement payé peut encore revenir : un constat par sens.
            models.UniqueConstraint(
                fields=("ligne_lot", "sens"),
                condition=Q(etat=EtatRapprochement.RAPPROCHEE),
                name="ligne_retour_un_rapprochement",
                violation_error_message="Cette ligne de lot a déjà son retour.",
            ),
            models.UniqueConstraint(
                fields=("reversement",),
                condition=Q(etat=EtatRapprochement.RAPPROCHEE),
                name="ligne_retour_un_reversement",
                violation_error_message="Ce reversement a déjà son virement.",
            ),
            CheckConstraint(
                name="ligne_retour_rapprochee",
                condition=Q(
                    Q(ligne_lot__isnull=False, reversement=None) | Q(ligne_lot=None, reversement__isnull=False),
                    etat=EtatRapprochement.RAPPROCHEE,
                )
                | (~Q(etat=EtatRapprochement.RAPPROCHEE) & Q(ligne_lot=None, reversement=None)),
                violation_error_message="Une ligne rapprochée dit de quelle ligne de lot, ou de quel reversement.",
            ),
        )
        indexes = (models.Index(fields=("etat", "retour"), name="ligne_retour_file"),)

    def __str__(self) -> str:
        return f"Ligne {self.numero} de {self.retour}"

    @property
    def est_a_traiter(self) -> bool:
        return self.etat == EtatRapprochement.A_TRAITER
