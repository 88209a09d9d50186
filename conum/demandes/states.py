"""États d'une demande d'accueil et d'une session du comité ; sources : programme-apps § 2.1, § 3.A et § 3.H."""

from django.db.models import TextChoices

from conum.socle.transitions import Transition


class Etat(TextChoices):
    BROUILLON = "brouillon", "Brouillon"
    A_CONFIRMER = "a_confirmer", "À confirmer"
    DEPOSEE = "deposee", "Déposée"
    EN_INSTRUCTION = "en_instruction", "En instruction"
    EXAMEN_COMPLEMENTAIRE = "examen_complementaire", "Examen complémentaire"
    ATTRIBUEE = "attribuee", "Attribuée"
    REFUSEE = "refusee", "Refusée"
    ABANDONNEE = "abandonnee", "Abandonnée"
    ANNULEE = "annulee", "Annulée"
    SANS_SUITE = "sans_suite", "Sans suite"


AVANT_DEPOT = frozenset({Etat.BROUILLON, Etat.A_CONFIRMER})
OUVERTS = frozenset({Etat.DEPOSEE, Etat.EN_INSTRUCTION, Etat.EXAMEN_COMPLEMENTAIRE})
"""Déposée et pas encore décidée : quelqu'un doit faire quelque chose."""
DECIDABLES = frozenset({Etat.EN_INSTRUCTION, Etat.EXAMEN_COMPLEMENTAIRE})
DECIDES = frozenset({Etat.ATTRIBUEE, Etat.REFUSEE})
CLOS = DECIDES | {Etat.ABANDONNEE, Etat.ANNULEE, Etat.SANS_SUITE}

TRANSITIONS = {
    "soumettre": Transition(
        frozenset({Etat.BROUILLON}), Etat.A_CONFIRMER, "demandeur",
        "formulaire complet, engagements cochés un à un", "lien de confirmation valable 30 jours",
        "demandeur : confirmez votre adresse",
    ),
    "confirmer": Transition(
        frozenset({Etat.A_CONFIRMER}), Etat.DEPOSEE, "demandeur", "lien valable, bouton cliqué ; SIRET encore libre",
        "structure, compte et rôle du contact créés", "demandeur : demande déposée ; préfecture : nouvelle demande",
    ),
    "donner_avis": Transition(
        frozenset({Etat.DEPOSEE}), Etat.EN_INSTRUCTION, "préfecture du département", "motif de 10 à 1 000 caractères",
        "premier avis enregistré", "structure : avis rendu",
    ),
    "demander_complement": Transition(
        frozenset({Etat.EN_INSTRUCTION}), Etat.EXAMEN_COMPLEMENTAIRE, "ANCT", "question écrite",
        "question enregistrée", "structure : complément demandé ; préfecture en copie",
    ),
    "completer": Transition(
        frozenset({Etat.EXAMEN_COMPLEMENTAIRE}), Etat.EN_INSTRUCTION, "structure", "réponse écrite",
        "réponse enregistrée", "ANCT et préfecture : complément reçu",
    ),
    "attribuer": Transition(
        DECIDABLES, Etat.ATTRIBUEE, "ANCT",
        "avis rendu ; 1 poste au moins, pas plus que demandé ni que l'enveloppe ; pas avant le jour de la session",
        "décision, postes numérotés créés (ou rendus)", "structure, préfecture : décision et suites",
    ),
    "refuser": Transition(
        DECIDABLES, Etat.REFUSEE, "ANCT", "avis rendu ; un motif publié au moins",
        "décision motivée", "structure, préfecture : décision et motifs",
    ),
    "abandonner": Transition(
        frozenset({Etat.DEPOSEE}), Etat.ABANDONNEE, "structure", "avant l'avis de la préfecture",
        "motif d'abandon", "structure, préfecture : demande retirée",
    ),
    "annuler": Transition(
        OUVERTS, Etat.ANNULEE, "ANCT", "motif écrit (erreur, doublon)", "motif", "structure, préfecture : annulée",
    ),
    "classer_sans_suite": Transition(
        AVANT_DEPOT | OUVERTS, Etat.SANS_SUITE, "système, ANCT", "non confirmée depuis 30 jours, ou motif écrit",
        "motif ; la saisie d'une demande jamais déposée est effacée", "structure si la demande était déposée",
    ),
    "reprendre": Transition(
        frozenset({Etat.BROUILLON}), Etat.ATTRIBUEE, "système", "import d'une session historique",
        "décision et postes repris des données publiées", "",
    ),
}  # fmt: skip


class EtatSession(TextChoices):
    PREPARATION = "preparation", "En préparation"
    TENUE = "tenue", "Tenue"


TRANSITIONS_SESSION = {
    "clore_session": Transition(
        frozenset({EtatSession.PREPARATION}), EtatSession.TENUE, "ANCT", "chaque demande inscrite est décidée",
        "procès-verbal figé", "",
    ),
}  # fmt: skip
