from __future__ import annotations

from datetime import date

from django.db import models
from django.db.models import CheckConstraint, F, Func, Q, Value
from django.db.models.functions import TruncMonth

from conum.comptes.models import Role, TypeRole
from conum.formations.models.inscription import Inscription
from conum.formations.models.organisme import Organisme
from conum.formations.models.presence import Emargement
from conum.formations.models.session import Seance
from conum.formations.rules.etats import mois_suivant
from conum.formations.states import EtatRecap
from conum.journal.acteurs import Acteur

NUMERO_SUIVANT = Func(Value("formations_etat_numero"), function="nextval", output_field=models.BigIntegerField())


class NatureCout(models.TextChoices):
    FORMATION = "formation", "Formation"
    CERTIFICATION = "certification", "Certifications"


class TarifMarche(models.Model):
    """Le prix d'un marché quand aucune source publique ne le donne : saisi par l'ANCT, avec la référence de l'acte.

    Un prix ne se corrige pas : un nouveau, à compter d'une date, prend la suite.
    """

    marche_code = models.CharField("marché", max_length=30)
    organisme = models.ForeignKey(Organisme, on_delete=models.PROTECT, related_name="tarifs", verbose_name="organisme")
    nature = models.CharField("nature", max_length=15, choices=NatureCout.choices)
    montant = models.DecimalField("prix par conseiller, en euros", max_digits=9, decimal_places=2)
    depuis = models.DateField("à compter du")
    reference = models.CharField("référence de l'acte", max_length=150)
    par = models.ForeignKey(Role, on_delete=models.PROTECT, related_name="+", verbose_name="saisi par")
    created_at = models.DateTimeField("saisi le", auto_now_add=True)

    class Meta:
        verbose_name = "prix d'un marché"
        verbose_name_plural = "prix des marchés"
        constraints = (
            models.UniqueConstraint(
                fields=("marche_code", "organisme", "nature", "depuis"),
                name="tarif_unique",
                violation_error_message="Un prix est déjà saisi à cette date.",
            ),
            CheckConstraint(
                name="tarif_positif",
                condition=Q(montant__gt=0),
                violation_error_message="Un prix est positif.",
            ),
        )

    def __str__(self) -> str:
        return f"{self.get_nature_display()}, {self.marche_code}"


class EtatRecapQuerySet(models.QuerySet["EtatRecapitulatif"]):
    def visibles_par(self, acteur: Acteur) -> EtatRecapQuerySet:
        """Les siens pour un organisme, tous pour l'ANCT."""
        if not isinstance(acteur, Role):
            return self.none()
        if acteur.type == TypeRole.ANCT:
            return self
        if acteur.type == TypeRole.ORGANISME and acteur.code:
            return self.filter(organisme__code=acteur.code)
        return self.none()


class EtatRecapitulatif(models.Model):
    """Ce qu'un organisme demande à l'État pour un mois et un marché, tiré des émargements signés.

    Transmis, ses lignes et ses montants ne changent plus. `mois` : son premier jour.
    """

    numero = models.BigIntegerField("numéro", unique=True, db_default=NUMERO_SUIVANT, editable=False)
    organisme = models.ForeignKey(Organisme, on_delete=models.PROTECT, related_name="etats", verbose_name="organisme")
    marche_code = models.CharField("marché", max_length=30)
    mois = models.DateField("mois")
    etat = models.CharField("état", max_length=15, choices=EtatRecap.choices, default=EtatRecap.BROUILLON)
    total = models.DecimalField("total", max_digits=12, decimal_places=2, default=0)
    transmis_par = models.ForeignKey(
        Role, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name="transmis par"
    )
    transmis_le = models.DateTimeField("transmis le", null=True, blank=True)
    valide_par = models.ForeignKey(
        Role, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name="validé par"
    )
    valide_le = models.DateTimeField("validé le", null=True, blank=True)
    motif = models.TextField("motif de la contestation ou de l'abandon", blank=True)
    created_at = models.DateTimeField("préparé le", auto_now_add=True)

    objects = EtatRecapQuerySet.as_manager()

    class Meta:
        verbose_name = "état récapitulatif"
        verbose_name_plural = "états récapitulatifs"
        constraints = (
            models.UniqueConstraint(
                fields=("organisme", "marche_code", "mois"),
                condition=~Q(etat=EtatRecap.ABANDONNE),
                name="etat_un_par_mois",
                violation_error_message="Un état existe déjà pour ce mois et ce marché.",
            ),
            CheckConstraint(
                name="etat_premier_du_mois",
                condition=Q(mois=TruncMonth("mois")),
                violation_error_message="Un état porte sur un mois entier.",
            ),
            CheckConstraint(
                name="etat_transmis_date",
                condition=Q(etat__in=[EtatRecap.BROUILLON, EtatRecap.ABANDONNE])
                | Q(transmis_le__isnull=False, transmis_par__isnull=False),
                violation_error_message="Un état transmis dit par qui et quand.",
            ),
            CheckConstraint(
                name="etat_valide_date",
                condition=~Q(etat=EtatRecap.VALIDE) | Q(valide_le__isnull=False, valide_par__isnull=False),
                violation_error_message="Un état validé dit par qui et quand.",
            ),
            CheckConstraint(
                name="etat_total_positif",
                condition=Q(total__gte=0),
                violation_error_message="Le total d'un état n'est pas négatif.",
            ),
        )

    def __str__(self) -> str:
        return self.reference

    @property
    def reference(self) -> str:
        """« ER-00042 »."""
        return f"ER-{self.numero:05d}"

    @property
    def fin(self) -> date:
        """Le premier jour du mois suivant."""
        return mois_suivant(self.mois)


class LigneEtat(models.Model):
    """Une personne dans un état : ses minutes signées du mois, ou sa certification, et le montant qui en sort.

    `prix` et `montant` manquent tant qu'aucun prix n'est connu : l'état ne se transmet pas. `actif` : faux une fois
    l'état abandonné ; la certification d'une personne n'est active que dans un état. `trace` : le calcul, en phrases.
    """

    etat = models.ForeignKey(
        EtatRecapitulatif, on_delete=models.CASCADE, related_name="lignes", verbose_name="état récapitulatif"
    )
    inscription = models.ForeignKey(
        Inscription, on_delete=models.PROTECT, related_name="lignes_etat", verbose_name="inscription"
    )
    nature = models.CharField("nature", max_length=15, choices=NatureCout.choices)
    minutes = models.PositiveIntegerField("minutes signées", default=0)
    prix = models.DecimalField("prix par conseiller", max_digits=9, decimal_places=2, null=True, blank=True)
    montant = models.DecimalField("montant", max_digits=10, decimal_places=2, null=True, blank=True)
    actif = models.BooleanField("compte", default=True)
    trace = models.JSONField("trace du calcul", default=list)

    class Meta:
        verbose_name = "ligne d'état récapitulatif"
        verbose_name_plural = "lignes d'état récapitulatif"
        constraints = (
            models.UniqueConstraint(
                fields=("etat", "inscription", "nature"),
                name="ligne_etat_unique",
                violation_error_message="Cette personne est déjà dans cet état.",
            ),
            models.UniqueConstraint(
                fields=("inscription",),
                condition=Q(nature=NatureCout.CERTIFICATION, actif=True),
                name="ligne_etat_certification_une_fois",
                violation_error_message="La certification de cette personne est déjà dans un état.",
            ),
            CheckConstraint(
                name="ligne_etat_minutes_de_formation",
                condition=Q(nature=NatureCout.FORMATION, minutes__gt=0) | Q(nature=NatureCout.CERTIFICATION, minutes=0),
                violation_error_message="Une ligne de formation compte des heures signées.",
            ),
            CheckConstraint(
                name="ligne_etat_montant",
                condition=Q(prix=None, montant=None) | Q(prix__gt=0, montant__gte=0, montant__lte=F("prix")),
                violation_error_message="Le montant d'une ligne va de zéro au prix de la personne.",
            ),
        )

    def __str__(self) -> str:
        return f"{self.inscription} dans {self.etat}"


class LigneEmargement(models.Model):
    """Une demi-journée signée, dans une ligne d'état. La base refuse qu'elle compte deux fois.

    `emargement` se vide quand la conservation l'efface : la demi-journée, ses minutes et l'interdit demeurent.
    """

    ligne = models.ForeignKey(LigneEtat, on_delete=models.CASCADE, related_name="demi_journees", verbose_name="ligne")
    emargement = models.ForeignKey(
        Emargement, on_delete=models.SET_NULL, null=True, related_name="lignes_etat", verbose_name="émargement"
    )
    seance = models.ForeignKey(Seance, on_delete=models.PROTECT, related_name="+", verbose_name="séance")
    inscription = models.ForeignKey(Inscription, on_delete=models.PROTECT, related_name="+", verbose_name="inscription")
    minutes = models.PositiveIntegerField("minutes")
    actif = models.BooleanField("compte", default=True)

    class Meta:
        verbose_name = "demi-journée d'un état récapitulatif"
        verbose_name_plural = "demi-journées d'un état récapitulatif"
        constraints = (
            models.UniqueConstraint(
                fields=("seance", "inscription"),
                condition=Q(actif=True),
                name="demi_journee_comptee_une_fois",
                violation_error_message="Cette demi-journée est déjà dans un état.",
            ),
            CheckConstraint(
                name="demi_journee_minutes",
                condition=Q(minutes__gt=0),
                violation_error_message="Une demi-journée compte des minutes.",
            ),
        )

    def __str__(self) -> str:
        return f"{self.seance}, {self.ligne}"
