from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import CheckConstraint, F, Q

from conum.formations.models import Organisme
from conum.structures.models import Structure
from conum.versements.states import EtatRib

Beneficiaire = Structure | Organisme
"""À qui l'État verse : une structure, sa subvention ; un organisme de formation, ce que paient ses états."""


class Rib(models.Model):
    """Le compte où l'État verse à une structure, ou à un organisme de formation.

    L'IBAN est chiffré ; l'écran n'en montre que la fin. Deux personnes : qui saisit n'est pas qui confirme, la base le
    refuse.
    """

    structure = models.ForeignKey(
        Structure, on_delete=models.PROTECT, null=True, blank=True, related_name="ribs", verbose_name="structure"
    )
    organisme = models.ForeignKey(
        Organisme, on_delete=models.PROTECT, null=True, blank=True, related_name="ribs",
        verbose_name="organisme de formation",
    )  # fmt: skip
    titulaire = models.CharField("titulaire du compte", max_length=70)
    iban_chiffre = models.BinaryField("IBAN chiffré")
    # HMAC de l'IBAN : reconnaît un même compte sans le déchiffrer.
    iban_empreinte = models.CharField("empreinte de l'IBAN", max_length=64)
    pays = models.CharField("pays", max_length=2)
    fin_iban = models.CharField("quatre derniers caractères", max_length=4)
    bic = models.CharField("BIC", max_length=11, blank=True)
    etat = models.CharField("état", max_length=15, choices=EtatRib.choices, default=EtatRib.PROPOSE)
    saisi_par = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name="saisi par"
    )
    confirme_par = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="confirmé par",
    )
    confirme_le = models.DateTimeField("confirmé le", null=True, blank=True)
    motif_refus = models.TextField("motif du refus", blank=True)
    remplace_le = models.DateTimeField("remplacé ou refusé le", null=True, blank=True)
    # Passé le délai de conservation, l'IBAN s'efface et la ligne reste.
    efface_le = models.DateTimeField("IBAN effacé le", null=True, blank=True)
    created_at = models.DateTimeField("saisi le", auto_now_add=True)

    class Meta:
        verbose_name = "coordonnées bancaires"
        verbose_name_plural = "coordonnées bancaires"
        constraints = (
            models.UniqueConstraint(
                fields=("structure",),
                condition=Q(etat=EtatRib.ACTIF),
                name="rib_un_seul_actif",
                violation_error_message="Une structure a un seul compte actif.",
            ),
            models.UniqueConstraint(
                fields=("structure",),
                condition=Q(etat=EtatRib.PROPOSE),
                name="rib_un_seul_a_confirmer",
                violation_error_message="Des coordonnées attendent déjà d'être confirmées.",
            ),
            models.UniqueConstraint(
                fields=("organisme",),
                condition=Q(etat=EtatRib.ACTIF),
                name="rib_un_seul_actif_organisme",
                violation_error_message="Un organisme a un seul compte actif.",
            ),
            models.UniqueConstraint(
                fields=("organisme",),
                condition=Q(etat=EtatRib.PROPOSE),
                name="rib_un_seul_a_confirmer_organisme",
                violation_error_message="Des coordonnées attendent déjà d'être confirmées.",
            ),
            CheckConstraint(
                name="rib_un_beneficiaire",
                condition=Q(structure__isnull=False, organisme=None) | Q(structure=None, organisme__isnull=False),
                violation_error_message="Un compte est celui d'une structure ou d'un organisme.",
            ),
            CheckConstraint(
                name="rib_deux_personnes",
                condition=Q(confirme_par=None) | ~Q(confirme_par=F("saisi_par")),
                violation_error_message="Les coordonnées bancaires sont confirmées par une autre personne.",
            ),
            CheckConstraint(
                name="rib_actif_confirme",
                condition=~Q(etat=EtatRib.ACTIF) | Q(confirme_par__isnull=False, confirme_le__isnull=False),
                violation_error_message="Des coordonnées actives ont été confirmées.",
            ),
            CheckConstraint(
                name="rib_refus_motive",
                condition=~Q(etat=EtatRib.REFUSE) | ~Q(motif_refus=""),
                violation_error_message="Un refus porte un motif.",
            ),
        )

    def __str__(self) -> str:
        return f"{self.beneficiaire} : {self.masque}"

    @property
    def beneficiaire(self) -> Beneficiaire:
        """La structure ou l'organisme : l'un des deux, la base l'exige."""
        qui = self.structure or self.organisme
        assert qui is not None
        return qui

    @property
    def masque(self) -> str:
        """« FR•• •••• •••• 1234 »."""
        return f"{self.pays}•• •••• •••• {self.fin_iban}"
