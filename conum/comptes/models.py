from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from conum.comptes.rules import QUI_INVITE_QUI, Portee, Qualite
from conum.territoires.models import Departement, Region

DUREE_INVITATION = timedelta(days=28)
"""Durée d'une invitation (règle en vigueur : programme-apps § 3.M, jetons nuls après 28 jours)."""


class TypeRole(models.TextChoices):
    ANCT = "anct", "ANCT"
    PREFECTURE = "prefecture", "Préfecture de département"
    REGION = "region", "Préfecture de région"
    RESEAU = "reseau", "Grand réseau"
    HUB = "hub", "Hub pour un numérique inclusif"
    STRUCTURE = "structure", "Structure"
    CANDIDAT = "candidat", "Candidat"
    CONSEILLER = "conseiller", "Conseiller numérique"
    ORGANISME = "organisme", "Organisme de formation"


class Perimetre(models.TextChoices):
    NATIONAL = "national", "National"
    REGION = "region", "Région"
    DEPARTEMENT = "departement", "Département"
    CODE = "code", "Réseau, hub ou organisme"
    STRUCTURE = "structure", "Structure"
    PERSONNE = "personne", "La personne elle-même"


PERIMETRE_DU_TYPE: dict[str, Perimetre] = {
    TypeRole.ANCT: Perimetre.NATIONAL,
    TypeRole.PREFECTURE: Perimetre.DEPARTEMENT,
    TypeRole.REGION: Perimetre.REGION,
    TypeRole.RESEAU: Perimetre.CODE,
    TypeRole.HUB: Perimetre.CODE,
    TypeRole.STRUCTURE: Perimetre.STRUCTURE,
    TypeRole.CANDIDAT: Perimetre.PERSONNE,
    TypeRole.CONSEILLER: Perimetre.PERSONNE,
    TypeRole.ORGANISME: Perimetre.CODE,
}
_A_CODE = [TypeRole.RESEAU, TypeRole.HUB, TypeRole.ORGANISME]
_SANS_PERIMETRE = [TypeRole.STRUCTURE, TypeRole.CANDIDAT, TypeRole.CONSEILLER]
DUREE_CHANGEMENT_ADRESSE = timedelta(days=2)
SECOND_FACTEUR_OBLIGATOIRE = frozenset({TypeRole.ANCT, TypeRole.PREFECTURE, TypeRole.REGION, TypeRole.ORGANISME})
SANS_NOM_AU_JOURNAL = frozenset({TypeRole.CANDIDAT, TypeRole.CONSEILLER})
"""Le journal ne s'efface pas : de qui agit pour soi et peut demander l'effacement, il ne garde pas le nom."""


def _gerable(role: Role) -> Q:
    """Filtre des rôles et des invitations que ce rôle gère ; sans droit, rien ne passe."""
    filtre = Q(pk__in=())
    for type_, portee in QUI_INVITE_QUI.get(role.type, {}).items():
        vise = Q(type=type_)
        if portee is Portee.MEME_PERIMETRE:
            vise &= Q(departement=role.departement_id, region=role.region_id, code=role.code)
        filtre |= vise
    return filtre


class RoleQuerySet(models.QuerySet["Role"]):
    def actifs(self) -> RoleQuerySet:
        return self.filter(actif=True, utilisateur__is_active=True)

    def du_departement(self, departement: Departement) -> RoleQuerySet:
        """Les agents de la préfecture de ce département."""
        return self.actifs().filter(type=TypeRole.PREFECTURE, departement=departement)

    def geres_par(self, role: Role) -> RoleQuerySet:
        """Les agents actifs que ce rôle peut inviter ou retirer."""
        return self.actifs().filter(_gerable(role))


class Role(models.Model):
    """Une qualité en laquelle une personne agit, et son périmètre. Une personne peut en tenir plusieurs.

    Le périmètre d'un rôle de structure est dit plus haut, par `structures.Membre` ; celui d'un candidat ou d'un
    conseiller est lui-même ; `code` est celui d'un réseau, d'un hub ou d'un organisme de formation.
    """

    utilisateur = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="roles", verbose_name="personne"
    )
    type = models.CharField("type", max_length=20, choices=TypeRole.choices)
    departement = models.ForeignKey(
        Departement, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name="département"
    )
    region = models.ForeignKey(
        Region, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name="région"
    )
    code = models.CharField("réseau, hub ou organisme", max_length=50, blank=True)
    # Ce que la personne lit dans le choix de rôle : « Préfecture — Marne », « Mairie de Reims »…
    libelle = models.CharField("libellé", max_length=200)
    actif = models.BooleanField("actif", default=True)
    created_at = models.DateTimeField("créé le", auto_now_add=True)

    objects = RoleQuerySet.as_manager()

    class Meta:
        verbose_name = "rôle"
        constraints = (
            models.CheckConstraint(
                name="role_perimetre_complet",
                condition=(
                    Q(type=TypeRole.ANCT, departement=None, region=None, code="")
                    | (Q(type=TypeRole.PREFECTURE, region=None, code="") & Q(departement__isnull=False))
                    | (Q(type=TypeRole.REGION, departement=None, code="") & Q(region__isnull=False))
                    | (Q(type__in=_A_CODE, departement=None, region=None) & ~Q(code=""))
                    | Q(type__in=_SANS_PERIMETRE, departement=None, region=None, code="")
                ),
                violation_error_message="Le périmètre de ce rôle n'est pas celui de son type.",
            ),
            models.UniqueConstraint(
                fields=("utilisateur", "type", "departement", "region", "code"),
                name="role_unique",
                condition=~Q(type=TypeRole.STRUCTURE),
                nulls_distinct=False,
                violation_error_message="Cette personne a déjà ce rôle.",
            ),
        )

    def __str__(self) -> str:
        return self.libelle

    @property
    def role_id(self) -> int | None:
        return self.pk

    @property
    def libelle_acteur(self) -> str:
        if self.type in SANS_NOM_AU_JOURNAL:
            return str(TypeRole(self.type).label)
        return f"{self.utilisateur.get_full_name()} ({self.libelle})"

    @property
    def perimetre(self) -> Perimetre:
        return PERIMETRE_DU_TYPE[self.type]

    @property
    def qualite(self) -> Qualite:
        return Qualite(self.type, self.departement_id or self.region_id or self.code)

    @property
    def exige_second_facteur(self) -> bool:
        return self.type in SECOND_FACTEUR_OBLIGATOIRE


class InvitationQuerySet(models.QuerySet["Invitation"]):
    def en_attente(self) -> InvitationQuerySet:
        """Ni acceptées ni annulées ; leur lien peut être périmé."""
        return self.filter(acceptee_le=None, annulee_le=None)

    def gerees_par(self, role: Role) -> InvitationQuerySet:
        """Celles que ce rôle peut renvoyer ou annuler."""
        return self.filter(_gerable(role))


class Invitation(models.Model):
    """Proposition d'un rôle à une adresse : un seul usage, 28 jours, renvoyable."""

    email = models.EmailField("adresse électronique")
    type = models.CharField("type", max_length=20, choices=TypeRole.choices)
    departement = models.ForeignKey(
        Departement, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name="département"
    )
    region = models.ForeignKey(
        Region, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name="région"
    )
    code = models.CharField("réseau, hub ou structure", max_length=50, blank=True)
    libelle = models.CharField("libellé", max_length=200)
    # Une empreinte par envoi : renvoyer l'invitation périme le lien précédent.
    jeton_empreinte = models.CharField("empreinte du lien", max_length=64, unique=True)
    envoyee_le = models.DateTimeField("envoyée le", default=timezone.now)
    expire_le = models.DateTimeField("expire le")
    invitee_par = models.ForeignKey(
        Role, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name="invitée par"
    )
    acceptee_le = models.DateTimeField("acceptée le", null=True, blank=True)
    annulee_le = models.DateTimeField("annulée le", null=True, blank=True)
    role_cree = models.ForeignKey(
        Role, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name="rôle créé"
    )
    created_at = models.DateTimeField("créée le", auto_now_add=True)

    objects = InvitationQuerySet.as_manager()

    class Meta:
        verbose_name = "invitation"
        constraints = (
            models.UniqueConstraint(
                fields=("email", "type", "departement", "region", "code"),
                condition=Q(acceptee_le=None, annulee_le=None),
                nulls_distinct=False,
                name="invitation_ouverte_unique",
                violation_error_message="Une invitation est déjà en attente pour cette adresse : renvoyez-la.",
            ),
        )

    def __str__(self) -> str:
        return f"{self.email} : {self.libelle}"

    @property
    def qualite(self) -> Qualite:
        return Qualite(self.type, self.departement_id or self.region_id or self.code)

    @property
    def est_ouverte(self) -> bool:
        return self.acceptee_le is None and self.annulee_le is None and self.expire_le > timezone.now()

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.email = self.email.strip().lower()
        super().save(*args, **kwargs)


class ChangementAdresse(models.Model):
    """Nouvelle adresse demandée par une personne, en attente d'être confirmée depuis cette adresse : deux jours."""

    utilisateur = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="changement_adresse", verbose_name="personne"
    )
    nouvelle = models.EmailField("nouvelle adresse")
    jeton_empreinte = models.CharField("empreinte du lien", max_length=64, unique=True)
    expire_le = models.DateTimeField("expire le")
    created_at = models.DateTimeField("demandé le", auto_now_add=True)

    class Meta:
        verbose_name = "changement d'adresse"
        verbose_name_plural = "changements d'adresse"

    def __str__(self) -> str:
        return f"{self.utilisateur} : nouvelle adresse"


class IdentiteProConnect(models.Model):
    """Le sujet (`sub`) par lequel ProConnect désigne une personne : stable, quand son adresse change."""

    utilisateur = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="identite_proconnect", verbose_name="personne"
    )
    emetteur = models.CharField("émetteur", max_length=200)
    sujet = models.CharField("sujet", max_length=255)
    created_at = models.DateTimeField("rattachée le", auto_now_add=True)

    class Meta:
        verbose_name = "identité ProConnect"
        verbose_name_plural = "identités ProConnect"
        constraints = (
            models.UniqueConstraint(
                fields=("emetteur", "sujet"),
                name="identite_proconnect_unique",
                violation_error_message="Cette identité ProConnect est déjà rattachée à un compte.",
            ),
        )

    def __str__(self) -> str:
        return f"{self.utilisateur} ({self.emetteur})"
