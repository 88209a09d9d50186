"""Les modèles de l'attestation, versionnés et figés (`socle.modeles`), et ce qui empêche d'attester.

Un nouveau texte est une nouvelle version : un dossier de plus, inscrit dans `EMPREINTES`, et `CODE_COURANT`.
"""

from pathlib import Path

from conum.formations.rules.assiduite import Assiduite, en_heures
from conum.socle.modeles import Version, version

MODELES = Path(__file__).parent.parent / "documents" / "modeles"
CODE_COURANT = "2026-11"
GABARIT = "attestation.typ"


def modele(code: str, empreinte: str = "") -> Version:
    """La version de ce code ; `empreinte`, gardée par l'attestation, prouve que c'est bien la même.

    Raises:
        ModeleInvalide: version inconnue ou changée.
    """
    return version(code, MODELES, empreinte)


def courant() -> Version:
    """Celle qui sert aux nouvelles attestations."""
    return modele(CODE_COURANT)


def empechements(suivie: Assiduite) -> tuple[str, ...]:
    """Pourquoi rien n'est attesté, une phrase chacun ; vide quand toutes les heures du parcours sont signées."""
    raisons = list(suivie.fautes)
    for nom, part in (("cours", suivie.cours), ("stage", suivie.stage)):
        if part.manquantes:
            raisons.append(
                f"Il manque {en_heures(part.manquantes)} de {nom} signées, "
                f"sur les {en_heures(part.requises)} du parcours."
            )
    return tuple(raisons)
