"""Données personnelles : ce qui s'efface quand une personne ne vient plus (RGPD, article 5.1.e)."""

from __future__ import annotations

import datetime as dt

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from conum.comptes import emails
from conum.comptes.actions.roles import SUITES_D_ANONYMISATION, verifier_depart
from conum.comptes.models import ChangementAdresse, IdentiteProConnect, Invitation, Role
from conum.comptes.rules import AVERTISSEMENTS, DELAI_MINIMAL, effacement_prevu
from conum.courriels.actions import mettre_en_file
from conum.courriels.models import Courriel
from conum.journal.acteurs import Acteur
from conum.journal.actions import noter
from conum.utilisateurs.models import Utilisateur


def derniere_activite(utilisateur: Utilisateur) -> dt.date:
    return timezone.localdate(utilisateur.last_login or utilisateur.created_at)


def _cle(utilisateur: Utilisateur, jours: int) -> str:
    # La date d'activité en fait partie : qui se reconnecte repart de zéro.
    return f"compte-inactif:{utilisateur.pk}:{derniere_activite(utilisateur)}:{jours}"


def _ecrit_depuis(utilisateur: Utilisateur, jours: int, delai: dt.timedelta) -> bool:
    limite = timezone.now() - delai
    return Courriel.objects.filter(cle=_cle(utilisateur, jours), created_at__lte=limite).exists()


@transaction.atomic
def prevenir_inactif(utilisateur: Utilisateur, *, par: Acteur) -> int | None:
    """Écrit l'avertissement dû aujourd'hui, une fois chacun ; rend son nombre de jours, None s'il n'y en a pas.

    En retard, un avertissement annonce une date qui laisse toujours ce nombre de jours.
    """
    prevu = effacement_prevu(derniere_activite(utilisateur))
    reste = (prevu - timezone.localdate()).days
    premier, second = AVERTISSEMENTS
    if _ecrit_depuis(utilisateur, premier, dt.timedelta(days=premier - second)) and reste <= second:
        jours = second
    elif reste <= premier:
        jours = premier
    else:
        return None
    if Courriel.objects.filter(cle=_cle(utilisateur, jours)).exists():
        return None
    le = max(prevu, timezone.localdate() + dt.timedelta(days=jours))
    message = emails.CompteInactif(le=le, lien=settings.SITE_URL + reverse("account_login"))
    mettre_en_file(message, a=utilisateur.email, objet=utilisateur, cle=_cle(utilisateur, jours))
    noter(utilisateur, "prevenir_inactif", par=par, donnees={"jours": jours})
    return jours


def peut_etre_efface(utilisateur: Utilisateur) -> bool:
    """L'échéance est passée et le dernier avertissement a laissé sept jours."""
    passe = effacement_prevu(derniere_activite(utilisateur)) <= timezone.localdate()
    return passe and _ecrit_depuis(utilisateur, AVERTISSEMENTS[-1], DELAI_MINIMAL)


@transaction.atomic
def anonymiser_compte(utilisateur: Utilisateur, *, par: Acteur) -> Utilisateur:
    """Efface nom, adresse, téléphone et moyens de connexion ; le compte, fermé, reste l'auteur de ses actes.

    Raises:
        CompteRefuse: une autre app a besoin de cette personne (dernier gestionnaire d'une structure, poste occupé).
    """
    courant = Utilisateur.objects.select_for_update().get(pk=utilisateur.pk)
    if courant.anonymise_le:
        return courant
    verifier_depart(courant)
    for suite in SUITES_D_ANONYMISATION:
        suite(courant, par)
    ancienne = courant.email
    courant.email = f"anonyme-{courant.pk}@anonyme.invalid"
    courant.prenom = courant.nom = courant.telephone = ""
    courant.is_active = False
    courant.anonymise_le = timezone.now()
    courant.save()
    Role.objects.filter(utilisateur=courant).update(actif=False)
    Authenticator.objects.filter(user=courant).delete()
    IdentiteProConnect.objects.filter(utilisateur=courant).delete()
    ChangementAdresse.objects.filter(utilisateur=courant).delete()
    Invitation.objects.filter(email=ancienne, acceptee_le=None).delete()
    Invitation.objects.filter(email=ancienne).update(email=courant.email)
    noter(courant, "anonymiser_compte", par=par)
    return courant


def purger_invitations(avant: dt.datetime, *, par: Acteur) -> int:
    """Efface les invitations restées sans suite, dont le lien est périmé depuis `avant` ; rend leur nombre."""
    sans_suite = Invitation.objects.filter(acceptee_le=None, expire_le__lt=avant)
    with transaction.atomic():
        for invitation in sans_suite.select_for_update(of=("self",)):
            noter(invitation, "purger_invitation", par=par)
        return sans_suite.delete()[0]
