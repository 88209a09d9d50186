from __future__ import annotations

from django.db import models
from django.db.models import CheckConstraint, Q

from conum.comptes.models import Role
from conum.conventions.models.acte import Acte
from conum.conventions.models.convention import Convention
from conum.conventions.states import EtatPiece


class TypePiece(models.TextChoices):
    """Pièces demandées selon la forme juridique (facts-and-asks § 1.3), et exemplaire papier d'un acte signé."""

    IDENTITE = "identite", "Pièce d'identité du représentant légal"
    NOMINATION = "nomination", "Document qui nomme le représentant ou lui donne délégation"
    BUREAU = "bureau", "Liste du bureau, datée et signée"
    STATUTS = "statuts", "Statuts"
    ASSEMBLEE = "assemblee", "Procès-verbal de la dernière assemblée générale"
    COMPTES = "comptes", "Derniers comptes certifiés, ou signés de l'expert-comptable ou du président"
    SIRENE = "sirene", "Avis de situation SIRENE de moins de trois mois"
    RIB = "rib", "Relevé d'identité bancaire"
    EXEMPLAIRE = "exemplaire", "Exemplaire papier signé"


class Piece(models.Model):
    """Une pièce du dossier de convention, demandée puis reçue, et ce qu'un agent en a dit."""

    convention = models.ForeignKey(
        Convention, on_delete=models.PROTECT, related_name="pieces", verbose_name="convention"
    )
    type = models.CharField("type", max_length=20, choices=TypePiece.choices)
    # L'acte dont c'est l'exemplaire papier ; vide pour les autres pièces.
    acte = models.ForeignKey(
        Acte, on_delete=models.PROTECT, null=True, blank=True, related_name="exemplaires", verbose_name="acte"
    )
    etat = models.CharField("état", max_length=20, choices=EtatPiece.choices, default=EtatPiece.DEMANDEE)
    fichier = models.FileField("fichier", upload_to="conventions/pieces/", blank=True, max_length=200)
    nom_fichier = models.CharField("nom du fichier", max_length=200, blank=True)
    sha256 = models.CharField("empreinte du fichier", max_length=64, blank=True)
    motif_refus = models.TextField("motif du refus", blank=True)
    deposee_par = models.ForeignKey(
        Role, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name="déposée par"
    )
    deposee_le = models.DateTimeField("déposée le", null=True, blank=True)
    traitee_le = models.DateTimeField("traitée le", null=True, blank=True)
    # Le fichier s'efface à la fin de sa conservation ; la ligne et son empreinte restent.
    efface_le = models.DateTimeField("fichier effacé le", null=True, blank=True)
    created_at = models.DateTimeField("demandée le", auto_now_add=True)

    class Meta:
        verbose_name = "pièce"
        constraints = (
            models.UniqueConstraint(
                fields=("convention", "type", "acte"),
                nulls_distinct=False,
                name="piece_unique",
                violation_error_message="Cette pièce est déjà demandée.",
            ),
            CheckConstraint(
                name="piece_exemplaire_d_un_acte",
                condition=Q(type=TypePiece.EXEMPLAIRE, acte__isnull=False)
                | (~Q(type=TypePiece.EXEMPLAIRE) & Q(acte=None)),
                violation_error_message="Un exemplaire papier est celui d'un acte.",
            ),
            CheckConstraint(
                name="piece_recue_avec_fichier",
                condition=Q(etat=EtatPiece.DEMANDEE, fichier="")
                | (~Q(etat=EtatPiece.DEMANDEE) & (~Q(fichier="") | Q(efface_le__isnull=False))),
                violation_error_message="Une pièce reçue a un fichier.",
            ),
            CheckConstraint(
                name="piece_refus_motive",
                condition=Q(etat=EtatPiece.REFUSEE) & ~Q(motif_refus="")
                | ~Q(etat=EtatPiece.REFUSEE) & Q(motif_refus=""),
                violation_error_message="Un refus porte un motif.",
            ),
        )

    def __str__(self) -> str:
        return f"{self.get_type_display()} ({self.convention})"
