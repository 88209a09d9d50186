"""Conventions, postes et pièces pour les tests."""

from datetime import date
from typing import Any

from conum.conventions import actions
from conum.conventions.models import Convention, Piece
from conum.conventions.models.convention import Phase
from conum.conventions.states import EtatPiece
from conum.journal.acteurs import SYSTEME
from conum.postes.models import Poste
from conum.structures.models import Structure
from tests.postes import fabriques as postes

DEBUT = date(2027, 1, 1)
FIN = date(2029, 12, 31)


def structure_et_postes(nombre: int = 1, **champs: Any) -> tuple[Structure, list[Poste]]:
    """Une commune de la Marne et ses postes, rattachés bien avant la convention."""
    nature = {"statut": "public", "categorie": "collectivite"}
    return postes.structure_avec(nombre, depuis=-800, **(nature | champs))


def preparer(structure: Structure, choisis: list[Poste], **champs: Any) -> Convention:
    """Un brouillon sur 36 mois à partir de 2027, règle de base."""
    valeurs: dict[str, Any] = {"debut": DEBUT, "fin": FIN, "phase": Phase.V1, "par": SYSTEME}
    return actions.preparer_convention(structure, postes=choisis, **(valeurs | champs))


def brouillon(nombre: int = 1, **champs: Any) -> Convention:
    structure, choisis = structure_et_postes(nombre)
    return preparer(structure, choisis, **champs)


def valider_pieces(convention: Convention) -> None:
    """Le dossier tel qu'une fois toutes les pièces reçues et validées."""
    Piece.objects.filter(convention=convention, acte=None).update(
        etat=EtatPiece.VALIDEE, fichier="conventions/pieces/essai.pdf", nom_fichier="essai.pdf"
    )


def proposee(nombre: int = 1, **champs: Any) -> Convention:
    """Une convention dont le document est figé, à signer par la structure."""
    convention = brouillon(nombre, **champs)
    valider_pieces(convention)
    return actions.proposer_convention(convention, par=postes.anct())
