from __future__ import annotations

from datetime import date

from django.db import models
from django.db.models import CheckConstraint, Exists, ExpressionWrapper, Func, OuterRef, Q, Value

from conum.comptes.models import Role, TypeRole
from conum.conventions.models import Acte, Convention, PosteConventionne
from conum.conventions.states import EN_VIGUEUR
from conum.conventions.states import Etat as EtatConvention
from conum.journal.acteurs import Acteur
from conum.versements.models.rib import Rib
from conum.versements.states import Etat, EtatRib

_REVERSEMENTS = [Etat.REVERSEMENT_DEMANDE, Etat.REVERSEMENT_RECU]
_REALISES = [Etat.VERSE, Etat.REVERSEMENT_RECU]
PAYABLES = frozenset(EN_VIGUEUR | {EtatConvention.TERMINEE})
"""États d'une convention dont les échéances se paient : ce qui est dû au terme le reste après lui."""

NUMERO_SUIVANT = Func(Value("versements_numero"), function="nextval", output_field=models.BigIntegerField())


class Nature(models.TextChoices):
    VERSEMENT = "versement", "Versement à la structure"
    REVERSEMENT = "reversement", "Reversement à l'État"


class Echeancier(models.Model):
    """L'échéancier d'un acte signé, établi une fois ; `trace` dit comment chaque montant en est sorti."""

    acte = models.OneToOneField(Acte, on_delete=models.PROTECT, related_name="echeancier", verbose_name="acte")
    trace = models.JSONField("trace du calcul", default=list, blank=True)
    created_at = models.DateTimeField("établi le", auto_now_add=True)

    class Meta:
        verbose_name = "échéancier"

    def __str__(self) -> str:
        return f"Échéancier de {self.acte}"


class EcheanceQuerySet(models.QuerySet["Echeance"]):
    def visibles_par(self, acteur: Acteur) -> EcheanceQuerySet:
        """Les échéances des conventions que ce rôle voit ; un périmètre vide ne voit rien."""
        if isinstance(acteur, Role) and acteur.type == TypeRole.ANCT:
            return self
        return self.filter(convention__in=Convention.objects.visibles_par(acteur).order_by().values("pk"))

    def comptees(self) -> EcheanceQuerySet:
        """Toutes sauf les annulées."""
        return self.exclude(etat=Etat.ANNULE)

    def avec_faits(self) -> EcheanceQuerySet:
        """Annote ce que `Echeance.blocage` regarde : compte actif, acte signé sans échéancier, solde."""
        actif = Rib.objects.filter(structure=OuterRef("convention__structure"), etat=EtatRib.ACTIF)
        en_attente = Acte.objects.filter(
            convention=OuterRef("convention"),
            signe_etat_le__isnull=False,
            echeancier=None,
            numero__gt=OuterRef("acte__numero"),
        )
        est_solde = ExpressionWrapper(Q(solde__isnull=False), output_field=models.BooleanField())
        return self.annotate(compte_actif=Exists(actif), acte_en_attente=Exists(en_attente), est_solde=est_solde)

    def payables(self) -> EcheanceQuerySet:
        """Rien ne les empêche d'entrer dans un lot, leur état et leur date mis à part."""
        faits = self.avec_faits().filter(compte_actif=True, acte_en_attente=False)  # type: ignore[misc]
        # Résiliée, une convention ne paie plus que son solde.
        return faits.filter(Q(convention__etat__in=sorted(PAYABLES)) | Q(est_solde=True))

    def ouvrables(self, jour: date) -> EcheanceQuerySet:
        """Prévues, dont la date est venue, et que rien ne bloque."""
        return self.payables().filter(etat=Etat.PREVU, prevue_le__lte=jour)

    def a_mettre_en_lot(self) -> EcheanceQuerySet:
        """À verser, dans aucun lot, et que rien ne bloque."""
        return self.payables().filter(etat=Etat.A_VERSER).exclude(lignes_de_lot__actif=True)


class Echeance(models.Model):
    """Un versement à faire ou fait, pour un poste ; ou une somme que la structure rend. Le montant est positif.

    `annee` : l'année civile de la date prévue, ou de l'acte quand la règle ne donne pas de date.
    """

    numero = models.BigIntegerField("numéro", unique=True, db_default=NUMERO_SUIVANT, editable=False)
    convention = models.ForeignKey(
        Convention, on_delete=models.PROTECT, related_name="echeances", verbose_name="convention"
    )
    # Vide pour un reversement qui porte sur toute la convention.
    poste = models.ForeignKey(
        PosteConventionne,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="echeances",
        verbose_name="poste conventionné",
    )
    acte = models.ForeignKey(Acte, on_delete=models.PROTECT, related_name="echeances", verbose_name="acte")
    nature = models.CharField("nature", max_length=15, choices=Nature.choices, default=Nature.VERSEMENT)
    rang = models.PositiveSmallIntegerField("rang", default=1)
    montant = models.DecimalField("montant", max_digits=12, decimal_places=2)
    # Vide quand la règle ne donne pas de date : un agent la fixe.
    prevue_le = models.DateField("prévue le", null=True, blank=True)
    etat = models.CharField("état", max_length=25, choices=Etat.choices, default=Etat.PREVU)
    motif = models.TextField("motif de la suspension, de l'annulation ou du reversement", blank=True)
    trace = models.JSONField("trace du calcul", default=list, blank=True)
    # Date de valeur du versement ou du reversement reçu, et référence du virement.
    realisee_le = models.DateField("réalisée le", null=True, blank=True)
    reference_bancaire = models.CharField("référence bancaire", max_length=140, blank=True)
    # L'échéancier d'un avenant qui a pris sa place ; vide quand une personne a annulé.
    remplacee_par = models.ForeignKey(
        Echeancier,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="remplacees",
        verbose_name="remplacée par",
    )
    created_at = models.DateTimeField("créée le", auto_now_add=True)

    objects = EcheanceQuerySet.as_manager()

    class Meta:
        verbose_name = "échéance"
        constraints = (
            CheckConstraint(
                name="echeance_montant_positif",
                condition=Q(montant__gt=0),
                violation_error_message="Le montant d'une échéance est positif.",
            ),
            CheckConstraint(
                name="echeance_etat_de_sa_nature",
                condition=Q(nature=Nature.REVERSEMENT, etat__in=[*_REVERSEMENTS, Etat.ANNULE])
                | (Q(nature=Nature.VERSEMENT) & ~Q(etat__in=_REVERSEMENTS)),
                violation_error_message="Un reversement est demandé, reçu ou annulé ; un versement ne l'est pas.",
            ),
            CheckConstraint(
                name="echeance_realisee_datee",
                condition=Q(etat__in=_REALISES, realisee_le__isnull=False)
                | (~Q(etat__in=_REALISES) & Q(realisee_le=None)),
                violation_error_message="Une somme versée ou reçue porte sa date.",
            ),
            CheckConstraint(
                name="echeance_suspension_motivee",
                condition=~Q(etat=Etat.SUSPENDU) | ~Q(motif=""),
                violation_error_message="Une suspension porte un motif.",
            ),
            CheckConstraint(
                name="echeance_remplacee_annulee",
                condition=Q(remplacee_par=None) | Q(etat=Etat.ANNULE),
                violation_error_message="Une échéance remplacée est annulée.",
            ),
            models.UniqueConstraint(
                fields=("acte", "poste", "nature", "rang"),
                nulls_distinct=False,
                name="echeance_unique",
                violation_error_message="Cette échéance existe déjà.",
            ),
        )
        indexes = (
            models.Index(fields=("etat", "prevue_le"), name="echeance_file"),
            models.Index(fields=("convention", "etat"), name="echeance_convention"),
        )

    def __str__(self) -> str:
        return f"{self.reference} : {self.montant}"

    @property
    def reference(self) -> str:
        """« EC-000042 » : l'identifiant de bout en bout (EndToEndId) du virement."""
        return f"EC-{self.numero:06d}"

    @property
    def signe(self) -> int:
        return -1 if self.nature == Nature.REVERSEMENT else 1

    @property
    def est_reversement(self) -> bool:
        return self.nature == Nature.REVERSEMENT

    def blocage(self) -> str:
        """Pourquoi elle ne part pas, en une phrase ; vide si rien ne la retient. Demande `avec_faits`."""
        if self.etat == Etat.SUSPENDU:
            return f"Suspendu : {self.motif}"
        if self.etat not in (Etat.PREVU, Etat.A_VERSER):
            return ""
        if self.convention.etat not in PAYABLES and not self.est_solde:  # type: ignore[attr-defined]
            return "La convention n’est plus en vigueur."
        if self.acte_en_attente:  # type: ignore[attr-defined]
            return "Un avenant signé attend son échéancier."
        if self.prevue_le is None:
            return "Sans date : la règle n’en donne pas, un agent la fixe."
        if not self.compte_actif:  # type: ignore[attr-defined]
            return "La structure n’a pas de compte bancaire confirmé."
        return ""
