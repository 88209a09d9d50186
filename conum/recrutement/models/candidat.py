from __future__ import annotations

from datetime import date

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower, Trim

from conum.comptes.models import Role, TypeRole
from conum.journal.acteurs import Acteur
from conum.recrutement.models.geo import index_geographique
from conum.recrutement.rules import candidature as regles
from conum.recrutement.states import AVANT_CONFIRMATION, Etat, EtatCandidat
from conum.territoires.models import Commune, Departement
from conum.territoires.rules import territoire_de


class OriginePix(models.TextChoices):
    DECLARATION = "declaration", "Déclaré par le candidat"
    IMPORT = "import", "Importé de Pix"


class CandidatQuerySet(models.QuerySet["Candidat"]):
    def visibles_par(self, acteur: Acteur) -> CandidatQuerySet:
        """Le candidat se voit lui-même ; l'ANCT voit les candidatures confirmées. Une structure n'obtient un candidat
        que par une mise en relation ou une recherche autour de ses postes, jamais par ici.
        """
        if not isinstance(acteur, Role) or not acteur.pk:
            return self.none()
        match acteur.type:
            case TypeRole.CANDIDAT:
                return self.filter(role_id=acteur.pk).exclude(etat=EtatCandidat.ANONYMISE)
            case TypeRole.ANCT:
                return self.exclude(etat__in=AVANT_CONFIRMATION | {EtatCandidat.ANONYMISE})
        return self.none()

    def au_vivier(self) -> CandidatQuerySet:
        """Confirmés, disponibles, et pas déjà engagés par une offre acceptée : ceux qu'on peut proposer."""
        return self.filter(etat=EtatCandidat.DISPONIBLE).exclude(mises_en_relation__etat=Etat.ACCEPTEE)


class Candidat(models.Model):
    """Une personne qui veut devenir conseiller numérique : une adresse électronique, une candidature.

    Avant l'envoi, seule `saisie` est remplie : ce que la personne a tapé, tel quel. Le genre n'est pas demandé.
    """

    etat = models.CharField("état", max_length=20, choices=EtatCandidat.choices, default=EtatCandidat.BROUILLON)
    # Le rôle naît à la confirmation de l'adresse ; il porte le compte.
    role = models.OneToOneField(
        Role, on_delete=models.PROTECT, null=True, blank=True, related_name="candidat", verbose_name="rôle"
    )
    prenom = models.CharField("prénom", max_length=100, blank=True)
    nom = models.CharField("nom", max_length=100, blank=True)
    email = models.EmailField("adresse électronique", blank=True)
    telephone = models.CharField("téléphone", max_length=20, blank=True)
    commune = models.ForeignKey(
        Commune, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name="commune"
    )
    departement = models.ForeignKey(
        Departement, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name="département"
    )
    # Recopiées de la commune : la recherche autour d'un poste se lit dans un seul index.
    latitude = models.FloatField("latitude", null=True, blank=True)
    longitude = models.FloatField("longitude", null=True, blank=True)

    en_recherche = models.BooleanField("cherche un emploi", default=False)
    en_emploi = models.BooleanField("en emploi", default=False)
    en_formation = models.BooleanField("en formation", default=False)
    diplome = models.BooleanField("diplômé de médiation numérique", default=False)
    nom_diplome = models.CharField("diplôme", max_length=200, blank=True)
    experience = models.BooleanField("expérience de médiation numérique", default=False)
    mobilite_km = models.PositiveSmallIntegerField(
        "mobilité (km)", choices=list(regles.MOBILITES.items()), null=True, blank=True
    )
    # Terres où la personne accepte de partir, en plus de la sienne : « metropole », « 974 »…
    territoires_choisis = ArrayField(
        models.CharField(max_length=9), verbose_name="autres territoires acceptés", default=list, blank=True
    )
    disponible_le = models.DateField("disponible le", null=True, blank=True)
    motivation = models.TextField("motivation", blank=True)
    langues = ArrayField(models.CharField(max_length=3), verbose_name="langues", default=list, blank=True)

    cv = models.FileField("CV", upload_to="cv/%Y/%m/", max_length=200, blank=True)
    cv_nom = models.CharField("nom du fichier", max_length=150, blank=True)
    cv_depose_le = models.DateTimeField("CV déposé le", null=True, blank=True)
    cv_utilise_le = models.DateTimeField("CV utilisé le", null=True, blank=True)

    pix_palier = models.PositiveSmallIntegerField(
        "palier Pix", choices=list(regles.NIVEAUX.items()), null=True, blank=True
    )
    # Numéros des compétences acquises, de 1 à 3 (regles.COMPETENCES_PIX).
    pix_competences = ArrayField(
        models.PositiveSmallIntegerField(), verbose_name="compétences Pix", default=list, blank=True
    )
    pix_le = models.DateField("résultat Pix du", null=True, blank=True)
    pix_origine = models.CharField("origine du résultat", max_length=20, choices=OriginePix.choices, blank=True)
    pix_partage = models.BooleanField("résultat Pix montré aux structures", default=False)

    disponibilite_confirmee_le = models.DateTimeField("disponibilité confirmée le", null=True, blank=True)
    disponibilite_demandee_le = models.DateTimeField("reconfirmation demandée le", null=True, blank=True)
    jeton_disponibilite = models.CharField("empreinte du lien de disponibilité", max_length=64, blank=True)
    en_pause_depuis = models.DateTimeField("en pause depuis le", null=True, blank=True)
    motif_pause = models.CharField("motif de la pause", max_length=30, blank=True)
    motif_retrait = models.CharField("motif du retrait", max_length=30, blank=True)
    precision_retrait = models.TextField("précision sur le retrait", blank=True)
    motif_blocage = models.TextField("motif du blocage", blank=True)
    # Dernier signe de vie : connexion, réponse, modification. La conservation se compte d'ici.
    actif_le = models.DateTimeField("dernière activité", null=True, blank=True)
    anonymise_le = models.DateTimeField("anonymisé le", null=True, blank=True)

    saisie = models.JSONField("saisie en cours", default=dict, blank=True)
    jeton_reprise = models.CharField("empreinte du lien de reprise", max_length=64, blank=True)
    jeton_confirmation = models.CharField("empreinte du lien de confirmation", max_length=64, blank=True)
    soumis_le = models.DateTimeField("envoyé le", null=True, blank=True)
    confirmable_jusqu_au = models.DateTimeField("confirmable jusqu'au", null=True, blank=True)
    confirme_le = models.DateTimeField("confirmé le", null=True, blank=True)
    created_at = models.DateTimeField("créé le", auto_now_add=True)
    updated_at = models.DateTimeField("modifié le", auto_now=True)

    objects = CandidatQuerySet.as_manager()

    class Meta:
        verbose_name = "candidat"
        constraints = (
            models.UniqueConstraint(
                fields=("email",),
                condition=~Q(email=""),
                name="candidat_email_unique",
                violation_error_message="Une candidature existe déjà pour cette adresse.",
            ),
            models.CheckConstraint(
                name="candidat_email_normalise",
                condition=Q(email=Lower(Trim("email"))),
                violation_error_message="L'adresse électronique s'écrit en minuscules et sans espace.",
            ),
            models.CheckConstraint(
                name="candidat_complet",
                condition=Q(etat__in=[EtatCandidat.BROUILLON, EtatCandidat.ANONYMISE])
                | (
                    ~Q(email="")
                    & Q(
                        commune__isnull=False,
                        departement__isnull=False,
                        mobilite_km__isnull=False,
                        disponible_le__isnull=False,
                    )
                ),
                violation_error_message="Une candidature envoyée a adresse, commune, mobilité et disponibilité.",
            ),
            models.CheckConstraint(
                name="candidat_une_situation",
                condition=Q(etat__in=[EtatCandidat.BROUILLON])
                | Q(en_recherche=True)
                | Q(en_emploi=True)
                | Q(en_formation=True)
                | Q(diplome=True),
                violation_error_message="Cochez au moins une situation.",
            ),
            models.CheckConstraint(
                name="candidat_diplome_nomme",
                condition=Q(diplome=False) | ~Q(nom_diplome="") | Q(etat=EtatCandidat.ANONYMISE),
                violation_error_message="Donnez le nom de votre diplôme.",
            ),
            models.CheckConstraint(
                name="candidat_mobilite_connue",
                condition=Q(mobilite_km=None) | Q(mobilite_km__in=list(regles.MOBILITES)),
                violation_error_message="Choisissez une distance de la liste.",
            ),
            models.CheckConstraint(
                name="candidat_confirme_a_un_role",
                condition=Q(etat__in=AVANT_CONFIRMATION | {EtatCandidat.ANONYMISE})
                | Q(role__isnull=False, confirme_le__isnull=False),
                violation_error_message="Une candidature confirmée a son compte et sa date.",
            ),
            models.CheckConstraint(
                name="candidat_cv_date",
                condition=Q(cv="", cv_depose_le=None) | (~Q(cv="") & Q(cv_depose_le__isnull=False)),
                violation_error_message="Un CV porte sa date de dépôt.",
            ),
            models.CheckConstraint(
                name="candidat_anonymise_date",
                condition=Q(etat=EtatCandidat.ANONYMISE, email="", prenom="", nom="", anonymise_le__isnull=False)
                | (~Q(etat=EtatCandidat.ANONYMISE) & Q(anonymise_le=None)),
                violation_error_message="Une candidature anonymisée ne désigne plus personne.",
            ),
        )
        indexes = (
            # Le seul ensemble où l'on cherche autour d'un poste.
            index_geographique("candidat_lieu", condition=Q(etat=EtatCandidat.DISPONIBLE)),
            models.Index(fields=("etat", "departement"), name="candidat_etat"),
            models.Index(fields=("actif_le",), name="candidat_activite"),
            models.Index(fields=("jeton_reprise",), name="candidat_reprise", condition=~Q(jeton_reprise="")),
            models.Index(
                fields=("jeton_confirmation",), name="candidat_confirmation", condition=~Q(jeton_confirmation="")
            ),
            models.Index(
                fields=("jeton_disponibilite",), name="candidat_jeton_dispo", condition=~Q(jeton_disponibilite="")
            ),
        )

    def __str__(self) -> str:
        return self.reference

    @property
    def reference(self) -> str:
        """« C-00042 » : ce qu'on cite sans nommer la personne."""
        return f"C-{self.pk:05d}" if self.pk else "C-nouveau"

    @property
    def nom_complet(self) -> str:
        return f"{self.prenom} {self.nom}".strip()

    @property
    def territoire(self) -> str:
        """La terre où habite la personne (« metropole », « 974 »…)."""
        return territoire_de(self.commune_id or "")

    @property
    def situations(self) -> list[str]:
        """Les situations cochées, en mots."""
        return [libelle for champ, libelle in regles.SITUATIONS.items() if getattr(self, champ)]

    def est_disponible_pour(self, debut: date, aujourdhui: date) -> bool:
        return self.disponible_le is not None and regles.disponible_a_temps(self.disponible_le, debut, aujourdhui)
