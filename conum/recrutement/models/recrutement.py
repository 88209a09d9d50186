from __future__ import annotations

from datetime import date

from django.db import models
from django.db.models import Count, Exists, OuterRef, Q

from conum.comptes.models import Role, TypeRole
from conum.journal.acteurs import Acteur
from conum.postes.models import Rattachement, TypePoste
from conum.recrutement.models.geo import index_geographique
from conum.recrutement.rules import candidature as regles
from conum.recrutement.states import EtatRecrutement
from conum.structures.models import Structure
from conum.territoires.models import Commune, Departement
from conum.territoires.rules import territoire_de

_VIVANTS = [EtatRecrutement.OUVERT, EtatRecrutement.SUSPENDU]


class RecrutementQuerySet(models.QuerySet["Recrutement"]):
    def visibles_par(self, acteur: Acteur) -> RecrutementQuerySet:
        """Les recrutements des structures que ce rôle voit ; un périmètre vide ne voit rien."""
        if not isinstance(acteur, Role) or acteur.type == TypeRole.CANDIDAT:
            return self.none()
        return self.filter(structure__in=Structure.objects.visibles_par(acteur).order_by().values("pk"))

    def ouverts(self) -> RecrutementQuerySet:
        return self.filter(etat=EtatRecrutement.OUVERT)

    def avec_postes(self) -> RecrutementQuerySet:
        """Annote `nb_postes` et `nb_vacants` (postes ouverts que personne n'occupe)."""
        return self.annotate(
            nb_postes=Count("postes", distinct=True),
            nb_vacants=Count("postes", filter=Q(postes__pourvu_par=None), distinct=True),
        )

    def a_pourvoir(self, jour: date) -> RecrutementQuerySet:
        """Ouverts, avec au moins un poste vacant encore rattaché ce jour-là."""
        vacant = PosteOuvert.objects.filter(
            recrutement=OuterRef("pk"), pourvu_par=None, rattachement__periode__contains=jour
        )
        return self.ouverts().filter(Exists(vacant))


class Recrutement(models.Model):
    """Une structure recrute pour un ou plusieurs postes de même type, au même endroit.

    Les postes sont dits par `PosteOuvert` : vacant = rattaché à la structure et pourvu par personne. La base n'interdit
    pas deux recrutements dans une commune : deux fiches d'une même structure, fusionnées, apportent chacune le leur.
    """

    structure = models.ForeignKey(
        Structure, on_delete=models.PROTECT, related_name="recrutements", verbose_name="structure"
    )
    type_poste = models.CharField(
        "type de poste", max_length=20, choices=TypePoste.choices, default=TypePoste.CONSEILLER
    )
    commune = models.ForeignKey(Commune, on_delete=models.PROTECT, related_name="+", verbose_name="commune d'exercice")
    # Recopiés de la commune, comme pour le candidat.
    departement = models.ForeignKey(Departement, on_delete=models.PROTECT, related_name="+", verbose_name="département")
    latitude = models.FloatField("latitude", null=True, blank=True)
    longitude = models.FloatField("longitude", null=True, blank=True)
    debut = models.DateField("début souhaité")
    # 0 : la structure n'en demande pas.
    niveau = models.PositiveSmallIntegerField(
        "niveau demandé", choices=[(0, "Indifférent"), *regles.NIVEAUX.items()], default=0
    )
    precisions = models.TextField("ce que les candidats doivent savoir", max_length=1000, blank=True)
    etat = models.CharField("état", max_length=20, choices=EtatRecrutement.choices, default=EtatRecrutement.OUVERT)
    ouvert_le = models.DateTimeField("ouvert le")
    # Le jour de l'attribution : les engagements de la structure se comptent de là.
    attribue_le = models.DateField("postes attribués le")
    premier = models.BooleanField("première attribution", default=True)
    motif_suspension = models.TextField("motif de la suspension", blank=True)
    clos_le = models.DateTimeField("clos le", null=True, blank=True)
    created_at = models.DateTimeField("créé le", auto_now_add=True)
    updated_at = models.DateTimeField("modifié le", auto_now=True)

    objects = RecrutementQuerySet.as_manager()

    class Meta:
        verbose_name = "recrutement"
        constraints = (
            models.CheckConstraint(
                name="recrutement_clos_date",
                condition=Q(etat__in=_VIVANTS, clos_le=None) | (~Q(etat__in=_VIVANTS) & Q(clos_le__isnull=False)),
                violation_error_message="Un recrutement pourvu ou clos porte sa date.",
            ),
            models.CheckConstraint(
                name="recrutement_niveau_borne",
                condition=Q(niveau__lte=3),
                violation_error_message="Le niveau va de 0 (indifférent) à 3 (avancé).",
            ),
        )
        indexes = (
            index_geographique("recrutement_lieu", condition=Q(etat=EtatRecrutement.OUVERT)),
            models.Index(fields=("structure", "etat"), name="recrutement_structure"),
            models.Index(fields=("departement", "etat"), name="recrutement_departement"),
        )

    def __str__(self) -> str:
        return self.reference

    @property
    def reference(self) -> str:
        """« R-00042 »."""
        return f"R-{self.pk:05d}" if self.pk else "R-nouveau"

    @property
    def territoire(self) -> str:
        return territoire_de(self.commune_id)


class PosteOuvert(models.Model):
    """Un poste rattaché, mis au recrutement. `pourvu_par` : la mise en relation qui l'occupe, jusqu'au contrat."""

    recrutement = models.ForeignKey(
        Recrutement, on_delete=models.PROTECT, related_name="postes", verbose_name="recrutement"
    )
    rattachement = models.OneToOneField(
        Rattachement, on_delete=models.PROTECT, related_name="poste_ouvert", verbose_name="rattachement"
    )
    # Deux recrutements simultanés sur un même poste : la base n'en garde qu'un (colonne unique).
    pourvu_par = models.OneToOneField(
        "recrutement.MiseEnRelation",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="poste_pourvu",
        verbose_name="pourvu par",
    )
    pourvu_le = models.DateTimeField("pourvu le", null=True, blank=True)

    class Meta:
        verbose_name = "poste ouvert"
        verbose_name_plural = "postes ouverts"
        constraints = (
            models.CheckConstraint(
                name="poste_ouvert_pourvu_date",
                condition=Q(pourvu_par=None, pourvu_le=None) | Q(pourvu_par__isnull=False, pourvu_le__isnull=False),
                violation_error_message="Un poste pourvu porte sa date.",
            ),
        )
        indexes = (models.Index(fields=("recrutement",), condition=Q(pourvu_par=None), name="poste_ouvert_vacant"),)

    def __str__(self) -> str:
        return str(self.rattachement.poste)
