from __future__ import annotations

from django.db import models
from django.db.models import CheckConstraint, Q

from conum.formations.models.inscription import Inscription
from conum.formations.models.session import Place, Seance
from conum.formations.rules import assiduite as regles
from conum.socle.codes import LONGUEUR_CODE, lisible, nouveau_code


class VoieSignature(models.TextChoices):
    """Comment une signature a été donnée."""

    ESPACE = "espace", "Depuis son espace"
    LIEN = "lien", "Depuis un lien reçu par courriel"
    TABLETTE = "tablette", "Sur la tablette du formateur, avec un code personnel"
    ORGANISME = "organisme", "Par un agent de l'organisme"


class MotifAbsence(models.TextChoices):
    """Les absences justifiées ; sans motif, l'absence donne l'alerte."""

    MALADIE = "maladie", "Arrêt de travail, maladie"
    ENFANT = "enfant", "Enfant malade"
    EMPLOYEUR = "employeur", "Retenue par la structure"
    TRANSPORT = "transport", "Transport empêché"
    TECHNIQUE = "technique", "Panne technique (à distance)"
    AUTRE = "autre", "Autre raison"


class EmargementQuerySet(models.QuerySet["Emargement"]):
    def valables(self) -> EmargementQuerySet:
        return self.filter(annule_le=None)

    def faits(self) -> EmargementQuerySet:
        """Signés des deux mains : les seules heures qui comptent."""
        return self.valables().filter(absent=False, signe_apprenant_le__isnull=False, signe_formateur_le__isnull=False)


class Emargement(models.Model):
    """Une personne à une demi-journée : deux signatures, ou une absence et son motif.

    Une signature ne se retire pas : une ligne fausse s'annule, avec un motif, et une autre prend sa place.
    """

    seance = models.ForeignKey(Seance, on_delete=models.PROTECT, related_name="emargements", verbose_name="séance")
    place = models.ForeignKey(Place, on_delete=models.PROTECT, related_name="emargements", verbose_name="place")
    signe_apprenant_le = models.DateTimeField("signé par l'apprenant le", null=True, blank=True)
    apprenant_voie = models.CharField("voie", max_length=15, blank=True, choices=VoieSignature.choices)
    signe_formateur_le = models.DateTimeField("signé par le formateur le", null=True, blank=True)
    formateur_voie = models.CharField("voie", max_length=15, blank=True, choices=VoieSignature.choices)
    formateur_nom = models.CharField("nom du formateur", max_length=150, blank=True)
    absent = models.BooleanField("absence", default=False)
    absence_motif = models.CharField("motif de l'absence", max_length=15, blank=True, choices=MotifAbsence.choices)
    absence_precision = models.CharField("précision", max_length=300, blank=True)
    annule_le = models.DateTimeField("annulé le", null=True, blank=True)
    annule_motif = models.TextField("motif de l'annulation", blank=True)
    created_at = models.DateTimeField("ouvert le", auto_now_add=True)

    objects = EmargementQuerySet.as_manager()

    class Meta:
        verbose_name = "émargement"
        constraints = (
            models.UniqueConstraint(
                fields=("seance", "place"),
                condition=Q(annule_le=None),
                name="emargement_un_par_seance",
                violation_error_message="Cette demi-journée est déjà émargée.",
            ),
            CheckConstraint(
                name="emargement_present_ou_absent",
                condition=Q(absent=False, absence_motif="") | Q(absent=True, signe_apprenant_le=None),
                violation_error_message="Une personne absente n'a pas signé, une personne présente n'a pas de motif.",
            ),
            CheckConstraint(
                name="emargement_formateur_nomme",
                condition=Q(signe_formateur_le=None) | ~Q(formateur_nom=""),
                violation_error_message="La signature du formateur porte son nom.",
            ),
            CheckConstraint(
                name="emargement_annulation_motivee",
                condition=Q(annule_le=None, annule_motif="") | Q(annule_le__isnull=False) & ~Q(annule_motif=""),
                violation_error_message="Un émargement annulé porte un motif.",
            ),
        )

    def __str__(self) -> str:
        return f"{self.place}, {self.seance}"

    @property
    def regle(self) -> regles.Emargement:
        """Pour les règles d'assiduité ; `seance` doit être chargée."""
        return regles.Emargement(
            self.seance.demi_journee,
            signe_apprenant=self.signe_apprenant_le is not None,
            signe_formateur=self.signe_formateur_le is not None,
            absent=self.absent,
            motif=self.absence_motif,
        )


class AttestationQuerySet(models.QuerySet["Attestation"]):
    def valables(self) -> AttestationQuerySet:
        return self.filter(annulee_le=None)


class Attestation(models.Model):
    """L'attestation de fin de formation : un PDF figé, vérifiable sans compte par son code.

    `donnees` : ce qui est imprimé ; `sha256` : l'empreinte du PDF. Annulée, elle reste, et sa page le dit.
    """

    inscription = models.ForeignKey(
        Inscription, on_delete=models.PROTECT, related_name="attestations", verbose_name="inscription"
    )
    code = models.CharField(
        "code de vérification", max_length=LONGUEUR_CODE, unique=True, default=nouveau_code, editable=False
    )
    delivree_le = models.DateField("délivrée le")
    minutes = models.PositiveIntegerField("minutes suivies")
    donnees = models.JSONField("données figées", default=dict)
    modele_code = models.CharField("version du modèle", max_length=30)
    modele_empreinte = models.CharField("empreinte du modèle", max_length=64)
    document = models.FileField("document", upload_to="formations/attestations/", max_length=200)
    sha256 = models.CharField("empreinte SHA-256 du document", max_length=64)
    annulee_le = models.DateTimeField("annulée le", null=True, blank=True)
    annulee_motif = models.TextField("motif de l'annulation", blank=True)
    # Passé le délai de conservation, le document et ses données s'effacent ; code, date et empreinte restent.
    efface_le = models.DateTimeField("document effacé le", null=True, blank=True)
    created_at = models.DateTimeField("produite le", auto_now_add=True)

    objects = AttestationQuerySet.as_manager()

    class Meta:
        verbose_name = "attestation"
        constraints = (
            models.UniqueConstraint(
                fields=("inscription",),
                condition=Q(annulee_le=None),
                name="attestation_une_par_inscription",
                violation_error_message="L'attestation est déjà délivrée.",
            ),
            CheckConstraint(
                name="attestation_empreinte",
                condition=Q(sha256__regex=r"^[0-9a-f]{64}$"),
                violation_error_message="Une attestation porte l'empreinte de son document.",
            ),
            CheckConstraint(
                name="attestation_annulation_motivee",
                condition=Q(annulee_le=None, annulee_motif="") | Q(annulee_le__isnull=False) & ~Q(annulee_motif=""),
                violation_error_message="Une attestation annulée porte un motif.",
            ),
        )

    def __str__(self) -> str:
        return f"Attestation de {self.inscription}"

    @property
    def code_lisible(self) -> str:
        return lisible(self.code)
