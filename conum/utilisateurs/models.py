from typing import Any, ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower, Trim


def normaliser_courriel(adresse: str) -> str:
    """Une adresse se compare en minuscules et sans espace autour : une personne, un compte."""
    return adresse.strip().lower()


class UtilisateurManager(BaseUserManager["Utilisateur"]):
    def create_user(self, email: str, **champs: Any) -> "Utilisateur":
        """Crée un compte sans mot de passe : on se connecte par code envoyé ou ProConnect."""
        utilisateur = self.model(email=normaliser_courriel(email), **champs)
        utilisateur.set_unusable_password()
        utilisateur.save(using=self._db)
        return utilisateur

    def get_by_natural_key(self, username: str | None) -> "Utilisateur":
        return self.get(email=normaliser_courriel(username or ""))


class Utilisateur(AbstractBaseUser, PermissionsMixin):
    """La personne qui se connecte, et rien d'autre : tout peut pointer vers elle."""

    email = models.EmailField(
        "adresse électronique", unique=True, error_messages={"unique": "Cette adresse a déjà un compte."}
    )
    prenom = models.CharField("prénom", max_length=100, blank=True)
    nom = models.CharField("nom", max_length=100, blank=True)
    telephone = models.CharField("téléphone", max_length=20, blank=True)
    is_active = models.BooleanField("actif", default=True)
    is_staff = models.BooleanField("technique", default=False)
    created_at = models.DateTimeField("créé le", auto_now_add=True)
    anonymise_le = models.DateTimeField("anonymisé le", null=True, blank=True)

    objects: ClassVar[UtilisateurManager] = UtilisateurManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        verbose_name = "utilisateur"
        constraints = (
            models.CheckConstraint(
                name="utilisateur_email_normalise",
                condition=Q(email=Lower(Trim("email"))),
                violation_error_message="L'adresse électronique s'écrit en minuscules et sans espace.",
            ),
        )

    def clean(self) -> None:
        self.email = normaliser_courriel(self.email)

    def get_full_name(self) -> str:
        return f"{self.prenom} {self.nom}".strip() or self.email

    def __str__(self) -> str:
        return self.get_full_name()
