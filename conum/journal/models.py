from typing import Any, NoReturn

from django.conf import settings
from django.db import models


class EntreeQuerySet(models.QuerySet["Entree"]):
    def de_l_objet(self, objet: models.Model) -> "EntreeQuerySet":
        """Les entrées d'un objet, de la plus ancienne à la plus récente."""
        return self.filter(objet_type=objet._meta.label, objet_id=str(objet.pk)).order_by("pk")

    def update(self, **_: Any) -> NoReturn:
        raise TypeError("Le journal ne se modifie pas.")

    def delete(self) -> NoReturn:
        raise TypeError("Le journal ne s'efface pas.")


class Entree(models.Model):
    """Journal en ajout seul : une ligne par acte. Un déclencheur de la base refuse UPDATE et DELETE."""

    objet_type = models.CharField("type d'objet", max_length=100)
    objet_id = models.CharField("objet", max_length=64)
    action = models.CharField("action", max_length=60)
    de = models.CharField("état avant", max_length=50, blank=True)
    vers = models.CharField("état après", max_length=50, blank=True)
    # RESTRICT : effacer un compte se fait en le rendant anonyme, la ligne reste.
    auteur = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.RESTRICT, null=True, related_name="+", verbose_name="auteur"
    )
    role = models.BigIntegerField("rôle", null=True)
    acteur = models.CharField("en qualité de", max_length=300)
    motif = models.TextField("motif", blank=True)
    donnees = models.JSONField("données", default=dict)
    request_id = models.CharField("requête", max_length=64, blank=True)
    created_at = models.DateTimeField("le", auto_now_add=True)

    objects = EntreeQuerySet.as_manager()

    class Meta:
        verbose_name = "entrée du journal"
        verbose_name_plural = "entrées du journal"
        indexes = (models.Index(fields=("objet_type", "objet_id"), name="entree_objet"),)

    def __str__(self) -> str:
        return f"{self.action} {self.objet_type}:{self.objet_id}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise TypeError("Le journal ne se modifie pas.")
        super().save(*args, **kwargs)

    def delete(self, *_: Any, **__: Any) -> NoReturn:
        raise TypeError("Le journal ne s'efface pas.")
