"""Travaux périodiques des demandes. Chacun part de ce qui reste à faire : en retard ou joué deux fois, il est juste."""

from datetime import timedelta

from django.utils import timezone

from conum.demandes.actions import depot, import_decisions, instruction
from conum.demandes.models import Demande
from conum.demandes.rules import DUREE_BROUILLON, RAPPELS_AVIS
from conum.socle import conservation
from conum.socle.travaux import travail

conservation.enregistrer(
    conservation.Regle(
        "tableaux de décisions déposés",
        timedelta(days=30),
        "le temps de relire un compte rendu ; les décisions restent au journal",
        import_decisions.purger_imports,
    )
)
conservation.enregistrer(
    conservation.Regle(
        "brouillons de demande",
        DUREE_BROUILLON,
        "le temps de finir une demande commencée ; au-delà, personne ne l'attend",
        depot.effacer_brouillons,
    )
)


@travail("demandes.expirer_demandes", cron="10 4 * * *", reprises=5)
def expirer_demandes() -> None:
    """Classe sans suite les demandes que personne n'a confirmées et efface ce qui y était tapé."""
    depot.expirer_confirmations()


@travail("demandes.rappeler_avis", cron="30 7 * * *", reprises=5)
def rappeler_avis() -> None:
    """Écrit aux préfectures qui doivent un avis depuis 7, puis 14 jours."""
    # Un jour de marge : la date exacte, à l'heure de Paris, est recalculée demande par demande.
    avant = timezone.now() - RAPPELS_AVIS[0] + timedelta(days=1)
    for demande in Demande.objects.sans_avis().filter(deposee_le__lte=avant).order_by("pk").iterator():
        instruction.rappeler_avis(demande)
