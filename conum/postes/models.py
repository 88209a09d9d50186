from __future__ import annotations

from datetime import date

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField, RangeOperators
from django.contrib.postgres.indexes import GistIndex
from django.db import models
from django.db.models import Count, Exists, Func, OuterRef, Q, Subquery, Value

from conum.structures.models import Structure


class TypePoste(models.TextChoices):
    CONSEILLER = "conseiller", "Conseiller numérique"
    COORDINATEUR = "coordinateur", "Coordinateur"


class EtatPoste(models.TextChoices):
    """Déduit à une date, jamais stocké."""

    RATTACHE = "rattache", "Rattaché"
    RENDU = "rendu", "Rendu"


# Prochain numéro, tiré d'une séquence : unique même quand deux agents attribuent à la fois.
NUMERO_SUIVANT = Func(Value("postes_numero"), function="nextval", output_field=models.BigIntegerField())


class PosteQuerySet(models.QuerySet["Poste"]):
    def a_la_date(self, jour: date) -> PosteQuerySet:
        """Annote `structure_id_du_jour` et `etat_du_jour` (rattache, rendu) à cette date."""
        courant = Rattachement.objects.filter(poste=OuterRef("pk"), periode__contains=jour)
        return self.annotate(
            structure_id_du_jour=Subquery(courant.values("structure_id")[:1]),
            etat_du_jour=models.Case(
                models.When(structure_id_du_jour=None, then=Value(EtatPoste.RENDU.value)),
                default=Value(EtatPoste.RATTACHE.value),
            ),
        )

    def rattaches_a(self, structure: Structure, jour: date) -> PosteQuerySet:
        """Les postes dont la structure dispose à cette date : c'est son quota."""
        rattachement = Rattachement.objects.filter(poste=OuterRef("pk"), structure=structure, periode__contains=jour)
        return self.filter(Exists(rattachement))

    def libres_de(self, structure: Structure, jour: date) -> PosteQuerySet:
        """Les postes que la structure peut rendre à cette date : rattachés, sans terme déjà fixé."""
        ouvert = Rattachement.objects.filter(poste=OuterRef("pk"), structure=structure, periode__contains=jour)
        return self.rattaches_a(structure, jour).filter(Exists(ouvert.filter(periode__endswith=None)))


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
