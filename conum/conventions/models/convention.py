from __future__ import annotations

from datetime import date

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField, RangeOperators
from django.db import models
from django.db.models import CheckConstraint, Exists, F, Func, OuterRef, Q, Value

from conum.comptes.models import Role, TypeRole
from conum.conventions import rules
from conum.conventions.states import EN_VIGUEUR, RETENUES, SIGNEES, Etat
from conum.journal.acteurs import Acteur
from conum.postes.models import Poste, Rattachement, TypePoste
from conum.postes.models.poste import UN_JOUR
from conum.structures.models import StatutJuridique, Structure
from conum.territoires.models import Departement

DUREE_MAX_MOIS = 36
"""Une convention avec l'État dure au plus 36 mois (texte du programme ; facts-and-asks § 1.5)."""
LECTEURS = frozenset({TypeRole.ANCT, TypeRole.PREFECTURE, TypeRole.REGION, TypeRole.STRUCTURE})

# Prochain numéro, tiré d'une séquence : unique même quand deux agents préparent à la fois.
NUMERO_SUIVANT = Func(Value("conventions_numero"), function="nextval", output_field=models.BigIntegerField())


class Phase(models.TextChoices):
    V1 = rules.Phase.V1.value, "Première convention"
    V2 = rules.Phase.V2.value, "Renouvellement"


class MotifResiliation(models.TextChoices):
    """Pourquoi une convention s'arrête avant son terme (facts-and-asks § 1.7, H-CONV)."""

    POSTES_RENDUS = "postes_rendus", "Tous les postes sont rendus"
    DEMANDE_STRUCTURE = "demande_structure", "À la demande de la structure"
    MANQUEMENT = "manquement", "Manquement de la structure à ses engagements"
    CESSATION = "cessation", "La structure cesse son activité"


class MotifNonRenouvellement(models.TextChoices):
    """Pourquoi une structure ne renouvelle pas sa convention (facts-and-asks § 1.6, quatre motifs proposés)."""

    BESOIN = "besoin", "Le besoin n'est pas, ou n'est plus, justifié"
    RECRUTEMENT = "recrutement", "La structure a des difficultés à recruter"
    FINANCES = "finances", "La structure n'a pas, ou plus, la capacité financière nécessaire"
    VISIBILITE = "visibilite", "La structure ne sait pas encore : elle manque de visibilité sur les prochains mois"


class ConventionQuerySet(models.QuerySet["Convention"]):
    def visibles_par(self, acteur: Acteur) -> ConventionQuerySet:
        """Les conventions des structures que ce rôle voit ; un périmètre vide ne voit rien."""
        if not isinstance(acteur, Role) or acteur.type not in LECTEURS:
            return self.none()
        if acteur.type == TypeRole.ANCT:
            return self
        return self.filter(structure__in=Structure.objects.visibles_par(acteur).order_by().values("pk"))

    def en_vigueur(self) -> ConventionQuerySet:
        """Signées des deux parties et ni terminées ni résiliées."""
        return self.filter(etat__in=sorted(EN_VIGUEUR))

    def signees(self) -> ConventionQuerySet:
        return self.filter(etat__in=sorted(SIGNEES))

    def retenues(self) -> ConventionQuerySet:
        """Toutes sauf celles qui ont été annulées avant signature."""
        return self.filter(etat__in=sorted(RETENUES))


class Convention(models.Model):
    """Ce que l'État et une structure signent pour un ou plusieurs postes, sur 36 mois au plus.

    Statut, département et règle sont figés à la préparation : la convention ne change pas quand la fiche change.
    """

    numero = models.BigIntegerField("numéro", unique=True, db_default=NUMERO_SUIVANT, editable=False)
    structure = models.ForeignKey(
        Structure, on_delete=models.PROTECT, related_name="conventions", verbose_name="structure"
    )
    etat = models.CharField("état", max_length=30, choices=Etat.choices, default=Etat.BROUILLON)
    phase = models.CharField("phase", max_length=5, choices=Phase.choices, default=Phase.V1)
    precedente = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="suivante", verbose_name="renouvelle"
    )
    periode = DateRangeField("période")
    financement_debut = models.DateField("premier jour financé")
    etalement_mois = models.PositiveSmallIntegerField("étalement en mois", null=True, blank=True)
    statut = models.CharField("statut de la structure", max_length=10, choices=StatutJuridique.choices)
    departement = models.ForeignKey(Departement, on_delete=models.PROTECT, related_name="+", verbose_name="département")
    financeur = models.CharField("financeur", max_length=20)
    resiliee_le = models.DateField("dernier jour en cas de résiliation", null=True, blank=True)
    resiliation_motif = models.CharField(
        "motif de la résiliation", max_length=20, blank=True, choices=MotifResiliation.choices
    )
    motif = models.TextField("motif de l'annulation ou précision de la résiliation", blank=True)
    # La structure ne souhaite pas renouveler ; elle peut y revenir.
    non_renouvellement_motif = models.CharField(
        "motif du non-renouvellement", max_length=20, blank=True, choices=MotifNonRenouvellement.choices
    )
    non_renouvellement_le = models.DateField("renouvellement décliné le", null=True, blank=True)
    created_at = models.DateTimeField("préparée le", auto_now_add=True)

    objects = ConventionQuerySet.as_manager()

    class Meta:
        verbose_name = "convention"
        constraints = (
            CheckConstraint(
                name="convention_periode_bornee",
                condition=Q(periode__isempty=False, periode__startswith__isnull=False, periode__endswith__isnull=False),
                violation_error_message="Une convention a un début et une fin, et dure au moins un jour.",
            ),
            CheckConstraint(
                name="convention_36_mois",
                # 36 mois depuis le début, et une échéance au même quantième : la base compte comme le calendrier.
                condition=Q(
                    periode__endswith__lte=Func(
                        Func(F("periode"), function="lower", output_field=models.DateField()),
                        template="(%(expressions)s + interval '36 months')::date",
                        output_field=models.DateField(),
                    )
                ),
                violation_error_message="Une convention dure au plus 36 mois.",
            ),
            CheckConstraint(
                name="convention_financement_dans_la_periode",
                condition=Q(periode__contains=F("financement_debut")),
                violation_error_message="Le financement commence pendant la convention.",
            ),
            CheckConstraint(
                name="convention_renouvellement_suit",
                condition=Q(phase=Phase.V1, precedente=None) | Q(phase=Phase.V2),
                violation_error_message="Seul un renouvellement suit une autre convention.",
            ),
            CheckConstraint(
                name="convention_resiliation_datee",
                condition=(Q(etat=Etat.RESILIEE, resiliee_le__isnull=False) & ~Q(resiliation_motif=""))
                | (~Q(etat=Etat.RESILIEE) & Q(resiliee_le=None, resiliation_motif="")),
                violation_error_message="Une résiliation, et elle seule, porte une date et un motif.",
            ),
            CheckConstraint(
                name="convention_non_renouvellement_motive",
                condition=Q(non_renouvellement_le=None, non_renouvellement_motif="")
                | (Q(non_renouvellement_le__isnull=False) & ~Q(non_renouvellement_motif="")),
                violation_error_message="Un renouvellement décliné porte une date et un motif.",
            ),
            CheckConstraint(
                name="convention_annulation_motivee",
                condition=~Q(etat=Etat.ANNULEE) | ~Q(motif=""),
                violation_error_message="Une annulation porte un motif.",
            ),
        )
        indexes = (
            models.Index(fields=("etat", "created_at"), name="convention_file"),
            models.Index(fields=("departement", "etat"), name="convention_departement"),
        )

    def __str__(self) -> str:
        return self.reference

    @property
    def reference(self) -> str:
        """« CV-00042 », écrit sur les documents."""
        return f"CV-{self.numero:05d}" if self.pk else "CV-nouvelle"

    @property
    def debut(self) -> date:
        debut: date = self.periode.lower
        return debut

    @property
    def fin(self) -> date:
        """Le dernier jour."""
        fin: date = self.periode.upper - UN_JOUR
        return fin

    @property
    def dernier_jour(self) -> date:
        """Le dernier jour vécu : celui de la résiliation s'il y en a une."""
        return self.resiliee_le or self.fin

    @property
    def libelle_periode(self) -> str:
        return f"du {self.debut:%d/%m/%Y} au {self.dernier_jour:%d/%m/%Y}"


class PosteConventionne(models.Model):
    """Un poste dans une convention, sur une période comprise dans la sienne ; retiré ou rendu, elle s'arrête avant.

    `retenu` suit l'état de la convention (faux quand elle est annulée) : la base refuse ainsi qu'un poste soit porté
    le même jour par deux conventions.
    """

    convention = models.ForeignKey(
        Convention, on_delete=models.PROTECT, related_name="postes", verbose_name="convention"
    )
    poste = models.ForeignKey(Poste, on_delete=models.PROTECT, related_name="conventions", verbose_name="poste")
    type = models.CharField("type", max_length=20, choices=TypePoste.choices)
    zone_prioritaire = models.BooleanField(
        "en quartier prioritaire (QPV) ou zone de revitalisation (ZRR)", default=False
    )
    periode = DateRangeField("période")
    retenu = models.BooleanField("retenu", default=True)

    class Meta:
        verbose_name = "poste conventionné"
        verbose_name_plural = "postes conventionnés"
        constraints = (
            ExclusionConstraint(
                name="poste_une_convention_a_la_fois",
                expressions=[("poste", RangeOperators.EQUAL), ("periode", RangeOperators.OVERLAPS)],
                condition=Q(retenu=True),
                violation_error_message="Ce poste est déjà dans une convention sur cette période.",
            ),
            models.UniqueConstraint(
                fields=("convention", "poste"),
                name="poste_conventionne_unique",
                violation_error_message="Ce poste est déjà dans cette convention.",
            ),
            CheckConstraint(
                name="poste_conventionne_borne",
                condition=Q(periode__isempty=False, periode__startswith__isnull=False, periode__endswith__isnull=False),
                violation_error_message="La période d'un poste conventionné a un début et une fin.",
            ),
        )

    def __str__(self) -> str:
        return f"{self.poste} dans {self.convention}"


def rattachements_sans_convention(jour: date) -> models.QuerySet[Rattachement]:
    """Les postes qu'une structure a ce jour-là et qu'aucune convention retenue n'a portés pendant qu'elle les avait.

    La seule définition : la liste à préparer et l'avertissement du budget comptent pareil.
    """
    porte = PosteConventionne.objects.filter(poste=OuterRef("poste"), retenu=True, periode__overlap=OuterRef("periode"))
    return Rattachement.objects.en_cours(jour).filter(~Exists(porte))
