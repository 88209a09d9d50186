from __future__ import annotations

from datetime import date, timedelta

from django.contrib.postgres.fields import DateRangeField
from django.db import models
from django.db.models import CheckConstraint, Q

from conum.comptes.models import Role
from conum.conventions.models import Convention
from conum.versements.models.echeance import Echeance
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
    sha256 = models.CharField("empreinte du fichier", max_length=64, blank=True)
    commentaire = models.TextField("commentaire de la structure", blank=True)
    motif_refus = models.TextField("motif du refus", blank=True)
    depose_par = models.ForeignKey(
        Role, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name="déposé par"
    )
    depose_le = models.DateTimeField("déposé le", null=True, blank=True)
    traite_le = models.DateTimeField("examiné le", null=True, blank=True)
    rappels = models.PositiveSmallIntegerField("rappels envoyés", default=0)
    rappele_le = models.DateTimeField("dernier rappel le", null=True, blank=True)
    suspendu_le = models.DateTimeField("mise en demeure et versements suspendus le", null=True, blank=True)
    absence_le = models.DateTimeField("absence constatée le", null=True, blank=True)
    # Ce qui est à rendre pour ce terme ; remplacé quand une preuve arrive après coup.
    reversement = models.OneToOneField(
        Echeance, on_delete=models.PROTECT, null=True, blank=True, related_name="justificatif",
        verbose_name="reversement",
    )  # fmt: skip
    # Le fichier s'efface à la fin de sa conservation ; la ligne et son empreinte restent.
    efface_le = models.DateTimeField("fichier effacé le", null=True, blank=True)
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
            CheckConstraint(
                name="justificatif_absence_refuse",
                condition=Q(absence_le=None) | Q(etat=EtatJustificatif.REFUSE),
                violation_error_message="Une absence constatée vaut refus.",
            ),
        )
        indexes = (models.Index(fields=("etat", "du_le"), name="justificatif_file"),)

    def __str__(self) -> str:
        return f"Justificatif n° {self.numero} de {self.convention}"

    @property
    def dernier_jour(self) -> date:
        dernier: date = self.periode.upper - timedelta(days=1)
        return dernier

    @property
    def libelle_periode(self) -> str:
        return f"du {self.periode.lower:%d/%m/%Y} au {self.dernier_jour:%d/%m/%Y}"

    @property
    def est_clos(self) -> bool:
        """Accepté, ou son absence constatée : plus rien n'est attendu de ce terme."""
        return self.etat == EtatJustificatif.ACCEPTE or self.absence_le is not None


class Solde(models.Model):
    """L'arrêté final d'une convention terminée ou résiliée, écrit une fois : ce que l'État doit, ou ce qui lui revient.

    Retenu = le moindre de ce qui est dû sur les contrats vécus et de ce dont l'emploi est prouvé.
    """

    convention = models.OneToOneField(
        Convention, on_delete=models.PROTECT, related_name="solde", verbose_name="convention",
        error_messages={"unique": "Cette convention est déjà soldée."},
    )  # fmt: skip
    le = models.DateField("dernier jour compté")
    verse = models.DecimalField("versé", max_digits=12, decimal_places=2)
    demande = models.DecimalField("déjà demandé ou rendu", max_digits=12, decimal_places=2)
    remis = models.DecimalField("reversements auxquels l'État a renoncé", max_digits=12, decimal_places=2)
    du = models.DecimalField("dû sur les contrats vécus", max_digits=12, decimal_places=2)
    prouve = models.DecimalField("emploi prouvé", max_digits=12, decimal_places=2)
    a_verser = models.DecimalField("reste à verser", max_digits=12, decimal_places=2)
    a_rendre = models.DecimalField("reste à rendre", max_digits=12, decimal_places=2)
    trace = models.JSONField("trace du calcul", default=list, blank=True)
    # Le dernier versement ou le dernier reversement ; vide quand les comptes tombent juste.
    echeance = models.OneToOneField(
        Echeance, on_delete=models.PROTECT, null=True, blank=True, related_name="solde", verbose_name="échéance"
    )
    created_at = models.DateTimeField("arrêté le", auto_now_add=True)

    class Meta:
        verbose_name = "solde"
        constraints = (
            CheckConstraint(
                name="solde_d_un_cote",
                condition=Q(a_verser=0, a_rendre__gte=0) | Q(a_verser__gt=0, a_rendre=0),
                violation_error_message="Un solde est à verser ou à rendre, jamais les deux.",
            ),
            CheckConstraint(
                name="solde_son_echeance",
                condition=Q(a_verser=0, a_rendre=0, echeance=None)
                | (~Q(a_verser=0, a_rendre=0) & Q(echeance__isnull=False)),
                violation_error_message="Un solde qui n'est pas nul a son échéance.",
            ),
        )

    def __str__(self) -> str:
        return f"Solde de {self.convention}"
