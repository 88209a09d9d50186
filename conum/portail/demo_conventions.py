"""La fin du récit : une convention à signer, une autre en cours, son versement dans un lot à approuver. Sans dates."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Ancienne:
    """Une structure arrivée avant le récit : sa conseillère est en poste, sa convention est signée."""

    nom: str
    categorie: str
    commune: str
    contact: tuple[str, str]
    conseillere: tuple[str, str]
    iban: str
    jours: int
    """Depuis combien de jours le contrat court."""


# L'IBAN est celui des exemples publics de la norme : il ne désigne aucun compte.
ANCIENNE = Ancienne(
    nom="Ville de Vitry-le-François",
    categorie="collectivite",
    commune="51649",
    contact=("Denis", "Morel"),
    conseillere=("Nora", "Lambert"),
    iban="FR14 2004 1010 0505 0001 3M02 606",
    jours=200,
)
