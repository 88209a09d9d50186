"""États d'une échéance, d'un lot, de coordonnées bancaires, d'un justificatif et d'une ligne de retour bancaire.

Sources : facts-and-asks § 1.5 à 1.7 ; programme-apps § 2.6.
"""

from django.db.models import TextChoices

from conum.socle.transitions import Transition


class Etat(TextChoices):
    PREVU = "prevu", "Prévu"
    A_VERSER = "a_verser", "À verser"
    ORDONNANCE = "ordonnance", "Ordonnancé"
    VERSE = "verse", "Versé"
    SUSPENDU = "suspendu", "Suspendu"
    ANNULE = "annule", "Annulé"
    REVERSEMENT_DEMANDE = "reversement_demande", "Reversement demandé"
    REVERSEMENT_RECU = "reversement_recu", "Reversement reçu"


A_VENIR = frozenset({Etat.PREVU, Etat.A_VERSER, Etat.SUSPENDU})
"""Rien n'est parti : un avenant remplace ces échéances."""
PARTIS = frozenset({Etat.ORDONNANCE, Etat.VERSE})
"""L'argent est parti, ou part : il compte comme versé dans un recalcul."""

TRANSITIONS = {
    "ouvrir_echeance": Transition(
        frozenset({Etat.PREVU}), Etat.A_VERSER, "système, ANCT",
        "date atteinte ou fixée, convention en vigueur, coordonnées bancaires actives", "", "",
    ),
    "ordonnancer_echeance": Transition(
        frozenset({Etat.A_VERSER}), Etat.ORDONNANCE, "ANCT", "lot approuvé par une seconde personne", "", "",
    ),
    "constater_versement": Transition(
        frozenset({Etat.ORDONNANCE}), Etat.VERSE, "ANCT", "retour de la banque", "date et montant du versement",
        "structure : versement effectué",
    ),
    "constater_rejet": Transition(
        frozenset({Etat.ORDONNANCE, Etat.VERSE}), Etat.A_VERSER, "ANCT",
        "retour de la banque, qui rend parfois un virement déjà payé", "motif de la banque gardé",
        "structure : virement rejeté, coordonnées à vérifier",
    ),
    "desordonnancer_echeance": Transition(
        frozenset({Etat.ORDONNANCE}), Etat.A_VERSER, "ANCT", "lot abandonné avant tout envoi à la banque", "", "",
    ),
    "suspendre_echeance": Transition(
        frozenset({Etat.PREVU, Etat.A_VERSER}), Etat.SUSPENDU, "système, ANCT", "motif ; hors de tout lot", "",
        "structure : versement suspendu, et pourquoi",
    ),
    "reprendre_echeance": Transition(
        frozenset({Etat.SUSPENDU}), Etat.PREVU, "système, ANCT", "", "", "structure : versement repris",
    ),
    "annuler_echeance": Transition(
        A_VENIR, Etat.ANNULE, "système, ANCT", "avenant, résiliation ou solde ; hors de tout lot", "", "",
    ),
    "constater_reversement": Transition(
        frozenset({Etat.REVERSEMENT_DEMANDE}), Etat.REVERSEMENT_RECU, "ANCT", "date et référence du virement reçu", "",
        "structure : reversement reçu",
    ),
    "annuler_reversement": Transition(
        frozenset({Etat.REVERSEMENT_DEMANDE}), Etat.ANNULE, "ANCT", "motif écrit", "",
        "structure : reversement annulé, et pourquoi",
    ),
    "remplacer_reversement": Transition(
        frozenset({Etat.REVERSEMENT_DEMANDE}), Etat.ANNULE, "système, ANCT", "une preuve est arrivée après coup",
        "la somme se recalcule", "structure : reversement demandé, s'il en reste",
    ),
}  # fmt: skip


class EtatLot(TextChoices):
    PREPARATION = "preparation", "En préparation"
    A_APPROUVER = "a_approuver", "À approuver"
    APPROUVE = "approuve", "Approuvé"
    EXPORTE = "exporte", "Remis à la banque"
    CLOS = "clos", "Clos"
    ABANDONNE = "abandonne", "Abandonné"


TRANSITIONS_LOT = {
    "soumettre_lot": Transition(
        frozenset({EtatLot.PREPARATION}), EtatLot.A_APPROUVER, "ANCT, qui a préparé", "au moins une ligne",
        "montants figés", "ANCT : lot à approuver",
    ),
    "approuver_lot": Transition(
        frozenset({EtatLot.A_APPROUVER}), EtatLot.APPROUVE, "ANCT, une autre personne", "second facteur récent",
        "échéances ordonnancées", "",
    ),
    "renvoyer_lot": Transition(
        frozenset({EtatLot.A_APPROUVER}), EtatLot.PREPARATION, "ANCT", "motif écrit", "", "préparateur : lot renvoyé",
    ),
    "exporter_lot": Transition(
        frozenset({EtatLot.APPROUVE}), EtatLot.EXPORTE, "ANCT",
        "le fichier est produit une fois ; le redemander rend le même", "empreinte du fichier gardée", "",
    ),
    "clore_lot": Transition(
        frozenset({EtatLot.EXPORTE}), EtatLot.CLOS, "ANCT", "chaque ligne est payée ou rejetée", "", "",
    ),
    "abandonner_lot": Transition(
        frozenset({EtatLot.PREPARATION, EtatLot.A_APPROUVER, EtatLot.APPROUVE}), EtatLot.ABANDONNE, "ANCT",
        "motif écrit ; rien n'a été remis à la banque", "échéances de nouveau à verser", "",
    ),
}  # fmt: skip


class EtatLigne(TextChoices):
    EN_ATTENTE = "en_attente", "En attente du retour"
    PAYEE = "payee", "Payée"
    REJETEE = "rejetee", "Rejetée par la banque"
    RETIREE = "retiree", "Retirée du lot"


class EtatRib(TextChoices):
    PROPOSE = "propose", "À confirmer"
    ACTIF = "actif", "Actif"
    REFUSE = "refuse", "Refusé"
    REMPLACE = "remplace", "Remplacé"


TRANSITIONS_RIB = {
    "confirmer_rib": Transition(
        frozenset({EtatRib.PROPOSE}), EtatRib.ACTIF, "ANCT, une autre personne que celle qui l'a saisi",
        "IBAN et titulaire vérifiés sur le relevé", "le précédent est remplacé",
        "structure, ancien contact compris : coordonnées changées",
    ),
    "refuser_rib": Transition(
        frozenset({EtatRib.PROPOSE}), EtatRib.REFUSE, "ANCT, structure", "motif écrit", "",
        "structure : coordonnées refusées, et pourquoi",
    ),
    "remplacer_rib": Transition(
        frozenset({EtatRib.ACTIF, EtatRib.PROPOSE}), EtatRib.REMPLACE, "système", "d'autres prennent leur place",
        "", "",
    ),
}  # fmt: skip


class EtatJustificatif(TextChoices):
    ATTENDU = "attendu", "Attendu"
    RECU = "recu", "Reçu, à examiner"
    ACCEPTE = "accepte", "Accepté"
    REFUSE = "refuse", "Refusé"


TRANSITIONS_JUSTIFICATIF = {
    "deposer_justificatif": Transition(
        frozenset({EtatJustificatif.ATTENDU, EtatJustificatif.REFUSE, EtatJustificatif.RECU}), EtatJustificatif.RECU,
        "structure, ANCT", "montant employé et fichier PDF", "", "ANCT : justificatif à examiner",
    ),
    "accepter_justificatif": Transition(
        frozenset({EtatJustificatif.RECU}), EtatJustificatif.ACCEPTE, "ANCT", "montant justifié",
        "versements suspendus repris ; ce qui n'est pas justifié est à rendre", "structure : justificatif accepté",
    ),
    "refuser_justificatif": Transition(
        frozenset({EtatJustificatif.RECU}), EtatJustificatif.REFUSE, "ANCT", "motif écrit", "",
        "structure : justificatif refusé, et pourquoi",
    ),
    "constater_absence": Transition(
        frozenset({EtatJustificatif.ATTENDU, EtatJustificatif.REFUSE}), EtatJustificatif.REFUSE, "ANCT",
        "délai de mise en demeure passé", "tout ce qui a été versé pour le terme est à rendre",
        "structure : reversement demandé",
    ),
}  # fmt: skip


class EtatRapprochement(TextChoices):
    RAPPROCHEE = "rapprochee", "Rapprochée"
    A_TRAITER = "a_traiter", "À traiter"
    ECARTEE = "ecartee", "Écartée"


TRANSITIONS_RAPPROCHEMENT = {
    "rapprocher_ligne": Transition(
        frozenset({EtatRapprochement.A_TRAITER}), EtatRapprochement.RAPPROCHEE, "ANCT",
        "une ligne de lot ou un reversement qui attend, même montant", "versement, rejet ou reversement constaté", "",
    ),
    "ecarter_ligne": Transition(
        frozenset({EtatRapprochement.A_TRAITER}), EtatRapprochement.ECARTEE, "ANCT", "motif écrit", "", "",
    ),
}  # fmt: skip
