from __future__ import annotations

from datetime import datetime

from django.db import models
from django.db.models import Q

from conum.comptes.models import Role, TypeRole
from conum.journal.acteurs import Acteur
from conum.recrutement.models.candidat import Candidat
from conum.recrutement.models.passe import Passe
from conum.recrutement.models.recrutement import Recrutement
from conum.recrutement.rules import relation as regles
from conum.recrutement.states import (
    ATTEND_LA_STRUCTURE,
    ATTEND_LE_CANDIDAT,
    CLOS,
    COMPTES_POUR_LE_CANDIDAT,
    IDENTITE_OUVERTE,
    OUVERTS,
    Etat,
)
from conum.structures.models import Structure


class Origine(models.TextChoices):
    APPARIEMENT = "appariement", "Proposé par l'appariement national"
    PRESELECTION = "preselection", "Présélectionné par la structure"


class Partie(models.TextChoices):
    CANDIDAT = "candidat", "Candidat"
    STRUCTURE = "structure", "Structure"


class MiseEnRelationQuerySet(models.QuerySet["MiseEnRelation"]):
    def visibles_par(self, acteur: Acteur) -> MiseEnRelationQuerySet:
        """La structure et le candidat voient les leurs, l'ANCT toutes ; nul autre n'en voit aucune.

        Une préfecture lit des nombres et des retards, jamais des personnes.
        """
        if not isinstance(acteur, Role) or not acteur.pk:
            return self.none()
        match acteur.type:
            case TypeRole.CANDIDAT:
                return self.filter(candidat__role_id=acteur.pk)
            case TypeRole.ANCT:
                return self.all()
            case TypeRole.STRUCTURE:
                structures = Structure.objects.visibles_par(acteur).order_by().values("pk")
                return self.filter(recrutement__structure__in=structures)
        return self.none()

    def ouvertes(self) -> MiseEnRelationQuerySet:
        return self.filter(etat__in=OUVERTS)

    def comptees_pour_le_candidat(self) -> MiseEnRelationQuerySet:
        return self.filter(etat__in=COMPTES_POUR_LE_CANDIDAT)


class MiseEnRelation(models.Model):
    """Un candidat et un recrutement, de la proposition à l'embauche ou à sa fin motivée."""

    recrutement = models.ForeignKey(
        Recrutement, on_delete=models.PROTECT, related_name="mises_en_relation", verbose_name="recrutement"
    )
    candidat = models.ForeignKey(
        Candidat, on_delete=models.PROTECT, related_name="mises_en_relation", verbose_name="candidat"
    )
    etat = models.CharField("état", max_length=20, choices=Etat.choices, default=Etat.PROPOSEE)
    origine = models.CharField("origine", max_length=20, choices=Origine.choices, default=Origine.APPARIEMENT)
    motif_preselection = models.TextField("motif de la présélection", blank=True)
    passe = models.ForeignKey(
        Passe, on_delete=models.PROTECT, null=True, blank=True, related_name="propositions", verbose_name="passage"
    )
    rang = models.PositiveSmallIntegerField("rang", null=True, blank=True)
    distance_km = models.FloatField("distance (km)", null=True, blank=True)
    # Points, et ce qui les compose : {"distance": 12.3, "experience": 0.0, …, "ponderation": "2026.1"}.
    cout = models.FloatField("coût (points)", null=True, blank=True)
    detail = models.JSONField("détail du calcul", default=dict, blank=True)

    # Depuis quand l'état courant attend quelqu'un, et quand il se clôt faute de réponse (vide : pas d'échéance).
    attend_depuis = models.DateTimeField("attend depuis le")
    echeance = models.DateTimeField("échéance", null=True, blank=True)
    rappels = models.PositiveSmallIntegerField("rappels envoyés", default=0)
    reponse_structure_le = models.DateTimeField("première réponse de la structure", null=True, blank=True)
    reponse_candidat_le = models.DateTimeField("première réponse du candidat", null=True, blank=True)
    contact_accepte_le = models.DateTimeField("contact accepté le", null=True, blank=True)
    rang_reserve = models.PositiveSmallIntegerField("rang dans la réserve", null=True, blank=True)

    entretien_le = models.DateTimeField("entretien le", null=True, blank=True)
    entretien_mode = models.CharField(
        "mode de l'entretien", max_length=20, choices=list(regles.MODES_ENTRETIEN.items()), blank=True
    )
    entretien_lieu = models.CharField("lieu, lien ou numéro", max_length=300, blank=True)
    entretien_message = models.TextField("message", max_length=1000, blank=True)
    # RFC 5545 : chaque déplacement augmente le numéro de séquence du même rendez-vous.
    entretien_sequence = models.PositiveSmallIntegerField("séquence iCal", default=0)

    offre_le = models.DateTimeField("offre faite le", null=True, blank=True)
    offre_type_contrat = models.CharField(
        "type de contrat", max_length=30, choices=list(regles.TYPES_CONTRAT.items()), blank=True
    )
    offre_salaire = models.DecimalField(
        "salaire brut mensuel (€)", max_digits=8, decimal_places=2, null=True, blank=True
    )
    offre_debut = models.DateField("début du contrat", null=True, blank=True)
    offre_fin = models.DateField("fin du contrat", null=True, blank=True)
    offre_message = models.TextField("message de l'offre", max_length=1000, blank=True)
    acceptee_le = models.DateTimeField("offre acceptée le", null=True, blank=True)
    contrat_signe_le = models.DateField("contrat signé le", null=True, blank=True)

    motif_fin = models.CharField("motif de fin", max_length=30, choices=list(regles.MOTIFS.items()), blank=True)
    precision_fin = models.TextField("précision", max_length=1000, blank=True)
    close_le = models.DateTimeField("close le", null=True, blank=True)
    created_at = models.DateTimeField("proposée le", auto_now_add=True)
    updated_at = models.DateTimeField("modifiée le", auto_now=True)

    objects = MiseEnRelationQuerySet.as_manager()

    class Meta:
        verbose_name = "mise en relation"
        verbose_name_plural = "mises en relation"
        constraints = (
            models.UniqueConstraint(
                fields=("recrutement", "candidat"),
                condition=Q(etat__in=OUVERTS),
                name="relation_ouverte_unique",
                violation_error_message="Ce candidat est déjà proposé pour ce recrutement.",
            ),
            models.UniqueConstraint(
                fields=("candidat",),
                condition=Q(etat=Etat.ACCEPTEE),
                name="relation_une_offre_acceptee",
                violation_error_message="Une personne accepte une seule offre à la fois.",
            ),
            models.CheckConstraint(
                name="relation_close_datee",
                condition=Q(etat__in=CLOS, close_le__isnull=False) | (~Q(etat__in=CLOS) & Q(close_le=None)),
                violation_error_message="Une mise en relation close porte sa date.",
            ),
            models.CheckConstraint(
                name="relation_fin_motivee",
                condition=~Q(etat__in=CLOS - {Etat.RECRUTEE}) | ~Q(motif_fin=""),
                violation_error_message="Une fin porte son motif.",
            ),
            models.CheckConstraint(
                name="relation_contact_accepte_date",
                condition=~Q(etat__in=IDENTITE_OUVERTE) | Q(contact_accepte_le__isnull=False),
                violation_error_message="Le candidat n'a pas encore accepté d'être contacté.",
            ),
            models.CheckConstraint(
                name="relation_entretien_date",
                condition=~Q(etat=Etat.ENTRETIEN) | (Q(entretien_le__isnull=False) & ~Q(entretien_mode="")),
                violation_error_message="Un entretien a une date et un mode.",
            ),
            models.CheckConstraint(
                name="relation_offre_complete",
                condition=~Q(etat__in=[Etat.OFFRE, Etat.ACCEPTEE, Etat.RECRUTEE])
                | (
                    Q(offre_le__isnull=False, offre_salaire__gt=0, offre_debut__isnull=False)
                    & ~Q(offre_type_contrat="")
                ),
                violation_error_message="Une offre ferme a un contrat, un salaire et une date de début.",
            ),
            models.CheckConstraint(
                name="relation_offre_dates",
                condition=Q(offre_fin=None) | Q(offre_fin__gt=models.F("offre_debut")),
                violation_error_message="Le contrat finit après son début.",
            ),
            models.CheckConstraint(
                name="relation_reserve_rang",
                condition=~Q(etat=Etat.RESERVE) | Q(rang_reserve__isnull=False),
                violation_error_message="Un candidat en réserve y a un rang.",
            ),
            models.CheckConstraint(
                name="relation_preselection_motivee",
                condition=~Q(origine=Origine.PRESELECTION) | ~Q(motif_preselection=""),
                violation_error_message="Une présélection à la main porte son motif.",
            ),
        )
        indexes = (
            models.Index(fields=("recrutement", "etat"), name="relation_recrutement"),
            models.Index(fields=("candidat", "etat"), name="relation_candidat"),
            models.Index(fields=("echeance",), condition=Q(etat__in=OUVERTS), name="relation_echeance"),
            models.Index(fields=("attend_depuis",), condition=Q(etat__in=OUVERTS), name="relation_attente"),
            models.Index(fields=("passe",), name="relation_passe"),
        )

    def __str__(self) -> str:
        return self.reference

    @property
    def reference(self) -> str:
        """« M-00042 »."""
        return f"M-{self.pk:05d}" if self.pk else "M-nouvelle"

    @property
    def est_ouverte(self) -> bool:
        return self.etat in OUVERTS

    @property
    def identite_ouverte(self) -> bool:
        """La structure peut lire le nom, les coordonnées et le CV."""
        return self.etat in IDENTITE_OUVERTE

    @property
    def attend(self) -> list[Partie]:
        """De qui l'on attend quelque chose."""
        parties = []
        if self.etat in ATTEND_LA_STRUCTURE:
            parties.append(Partie.STRUCTURE)
        if self.etat in ATTEND_LE_CANDIDAT:
            parties.append(Partie.CANDIDAT)
        return parties


class LienPersonnel(models.Model):
    """Lien reçu par courriel, d'une seule partie d'une seule mise en relation ; la base n'en garde que l'empreinte."""

    mise_en_relation = models.ForeignKey(
        MiseEnRelation, on_delete=models.CASCADE, related_name="liens", verbose_name="mise en relation"
    )
    partie = models.CharField("partie", max_length=20, choices=Partie.choices)
    # Côté structure : le membre à qui le lien a été envoyé ; il perd le lien avec son rôle.
    role = models.ForeignKey(
        Role, on_delete=models.CASCADE, null=True, blank=True, related_name="+", verbose_name="membre"
    )
    empreinte = models.CharField("empreinte du lien", max_length=64, unique=True)
    expire_le = models.DateTimeField("expire le")
    created_at = models.DateTimeField("envoyé le", auto_now_add=True)

    class Meta:
        verbose_name = "lien personnel"
        verbose_name_plural = "liens personnels"
        constraints = (
            models.CheckConstraint(
                name="lien_structure_a_un_membre",
                condition=Q(partie=Partie.CANDIDAT, role=None) | Q(partie=Partie.STRUCTURE, role__isnull=False),
                violation_error_message="Un lien de structure est celui d'un membre.",
            ),
        )
        indexes = (models.Index(fields=("expire_le",), name="lien_personnel_expire"),)

    def __str__(self) -> str:
        return f"{self.mise_en_relation} : {self.get_partie_display()}"

    def est_valable(self, maintenant: datetime) -> bool:
        return self.expire_le > maintenant
