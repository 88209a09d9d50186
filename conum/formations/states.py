"""États d'une inscription, d'une session, d'une place, d'une dispense, d'un module et d'un état récapitulatif.

Sources : facts-and-asks § 2 ; texte du programme. Ce qu'une date suffit à dire (session commencée, complète, terminée)
se déduit, et n'est pas un état.
"""

from django.db.models import TextChoices

from conum.socle.transitions import Transition


class Etat(TextChoices):
    """L'inscription d'une personne à la formation initiale, pour un contrat."""

    OUVERTE = "ouverte", "À positionner"
    POSITIONNEE = "positionnee", "En attente d'une session"
    INSCRITE = "inscrite", "Inscrite à une session"
    EN_FORMATION = "en_formation", "En formation"
    ATTESTEE = "attestee", "Formation attestée"
    DISPENSEE = "dispensee", "Dispensée"
    ABANDONNEE = "abandonnee", "Arrêtée"


EN_ATTENTE = frozenset({Etat.OUVERTE, Etat.POSITIONNEE})
"""La personne n'a pas de session."""
VIVANTES = EN_ATTENTE | {Etat.INSCRITE, Etat.EN_FORMATION}
"""La formation reste à faire ou à finir."""
FAITES = frozenset({Etat.ATTESTEE, Etat.DISPENSEE})
"""La personne n'a plus de formation initiale à suivre, pour ce contrat ni pour un suivant."""

TRANSITIONS = {
    "retenir_parcours": Transition(
        frozenset({Etat.OUVERTE, Etat.POSITIONNEE}), Etat.POSITIONNEE, "organisme, ANCT",
        "test de positionnement fini ; un autre parcours que celui recommandé demande un motif", "parcours retenu",
        "conseiller et structure : parcours retenu",
    ),
    "inscrire_en_session": Transition(
        frozenset({Etat.POSITIONNEE}), Etat.INSCRITE,
        "organisme, structure, ANCT", "une place libre ; même parcours, ou un motif ; aucune séance qui se croise",
        "la personne a une place", "conseiller et structure : convocation",
    ),
    "perdre_sa_place": Transition(
        frozenset({Etat.INSCRITE, Etat.EN_FORMATION}), Etat.POSITIONNEE, "organisme, structure, ANCT",
        "place retirée, ou session annulée ; motif écrit", "la personne attend de nouveau une session",
        "conseiller et structure : place retirée, et pourquoi",
    ),
    "commencer_formation": Transition(
        frozenset({Etat.INSCRITE}), Etat.EN_FORMATION, "système", "une première demi-journée est signée", "", "",
    ),
    "attester": Transition(
        frozenset({Etat.INSCRITE, Etat.EN_FORMATION}), Etat.ATTESTEE, "organisme, ANCT",
        "toutes les heures du parcours sont signées des deux mains",
        "attestation produite, figée, avec son code de vérification", "conseiller et structure : attestation",
    ),
    "annuler_attestation": Transition(
        frozenset({Etat.ATTESTEE}), Etat.EN_FORMATION, "ANCT", "motif écrit",
        "la page de vérification dit que l'attestation ne vaut plus rien", "conseiller, structure et organisme",
    ),
    "dispenser": Transition(
        EN_ATTENTE, Etat.DISPENSEE, "ANCT", "CCP1 ou titre, avec la preuve", "dispense acceptée",
        "conseiller et structure : dispense accordée",
    ),
    "abandonner": Transition(
        VIVANTES, Etat.ABANDONNEE, "système, ANCT", "contrat rompu, annulé ou fini ; ou motif écrit",
        "places rendues", "organisme : formation arrêtée",
    ),
    "rouvrir_inscription": Transition(
        frozenset({Etat.ABANDONNEE}), Etat.OUVERTE, "ANCT, système", "le contrat court de nouveau", "", "",
    ),
}  # fmt: skip


class EtatSession(TextChoices):
    BROUILLON = "brouillon", "En préparation"
    OUVERTE = "ouverte", "Ouverte"
    ANNULEE = "annulee", "Annulée"


TRANSITIONS_SESSION = {
    "modifier_session": Transition(
        frozenset({EtatSession.BROUILLON}), EtatSession.BROUILLON, "organisme, ANCT", "rien n'est encore annoncé",
        "ancien et nouveau au journal", "",
    ),
    "ouvrir_session": Transition(
        frozenset({EtatSession.BROUILLON}), EtatSession.OUVERTE, "organisme, ANCT",
        "lieu ou lien, places, calendrier dans les heures du parcours", "les inscriptions sont possibles", "",
    ),
    "corriger_session": Transition(
        frozenset({EtatSession.OUVERTE}), EtatSession.OUVERTE, "organisme, ANCT",
        "ni séance signée déplacée, ni moins de places que d'inscrits", "ancien et nouveau au journal",
        "inscrits et structures : session modifiée, nouveau calendrier",
    ),
    "annuler_session": Transition(
        frozenset({EtatSession.BROUILLON, EtatSession.OUVERTE}), EtatSession.ANNULEE, "organisme, ANCT",
        "motif écrit ; aucune séance signée", "les inscrits attendent de nouveau une session",
        "inscrits et structures : session annulée, et pourquoi",
    ),
}  # fmt: skip


class EtatPlace(TextChoices):
    EN_ATTENTE = "en_attente", "Sur liste d'attente"
    INSCRITE = "inscrite", "Inscrite"
    CONVOQUEE = "convoquee", "Convoquée"
    RETIREE = "retiree", "Retirée"
    DEPLACEE = "deplacee", "Déplacée vers une autre session"


ASSISES = frozenset({EtatPlace.INSCRITE, EtatPlace.CONVOQUEE})
"""La personne a un siège dans la session."""
PLACES_VIVANTES = ASSISES | {EtatPlace.EN_ATTENTE}

TRANSITIONS_PLACE = {
    "promouvoir_place": Transition(
        frozenset({EtatPlace.EN_ATTENTE}), EtatPlace.INSCRITE, "système, organisme, ANCT",
        "un siège se libère ; premier arrivé, premier servi", "", "conseiller et structure : place obtenue",
    ),
    "convoquer_place": Transition(
        frozenset({EtatPlace.INSCRITE, EtatPlace.CONVOQUEE}), EtatPlace.CONVOQUEE, "organisme, ANCT, système",
        "session ouverte, calendrier complet", "", "conseiller et structure : convocation, avec le calendrier",
    ),
    "retirer_place": Transition(
        PLACES_VIVANTES, EtatPlace.RETIREE, "organisme, structure, ANCT, système", "motif écrit",
        "le siège va au premier de la liste d'attente", "conseiller et structure : place retirée, et pourquoi",
    ),
    "deplacer_place": Transition(
        PLACES_VIVANTES, EtatPlace.DEPLACEE, "organisme, ANCT", "une place libre dans l'autre session, motif écrit",
        "une place dans l'autre session", "conseiller et structure : nouvelle convocation",
    ),
}  # fmt: skip


class EtatDispense(TextChoices):
    DEPOSEE = "deposee", "À examiner"
    ACCEPTEE = "acceptee", "Acceptée"
    REFUSEE = "refusee", "Refusée"


TRANSITIONS_DISPENSE = {
    "accepter_dispense": Transition(
        frozenset({EtatDispense.DEPOSEE}), EtatDispense.ACCEPTEE, "ANCT", "certificat lu, recevable à sa date",
        "l'inscription est dispensée", "conseiller et structure : dispense accordée",
    ),
    "refuser_dispense": Transition(
        frozenset({EtatDispense.DEPOSEE}), EtatDispense.REFUSEE, "ANCT", "motif écrit", "",
        "conseiller et structure : dispense refusée, et pourquoi",
    ),
}  # fmt: skip


class EtatModule(TextChoices):
    DEMANDE = "demande", "Demandé"
    ACCEPTE = "accepte", "Accepté"
    SUIVI = "suivi", "Suivi"
    REFUSE = "refuse", "Refusé"
    ANNULE = "annule", "Annulé"


MODULES_COMPTES = frozenset({EtatModule.DEMANDE, EtatModule.ACCEPTE, EtatModule.SUIVI})
"""Ce qui se décompte du quota : demandé, un module retient déjà sa place."""

TRANSITIONS_MODULE = {
    "accepter_module": Transition(
        frozenset({EtatModule.DEMANDE}), EtatModule.ACCEPTE, "organisme, ANCT", "", "", "conseiller : module accepté",
    ),
    "refuser_module": Transition(
        frozenset({EtatModule.DEMANDE}), EtatModule.REFUSE, "organisme, ANCT", "motif écrit", "le quota est rendu",
        "conseiller : module refusé, et pourquoi",
    ),
    "constater_module": Transition(
        frozenset({EtatModule.ACCEPTE}), EtatModule.SUIVI, "organisme, ANCT", "la date du module est passée", "", "",
    ),
    "annuler_module": Transition(
        frozenset({EtatModule.DEMANDE, EtatModule.ACCEPTE}), EtatModule.ANNULE, "conseiller, organisme, ANCT",
        "", "le quota est rendu", "",
    ),
}  # fmt: skip


class EtatRecap(TextChoices):
    """Un état récapitulatif d'un organisme : ce qu'il demande à l'État, pour un mois."""

    BROUILLON = "brouillon", "En préparation"
    TRANSMIS = "transmis", "À valider par l'ANCT"
    VALIDE = "valide", "Validé"
    ABANDONNE = "abandonne", "Abandonné"


TRANSITIONS_RECAP = {
    "recalculer_etat": Transition(
        frozenset({EtatRecap.BROUILLON}), EtatRecap.BROUILLON, "organisme", "", "lignes refaites des signatures", "",
    ),
    "transmettre_etat": Transition(
        frozenset({EtatRecap.BROUILLON}), EtatRecap.TRANSMIS, "organisme", "au moins une ligne ; mois achevé",
        "lignes et montants figés", "ANCT : état à valider",
    ),
    "contester_etat": Transition(
        frozenset({EtatRecap.TRANSMIS}), EtatRecap.BROUILLON, "ANCT", "motif écrit", "",
        "organisme : état contesté, et pourquoi",
    ),
    "valider_etat": Transition(
        frozenset({EtatRecap.TRANSMIS}), EtatRecap.VALIDE, "ANCT, second facteur récent", "lignes toujours exactes",
        "l'état peut entrer dans un lot de virements", "organisme : état validé",
    ),
    "abandonner_etat": Transition(
        frozenset({EtatRecap.BROUILLON}), EtatRecap.ABANDONNE, "organisme, ANCT", "motif écrit",
        "ses heures entreront dans un autre état", "",
    ),
}  # fmt: skip


class EtatProposition(TextChoices):
    """Ce que propose un passage d'affectation pour une personne."""

    PROPOSEE = "proposee", "À confirmer"
    CONFIRMEE = "confirmee", "Confirmée"
    ECARTEE = "ecartee", "Écartée"
    PERIMEE = "perimee", "Périmée"


TRANSITIONS_PROPOSITION = {
    "confirmer_proposition": Transition(
        frozenset({EtatProposition.PROPOSEE}), EtatProposition.CONFIRMEE, "ANCT, organisme",
        "la session a encore une place, la personne attend encore", "la personne est inscrite",
        "conseiller et structure : convocation",
    ),
    "ecarter_proposition": Transition(
        frozenset({EtatProposition.PROPOSEE}), EtatProposition.ECARTEE, "ANCT, organisme", "motif écrit", "", "",
    ),
    "perimer_proposition": Transition(
        frozenset({EtatProposition.PROPOSEE}), EtatProposition.PERIMEE, "système",
        "un passage plus récent, ou la personne a une place", "", "",
    ),
}  # fmt: skip
