from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import CheckConstraint, Q

from conum.comptes.models import Role, TypeRole
from conum.formations.models.organisme import Organisme
from conum.formations.rules.marches import CCP1, CERTIFICATIONS, TITRE
from conum.formations.states import FAITES, VIVANTES, Etat, EtatDispense
from conum.journal.acteurs import Acteur
from conum.postes.models import Contrat
from conum.territoires.models import Commune

AGENTS = frozenset({TypeRole.ANCT, TypeRole.PREFECTURE, TypeRole.REGION})
_ENGAGEES = sorted(VIVANTES | FAITES)
_PARCOURS_RETENU = [Etat.POSITIONNEE, Etat.INSCRITE, Etat.EN_FORMATION, Etat.ATTESTEE]


class InscriptionQuerySet(models.QuerySet["Inscription"]):
    def visibles_par(self, acteur: Acteur) -> InscriptionQuerySet:
        """La personne elle-même ; son employeur et les agents par le contrat ; l'organisme qui la forme.

        Un organisme voit celles qui lui sont confiées, et celles de ses sessions.
        """
        if not isinstance(acteur, Role):
            return self.none()
        match acteur.type:
            case TypeRole.ANCT:
                return self
            case TypeRole.CONSEILLER:
                return self.filter(personne=acteur.utilisateur_id)
            case TypeRole.ORGANISME if acteur.code:
                de_ses_sessions = Inscription.objects.filter(places__session__organisme__code=acteur.code)
                return self.filter(Q(organisme__code=acteur.code) | Q(pk__in=de_ses_sessions.values("pk")))
            case TypeRole.PREFECTURE | TypeRole.REGION | TypeRole.STRUCTURE:
                return self.filter(contrat__in=Contrat.objects.visibles_par(acteur).order_by().values("pk"))
        return self.none()

    def vivantes(self) -> InscriptionQuerySet:
        """La formation reste à faire ou à finir."""
        return self.filter(etat__in=sorted(VIVANTES))


class Inscription(models.Model):
    """La formation initiale d'une personne pour un contrat : ouverte toute seule quand le contrat est validé.

    `marche_code` et `marche_empreinte` : la règle de la date du contrat, figée à l'ouverture. Une personne en a une à
    la fois ; formée ou dispensée, un contrat suivant n'en ouvre pas d'autre.
    """

    contrat = models.OneToOneField(
        Contrat, on_delete=models.PROTECT, related_name="inscription_formation", verbose_name="contrat"
    )
    personne = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="inscriptions_formation",
        verbose_name="personne",
    )  # fmt: skip
    # Où la personne exerce, au jour de l'ouverture : la commune de la structure.
    commune = models.ForeignKey(Commune, on_delete=models.PROTECT, related_name="+", verbose_name="commune d'exercice")
    organisme = models.ForeignKey(
        Organisme, on_delete=models.PROTECT, null=True, blank=True, related_name="inscriptions",
        verbose_name="organisme",
    )  # fmt: skip
    etat = models.CharField("état", max_length=20, choices=Etat.choices, default=Etat.OUVERTE)
    marche_code = models.CharField("marché", max_length=30)
    marche_empreinte = models.CharField("empreinte du marché", max_length=64)
    contrat_signe_le = models.DateField("contrat validé le")
    parcours = models.CharField("parcours retenu", max_length=30, blank=True)
    # Dit pourquoi l'organisme n'a pas suivi le test ; vide quand il l'a suivi.
    parcours_motif = models.TextField("motif du parcours", blank=True)
    portee_km = models.PositiveIntegerField("distance acceptée, en kilomètres", default=100)
    disponible_le = models.DateField("peut partir à compter du")
    arret_motif = models.TextField("motif de l'arrêt", blank=True)
    created_at = models.DateTimeField("ouverte le", auto_now_add=True)

    objects = InscriptionQuerySet.as_manager()

    class Meta:
        verbose_name = "inscription à la formation"
        verbose_name_plural = "inscriptions à la formation"
        constraints = (
            models.UniqueConstraint(
                fields=("personne",),
                condition=Q(etat__in=_ENGAGEES),
                name="inscription_une_par_personne",
                violation_error_message="Cette personne a déjà une formation en cours ou faite.",
            ),
            CheckConstraint(
                name="inscription_parcours_retenu",
                condition=~Q(etat__in=_PARCOURS_RETENU) | ~Q(parcours=""),
                violation_error_message="Une inscription positionnée a un parcours.",
            ),
            CheckConstraint(
                name="inscription_arret_motive",
                condition=Q(etat=Etat.ABANDONNEE) & ~Q(arret_motif="") | ~Q(etat=Etat.ABANDONNEE) & Q(arret_motif=""),
                violation_error_message="Une formation arrêtée porte un motif, et elle seule.",
            ),
            CheckConstraint(
                name="inscription_portee",
                condition=Q(portee_km__lte=2_000),
                violation_error_message="La distance acceptée va de 0 à 2 000 kilomètres.",
            ),
        )
        indexes = (models.Index(fields=("etat", "created_at"), name="inscription_file"),)

    def __str__(self) -> str:
        return self.reference

    @property
    def reference(self) -> str:
        """« FO-00042 »."""
        return f"FO-{self.pk:05d}" if self.pk else "FO-nouvelle"


class Positionnement(models.Model):
    """Le test d'une personne : ses réponses au fur et à mesure, puis, fini, la recommandation figée.

    `questionnaire_empreinte` prouve la version remplie. `recommandation` : parcours, scores et raisons, en texte.
    """

    inscription = models.OneToOneField(
        Inscription, on_delete=models.PROTECT, related_name="positionnement", verbose_name="inscription"
    )
    questionnaire_code = models.CharField("questionnaire", max_length=50)
    questionnaire_empreinte = models.CharField("empreinte du questionnaire", max_length=64)
    reponses = models.JSONField("réponses", default=dict, blank=True)
    recommandation = models.JSONField("recommandation", default=dict, blank=True)
    commence_le = models.DateTimeField("commencé le", auto_now_add=True)
    enregistre_le = models.DateTimeField("dernière réponse le", auto_now=True)
    fini_le = models.DateTimeField("fini le", null=True, blank=True)
    # Passé le délai de conservation, les réponses s'effacent ; la recommandation reste.
    efface_le = models.DateTimeField("réponses effacées le", null=True, blank=True)

    class Meta:
        verbose_name = "positionnement"
        constraints = (
            CheckConstraint(
                name="positionnement_fini_recommande",
                condition=Q(fini_le=None, recommandation={}) | (Q(fini_le__isnull=False) & ~Q(recommandation={})),
                violation_error_message="Un test fini a une recommandation.",
            ),
        )

    def __str__(self) -> str:
        return f"Positionnement de {self.inscription}"


class Dispense(models.Model):
    """Un certificat (CCP1 ou titre) présenté pour ne pas suivre la formation."""

    inscription = models.ForeignKey(
        Inscription, on_delete=models.PROTECT, related_name="dispenses", verbose_name="inscription"
    )
    certification = models.CharField(
        "certification", max_length=10, choices=[(code, CERTIFICATIONS[code]) for code in (CCP1, TITRE)]
    )
    titre = models.CharField("titre professionnel", max_length=50, blank=True)
    obtenue_le = models.DateField("obtenue le")
    preuve = models.FileField("certificat", upload_to="formations/dispenses/", blank=True, max_length=200)
    preuve_nom = models.CharField("nom du fichier", max_length=200, blank=True)
    etat = models.CharField("état", max_length=15, choices=EtatDispense.choices, default=EtatDispense.DEPOSEE)
    motif_refus = models.TextField("motif du refus", blank=True)
    deposee_par = models.ForeignKey(
        Role, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name="déposée par"
    )
    traitee_le = models.DateTimeField("traitée le", null=True, blank=True)
    efface_le = models.DateTimeField("certificat effacé le", null=True, blank=True)
    created_at = models.DateTimeField("déposée le", auto_now_add=True)

    class Meta:
        verbose_name = "dispense"
        constraints = (
            models.UniqueConstraint(
                fields=("inscription",),
                condition=Q(etat__in=[EtatDispense.DEPOSEE, EtatDispense.ACCEPTEE]),
                name="dispense_une_par_inscription",
                violation_error_message="Un certificat est déjà à l'examen, ou accepté.",
            ),
            CheckConstraint(
                name="dispense_refus_motive",
                condition=Q(etat=EtatDispense.REFUSEE) & ~Q(motif_refus="")
                | ~Q(etat=EtatDispense.REFUSEE) & Q(motif_refus=""),
                violation_error_message="Un refus porte un motif.",
            ),
            CheckConstraint(
                name="dispense_preuve",
                condition=~Q(preuve="") | Q(efface_le__isnull=False),
                violation_error_message="Joignez le certificat.",
            ),
        )

    def __str__(self) -> str:
        return f"Dispense de {self.inscription}"


class PriseDePosteQuerySet(models.QuerySet["PriseDePoste"]):
    def valables(self) -> PriseDePosteQuerySet:
        return self.filter(annulee_le=None)


class PriseDePoste(models.Model):
    """Le jour où la personne a pris son poste, et la règle qui le permettait. `verdict` : figé, tel que montré.

    Annulée par l'ANCT, elle reste, avec son motif, et une autre peut prendre sa place.
    """

    contrat = models.ForeignKey(
        Contrat, on_delete=models.PROTECT, related_name="prises_de_poste", verbose_name="contrat"
    )
    le = models.DateField("prise de poste le")
    verdict = models.JSONField("règle appliquée", default=dict)
    par = models.ForeignKey(
        Role, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name="enregistrée par"
    )
    annulee_le = models.DateTimeField("annulée le", null=True, blank=True)
    annulee_motif = models.TextField("motif de l'annulation", blank=True)
    created_at = models.DateTimeField("enregistrée le", auto_now_add=True)

    objects = PriseDePosteQuerySet.as_manager()

    class Meta:
        verbose_name = "prise de poste"
        verbose_name_plural = "prises de poste"
        constraints = (
            models.UniqueConstraint(
                fields=("contrat",),
                condition=Q(annulee_le=None),
                name="prise_de_poste_une_par_contrat",
                violation_error_message="La prise de poste est déjà enregistrée.",
            ),
            CheckConstraint(
                name="prise_de_poste_annulation_motivee",
                condition=Q(annulee_le=None, annulee_motif="") | Q(annulee_le__isnull=False) & ~Q(annulee_motif=""),
                violation_error_message="Une prise de poste annulée porte un motif.",
            ),
        )

    def __str__(self) -> str:
        return f"Prise de poste du {self.le:%d/%m/%Y}"
