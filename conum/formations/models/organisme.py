from __future__ import annotations

from django.db import models
from django.db.models import CheckConstraint, Q

from conum.comptes.models import Role, TypeRole
from conum.journal.acteurs import Acteur


class OrganismeQuerySet(models.QuerySet["Organisme"]):
    def ouverts(self) -> OrganismeQuerySet:
        return self.filter(ferme_le=None)

    def visibles_par(self, acteur: Acteur) -> OrganismeQuerySet:
        """Tous pour l'ANCT ; le sien pour un organisme ; rien pour les autres."""
        if not isinstance(acteur, Role):
            return self.none()
        if acteur.type == TypeRole.ANCT:
            return self
        if acteur.type == TypeRole.ORGANISME and acteur.code:
            return self.filter(code=acteur.code)
        return self.none()


class Organisme(models.Model):
    """Un organisme de formation. Ses régions et ses lots sont des données datées (`donnees/marches`), sous son `nom`.

    Ses agents ont un rôle « organisme » qui porte son `code`, avec second facteur.
    """

    code = models.SlugField("code", max_length=50, unique=True)
    # Tel que les marchés l'écrivent : c'est par lui qu'un lot le désigne.
    nom = models.CharField(
        "nom", max_length=200, unique=True,
        error_messages={"unique": "Un organisme porte déjà ce nom."},
    )  # fmt: skip
    siret = models.CharField(
        "SIRET", max_length=14, null=True, blank=True, unique=True,
        error_messages={"unique": "Un organisme est déjà inscrit avec ce SIRET."},
    )  # fmt: skip
    adresse = models.CharField("adresse", max_length=250, blank=True)
    contact_nom = models.CharField("nom du contact", max_length=150, blank=True)
    contact_email = models.EmailField("adresse électronique du contact", blank=True)
    contact_telephone = models.CharField("téléphone du contact", max_length=20, blank=True)
    site = models.URLField("site", blank=True)
    # Ce que l'organisme annonce pouvoir accueillir ; les places réelles sont celles de ses sessions.
    capacite_mensuelle = models.PositiveIntegerField(
        "conseillers qui peuvent commencer chaque mois", null=True, blank=True
    )
    ferme_le = models.DateField("n'accueille plus depuis le", null=True, blank=True)
    created_at = models.DateTimeField("inscrit le", auto_now_add=True)

    objects = OrganismeQuerySet.as_manager()

    class Meta:
        verbose_name = "organisme de formation"
        verbose_name_plural = "organismes de formation"
        constraints = (
            CheckConstraint(
                name="organisme_siret_14_chiffres",
                condition=Q(siret=None) | Q(siret__regex=r"^[0-9]{14}$"),
                violation_error_message="Un SIRET compte 14 chiffres.",
            ),
            CheckConstraint(
                name="organisme_nom_et_code",
                condition=~Q(nom="") & ~Q(code=""),
                violation_error_message="Un organisme a un nom.",
            ),
        )

    def __str__(self) -> str:
        return self.nom
