"""Travaux périodiques du recrutement : chacun part de ce qui reste à faire, en retard ou joué deux fois."""

from datetime import timedelta

from django.utils import timezone

from conum.comptes.models import Role, TypeRole
from conum.journal.acteurs import SYSTEME
from conum.recrutement.actions import candidature, cv, disponibilite, liens, passes, recrutements, relances
from conum.recrutement.actions import conservation as effacement
from conum.recrutement.rules.candidature import CV_CONSERVATION, DUREE_BROUILLON, INACTIVITE
from conum.socle import conservation
from conum.socle.travaux import travail

# --- Personne n'attend sans fin -----------------------------------------------------------------------------------


@travail("recrutement.expirer_relations", cron="5 * * * *", reprises=5)
def expirer_relations() -> None:
    """Clôt ce dont l'échéance est passée ; chacun l'apprend."""
    relances.expirer_dues()


# De jour, plusieurs fois : un worker arrêté à huit heures rappelle à neuf, et chacun n'a qu'un courriel par jour.
@travail("recrutement.rappeler_relations", cron="20 7-18 * * *", reprises=5)
def rappeler_relations() -> None:
    """Écrit à qui fait attendre depuis 3, puis 7 jours, et aux structures qui passent la date d'un engagement."""
    relances.rappeler()


# --- Recrutements et appariement ----------------------------------------------------------------------------------


@travail("recrutement.ouvrir_recrutements", cron="*/5 * * * *", reprises=5)
def ouvrir_recrutements() -> None:
    """Met au recrutement les postes nouvellement rattachés, retire ceux qui ne le sont plus."""
    recrutements.ouvrir_recrutements()


@travail("recrutement.passage_de_nuit", cron="30 1 * * *", reprises=2)
def passage_de_nuit() -> None:
    """Propose à tout le pays les candidats du vivier aux postes à pourvoir, une fois par jour."""
    if not passes.deja_passe(timezone.localdate()):
        passes.lancer()


@travail(passes.TRAVAIL)
def passer(role: int | None = None) -> None:
    """Le passage demandé par un agent depuis sa page ; son rôle retiré entre-temps, c'est le système qui passe."""
    agents = Role.objects.filter(actif=True, type=TypeRole.ANCT).select_related("utilisateur")
    agent = agents.filter(pk=role).first() if role is not None else None
    passes.lancer(par=agent or SYSTEME)


# --- La candidature : disponibilité, conservation -----------------------------------------------------------------


@travail("recrutement.demander_disponibilites", cron="40 8 * * *", reprises=5)
def demander_disponibilites() -> None:
    """Demande tous les deux mois à chacun s'il est toujours disponible, rappelle, puis met en pause."""
    disponibilite.relancer_tous()


@travail("recrutement.prevenir_inactifs", cron="50 2 * * *", reprises=5)
def prevenir_inactifs() -> None:
    """Prévient 30, puis 7 jours avant d'effacer une candidature sans nouvelle."""
    effacement.prevenir_inactifs()


for regle in (
    conservation.Regle(
        "candidatures non terminées",
        DUREE_BROUILLON,
        "le temps de finir le formulaire ou de confirmer son adresse ; au-delà, personne ne l'attend",
        candidature.effacer_non_confirmees,
    ),
    conservation.Regle(
        "CV des candidats",
        CV_CONSERVATION,
        "six mois après le dépôt ou la dernière lecture par une structure",
        cv.purger_cv,
    ),
    conservation.Regle(
        "candidats sans nouvelle",
        INACTIVITE,
        "24 mois sans signe de vie ; la personne est prévenue 30 puis 7 jours avant, seuls des nombres restent",
        effacement.effacer_inactifs,
    ),
    conservation.Regle(
        "recherches des structures dans le vivier",
        timedelta(days=365),
        "un an : la personne peut savoir à qui sa fiche a été montrée",
        effacement.purger_consultations,
    ),
    conservation.Regle(
        "liens personnels expirés",
        timedelta(days=30),
        "le temps de dire à qui l'ouvre que le lien a expiré",
        liens.purger_liens,
    ),
):
    conservation.enregistrer(regle)
