from __future__ import annotations

from datetime import date

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.db import models
from django.db.models import CheckConstraint, Count, F, Func, Q

from conum.comptes.models import Role, TypeRole
from conum.formations.models.inscription import Inscription
from conum.formations.models.organisme import Organisme
from conum.formations.rules.assiduite import DemiJournee, Nature
from conum.formations.states import ASSISES, PLACES_VIVANTES, EtatPlace, EtatSession
from conum.journal.acteurs import Acteur
from conum.territoires.models import Commune

_ASSISES, _VIVANTES = sorted(ASSISES), sorted(PLACES_VIVANTES)
CAPACITE_MAX = 100


class NatureSeance(models.TextChoices):
    COURS = Nature.COURS.value, "Cours"
    STAGE = Nature.STAGE.value, "Stage"


class SessionQuerySet(models.QuerySet["SessionFormation"]):
    def visibles_par(self, acteur: Acteur) -> SessionQuerySet:
        """Les siennes pour un organisme ; celles qui sont ouvertes pour une structure ; les siennes pour un conseiller.

        Qui voit une session n'en voit pas pour autant les inscrits : voir `Place.visibles_par`.
        """
        if not isinstance(acteur, Role):
            return self.none()
        match acteur.type:
            case TypeRole.ANCT:
                return self
            case TypeRole.ORGANISME if acteur.code:
                return self.filter(organisme__code=acteur.code)
            case TypeRole.STRUCTURE | TypeRole.PREFECTURE | TypeRole.REGION:
                return self.exclude(etat=EtatSession.BROUILLON)
            case TypeRole.CONSEILLER:
                siennes = Place.objects.filter(inscription__personne=acteur.utilisateur_id)
                return self.filter(pk__in=siennes.values("session"))
        return self.none()

    def a_venir(self, jour: date) -> SessionQuerySet:
        """Ouvertes et pas encore commencées."""
        return self.filter(etat=EtatSession.OUVERTE, debut__gte=jour)

    def avec_places(self) -> SessionQuerySet:
        """Annote `assis` et `en_attente` : combien ont un siège, combien attendent."""
        return self.annotate(
            assis=Count("places", filter=Q(places__etat__in=_ASSISES), distinct=True),
            en_attente=Count("places", filter=Q(places__etat=EtatPlace.EN_ATTENTE), distinct=True),
        )


class SessionFormation(models.Model):
    """Une session d'un organisme : un parcours, un lieu ou un lien, des places, un calendrier de demi-journées.

    `debut` et `fin` : les jours de la première et de la dernière séance, tenus par les actions du calendrier.
    """

    organisme = models.ForeignKey(
        Organisme, on_delete=models.PROTECT, related_name="sessions", verbose_name="organisme"
    )
    intitule = models.CharField("intitulé", max_length=150)
    marche_code = models.CharField("marché", max_length=30)
    parcours = models.CharField("parcours", max_length=30)
    etat = models.CharField("état", max_length=15, choices=EtatSession.choices, default=EtatSession.BROUILLON)
    capacite = models.PositiveSmallIntegerField("places", default=15)
    a_distance = models.BooleanField("à distance", default=False)
    lieu = models.CharField("nom du lieu", max_length=150, blank=True)
    adresse = models.CharField("adresse", max_length=250, blank=True)
    commune = models.ForeignKey(
        Commune, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name="commune"
    )
    lien = models.URLField("lien de la visioconférence", max_length=500, blank=True)
    debut = models.DateField("début", null=True, blank=True)
    fin = models.DateField("fin", null=True, blank=True)
    contact_email = models.EmailField("adresse électronique pour toute question", blank=True)
    motif_annulation = models.TextField("motif de l'annulation", blank=True)
    created_at = models.DateTimeField("créée le", auto_now_add=True)

    objects = SessionQuerySet.as_manager()

    class Meta:
        verbose_name = "session de formation"
        verbose_name_plural = "sessions de formation"
        constraints = (
            CheckConstraint(
                name="session_places",
                condition=Q(capacite__gte=1, capacite__lte=CAPACITE_MAX),
                violation_error_message=f"Une session a de 1 à {CAPACITE_MAX} places.",
            ),
            CheckConstraint(
                name="session_dates",
                condition=Q(debut=None, fin=None) | Q(debut__isnull=False, fin__gte=F("debut")),
                violation_error_message="La fin d'une session ne précède pas son début.",
            ),
            CheckConstraint(
                name="session_ouverte_complete",
                condition=~Q(etat=EtatSession.OUVERTE)
                | Q(debut__isnull=False)
                & (Q(a_distance=True) & ~Q(lien="") | Q(a_distance=False, commune__isnull=False)),
                violation_error_message="Une session ouverte a un calendrier, et un lieu ou un lien.",
            ),
            CheckConstraint(
                name="session_annulation_motivee",
                condition=Q(etat=EtatSession.ANNULEE) & ~Q(motif_annulation="")
                | ~Q(etat=EtatSession.ANNULEE) & Q(motif_annulation=""),
                violation_error_message="Une session annulée porte un motif, et elle seule.",
            ),
        )
        indexes = (models.Index(fields=("etat", "debut"), name="session_a_venir"),)

    def __str__(self) -> str:
        return self.reference

    @property
    def reference(self) -> str:
        """« SF-00042 »."""
        return f"SF-{self.pk:05d}" if self.pk else "SF-nouvelle"

    @property
    def ou(self) -> str:
        """« à distance », ou le lieu en une ligne."""
        if self.a_distance:
            return "à distance"
        ville = self.commune.nom if self.commune else ""
        return ", ".join(m for m in (self.lieu, self.adresse, ville) if m)


class Seance(models.Model):
    """Une demi-journée d'une session : l'unité que l'on signe. Deux séances d'une session ne se croisent pas."""

    session = models.ForeignKey(
        SessionFormation, on_delete=models.PROTECT, related_name="seances", verbose_name="session"
    )
    jour = models.DateField("jour")
    debut = models.TimeField("début")
    fin = models.TimeField("fin")
    nature = models.CharField("nature", max_length=10, choices=NatureSeance.choices, default=NatureSeance.COURS)
    theme = models.CharField("thème", max_length=200, blank=True)
    # Le formateur, ou le tuteur d'un stage : il signe depuis le lien reçu, ou un agent de l'organisme signe son nom.
    formateur_nom = models.CharField("nom du formateur", max_length=150, blank=True)
    formateur_email = models.EmailField("adresse électronique du formateur", blank=True)

    class Meta:
        verbose_name = "séance"
        constraints = (
            CheckConstraint(
                name="seance_duree",
                condition=Q(fin__gt=F("debut")),
                violation_error_message="La fin d'une séance suit son début.",
            ),
            ExclusionConstraint(
                name="seance_sans_chevauchement",
                expressions=[
                    ("session", RangeOperators.EQUAL),
                    (Func(F("jour"), F("debut"), F("fin"), template="tsrange(jour + debut, jour + fin)"), "&&"),
                ],
                violation_error_message="Deux séances de la session se croisent.",
            ),
        )
        indexes = (models.Index(fields=("jour",), name="seance_jour"),)

    def __str__(self) -> str:
        return f"{self.jour:%d/%m/%Y}, {self.debut:%H:%M} à {self.fin:%H:%M}"

    @property
    def demi_journee(self) -> DemiJournee:
        """Pour les règles d'assiduité."""
        reference = f"SF-{self.session_id:05d}"
        return DemiJournee(self.jour, self.debut, self.fin, reference, Nature(self.nature))

    @property
    def minutes(self) -> int:
        return self.demi_journee.minutes


class PlaceQuerySet(models.QuerySet["Place"]):
    def visibles_par(self, acteur: Acteur) -> PlaceQuerySet:
        """Celles des inscriptions que ce rôle voit."""
        return self.filter(inscription__in=Inscription.objects.visibles_par(acteur).order_by().values("pk"))

    def assises(self) -> PlaceQuerySet:
        return self.filter(etat__in=_ASSISES)

    def vivantes(self) -> PlaceQuerySet:
        return self.filter(etat__in=_VIVANTES)


class Place(models.Model):
    """Une personne dans une session. `siege` : son numéro, de 1 au nombre de places ; vide sur liste d'attente.

    La base refuse deux fois le même siège, et un siège au-delà des places de la session (déclencheur SQL).
    """

    session = models.ForeignKey(
        SessionFormation, on_delete=models.PROTECT, related_name="places", verbose_name="session"
    )
    inscription = models.ForeignKey(
        Inscription, on_delete=models.PROTECT, related_name="places", verbose_name="inscription"
    )
    etat = models.CharField("état", max_length=15, choices=EtatPlace.choices, default=EtatPlace.INSCRITE)
    siege = models.PositiveSmallIntegerField("siège", null=True, blank=True)
    # Pourquoi cette session n'est pas du parcours retenu ; vide quand elle l'est.
    motif_niveau = models.TextField("motif d'un autre parcours", blank=True)
    motif = models.TextField("motif du retrait ou du déplacement", blank=True)
    inscrite_par = models.ForeignKey(
        Role, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name="inscrite par"
    )
    convoquee_le = models.DateTimeField("convoquée le", null=True, blank=True)
    # Croît à chaque convocation envoyée : le calendrier iCal remplace le précédent (RFC 5545, SEQUENCE).
    convocations = models.PositiveSmallIntegerField("convocations envoyées", default=0)
    created_at = models.DateTimeField("demandée le", auto_now_add=True)

    objects = PlaceQuerySet.as_manager()

    class Meta:
        verbose_name = "place"
        constraints = (
            models.UniqueConstraint(
                fields=("session", "inscription"),
                condition=Q(etat__in=_VIVANTES),
                name="place_une_par_session",
                violation_error_message="Cette personne est déjà inscrite à cette session.",
            ),
            models.UniqueConstraint(
                fields=("session", "siege"),
                condition=Q(etat__in=_ASSISES),
                name="place_siege_unique",
                violation_error_message="Ce siège vient d'être pris.",
            ),
            CheckConstraint(
                name="place_siege_de_son_etat",
                condition=Q(etat__in=_ASSISES, siege__gte=1) | ~Q(etat__in=_ASSISES) & Q(siege=None),
                violation_error_message="Une personne inscrite a un siège, et elle seule.",
            ),
            CheckConstraint(
                name="place_retrait_motive",
                condition=Q(etat__in=_VIVANTES, motif="") | ~Q(etat__in=_VIVANTES) & ~Q(motif=""),
                violation_error_message="Une place retirée ou déplacée porte un motif.",
            ),
        )
        indexes = (models.Index(fields=("session", "created_at"), name="place_rang"),)

    def __str__(self) -> str:
        return f"{self.inscription} dans {self.session}"
