from __future__ import annotations

from django.db import models
from django.db.models import CheckConstraint, Q

from conum.comptes.models import Role, TypeRole
from conum.formations.models.inscription import Inscription
from conum.formations.models.organisme import Organisme
from conum.formations.rules.certification import Resultat
from conum.formations.rules.marches import CERTIFICATIONS
from conum.journal.acteurs import Acteur


class ImportResultatsQuerySet(models.QuerySet["ImportResultats"]):
    def visibles_par(self, acteur: Acteur) -> ImportResultatsQuerySet:
        """Les siens pour un organisme, tous pour l'ANCT."""
        if not isinstance(acteur, Role):
            return self.none()
        if acteur.type == TypeRole.ANCT:
            return self
        if acteur.type == TypeRole.ORGANISME and acteur.code:
            return self.filter(organisme__code=acteur.code)
        return self.none()


class ImportResultats(models.Model):
    """Un fichier de résultats : qui, quand, combien de lignes prises et refusées, et pourquoi chacune.

    Déposé, il ne change rien : ses lignes attendent dans `a_importer`, relues jusqu'à l'import, effacées ensuite.
    """

    organisme = models.ForeignKey(
        Organisme, on_delete=models.PROTECT, null=True, blank=True, related_name="imports", verbose_name="organisme"
    )
    nom = models.CharField("nom du fichier", max_length=200)
    sha256 = models.CharField("empreinte du fichier", max_length=64)
    # Tout ou rien, ou le reste sans les lignes refusées : au choix de la personne.
    partiel = models.BooleanField("importe ce qui est bon", default=False)
    lues = models.PositiveIntegerField("lignes lues")
    prises = models.PositiveIntegerField("lignes prises", default=0)
    a_importer = models.JSONField("lignes à importer", default=list, blank=True)
    applique_le = models.DateTimeField("importé le", null=True, blank=True)
    compte_rendu = models.JSONField("compte rendu", default=list, blank=True)
    par = models.ForeignKey(Role, on_delete=models.PROTECT, related_name="+", verbose_name="déposé par")
    created_at = models.DateTimeField("déposé le", auto_now_add=True)

    objects = ImportResultatsQuerySet.as_manager()

    class Meta:
        verbose_name = "import de résultats"
        verbose_name_plural = "imports de résultats"

    def __str__(self) -> str:
        return self.nom


class ResultatCertification(models.Model):
    """Une présentation à une certification. L'échec ne change ni contrat ni subvention ; l'absence se justifie."""

    inscription = models.ForeignKey(
        Inscription, on_delete=models.PROTECT, related_name="resultats", verbose_name="inscription"
    )
    certification = models.CharField("certification", max_length=10, choices=list(CERTIFICATIONS.items()))
    resultat = models.CharField(
        "résultat", max_length=10,
        choices=[
            (Resultat.REUSSI.value, "Obtenue"),
            (Resultat.ECHOUE.value, "Non obtenue"),
            (Resultat.ABSENT.value, "Absence"),
        ],
    )  # fmt: skip
    le = models.DateField("présentée le")
    motif = models.CharField("motif de l'absence", max_length=300, blank=True)
    importe = models.ForeignKey(
        ImportResultats, on_delete=models.PROTECT, null=True, blank=True, related_name="resultats",
        verbose_name="import",
    )  # fmt: skip
    created_at = models.DateTimeField("enregistré le", auto_now_add=True)

    class Meta:
        verbose_name = "résultat de certification"
        verbose_name_plural = "résultats de certification"
        constraints = (
            models.UniqueConstraint(
                fields=("inscription", "certification", "le"),
                name="resultat_un_par_jour",
                violation_error_message="Un résultat est déjà enregistré pour cette certification, ce jour-là.",
            ),
            models.UniqueConstraint(
                fields=("inscription", "certification"),
                condition=Q(resultat=Resultat.REUSSI.value),
                name="resultat_obtenu_une_fois",
                violation_error_message="Cette certification est déjà obtenue.",
            ),
            CheckConstraint(
                name="resultat_motif_d_absence",
                condition=Q(motif="") | Q(resultat=Resultat.ABSENT.value),
                violation_error_message="Seule une absence a un motif.",
            ),
        )

    def __str__(self) -> str:
        return f"{self.get_certification_display()} de {self.inscription}"
