"""États des demandes à rejoindre une structure et des changements de contact principal."""

from django.db import models

from conum.socle.transitions import Table, Transition


class EtatRattachement(models.TextChoices):
    DEPOSEE = "deposee", "Déposée"
    ACCEPTEE = "acceptee", "Acceptée"
    REFUSEE = "refusee", "Refusée"
    EXPIREE = "expiree", "Expirée"


_DEPOSEE = frozenset({EtatRattachement.DEPOSEE.value})

TRANSITIONS: Table = {
    "accepter_rattachement": Transition(
        depuis=_DEPOSEE,
        vers=EtatRattachement.ACCEPTEE,
        qui="Membre de la structure ; préfecture ou ANCT si elle n'a aucun membre",
        effet="La personne devient membre ; elle se connecte par un code reçu à cette adresse",
        message="La personne est prévenue",
    ),
    "refuser_rattachement": Transition(
        depuis=_DEPOSEE,
        vers=EtatRattachement.REFUSEE,
        qui="Membre de la structure ; préfecture ou ANCT si elle n'a aucun membre",
        garde="Un motif est donné",
        message="La personne est prévenue, avec le motif",
    ),
    "expirer_rattachement": Transition(
        depuis=_DEPOSEE,
        vers=EtatRattachement.EXPIREE,
        qui="Système",
        garde="30 jours sans réponse",
        message="La personne est prévenue et peut redemander",
    ),
}


class EtatChangement(models.TextChoices):
    PROPOSE = "propose", "En attente des confirmations"
    APPLIQUE = "applique", "Appliqué"
    ANNULE = "annule", "Annulé"
    EXPIRE = "expire", "Expiré"


_PROPOSE = frozenset({EtatChangement.PROPOSE.value})

TRANSITIONS_CONTACT: Table = {
    "confirmer_changement": Transition(
        depuis=_PROPOSE,
        vers=EtatChangement.PROPOSE,
        qui="Le contact sortant ou l'entrant, par le bouton de son courriel",
        garde="L'autre n'a pas encore confirmé",
        effet="La confirmation est datée",
    ),
    "appliquer_changement": Transition(
        depuis=_PROPOSE,
        vers=EtatChangement.APPLIQUE,
        qui="Le contact sortant ou l'entrant, par le bouton de son courriel",
        garde="Les deux ont confirmé, ou le sortant est déclaré injoignable par un agent",
        effet="L'entrant devient le contact principal",
        message="Les deux sont prévenus",
    ),
    "annuler_changement": Transition(
        depuis=_PROPOSE,
        vers=EtatChangement.ANNULE,
        qui="Un membre de la structure, la préfecture, l'ANCT, ou l'un des deux par son lien",
        message="Les deux sont prévenus",
    ),
    "expirer_changement": Transition(
        depuis=_PROPOSE,
        vers=EtatChangement.EXPIRE,
        qui="Système",
        garde="14 jours sans les deux confirmations",
    ),
}
