from __future__ import annotations

import re
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import models
from django.db.models import Q

from conum.courriels.states import Etat

_CONFIDENTIEL = "Ce texte n'est pas montré : il portait un code ou un lien personnel."


class AdresseRefusee(ValueError):
    """Le destinataire n'est pas une adresse électronique simple."""


def adresse_sure(brute: str) -> str:
    """L'adresse, sans espace autour. Un saut de ligne, un nom, une virgule : refusés (injection d'en-têtes).

    Raises:
        AdresseRefusee: ce n'est pas une adresse, et une seule.
    """
    adresse = brute.strip(" ")
    try:
        validate_email(adresse)
    except ValidationError:
        raise AdresseRefusee("Le destinataire n'est pas une adresse électronique.") from None
    if re.search(r'[\s\x00-\x1f\x7f,;:<>()"\\]', adresse):
        raise AdresseRefusee("Le destinataire n'est pas une adresse électronique simple.")
    return adresse


class CourrielQuerySet(models.QuerySet["Courriel"]):
    def de_l_objet(self, objet: models.Model) -> CourrielQuerySet:
        """Les courriels écrits à propos d'un objet, du plus ancien au plus récent."""
        return self.filter(objet_type=objet._meta.label, objet_id=str(objet.pk)).order_by("pk")

    def dus(self, maintenant: Any) -> CourrielQuerySet:
        """Ceux dont l'échéance est atteinte, la plus ancienne d'abord."""
        return self.filter(etat=Etat.A_ENVOYER, prochaine_tentative__lte=maintenant).order_by(
            "prochaine_tentative", "pk"
        )

    def compter_par_etat(self) -> dict[str, int]:
        lignes = self.order_by().values_list("etat").annotate(nombre=models.Count("pk"))
        return {**dict.fromkeys(Etat.values, 0), **dict(lignes)}


class Courriel(models.Model):
    """Un courriel à envoyer, écrit dans la transaction de l'acte qui le motive ; le worker l'envoie une fois au plus.

    Le texte est rendu à l'écriture : un renvoi dit ce qui était vrai ce jour-là.
    """

    code = models.CharField("message", max_length=100)
    destinataire = models.CharField("destinataire", max_length=254)
    sujet = models.CharField("objet", max_length=150)
    texte = models.TextField("texte", blank=True)
    html = models.TextField("texte mis en page", blank=True)
    desabonnement = models.CharField("lien de désabonnement", max_length=500, blank=True)
    calendrier = models.TextField("rendez-vous joint", blank=True)
    confidentiel = models.BooleanField("confidentiel", default=False)
    etat = models.CharField("état", max_length=20, choices=Etat.choices, default=Etat.A_ENVOYER)
    tentatives = models.PositiveSmallIntegerField("essais", default=0)
    prochaine_tentative = models.DateTimeField("prochain essai", null=True, blank=True)
    pris_le = models.DateTimeField("dernier essai", null=True, blank=True)
    envoye_le = models.DateTimeField("envoyé le", null=True, blank=True)
    derniere_erreur = models.TextField("dernière erreur", blank=True)
    # Fixé à l'écriture : un même courriel garde son identité d'un essai à l'autre.
    message_id = models.CharField("Message-ID", max_length=150, unique=True)
    cle = models.CharField("clé d'unicité", max_length=200, null=True, blank=True, unique=True)
    renvoi_de = models.ForeignKey(
        "self", on_delete=models.SET_NULL, null=True, blank=True, related_name="renvois", verbose_name="renvoi de"
    )
    objet_type = models.CharField("type d'objet", max_length=100, blank=True)
    objet_id = models.CharField("numéro de l'objet", max_length=64, blank=True)
    request_id = models.CharField("requête", max_length=64, blank=True)
    created_at = models.DateTimeField("écrit le", auto_now_add=True)
    texte_efface_le = models.DateTimeField("texte effacé le", null=True, blank=True)

    objects = CourrielQuerySet.as_manager()

    class Meta:
        verbose_name = "courriel"
        indexes = (
            models.Index(fields=("prochaine_tentative",), name="courriel_du", condition=Q(etat=Etat.A_ENVOYER)),
            models.Index(fields=("pris_le",), name="courriel_en_cours", condition=Q(etat=Etat.EN_COURS)),
            models.Index(fields=("objet_type", "objet_id"), name="courriel_objet"),
            models.Index(fields=("destinataire",), name="courriel_destinataire"),
            models.Index(fields=("created_at",), name="courriel_ecrit"),
        )
        constraints = (
            models.CheckConstraint(name="courriel_etat_connu", condition=Q(etat__in=Etat.values)),
            models.CheckConstraint(
                name="courriel_echeance_si_a_envoyer",
                condition=Q(etat=Etat.A_ENVOYER, prochaine_tentative__isnull=False)
                | (~Q(etat=Etat.A_ENVOYER) & Q(prochaine_tentative__isnull=True)),
                violation_error_message="Un courriel à envoyer a une échéance, les autres n'en ont pas.",
            ),
            models.CheckConstraint(
                name="courriel_date_si_envoye",
                condition=Q(etat=Etat.ENVOYE, envoye_le__isnull=False)
                | (~Q(etat=Etat.ENVOYE) & Q(envoye_le__isnull=True)),
                violation_error_message="Un courriel envoyé a une date d'envoi, les autres n'en ont pas.",
            ),
            models.CheckConstraint(
                name="courriel_pris_avant_envoi",
                condition=Q(etat=Etat.A_ENVOYER) | Q(pris_le__isnull=False, tentatives__gte=1),
                violation_error_message="Un courriel n'est envoyé qu'après avoir été pris par un worker.",
            ),
            models.CheckConstraint(
                name="courriel_raison_si_echec",
                condition=~Q(etat__in=[Etat.INCERTAIN, Etat.ABANDONNE]) | ~Q(derniere_erreur=""),
                violation_error_message="Un échec garde sa raison.",
            ),
            models.CheckConstraint(
                name="courriel_texte_ou_efface",
                condition=~Q(texte="") | Q(texte_efface_le__isnull=False),
                violation_error_message="Un courriel a un texte tant qu'il n'est pas effacé.",
            ),
        )

    def __str__(self) -> str:
        return f"{self.sujet} → {self.destinataire}"

    @property
    def texte_montrable(self) -> str:
        """Ce qu'un agent peut lire : jamais un code ni un lien personnel."""
        if self.confidentiel:
            return _CONFIDENTIEL
        return self.texte or "Ce texte a été effacé à l'échéance de sa conservation."
