"""Conventions, postes et pièces pour les tests."""

from datetime import date
from typing import Any

from django.utils import timezone

from conum.comptes.rules import ajouter_mois
from conum.conventions import actions
from conum.conventions.actions import avenants
from conum.conventions.models import Acte, Convention, Piece
from conum.conventions.models.convention import Phase
from conum.conventions.states import Etat, EtatPiece
from conum.journal.acteurs import SYSTEME
from conum.postes.models import Poste
from conum.postes.models.poste import UN_JOUR
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


def active(nombre: int = 1, *, debut: int = -200, mois: int = 36, pourvue: bool = True, **champs: Any) -> Convention:
    """Une convention signée des deux parties, commencée il y a `-debut` jours, un CDI sur chaque poste dès son début.

    Les signatures s'écrivent directement ; le parcours de signature a ses propres essais.
    """
    structure, choisis = structure_et_postes(nombre)
    commence = postes.jour(debut)
    if pourvue:
        for poste in choisis:
            postes.en_poste(poste, debut=commence, type="cdi")
    fin = ajouter_mois(commence, mois) - UN_JOUR
    return signer(preparer(structure, choisis, debut=commence, fin=fin, **champs))


def signer(convention: Convention) -> Convention:
    """L'acte ouvert de cette convention devient signé, et s'applique s'il est un avenant."""
    acte = Acte.objects.ouverts().get(convention=convention)
    maintenant = timezone.now()
    Acte.objects.filter(pk=acte.pk).update(
        document=acte.document or "conventions/actes/essai.pdf",
        sha256=acte.sha256 or "a" * 64,
        propose_le=acte.propose_le or maintenant,
        signe_structure_le=maintenant,
        signe_etat_le=maintenant,
    )
    convention.refresh_from_db()
    if acte.numero:
        avenants.appliquer(acte, convention)
    convention.etat = Etat.ACTIVE
    convention.save()
    return convention
