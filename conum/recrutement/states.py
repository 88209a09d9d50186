"""États d'une candidature, d'un recrutement et d'une mise en relation ; sources : original-platform § 4,
programme-apps § 2.9, 3.C et 3.E. Ce que l'ancienne plateforme taisait (refus, échéances, réserve) a ici un état."""

from django.db.models import TextChoices

from conum.socle.transitions import Table, Transition


class EtatCandidat(TextChoices):
    BROUILLON = "brouillon", "En cours de saisie"
    A_CONFIRMER = "a_confirmer", "À confirmer"
    DISPONIBLE = "disponible", "Disponible"
    EN_PAUSE = "en_pause", "En pause"
    RECRUTE = "recrute", "Recruté"
    RETIRE = "retire", "Retiré"
    BLOQUE = "bloque", "Bloqué"
    ANONYMISE = "anonymise", "Anonymisé"


AVANT_CONFIRMATION = frozenset({EtatCandidat.BROUILLON, EtatCandidat.A_CONFIRMER})
AU_VIVIER = frozenset({EtatCandidat.DISPONIBLE, EtatCandidat.EN_PAUSE, EtatCandidat.RECRUTE, EtatCandidat.RETIRE})
"""La personne a confirmé son adresse et tient son espace."""
_EFFACABLES = frozenset(
    {EtatCandidat.DISPONIBLE, EtatCandidat.EN_PAUSE, EtatCandidat.RECRUTE, EtatCandidat.RETIRE, EtatCandidat.BLOQUE}
)

TRANSITIONS_CANDIDAT: Table = {
    "soumettre_candidature": Transition(
        frozenset({EtatCandidat.BROUILLON}), EtatCandidat.A_CONFIRMER, "candidat", "formulaire complet",
        "lien de confirmation valable 30 jours", "candidat : confirmez votre adresse",
    ),
    "confirmer_candidature": Transition(
        frozenset({EtatCandidat.A_CONFIRMER}), EtatCandidat.DISPONIBLE, "candidat", "lien valable, bouton cliqué",
        "compte et rôle de candidat créés", "candidat : candidature enregistrée, suite",
    ),
    "mettre_en_pause": Transition(
        frozenset({EtatCandidat.DISPONIBLE}), EtatCandidat.EN_PAUSE, "candidat, système",
        "ou disponibilité non reconfirmée, ou courriels refusés",
        "propositions pas encore répondues closes ; les échanges engagés continuent", "structures concernées",
    ),
    "reprendre_recherche": Transition(
        frozenset({EtatCandidat.EN_PAUSE}), EtatCandidat.DISPONIBLE, "candidat", "date de disponibilité à jour",
        "de nouveau proposé au prochain passage", "",
    ),
    "retirer_candidature": Transition(
        frozenset({EtatCandidat.DISPONIBLE, EtatCandidat.EN_PAUSE}), EtatCandidat.RETIRE, "candidat", "motif choisi",
        "mises en relation ouvertes closes, CV effacé", "structures concernées",
    ),
    "revenir_au_vivier": Transition(
        frozenset({EtatCandidat.RETIRE}), EtatCandidat.DISPONIBLE, "candidat", "", "de nouveau proposé", "",
    ),
    "recruter_candidat": Transition(
        frozenset({EtatCandidat.DISPONIBLE, EtatCandidat.EN_PAUSE, EtatCandidat.RETIRE}), EtatCandidat.RECRUTE,
        "structure", "contrat signé sur un poste", "autres mises en relation closes", "structures concernées",
    ),
    "liberer_candidat": Transition(
        frozenset({EtatCandidat.RECRUTE}), EtatCandidat.DISPONIBLE, "candidat, système", "",
        "de nouveau au vivier après un contrat", "",
    ),
    "bloquer_candidat": Transition(
        frozenset({EtatCandidat.DISPONIBLE, EtatCandidat.EN_PAUSE, EtatCandidat.RETIRE}), EtatCandidat.BLOQUE, "ANCT",
        "motif écrit", "mises en relation ouvertes closes", "candidat : décision et motif",
    ),
    "debloquer_candidat": Transition(
        frozenset({EtatCandidat.BLOQUE}), EtatCandidat.EN_PAUSE, "ANCT", "motif écrit", "", "candidat : décision",
    ),
    "anonymiser_candidat": Transition(
        _EFFACABLES, EtatCandidat.ANONYMISE, "candidat, système",
        "aucun recrutement en cours ; inactif depuis 24 mois et prévenu deux fois, ou demandé par la personne",
        "tout ce qui désigne la personne est effacé, CV compris ; les nombres restent", "candidat : effacement fait",
    ),
}  # fmt: skip


class EtatRecrutement(TextChoices):
    OUVERT = "ouvert", "Ouvert"
    SUSPENDU = "suspendu", "Suspendu"
    POURVU = "pourvu", "Pourvu"
    CLOS = "clos", "Clos"


TRANSITIONS_RECRUTEMENT: Table = {
    "suspendre_recrutement": Transition(
        frozenset({EtatRecrutement.OUVERT}), EtatRecrutement.SUSPENDU, "structure, ANCT", "motif écrit",
        "plus aucune proposition nouvelle ; celles qui attendent la structure sont closes", "candidats concernés",
    ),
    "reprendre_recrutement": Transition(
        frozenset({EtatRecrutement.SUSPENDU}), EtatRecrutement.OUVERT, "structure, ANCT",
        "poste encore rattaché", "", "",
    ),
    "pourvoir_recrutement": Transition(
        frozenset({EtatRecrutement.OUVERT, EtatRecrutement.SUSPENDU}), EtatRecrutement.POURVU, "structure",
        "chaque poste a son candidat", "toutes les autres mises en relation closes",
        "chaque autre candidat, le jour même",
    ),
    "rouvrir_recrutement": Transition(
        frozenset({EtatRecrutement.POURVU}), EtatRecrutement.OUVERT, "structure, ANCT, système",
        "un poste est de nouveau vacant", "", "",
    ),
    "clore_recrutement": Transition(
        frozenset({EtatRecrutement.OUVERT, EtatRecrutement.SUSPENDU, EtatRecrutement.POURVU}), EtatRecrutement.CLOS,
        "système, ANCT", "plus aucun poste rattaché", "mises en relation ouvertes closes", "candidats concernés",
    ),
}  # fmt: skip


class Etat(TextChoices):
    """États d'une mise en relation."""

    PROPOSEE = "proposee", "Proposée"
    RETENUE = "retenue", "Retenue par la structure"
    CONTACT_ACCEPTE = "contact_accepte", "Contact accepté"
    ENTRETIEN = "entretien", "Entretien"
    OFFRE = "offre", "Offre ferme"
    ACCEPTEE = "acceptee", "Offre acceptée"
    RESERVE = "reserve", "Liste de réserve"
    RECRUTEE = "recrutee", "Recruté"
    ECARTEE = "ecartee", "Non retenue"
    DECLINEE = "declinee", "Déclinée"
    EXPIREE = "expiree", "Expirée"
    SANS_OBJET = "sans_objet", "Sans objet"


OUVERTS = frozenset(
    {Etat.PROPOSEE, Etat.RETENUE, Etat.CONTACT_ACCEPTE, Etat.ENTRETIEN, Etat.OFFRE, Etat.ACCEPTEE, Etat.RESERVE}
)
CLOS = frozenset({Etat.RECRUTEE, Etat.ECARTEE, Etat.DECLINEE, Etat.EXPIREE, Etat.SANS_OBJET})
COMPTES_POUR_LE_CANDIDAT = OUVERTS - {Etat.RESERVE}
"""Ce qui occupe une des places du candidat : être en réserve n'empêche pas d'être proposé ailleurs."""
IDENTITE_OUVERTE = frozenset(
    {Etat.CONTACT_ACCEPTE, Etat.ENTRETIEN, Etat.OFFRE, Etat.ACCEPTEE, Etat.RESERVE, Etat.RECRUTEE}
)
"""La structure lit le nom, les coordonnées et le CV : le candidat l'a accepté, et la relation vit encore."""
PROMIS = frozenset({Etat.OFFRE, Etat.ACCEPTEE})
"""Un poste est promis à cette personne."""
ATTEND_LA_STRUCTURE = frozenset({Etat.PROPOSEE, Etat.CONTACT_ACCEPTE, Etat.ENTRETIEN, Etat.ACCEPTEE})
ATTEND_LE_CANDIDAT = frozenset({Etat.PROPOSEE, Etat.RETENUE, Etat.OFFRE})

TRANSITIONS: Table = {
    "retenir": Transition(
        frozenset({Etat.PROPOSEE}), Etat.RETENUE, "structure", "", "14 jours pour répondre",
        "candidat : la structure souhaite vous contacter, l'acceptez-vous ?",
    ),
    "accepter_contact": Transition(
        frozenset({Etat.PROPOSEE, Etat.RETENUE}), Etat.CONTACT_ACCEPTE, "candidat", "",
        "nom, coordonnées et CV lisibles par la structure", "structure : le candidat accepte d'être contacté",
    ),
    "inviter": Transition(
        frozenset({Etat.CONTACT_ACCEPTE, Etat.ENTRETIEN}), Etat.ENTRETIEN, "structure",
        "date à venir, lieu ou lien", "rendez-vous fixé ou déplacé", "candidat et structure : invitation avec iCal",
    ),
    "offrir": Transition(
        frozenset({Etat.CONTACT_ACCEPTE, Etat.ENTRETIEN, Etat.RESERVE}), Etat.OFFRE, "structure",
        "un poste encore vacant ; salaire, contrat, début et échéance", "offre ferme datée", "candidat : offre à lire",
    ),
    "accepter_offre": Transition(
        frozenset({Etat.OFFRE}), Etat.ACCEPTEE, "candidat", "avant l'échéance de l'offre",
        "15 jours pour signer ; les autres échanges du candidat sont clos ; le dernier poste promis clôt les autres",
        "structure ; chaque autre candidat, le jour même",
    ),
    "recruter": Transition(
        frozenset({Etat.ACCEPTEE}), Etat.RECRUTEE, "structure", "contrat signé, poste vacant",
        "poste pourvu, candidat recruté", "candidat ; réserve et autres candidats : le poste est pourvu",
    ),
    "mettre_en_reserve": Transition(
        frozenset({Etat.CONTACT_ACCEPTE, Etat.ENTRETIEN}), Etat.RESERVE, "structure", "", "rang dans la réserve",
        "candidat : en réserve, à telle place",
    ),
    "rappeler_de_reserve": Transition(
        frozenset({Etat.RESERVE}), Etat.CONTACT_ACCEPTE, "système, structure", "une offre est tombée, rang suivant",
        "14 jours pour proposer une suite", "candidat et structure : c'est son tour",
    ),
    "ecarter": Transition(
        frozenset({Etat.PROPOSEE, Etat.RETENUE, Etat.CONTACT_ACCEPTE, Etat.ENTRETIEN, Etat.RESERVE}), Etat.ECARTEE,
        "structure", "motif choisi", "la paire n'est plus jamais proposée", "candidat : réponse motivée",
    ),
    "retirer_offre": Transition(
        frozenset({Etat.OFFRE, Etat.ACCEPTEE}), Etat.ECARTEE, "structure", "motif écrit", "réserve rappelée",
        "candidat : offre retirée ; suivant de la réserve",
    ),
    "decliner": Transition(
        OUVERTS, Etat.DECLINEE, "candidat", "motif choisi", "place libérée, réserve rappelée ; jamais reproposée",
        "structure : motif ; suivant de la réserve",
    ),
    "expirer": Transition(
        frozenset({Etat.PROPOSEE, Etat.RETENUE, Etat.CONTACT_ACCEPTE, Etat.ENTRETIEN, Etat.OFFRE}), Etat.EXPIREE,
        "système", "14 jours sans réponse, ou échéance de l'offre passée", "place libérée, réserve rappelée",
        "candidat et structure : message clair",
    ),
    "clore": Transition(
        OUVERTS, Etat.SANS_OBJET, "système, structure",
        "poste pourvu ou suspendu, candidat engagé ailleurs, en pause ou retiré", "motif gardé",
        "l'autre partie, le jour même",
    ),
}  # fmt: skip


class EtatPasse(TextChoices):
    EN_COURS = "en_cours", "En cours"
    TERMINEE = "terminee", "Terminée"
    ECHOUEE = "echouee", "Échouée"


TRANSITIONS_PASSE: Table = {
    "terminer_passe": Transition(
        frozenset({EtatPasse.EN_COURS}), EtatPasse.TERMINEE, "système", "", "propositions, bilan et équité écrits", "",
    ),
    "interrompre_passe": Transition(
        frozenset({EtatPasse.EN_COURS}), EtatPasse.ECHOUEE, "système",
        "erreur, ou arrêt du worker", "erreur gardée", "",
    ),
}  # fmt: skip
