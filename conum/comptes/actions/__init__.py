"""Les actes des comptes : invitations, rôles, compte de la personne, effacement à l'échéance."""

from conum.comptes.actions.compte import (
    SUITES_D_ADRESSE,
    annuler_changement_adresse,
    changement_ouvert,
    confirmer_changement_adresse,
    demander_changement_adresse,
    detacher_proconnect,
    modifier_identite,
    personne_de_proconnect,
    rattacher_proconnect,
)
from conum.comptes.actions.conservation import anonymiser_compte, prevenir_inactif, purger_invitations
from conum.comptes.actions.erreurs import AucunCompte, CompteRefuse, LienPerime
from conum.comptes.actions.invitations import (
    accepter_invitation,
    annuler_invitation,
    invitation_ouverte,
    inviter,
    libelle_de_role,
    renvoyer_invitation,
)
from conum.comptes.actions.roles import (
    GARDES_DE_DEPART,
    SUITES_D_ANONYMISATION,
    desactiver_compte,
    reactiver_compte,
    retirer_role,
)

__all__ = [
    "GARDES_DE_DEPART",
    "SUITES_D_ADRESSE",
    "SUITES_D_ANONYMISATION",
    "AucunCompte",
    "CompteRefuse",
    "LienPerime",
    "accepter_invitation",
    "annuler_changement_adresse",
    "annuler_invitation",
    "anonymiser_compte",
    "changement_ouvert",
    "confirmer_changement_adresse",
    "demander_changement_adresse",
    "desactiver_compte",
    "detacher_proconnect",
    "invitation_ouverte",
    "inviter",
    "libelle_de_role",
    "modifier_identite",
    "personne_de_proconnect",
    "prevenir_inactif",
    "purger_invitations",
    "rattacher_proconnect",
    "reactiver_compte",
    "renvoyer_invitation",
    "retirer_role",
]
