"""Les travaux des formations et leurs durées de conservation. Chacun part de ce qui reste à faire en base."""

from datetime import timedelta

from django.utils import timezone

from conum.formations.actions import arrets, departs, inscriptions, positionnement
from conum.socle import conservation
from conum.socle.travaux import travail

# --- Inscriptions et positionnement --------------------------------------------------------------------------------


@travail("formations.ouvrir_inscriptions", cron="*/5 * * * *")
def ouvrir_inscriptions() -> None:
    """Les contrats validés ouvrent leur inscription ; finis, ils l'arrêtent ; de nouveau en cours, ils la rouvrent."""
    jour = timezone.localdate()
    arrets.arreter_sans_contrat(jour)
    arrets.rouvrir_avec_contrat(jour)
    inscriptions.ouvrir_inscriptions(jour)


@travail("formations.alerter_departs", cron="40 6 * * *", reprises=3)
def alerter_departs() -> None:
    """Chaque matin, les personnes qui devraient être parties en formation."""
    departs.alerter_departs(timezone.localdate())


conservation.enregistrer(
    conservation.Regle(
        "réponses aux tests de positionnement",
        timedelta(days=1096),
        "trois ans : de quoi relire un parcours contesté pendant le contrat ; scores, parcours et raisons restent",
        positionnement.effacer_reponses,
    )
)
