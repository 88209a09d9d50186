"""Les travaux des formations et leurs durées de conservation. Chacun part de ce qui reste à faire en base."""

from datetime import timedelta

from django.utils import timezone

from conum.comptes.models import Role
from conum.formations.actions import (
    absences,
    affectation,
    arrets,
    attente,
    attestations,
    certifications,
    confirmations,
    convocations,
    departs,
    dispenses,
    envois_presence,
    imports,
    inscriptions,
    positionnement,
    presence,
    reglages,
    satisfaction,
)
from conum.formations.models import PassageAffectation
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
    reglages.designer_organismes()


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
conservation.enregistrer(
    conservation.Regle(
        "attestations de formation",
        timedelta(days=3653),
        "dix ans après leur délivrance : de quoi prouver sa formation le temps d'une carrière (choix de conum) ; "
        "code, date et empreinte restent",
        attestations.effacer_documents,
    )
)
conservation.enregistrer(
    conservation.Regle(
        "propositions de session",
        timedelta(days=365),
        "un an : de quoi expliquer à une personne pourquoi cette session",
        affectation.effacer_passages,
    )
)

# --- Satisfaction ---------------------------------------------------------------------------------------------------


@travail("formations.demander_les_avis", cron="20 8 * * *", reprises=3)
def demander_les_avis() -> None:
    """Chaque matin : qui vient de finir, ou a fini il y a trois mois ; puis un rappel, dix jours après."""
    jour = timezone.localdate()
    satisfaction.inviter(jour)
    satisfaction.rappeler(jour)


conservation.enregistrer(
    conservation.Regle(
        "remarques des avis sur les formations",
        timedelta(days=1096),
        "trois ans : le temps de suivre un organisme d'un marché à l'autre ; les notes, sans nom, restent",
        satisfaction.effacer_remarques,
    )
)
conservation.enregistrer(
    conservation.Regle(
        "invitations à donner son avis sur sa formation",
        timedelta(days=365),
        "un an : le délai pour répondre est de soixante jours",
        satisfaction.effacer_invitations,
    )
)


# --- Certifications --------------------------------------------------------------------------------------------------


@travail("formations.alerter_certifications", cron="50 6 * * *", reprises=3)
def alerter_certifications() -> None:
    """Chaque matin, les personnes dont le délai pour se présenter vient de passer, une fois chacune."""
    certifications.alerter_retards(timezone.localdate())


for regle in (
    conservation.Regle(
        "fichiers de résultats jamais importés",
        timedelta(days=30),
        "un mois : ils n'ont rien changé",
        imports.purger_depots,
    ),
    conservation.Regle(
        "comptes rendus des imports de résultats",
        timedelta(days=365),
        "un an : de quoi répondre d'une ligne refusée ; qui a importé, quand et combien reste",
        imports.effacer_comptes_rendus,
    ),
):
    conservation.enregistrer(regle)

# --- Places, convocations, affectation -----------------------------------------------------------------------------


@travail("formations.convoquer_places", cron="*/5 * * * *")
def convoquer_places() -> None:
    """Les sièges libres vont à la liste d'attente ; qui n'est pas convoqué, ou l'est avant une correction, l'est."""
    attente.promouvoir_partout()
    convocations.convoquer_d_office(timezone.now())


@travail("formations.confirmer_passage", reprises=2)
def confirmer_passage(passage: int, role: int) -> None:
    """Tout ce qu'un passage propose encore, confirmé au nom de qui l'a demandé."""
    confirmations.confirmer_tout(
        PassageAffectation.objects.get(pk=passage), par=Role.objects.actifs().select_related("utilisateur").get(pk=role)
    )
