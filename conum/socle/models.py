from django.db import models


class CompteurDebit(models.Model):
    """Compteur d'une limite de débit : une ligne par clé et par fenêtre de temps, partagée par tous les serveurs."""

    cle = models.CharField("clé", max_length=200)
    fenetre = models.DateTimeField("début de la fenêtre")
    nombre = models.PositiveIntegerField("nombre", default=0)

    class Meta:
        verbose_name = "compteur de débit"
        constraints = (models.UniqueConstraint(fields=("cle", "fenetre"), name="compteur_debit_unique"),)
