from __future__ import annotations

from datetime import date

from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField, RangeOperators
from django.db import models
from django.db.models import Exists, ExpressionWrapper, F, Func, OuterRef, Q, Subquery, Value
from django.db.models.functions import Coalesce, Least, NullIf

from conum.comptes.models import Role, TypeRole
from conum.journal.acteurs import Acteur
from conum.postes.models.poste import UN_JOUR, Poste, Rattachement
from conum.postes.rules import contrat as regles
from conum.postes.states import CONFIRMES, RETENUS, Etat, EtatProlongation
from conum.structures.models import Structure

_RETENUS = sorted(RETENUS)
_ROMPUS = [Etat.RUPTURE_NOTIFIEE, Etat.ROMPU]
_ECARTES = [Etat.REFUSE, Etat.ANNULE]
_JAMAIS_VALIDES = [Etat.A_VALIDER, Etat.REFUSE]
LECTEURS = frozenset({TypeRole.ANCT, TypeRole.PREFECTURE, TypeRole.REGION, TypeRole.STRUCTURE})
"""Un contrat porte un nom et un salaire : réseaux et hubs ne lisent que les postes."""


class TypeContrat(models.TextChoices):
    CDI = regles.CDI, regles.TYPES[regles.CDI]
    CDD = regles.CDD, regles.TYPES[regles.CDD]
    CONTRAT_DE_PROJET = regles.PROJET, regles.TYPES[regles.PROJET]
    PEC = regles.PEC, regles.TYPES[regles.PEC]


def _borne(nom: str) -> Func:
    return Func(F("periode"), function=nom, output_field=models.DateField())


# La période signée, arrêtée au lendemain d'une rupture : ce que le contrat occupe vraiment. LEAST ignore les vides.
OCCUPATION = Func(
    _borne("lower"),
    Least(_borne("upper"), ExpressionWrapper(F("rupture_le") + Value(1), output_field=models.DateField())),
    function="daterange",
    output_field=DateRangeField(),
)


class ContratQuerySet(models.QuerySet["Contrat"]):
    def en_cours(self, jour: date) -> ContratQuerySet:
        """Les contrats validés qui courent ce jour-là : accès, permanences et statistiques lisent ici.

        Une rupture arrête le contrat : rompu le 15, il court encore le 15, plus le 16.
        """
        return self.filter(etat__in=sorted(CONFIRMES), occupation__contains=jour)

    def retenus(self) -> ContratQuerySet:
        """Ceux qui prennent une place : tout sauf refusés et annulés."""
        return self.filter(etat__in=_RETENUS)

    def renouvellements(self) -> ContratQuerySet:
        """Ceux qui suivent, sur le même poste, un contrat de la même personne."""
        return self.filter(remplace__personne=F("personne"))

    def visibles_par(self, acteur: Acteur) -> ContratQuerySet:
        """Les contrats passés sur un poste pendant qu'une structure visible de ce rôle l'avait."""
        if not isinstance(acteur, Role) or acteur.type not in LECTEURS:
            return self.none()
        if acteur.type == TypeRole.ANCT:
            return self
        structures = Structure.objects.visibles_par(acteur).order_by().values("pk")
        return self.filter(Exists(_rattachements().filter(structure__in=structures)))

    def avec_structure(self) -> ContratQuerySet:
        """Annote `structure_pk`, `structure_nom` et `departement_code` : la dernière structure du poste sur la période.

        Déduite du rattachement : un poste transféré ou une structure fusionnée emmène ses contrats.
        """
        dernier = _rattachements().order_by("-periode__startswith")
        nom = Coalesce(NullIf(F("structure__nom_usage"), Value("")), F("structure__denomination"))
        return self.annotate(
            structure_pk=Subquery(dernier.values("structure_id")[:1]),
            structure_nom=Subquery(dernier.annotate(nom=nom).values("nom")[:1]),
            departement_code=Subquery(dernier.values("structure__commune__departement_id")[:1]),
        )


def _rattachements() -> models.QuerySet[Rattachement]:
    return Rattachement.objects.filter(poste=OuterRef("poste_id"), periode__overlap=OuterRef("occupation"))


class Contrat(models.Model):
    """Une personne sur un poste, sur une période. La structure se déduit du rattachement qui couvre la période.

    `periode` est ce qui est signé, `occupation` ce qui est vécu : la même, arrêtée par une rupture. La base refuse
    deux contrats sur un poste et deux contrats d'une personne le même jour.
    """

    poste = models.ForeignKey(Poste, on_delete=models.PROTECT, related_name="contrats", verbose_name="poste")
    personne = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="contrats", verbose_name="personne"
    )
    periode = DateRangeField("période")
    type = models.CharField("type de contrat", max_length=20, choices=TypeContrat.choices)
    salaire = models.DecimalField("salaire mensuel brut à temps plein", max_digits=8, decimal_places=2)
    etat = models.CharField("état", max_length=20, choices=Etat.choices, default=Etat.A_VALIDER)
    # Le contrat précédent du poste : même personne, c'est un renouvellement ; une autre, un remplacement.
    remplace = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="suites", verbose_name="remplace"
    )
    rupture_le = models.DateField("dernier jour en cas de rupture", null=True, blank=True)
    rupture_motif = models.CharField(
        "motif de rupture", max_length=40, blank=True, choices=list(regles.MOTIFS_RUPTURE.items())
    )
    rupture_notifiee_le = models.DateTimeField("rupture notifiée le", null=True, blank=True)
    motif_refus = models.TextField("motif du refus ou de l'annulation", blank=True)
    valide_le = models.DateTimeField("validé le", null=True, blank=True)
    created_at = models.DateTimeField("saisi le", auto_now_add=True)
    occupation = models.GeneratedField(expression=OCCUPATION, output_field=DateRangeField(), db_persist=True)

    objects = ContratQuerySet.as_manager()

    class Meta:
        verbose_name = "contrat"
        constraints = (
            ExclusionConstraint(
                name="contrat_un_par_poste",
                expressions=[("poste", RangeOperators.EQUAL), ("occupation", RangeOperators.OVERLAPS)],
                condition=Q(etat__in=_RETENUS),
                violation_error_message="Ce poste a déjà un contrat sur cette période.",
            ),
            ExclusionConstraint(
                name="contrat_un_par_personne",
                expressions=[("personne", RangeOperators.EQUAL), ("occupation", RangeOperators.OVERLAPS)],
                condition=Q(etat__in=_RETENUS),
                violation_error_message="Cette personne a déjà un contrat de conseiller numérique sur cette période.",
            ),
            models.UniqueConstraint(
                fields=("remplace",),
                condition=Q(etat__in=_RETENUS),
                name="contrat_une_suite",
                violation_error_message="Ce contrat est déjà renouvelé ou remplacé.",
            ),
            models.CheckConstraint(
                name="contrat_periode_non_vide",
                condition=Q(periode__isempty=False, periode__startswith__isnull=False),
                violation_error_message="Un contrat a un début et dure au moins un jour.",
            ),
            models.CheckConstraint(
                name="contrat_terme_sauf_cdi",
                condition=Q(type=TypeContrat.CDI, periode__endswith__isnull=True)
                | (~Q(type=TypeContrat.CDI) & Q(periode__endswith__isnull=False)),
                violation_error_message="Un CDI n'a pas de date de fin ; tout autre contrat en a une.",
            ),
            models.CheckConstraint(
                name="contrat_salaire_positif",
                condition=Q(salaire__gt=0),
                violation_error_message="Le salaire est positif.",
            ),
            models.CheckConstraint(
                name="contrat_rupture_datee_et_motivee",
                condition=(
                    Q(etat__in=_ROMPUS, rupture_le__isnull=False, rupture_notifiee_le__isnull=False)
                    & ~Q(rupture_motif="")
                )
                | (
                    ~Q(etat__in=_ROMPUS)
                    & Q(rupture_le__isnull=True, rupture_notifiee_le__isnull=True, rupture_motif="")
                ),
                violation_error_message="Une rupture porte sa date et son motif, et seul un contrat rompu en a.",
            ),
            models.CheckConstraint(
                name="contrat_rupture_dans_la_periode",
                condition=Q(rupture_le__isnull=True) | Q(periode__contains=F("rupture_le")),
                violation_error_message="La date de rupture est dans la période du contrat.",
            ),
            models.CheckConstraint(
                name="contrat_ecarte_motive",
                condition=Q(etat__in=_ECARTES) & ~Q(motif_refus="") | ~Q(etat__in=_ECARTES) & Q(motif_refus=""),
                violation_error_message="Un refus ou une annulation porte un motif.",
            ),
            models.CheckConstraint(
                name="contrat_validation_datee",
                condition=Q(etat__in=_JAMAIS_VALIDES, valide_le__isnull=True)
                | (~Q(etat__in=_JAMAIS_VALIDES) & Q(valide_le__isnull=False)),
                violation_error_message="Un contrat validé porte la date de sa validation.",
            ),
            models.CheckConstraint(
                name="contrat_pas_sa_propre_suite",
                condition=Q(remplace__isnull=True) | ~Q(remplace=F("id")),
                violation_error_message="Un contrat ne se remplace pas lui-même.",
            ),
        )
        indexes = (models.Index(fields=("etat", "created_at"), name="contrat_file"),)

    def __str__(self) -> str:
        return f"{self.reference}, {self.poste}"

    @property
    def reference(self) -> str:
        """« CT-00042 »."""
        return f"CT-{self.pk:05d}" if self.pk else "CT-nouveau"

    @property
    def debut(self) -> date:
        debut: date = self.periode.lower
        return debut

    @property
    def fin(self) -> date | None:
        """Le dernier jour signé, None pour un CDI."""
        return self.periode.upper - UN_JOUR if self.periode.upper else None

    @property
    def dernier_jour(self) -> date | None:
        """Le dernier jour vécu : celui de la rupture s'il y en a une."""
        return self.rupture_le or self.fin

    @property
    def libelle_periode(self) -> str:
        debut = f"{self.debut:%d/%m/%Y}"
        return f"du {debut} au {self.dernier_jour:%d/%m/%Y}" if self.dernier_jour else f"depuis le {debut}"

    @property
    def structure(self) -> Structure | None:
        """La structure où le contrat court, la dernière si le poste a été transféré."""
        fin = self.dernier_jour
        rattachements = Rattachement.objects.filter(poste=self.poste_id, periode__startswith__lte=fin or date.max)
        dernier = (
            rattachements.filter(Q(periode__endswith=None) | Q(periode__endswith__gt=self.debut))
            .select_related("structure__commune__departement")
            .order_by("-periode__startswith")
            .first()
        )
        return dernier.structure if dernier else None

    @property
    def est_renouvellement(self) -> bool:
        return self.remplace is not None and self.remplace.personne_id == self.personne_id


class Prolongation(models.Model):
    """Une nouvelle fin demandée pour un contrat à terme ; une nouvelle demande remplace celle qui attend."""

    contrat = models.ForeignKey(Contrat, on_delete=models.PROTECT, related_name="prolongations", verbose_name="contrat")
    fin_actuelle = models.DateField("fin au jour de la demande")
    fin_demandee = models.DateField("fin demandée")
    salaire_actuel = models.DecimalField("salaire au jour de la demande", max_digits=8, decimal_places=2)
    salaire_demande = models.DecimalField("salaire demandé", max_digits=8, decimal_places=2)
    etat = models.CharField("état", max_length=20, choices=EtatProlongation.choices, default=EtatProlongation.DEMANDEE)
    motif_refus = models.TextField("motif du refus", blank=True)
    traitee_le = models.DateTimeField("traitée le", null=True, blank=True)
    created_at = models.DateTimeField("demandée le", auto_now_add=True)

    class Meta:
        verbose_name = "prolongation"
        constraints = (
            models.UniqueConstraint(
                fields=("contrat",),
                condition=Q(etat=EtatProlongation.DEMANDEE),
                name="prolongation_une_en_attente",
                violation_error_message="Une prolongation est déjà en attente pour ce contrat.",
            ),
            models.CheckConstraint(
                name="prolongation_plus_tard",
                condition=Q(fin_demandee__gt=F("fin_actuelle")),
                violation_error_message="Une prolongation repousse la fin du contrat.",
            ),
            models.CheckConstraint(
                name="prolongation_salaire_positif",
                condition=Q(salaire_demande__gt=0),
                violation_error_message="Le salaire est positif.",
            ),
            models.CheckConstraint(
                name="prolongation_traitee_datee",
                condition=Q(etat=EtatProlongation.DEMANDEE, traitee_le=None)
                | (~Q(etat=EtatProlongation.DEMANDEE) & Q(traitee_le__isnull=False)),
                violation_error_message="Une demande traitée porte sa date.",
            ),
            models.CheckConstraint(
                name="prolongation_refus_motive",
                condition=~Q(etat=EtatProlongation.REFUSEE) | ~Q(motif_refus=""),
                violation_error_message="Un refus porte un motif.",
            ),
        )

    def __str__(self) -> str:
        return f"{self.contrat} jusqu'au {self.fin_demandee:%d/%m/%Y}"


class PieceRupture(models.Model):
    """Un document qui prouve une rupture ; l'octet déposé est celui qui se relit, son empreinte le montre."""

    contrat = models.ForeignKey(Contrat, on_delete=models.PROTECT, related_name="pieces", verbose_name="contrat")
    nature = models.CharField("nature", max_length=40, choices=list(regles.PIECES.items()))
    fichier = models.FileField("fichier", upload_to="ruptures/%Y/%m/", max_length=200)
    nom = models.CharField("nom du fichier", max_length=150)
    type_mime = models.CharField("type", max_length=50)
    taille = models.PositiveIntegerField("taille en octets")
    sha256 = models.CharField("empreinte SHA-256", max_length=64)
    # Une rupture annulée garde ses pièces, hors du dossier.
    retiree_le = models.DateTimeField("retirée le", null=True, blank=True)
    created_at = models.DateTimeField("déposée le", auto_now_add=True)

    class Meta:
        verbose_name = "pièce de rupture"
        verbose_name_plural = "pièces de rupture"
        constraints = (
            models.CheckConstraint(
                name="piece_rupture_taille",
                condition=Q(taille__gt=0, taille__lte=regles.PIECE_TAILLE_MAX),
                violation_error_message="Une pièce pèse au plus 5 Mo.",
            ),
        )
        indexes = (models.Index(fields=("contrat", "nature"), name="piece_rupture_contrat"),)

    def __str__(self) -> str:
        return f"{self.get_nature_display()} ({self.nom})"
