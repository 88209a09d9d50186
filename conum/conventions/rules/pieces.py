"""Les pièces demandées avant de signer, selon la forme juridique (facts-and-asks § 1.3)."""

from conum.structures.rules import Statut

IDENTITE, NOMINATION, BUREAU, STATUTS = "identite", "nomination", "bureau", "statuts"
ASSEMBLEE, COMPTES, SIRENE, RIB = "assemblee", "comptes", "sirene", "rib"

PIECES = {
    Statut.PUBLIC: (NOMINATION, IDENTITE, SIRENE, RIB),
    Statut.PRIVE: (IDENTITE, BUREAU, STATUTS, ASSEMBLEE, COMPTES, SIRENE, RIB),
}


def pieces_demandees(statut: str) -> tuple[str, ...]:
    """Les types de pièce à déposer par une structure de ce statut, dans l'ordre où on les demande."""
    return PIECES[Statut(statut)]
