from __future__ import annotations

from typing import Any

from django.db import models

from conum.conventions.models import Convention, LigneActe, PosteConventionne
from conum.versements.models.echeance import Echeance


def _montant(nom: str) -> models.DecimalField[Any, Any]:
    return models.DecimalField(nom, max_digits=12, decimal_places=2, null=True)


class Mouvement(models.Model):
    """L'atome de tous les totaux : une ligne d'acte ou une échéance, avec son année civile. Vue SQL, jamais écrite.

    Une ligne d'acte compte dans l'accordé (dernier acte non retiré, au plafond) et dans l'engagé (dernier acte signé).
    Une échéance compte une fois l'année où elle est prévue, et une fois l'année où l'argent part ou revient. Un solde
    ramène l'engagé à ce que l'État paie en définitive, l'année du dernier jour compté.
    """

    cle = models.CharField("clé", max_length=25, primary_key=True)
    convention = models.ForeignKey(
        Convention, on_delete=models.DO_NOTHING, related_name="mouvements", verbose_name="convention"
    )
    poste = models.ForeignKey(
        PosteConventionne,
        on_delete=models.DO_NOTHING,
        null=True,
        related_name="mouvements",
        verbose_name="poste conventionné",
    )
    ligne = models.ForeignKey(
        LigneActe, on_delete=models.DO_NOTHING, null=True, related_name="+", verbose_name="ligne d'acte"
    )
    echeance = models.ForeignKey(
        Echeance, on_delete=models.DO_NOTHING, null=True, related_name="+", verbose_name="échéance"
    )
    annee = models.PositiveSmallIntegerField("année civile", null=True)
    accorde = _montant("accordé")
    engage = _montant("engagé")
    prevu = _montant("prévu")
    ordonnance = _montant("ordonnancé")
    verse = _montant("versé, moins ce qui a été rendu")
    a_rendre = _montant("à rendre")

    class Meta:
        managed = False
        db_table = "versements_mouvement"
        verbose_name = "mouvement"

    def __str__(self) -> str:
        return self.cle
