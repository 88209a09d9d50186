from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from django.apps import apps
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField, RangeOperators
from django.contrib.postgres.indexes import GistIndex
from django.db import models
from django.db.backends.postgresql.psycopg_any import DateRange
from django.db.models import Case, Count, Exists, F, FilteredRelation, Func, Max, OuterRef, Q, Subquery, Value, When
from django.db.models.functions import Greatest

from conum.comptes.models import Role
from conum.journal.acteurs import Acteur
from conum.postes.states import CONFIRMES, RETENUS
from conum.structures.models import Structure

UN_JOUR = timedelta(days=1)


class TypePoste(models.TextChoices):
    CONSEILLER = "conseiller", "Conseiller numérique"
    COORDINATEUR = "coordinateur", "Coordinateur"


class EtatPoste(models.TextChoices):
    """Déduit à une date, jamais stocké."""

    OCCUPE = "occupe", "Occupé"
    VACANT = "vacant", "Vacant"
    RENDU = "rendu", "Rendu"


@dataclass(frozen=True, slots=True)
class Compteurs:
    """Les postes d'une structure à une date : son quota, et ce qu'elle en fait."""

    postes: int = 0
    occupes: int = 0

    @property
    def vacants(self) -> int:
        return self.postes - self.occupes


# Prochain numéro, tiré d'une séquence : unique même quand deux agents attribuent à la fois.
NUMERO_SUIVANT = Func(Value("postes_numero"), function="nextval", output_field=models.BigIntegerField())


def _contrats(**filtres: object) -> models.QuerySet[models.Model]:
    """Les contrats du poste examiné, pour une sous-requête."""
    # Par le registre : le contrat connaît le poste, pas l'inverse.
    return apps.get_model("postes", "Contrat")._default_manager.filter(poste=OuterRef("pk"), **filtres)


class PosteQuerySet(models.QuerySet["Poste"]):
    def a_la_date(self, jour: date) -> PosteQuerySet:
        """Annote ce qu'est chaque poste à cette date ; écrans, exports et gardes lisent tous cette requête.

        `etat_du_jour` (occupe, vacant, rendu), `structure_id_du_jour`, `contrat_id_du_jour`, `personne_id_du_jour`.
        Un contrat compte s'il est validé : à valider, il prend la place mais n'occupe pas encore le poste
        (`contrat_attendu`). Les relations `rattachement_du_jour` et `contrat_du_jour` se suivent par select_related :
        la base garantit qu'il y en a une au plus.
        """
        return self.alias(
            rattachement_du_jour=FilteredRelation("rattachements", condition=Q(rattachements__periode__contains=jour)),
            contrat_du_jour=FilteredRelation(
                "contrats",
                condition=Q(contrats__occupation__contains=jour, contrats__etat__in=sorted(CONFIRMES)),
            ),
        ).annotate(
            structure_id_du_jour=F("rattachement_du_jour__structure_id"),
            contrat_id_du_jour=F("contrat_du_jour__id"),
            personne_id_du_jour=F("contrat_du_jour__personne_id"),
            etat_du_jour=Case(
                When(rattachement_du_jour__id=None, then=Value(EtatPoste.RENDU.value)),
                When(contrat_du_jour__id=None, then=Value(EtatPoste.VACANT.value)),
                default=Value(EtatPoste.OCCUPE.value),
                output_field=models.CharField(),
            ),
        )

    def avec_vacance(self, jour: date) -> PosteQuerySet:
        """Ajoute à `a_la_date` le premier jour de la vacance en cours et s'il y a un contrat à venir ou à valider.

        `vacant_depuis` : fin du dernier contrat, ou début du rattachement ; vide pour un poste occupé ou rendu.
        """
        dernier = (
            _contrats(etat__in=sorted(CONFIRMES), occupation__endswith__lte=jour)
            .order_by()
            .values("poste")
            .annotate(fin=Max("occupation__endswith"))
            .values("fin")
        )
        attendu = _contrats(etat__in=sorted(RETENUS), occupation__overlap=DateRange(jour, None))
        return self.annotate(
            contrat_attendu=Exists(attendu),
            vacant_depuis=Case(
                When(
                    etat_du_jour=EtatPoste.VACANT,
                    then=Greatest("rattachement_du_jour__periode__startswith", Subquery(dernier)),
                ),
                output_field=models.DateField(),
            ),
        )

    def visibles_par(self, acteur: Acteur) -> PosteQuerySet:
        """Les postes qu'une structure visible de ce rôle a, ou a eus ; un périmètre vide ne voit rien."""
        if not isinstance(acteur, Role):
            return self.none()
        structures = Structure.objects.visibles_par(acteur).order_by().values("pk")
        return self.filter(Exists(Rattachement.objects.filter(poste=OuterRef("pk"), structure__in=structures)))

    def rattaches_a(self, structure: Structure, jour: date) -> PosteQuerySet:
        """Les postes dont la structure dispose à cette date : c'est son quota."""
        rattachement = Rattachement.objects.filter(poste=OuterRef("pk"), structure=structure, periode__contains=jour)
        return self.filter(Exists(rattachement))

    def disponibles_pour(self, structure: Structure, debut: date, fin: date | None) -> PosteQuerySet:
        """Les postes où un contrat peut commencer le `debut` et finir le `fin` inclus : rattachés et libres."""
        periode = periode_de(debut, fin)
        rattachement = Rattachement.objects.filter(poste=OuterRef("pk"), structure=structure, periode__contains=periode)
        pris = _contrats(etat__in=sorted(RETENUS), occupation__overlap=periode)
        return self.filter(Exists(rattachement), ~Exists(pris))

    def libres_de(self, structure: Structure, jour: date) -> PosteQuerySet:
        """Les postes que la structure peut rendre à cette date : rattachés sans terme déjà fixé, et sans contrat.

        Une rupture notifiée libère le poste dès le lendemain de sa date, un contrat à valider le retient.
        """
        ouvert = Rattachement.objects.filter(
            poste=OuterRef("pk"), structure=structure, periode__contains=jour, periode__endswith=None
        )
        pris = _contrats(etat__in=sorted(RETENUS), occupation__overlap=DateRange(jour, None))
        return self.filter(Exists(ouvert), ~Exists(pris))

    def compteurs(self, jour: date) -> dict[int, Compteurs]:
        """Le quota de chaque structure et les postes occupés, en une requête."""
        lignes = (
            self.a_la_date(jour)
            .exclude(etat_du_jour=EtatPoste.RENDU)  # type: ignore[misc]
            .order_by()
            .values("structure_id_du_jour")
            .annotate(postes=Count("pk"), occupes=Count("contrat_id_du_jour"))
            .values_list("structure_id_du_jour", "postes", "occupes")
        )
        return {structure: Compteurs(postes, occupes) for structure, postes, occupes in lignes}


def periode_de(debut: date, fin: date | None) -> DateRange:
    """La période semi-ouverte d'un fait qui dure du `debut` au `fin` inclus ; sans fin, elle reste ouverte."""
    return DateRange(debut, fin + UN_JOUR if fin else None)


class Poste(models.Model):
    """Un poste attribué par l'État : un numéro, un type. Qui l'héberge est dit par ses rattachements."""

    numero = models.BigIntegerField("numéro", unique=True, db_default=NUMERO_SUIVANT, editable=False)
    type = models.CharField("type", max_length=20, choices=TypePoste.choices, default=TypePoste.CONSEILLER)
    created_at = models.DateTimeField("créé le", auto_now_add=True)

    objects = PosteQuerySet.as_manager()

    class Meta:
        verbose_name = "poste"

    def __str__(self) -> str:
        return self.reference

    @property
    def reference(self) -> str:
        """« P-00042 », écrit sur les documents."""
        return f"P-{self.numero:05d}"


class RattachementQuerySet(models.QuerySet["Rattachement"]):
    def en_cours(self, jour: date) -> RattachementQuerySet:
        return self.filter(periode__contains=jour)

    def nombre_par_structure(self, jour: date) -> dict[int, int]:
        """Postes en cours à cette date, par identifiant de structure."""
        lignes = self.en_cours(jour).order_by().values("structure_id").annotate(nombre=Count("pk"))
        return {ligne["structure_id"]: ligne["nombre"] for ligne in lignes}


class Rattachement(models.Model):
    """La période pendant laquelle une structure dispose d'un poste."""

    poste = models.ForeignKey(Poste, on_delete=models.PROTECT, related_name="rattachements", verbose_name="poste")
    structure = models.ForeignKey(
        Structure, on_delete=models.PROTECT, related_name="rattachements", verbose_name="structure"
    )
    periode = DateRangeField("période")

    objects = RattachementQuerySet.as_manager()

    class Meta:
        verbose_name = "rattachement"
        constraints = (
            ExclusionConstraint(
                name="rattachement_sans_chevauchement",
                expressions=[("poste", RangeOperators.EQUAL), ("periode", RangeOperators.OVERLAPS)],
                violation_error_message="Ce poste est déjà rattaché à une structure sur cette période.",
            ),
            models.CheckConstraint(
                name="rattachement_periode_non_vide",
                condition=Q(periode__isempty=False, periode__startswith__isnull=False),
                violation_error_message="La période d'un rattachement a un début et dure au moins un jour.",
            ),
        )
        indexes = (GistIndex(fields=["structure", "periode"], name="rattachement_structure"),)

    def __str__(self) -> str:
        fin = f" jusqu'au {self.periode.upper:%d/%m/%Y}" if self.periode.upper else ""
        return f"{self.poste} depuis le {self.periode.lower:%d/%m/%Y}{fin}"
