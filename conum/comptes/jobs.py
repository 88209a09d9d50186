"""Travaux périodiques des comptes. Chacun part de ce qui reste à faire : en retard ou joué deux fois, il est juste."""

import contextlib
import datetime as dt
from datetime import timedelta

from django.db.models import QuerySet
from django.db.models.functions import Coalesce
from django.utils import timezone

from conum.comptes import actions
from conum.comptes.actions.conservation import peut_etre_efface
from conum.comptes.models import ChangementAdresse
from conum.comptes.rules import AVERTISSEMENTS, MOIS_D_INACTIVITE
from conum.journal.acteurs import SYSTEME
from conum.socle import conservation
from conum.socle.travaux import travail
from conum.utilisateurs.models import Utilisateur

# Trente mois comptés au plus court : la date exacte est recalculée compte par compte.
INACTIVITE = timedelta(days=MOIS_D_INACTIVITE * 30)


def _inactifs(avant: dt.datetime) -> QuerySet[Utilisateur]:
    activite = Coalesce("last_login", "created_at")
    return Utilisateur.objects.filter(anonymise_le=None).alias(activite=activite).filter(activite__lt=avant)


def _anonymiser(avant: dt.datetime) -> int:
    nombre = 0
    for personne in _inactifs(avant).order_by("pk"):
        if peut_etre_efface(personne):
            # Le dernier contact d'une structure reste : la convention se suit avec lui.
            with contextlib.suppress(actions.CompteRefuse):
                actions.anonymiser_compte(personne, par=SYSTEME)
                nombre += 1
    return nombre


@travail("comptes.prevenir_inactifs", cron="40 2 * * *", reprises=5)
def prevenir_inactifs() -> None:
    avant = timezone.now() - INACTIVITE + timedelta(days=AVERTISSEMENTS[0])
    for personne in _inactifs(avant).order_by("pk").iterator():
        actions.prevenir_inactif(personne, par=SYSTEME)


for regle in (
    conservation.Regle(
        "comptes sans connexion",
        INACTIVITE,
        "30 mois sans connexion ; la personne est prévenue 30 puis 7 jours avant",
        _anonymiser,
    ),
    conservation.Regle(
        "invitations sans suite",
        timedelta(days=183),
        "six mois après l'échéance du lien, elle ne sert plus à rien",
        lambda avant: actions.purger_invitations(avant, par=SYSTEME),
    ),
    conservation.Regle(
        "changements d'adresse non confirmés",
        timedelta(days=7),
        "le lien ne sert plus",
        lambda avant: ChangementAdresse.objects.filter(expire_le__lt=avant).delete()[0],
    ),
):
    conservation.enregistrer(regle)
