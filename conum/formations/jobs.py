"""Les travaux des formations et leurs durées de conservation. Chacun part de ce qui reste à faire en base."""

from datetime import timedelta

from django.utils import timezone

from conum.formations.actions import (
    absences,
    arrets,
    departs,
    dispenses,
    envois_presence,
    inscriptions,
    positionnement,
    presence,
)
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

# --- Dispenses -------------------------------------------------------------------------------------------------------

conservation.enregistrer(
    conservation.Regle(
        "certificats des dispenses de formation",
        timedelta(days=365),
        "un an après la décision : de quoi relire une dispense contestée ; sa date et la décision restent",
        dispenses.effacer_certificats,
    )
)


# --- Présence -------------------------------------------------------------------------------------------------------


@travail("formations.envoyer_liens_du_jour", cron="0 5 * * *", reprises=3)
def envoyer_liens_du_jour() -> None:
    """Chaque matin, au formateur sa feuille du jour, et à l'apprenant à distance son lien."""
    envois_presence.envoyer_liens_du_jour(timezone.localdate())


@travail("formations.relancer_signatures", cron="30 6 * * *", reprises=3)
def relancer_signatures() -> None:
    """Le lendemain, une fois, qui n'a pas signé."""
    envois_presence.relancer_signatures(timezone.localdate())


@travail("formations.alerter_absences", cron="0 7 * * *", reprises=3)
def alerter_absences() -> None:
    """Le lendemain, les absences restées sans motif."""
    absences.alerter_absences(timezone.localdate())


conservation.enregistrer(
    conservation.Regle(
        "émargements des sessions de formation",
        timedelta(days=1827),
        "cinq ans après la fin de la session : de quoi justifier les heures que l'État a payées (choix de conum)",
        presence.effacer_emargements,
    )
)
