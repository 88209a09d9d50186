"""États d'un contrat et d'une demande de prolongation ; sources : programme-apps § 2.9, 3.E-3.G.

Un poste n'a pas d'état : occupé, vacant ou rendu se déduit à une date.
"""

from django.db.models import TextChoices

from conum.socle.transitions import Transition


class Etat(TextChoices):
    A_VALIDER = "a_valider", "À valider"
    VALIDE = "valide", "Validé"
    RUPTURE_NOTIFIEE = "rupture_notifiee", "Rupture notifiée"
    ROMPU = "rompu", "Rompu"
    TERMINE = "termine", "Terminé"
    REFUSE = "refuse", "Refusé"
    ANNULE = "annule", "Annulé"


CONFIRMES = frozenset({Etat.VALIDE, Etat.RUPTURE_NOTIFIEE, Etat.ROMPU, Etat.TERMINE})
"""Le contrat a existé : ses dates disent quand il a couru."""
RETENUS = CONFIRMES | {Etat.A_VALIDER}
"""Le contrat prend la place d'un poste et d'une personne sur sa période."""

TRANSITIONS = {
    "corriger_contrat": Transition(
        frozenset({Etat.A_VALIDER}), Etat.A_VALIDER, "structure, ANCT", "mêmes règles qu'à la saisie",
        "ancien et nouveau au journal", "",
    ),
    "valider_contrat": Transition(
        frozenset({Etat.A_VALIDER}), Etat.VALIDE, "ANCT",
        "poste toujours rattaché, salaire au moins au SMIC, compte actif, adresse personnelle",
        "le poste est occupé, l'accès de la personne s'ouvre au début du contrat",
        "structure et personne : contrat validé",
    ),
    "refuser_contrat": Transition(
        frozenset({Etat.A_VALIDER}), Etat.REFUSE, "ANCT", "motif écrit", "le poste est de nouveau libre",
        "structure : contrat refusé, et pourquoi",
    ),
    "rectifier_contrat": Transition(
        frozenset({Etat.VALIDE}), Etat.VALIDE, "ANCT", "motif écrit ; mêmes règles qu'à la saisie",
        "ancien et nouveau au journal", "structure : contrat rectifié",
    ),
    "annuler_contrat": Transition(
        frozenset({Etat.VALIDE}), Etat.ANNULE, "ANCT", "le contrat n'a pas commencé ; motif écrit",
        "le poste est de nouveau libre", "structure et personne : contrat annulé",
    ),
    "terminer_contrat": Transition(
        frozenset({Etat.VALIDE}), Etat.TERMINE, "structure, ANCT, système", "le terme est passé",
        "l'accès de la personne a cessé au terme", "",
    ),
    "notifier_rupture": Transition(
        frozenset({Etat.VALIDE}), Etat.RUPTURE_NOTIFIEE, "structure, ANCT",
        "date du début à M+2 et jamais après le terme ; motif de la liste",
        "le poste se remplace dès le lendemain ; une prolongation en attente tombe", "ANCT : rupture à valider",
    ),
    "annuler_rupture": Transition(
        frozenset({Etat.RUPTURE_NOTIFIEE}), Etat.VALIDE, "structure, ANCT",
        "ni le poste ni la personne n'ont été repris entre-temps", "date, motif et pièces retirés",
        "ANCT : rupture retirée",
    ),
    "valider_rupture": Transition(
        frozenset({Etat.RUPTURE_NOTIFIEE}), Etat.ROMPU, "ANCT",
        "date passée, pièces au complet, aucun renouvellement en attente",
        "accès, permanences et statistiques cessent à la date ; le poste est vacant",
        "structure et personne : rupture validée",
    ),
}  # fmt: skip


class EtatProlongation(TextChoices):
    DEMANDEE = "demandee", "Demandée"
    ACCEPTEE = "acceptee", "Acceptée"
    REFUSEE = "refusee", "Refusée"
    REMPLACEE = "remplacee", "Remplacée"


TRANSITIONS_PROLONGATION = {
    "valider_prolongation": Transition(
        frozenset({EtatProlongation.DEMANDEE}), EtatProlongation.ACCEPTEE, "ANCT",
        "contrat validé, poste encore rattaché et libre jusqu'à la nouvelle fin",
        "fin et salaire du contrat remplacés", "structure et personne : prolongation acceptée",
    ),
    "refuser_prolongation": Transition(
        frozenset({EtatProlongation.DEMANDEE}), EtatProlongation.REFUSEE, "ANCT", "motif écrit", "",
        "structure : prolongation refusée, et pourquoi",
    ),
    "remplacer_prolongation": Transition(
        frozenset({EtatProlongation.DEMANDEE}), EtatProlongation.REMPLACEE, "structure, système",
        "une nouvelle demande, ou une rupture, prend sa place", "", "",
    ),
}  # fmt: skip
