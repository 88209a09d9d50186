"""États d'une convention et d'une pièce ; sources : programme-apps § 2.5 et 3.I, facts-and-asks § 1.3 et 1.6.

Une convention et ses avenants suivent une seule machine : un avenant en cours de signature est un état de sa
convention. Où en est un acte (la convention initiale ou un avenant) se déduit de ses dates (`Acte.etape`).
"""

from django.db.models import TextChoices

from conum.socle.transitions import Transition


class Etat(TextChoices):
    BROUILLON = "brouillon", "Brouillon"
    A_SIGNER_STRUCTURE = "a_signer_structure", "À signer par la structure"
    A_SIGNER_ETAT = "a_signer_etat", "À signer par l'État"
    ACTIVE = "active", "Active"
    AVENANT_EN_COURS = "avenant_en_cours", "Avenant en cours"
    TERMINEE = "terminee", "Terminée"
    RESILIEE = "resiliee", "Résiliée"
    ANNULEE = "annulee", "Annulée avant signature"


A_SIGNER = frozenset({Etat.A_SIGNER_STRUCTURE, Etat.A_SIGNER_ETAT})
EN_PREPARATION = A_SIGNER | {Etat.BROUILLON}
EN_VIGUEUR = frozenset({Etat.ACTIVE, Etat.AVENANT_EN_COURS})
SIGNEES = EN_VIGUEUR | {Etat.TERMINEE, Etat.RESILIEE}
"""La convention initiale a été signée des deux parties : elle engage, ou a engagé, de l'argent."""
RETENUES = EN_PREPARATION | SIGNEES
"""La convention prend ses postes : aucune autre ne peut les porter sur la même période."""

TRANSITIONS = {
    "corriger_convention": Transition(
        frozenset({Etat.BROUILLON}), Etat.BROUILLON, "ANCT", "mêmes règles qu'à la préparation",
        "montants recalculés ; ancien et nouveau au journal", "",
    ),
    "proposer_convention": Transition(
        frozenset({Etat.BROUILLON}), Etat.A_SIGNER_STRUCTURE, "ANCT", "pièces demandées toutes validées",
        "le document est produit, figé, et son empreinte gardée", "structure : convention à signer",
    ),
    "retirer_document": Transition(
        A_SIGNER, Etat.BROUILLON, "ANCT", "motif écrit",
        "le document retiré ne vaut plus rien, et sa page de vérification le dit", "structure : document retiré",
    ),
    "signer_pour_la_structure": Transition(
        frozenset({Etat.A_SIGNER_STRUCTURE}), Etat.A_SIGNER_ETAT, "structure, ANCT (exemplaire papier)",
        "second facteur récent, ou exemplaire papier vérifié", "signature gardée avec l'empreinte",
        "ANCT : convention à signer",
    ),
    "signer_pour_l_etat": Transition(
        frozenset({Etat.A_SIGNER_ETAT}), Etat.ACTIVE, "ANCT", "second facteur récent",
        "la convention engage l'État ; son échéancier s'établit", "structure : convention signée",
    ),
    "reprendre_convention": Transition(
        frozenset({Etat.BROUILLON}), Etat.ACTIVE, "système",
        "reprise de données : signée des deux parties avant conum, à une date donnée",
        "l'acte est dit signé hors de l'outil : ni document, ni empreinte, ni signature", "",
    ),
    "annuler_convention": Transition(
        EN_PREPARATION, Etat.ANNULEE, "ANCT", "motif écrit ; rien n'est encore signé des deux parties",
        "les postes sont de nouveau sans convention", "structure : convention annulée, et pourquoi",
    ),
    "ouvrir_avenant": Transition(
        frozenset({Etat.ACTIVE}), Etat.AVENANT_EN_COURS, "ANCT", "un seul avenant à la fois",
        "montants recalculés, différence ligne à ligne", "",
    ),
    "corriger_avenant": Transition(
        frozenset({Etat.AVENANT_EN_COURS}), Etat.AVENANT_EN_COURS, "ANCT", "document pas encore proposé",
        "montants recalculés", "",
    ),
    "proposer_avenant": Transition(
        frozenset({Etat.AVENANT_EN_COURS}), Etat.AVENANT_EN_COURS, "ANCT", "",
        "le document est produit, figé, et son empreinte gardée", "structure : avenant à signer",
    ),
    "signer_avenant_pour_la_structure": Transition(
        frozenset({Etat.AVENANT_EN_COURS}), Etat.AVENANT_EN_COURS, "structure, ANCT (exemplaire papier)",
        "second facteur récent, ou exemplaire papier vérifié", "signature gardée avec l'empreinte",
        "ANCT : avenant à signer",
    ),
    "signer_avenant_pour_l_etat": Transition(
        frozenset({Etat.AVENANT_EN_COURS}), Etat.ACTIVE, "ANCT", "signé par la structure ; second facteur récent",
        "l'avenant remplace l'acte précédent ; l'échéancier se recalcule", "structure : avenant signé",
    ),
    "abandonner_avenant": Transition(
        frozenset({Etat.AVENANT_EN_COURS}), Etat.ACTIVE, "ANCT", "motif écrit ; pas encore signé des deux parties",
        "la convention reste ce qu'elle était", "structure : avenant abandonné, si elle l'avait reçu",
    ),
    "resilier_convention": Transition(
        frozenset({Etat.ACTIVE}), Etat.RESILIEE, "ANCT", "motif de la liste et date ; tous les postes s'arrêtent là",
        "montants arrêtés à la date ; ce qui a été versé en trop est à rendre", "structure : convention résiliée",
    ),
    "terminer_convention": Transition(
        frozenset({Etat.ACTIVE}), Etat.TERMINEE, "système, ANCT", "le terme est passé",
        "plus rien ne s'engage ; le dernier justificatif reste dû", "structure : convention terminée",
    ),
}  # fmt: skip


class EtatPiece(TextChoices):
    DEMANDEE = "demandee", "Demandée"
    RECUE = "recue", "Reçue"
    REFUSEE = "refusee", "Refusée"
    VALIDEE = "validee", "Validée"


TRANSITIONS_PIECE = {
    "deposer_piece": Transition(
        frozenset({EtatPiece.DEMANDEE, EtatPiece.RECUE, EtatPiece.REFUSEE}), EtatPiece.RECUE, "structure, ANCT",
        "PDF, JPEG ou PNG, 5 Mo", "le fichier précédent est remplacé", "",
    ),
    "valider_piece": Transition(
        frozenset({EtatPiece.RECUE}), EtatPiece.VALIDEE, "ANCT", "", "", "",
    ),
    "refuser_piece": Transition(
        frozenset({EtatPiece.RECUE, EtatPiece.VALIDEE}), EtatPiece.REFUSEE, "ANCT", "motif écrit", "",
        "structure : pièce refusée, et pourquoi",
    ),
}  # fmt: skip
