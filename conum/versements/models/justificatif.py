from __future__ import annotations

from django.contrib.postgres.fields import DateRangeField
from django.db import models
from django.db.models import CheckConstraint, Q

from conum.comptes.models import Role
from conum.conventions.models import Convention
from conum.versements.states import EtatJustificatif


class Justificatif(models.Model):
    """La preuve d'emploi de la subvention sur un terme : due à une date, rappelée, examinée.

    Ce qui a été versé pour le terme et dont l'emploi n'est pas prouvé est à rendre (article 8 de la convention ;
    facts-and-asks § 1.7).
    """

    convention = models.ForeignKey(
        Convention, on_delete=models.PROTECT, related_name="justificatifs", verbose_name="convention"
    )
    numero = models.PositiveSmallIntegerField("numéro du terme")
    periode = DateRangeField("période du terme")
    du_le = models.DateField("dû le")
    final = models.BooleanField("dernier terme", default=False)
    etat = models.CharField("état", max_length=15, choices=EtatJustificatif.choices, default=EtatJustificatif.ATTENDU)
    montant_declare = models.DecimalField(
        "montant employé, déclaré", max_digits=12, decimal_places=2, null=True, blank=True
    )
    montant_justifie = models.DecimalField(
        "montant justifié, retenu", max_digits=12, decimal_places=2, null=True, blank=True
    )
    fichier = models.FileField("fichier", upload_to="versements/justificatifs/", blank=True, max_length=200)
    nom_fichier = models.CharField("nom du fichier", max_length=200, blank=True)
    commentaire = models.TextField("commentaire de la structure", blank=True)
    motif_refus = models.TextField("motif du refus", blank=True)
    depose_par = models.ForeignKey(
        Role, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name="déposé par"
    )
    depose_le = models.DateTimeField("déposé le", null=True, blank=True)
    traite_le = models.DateTimeField("examiné le", null=True, blank=True)
    rappels = models.PositiveSmallIntegerField("rappels envoyés", default=0)
    rappele_le = models.DateTimeField("dernier rappel le", null=True, blank=True)
    suspendu_le = models.DateTimeField("versements suspendus le", null=True, blank=True)
    created_at = models.DateTimeField("créé le", auto_now_add=True)

    class Meta:
        verbose_name = "justificatif"
        constraints = (
            models.UniqueConstraint(
                fields=("convention", "numero"),
                name="justificatif_un_par_terme",
                violation_error_message="Ce justificatif existe déjà.",
            ),
            CheckConstraint(
                name="justificatif_recu_complet",
                condition=~Q(etat__in=[EtatJustificatif.RECU, EtatJustificatif.ACCEPTE])
                | (Q(montant_declare__gte=0, depose_le__isnull=False) & ~Q(nom_fichier="")),
                violation_error_message="Un justificatif reçu porte un montant et un fichier.",
            ),
            CheckConstraint(
                name="justificatif_accepte_chiffre",
                condition=(Q(etat=EtatJustificatif.ACCEPTE) & Q(montant_justifie__gte=0))
                | (~Q(etat=EtatJustificatif.ACCEPTE) & Q(montant_justifie=None)),
                violation_error_message="Un justificatif accepté porte le montant justifié.",
            ),
            CheckConstraint(
                name="justificatif_refus_motive",
                condition=~Q(etat=EtatJustificatif.REFUSE) | ~Q(motif_refus=""),
                violation_error_message="Un refus porte un motif.",
            ),
        )
        indexes = (models.Index(fields=("etat", "du_le"), name="justificatif_file"),)

    def __str__(self) -> str:
        return f"Justificatif n° {self.numero} de {self.convention}"
