from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import CheckConstraint, F, Func, Q, Value

from conum.formations.models import EtatRecapitulatif
from conum.versements.models.echeance import Echeance
from conum.versements.models.rib import Beneficiaire, Rib
from conum.versements.states import EtatLigne, EtatLot

_APPROUVES = [EtatLot.APPROUVE, EtatLot.EXPORTE, EtatLot.CLOS]
_NON_APPROUVES = [EtatLot.PREPARATION, EtatLot.A_APPROUVER]
_REMIS = [EtatLot.EXPORTE, EtatLot.CLOS]

NUMERO_SUIVANT = Func(Value("versements_lot_numero"), function="nextval", output_field=models.BigIntegerField())


class Lot(models.Model):
    """Des échéances et des états de formation payés ensemble.

    Préparé par une personne, approuvé par une autre, remis une fois. Le fichier remis à la banque est gardé : le
    redemander rend le même, octet pour octet.
    """

    numero = models.BigIntegerField("numéro", unique=True, db_default=NUMERO_SUIVANT, editable=False)
    etat = models.CharField("état", max_length=15, choices=EtatLot.choices, default=EtatLot.PREPARATION)
    execution_le = models.DateField("date d'exécution demandée")
    prepare_par = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name="préparé par"
    )
    approuve_par = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="approuvé par",
    )
    approuve_le = models.DateTimeField("approuvé le", null=True, blank=True)
    fichier = models.FileField("fichier remis", upload_to="versements/lots/", blank=True, max_length=200)
    sha256 = models.CharField("empreinte du fichier", max_length=64, blank=True)
    exporte_le = models.DateTimeField("remis le", null=True, blank=True)
    motif = models.TextField("motif du renvoi ou de l'abandon", blank=True)
    created_at = models.DateTimeField("préparé le", auto_now_add=True)

    class Meta:
        verbose_name = "lot"
        constraints = (
            CheckConstraint(
                name="lot_deux_personnes",
                condition=Q(approuve_par=None) | ~Q(approuve_par=F("prepare_par")),
                violation_error_message="Un lot est approuvé par une autre personne que celle qui l'a préparé.",
            ),
            CheckConstraint(
                name="lot_approuve_signe",
                condition=Q(etat__in=_APPROUVES, approuve_par__isnull=False, approuve_le__isnull=False)
                | Q(etat__in=_NON_APPROUVES, approuve_par=None, approuve_le=None)
                | Q(etat=EtatLot.ABANDONNE),
                violation_error_message="Un lot approuvé dit par qui et quand.",
            ),
            CheckConstraint(
                name="lot_remis_avec_fichier",
                condition=(Q(etat__in=_REMIS, exporte_le__isnull=False) & Q(sha256__regex=r"^[0-9a-f]{64}$"))
                | (~Q(etat__in=_REMIS) & Q(exporte_le=None, sha256="")),
                violation_error_message="Un lot remis à la banque garde son fichier et son empreinte.",
            ),
        )

    def __str__(self) -> str:
        return self.reference

    @property
    def reference(self) -> str:
        """« LOT-00042 » : l'identifiant du message (MsgId) remis à la banque."""
        return f"LOT-{self.numero:05d}"


class LigneLot(models.Model):
    """Une échéance, ou un état récapitulatif, dans un lot, au montant et au compte figés.

    `actif` : faux quand elle en sort (rejet, abandon). La base refuse que la même soit active dans deux lots, ou le
    soit encore une fois payée : pas de double versement.
    """

    lot = models.ForeignKey(Lot, on_delete=models.PROTECT, related_name="lignes", verbose_name="lot")
    echeance = models.ForeignKey(
        Echeance, on_delete=models.PROTECT, null=True, blank=True, related_name="lignes_de_lot",
        verbose_name="échéance",
    )  # fmt: skip
    etat_recapitulatif = models.ForeignKey(
        EtatRecapitulatif, on_delete=models.PROTECT, null=True, blank=True, related_name="lignes_de_lot",
        verbose_name="état récapitulatif",
    )  # fmt: skip
    rib = models.ForeignKey(Rib, on_delete=models.PROTECT, related_name="+", verbose_name="coordonnées bancaires")
    montant = models.DecimalField("montant", max_digits=12, decimal_places=2)
    etat = models.CharField("état", max_length=15, choices=EtatLigne.choices, default=EtatLigne.EN_ATTENTE)
    actif = models.BooleanField("active", default=True)
    motif = models.CharField("motif du rejet ou du retrait", max_length=200, blank=True)
    payee_le = models.DateField("payée le", null=True, blank=True)
    # Propre à ce passage : une échéance rejetée puis repayée ne porte pas deux fois le même identifiant.
    reference = models.CharField("identifiant de bout en bout (EndToEndId)", max_length=35, unique=True)

    class Meta:
        verbose_name = "ligne de lot"
        verbose_name_plural = "lignes de lot"
        constraints = (
            models.UniqueConstraint(
                fields=("echeance",),
                condition=Q(actif=True),
                name="ligne_lot_une_fois",
                violation_error_message="Cette échéance est déjà dans un lot.",
            ),
            models.UniqueConstraint(
                fields=("lot", "echeance"),
                name="ligne_lot_unique",
                violation_error_message="Cette échéance est déjà dans ce lot.",
            ),
            models.UniqueConstraint(
                fields=("etat_recapitulatif",),
                condition=Q(actif=True),
                name="ligne_lot_etat_une_fois",
                violation_error_message="Cet état est déjà dans un lot.",
            ),
            models.UniqueConstraint(
                fields=("lot", "etat_recapitulatif"),
                name="ligne_lot_etat_unique",
                violation_error_message="Cet état est déjà dans ce lot.",
            ),
            CheckConstraint(
                name="ligne_lot_un_objet",
                condition=Q(echeance__isnull=False, etat_recapitulatif=None)
                | Q(echeance=None, etat_recapitulatif__isnull=False),
                violation_error_message="Une ligne paie une échéance ou un état récapitulatif.",
            ),
            CheckConstraint(
                name="ligne_lot_active",
                condition=Q(actif=True, etat__in=[EtatLigne.EN_ATTENTE, EtatLigne.PAYEE])
                | Q(actif=False, etat__in=[EtatLigne.REJETEE, EtatLigne.RETIREE]),
                violation_error_message="Une ligne rejetée ou retirée ne compte plus, une ligne payée compte toujours.",
            ),
            CheckConstraint(
                name="ligne_lot_montant_positif",
                condition=Q(montant__gt=0),
                violation_error_message="Le montant d'une ligne est positif.",
            ),
        )

    def __str__(self) -> str:
        return f"{self.reference} dans {self.lot}"

    @property
    def objet(self) -> Echeance | EtatRecapitulatif:
        """Ce que la ligne paie : l'un des deux, la base l'exige."""
        quoi = self.echeance or self.etat_recapitulatif
        assert quoi is not None
        return quoi

    @property
    def beneficiaire(self) -> Beneficiaire:
        if self.echeance is not None:
            return self.echeance.convention.structure
        assert self.etat_recapitulatif is not None
        return self.etat_recapitulatif.organisme

    @property
    def piece(self) -> str:
        """La référence de la convention, ou de l'état."""
        return self.echeance.convention.reference if self.echeance is not None else self.objet.reference
