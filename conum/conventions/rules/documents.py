"""Les modèles de la convention et de l'avenant, versionnés et figés (`socle.modeles`).

Un nouveau texte est une nouvelle version : un dossier de plus, inscrit dans `EMPREINTES`, et `CODE_COURANT`.
"""

from pathlib import Path

from conum.socle.donnees_figees import lire_manifeste
from conum.socle.modeles import ModeleInvalide, Version, version
from conum.socle.modeles import charger as _charger

__all__ = ["CODE_COURANT", "MODELES", "ModeleInvalide", "charger", "courant", "gabarit", "lire_empreintes", "modele"]

MODELES = Path(__file__).parent.parent / "documents" / "modeles"
CODE_COURANT = "2026-01"


def gabarit(modele: Version, *, avenant: bool) -> Path:
    return modele.gabarit("avenant.typ" if avenant else "convention.typ")


def lire_empreintes(dossier: Path = MODELES) -> dict[str, str]:
    """Chemin relatif → SHA-256 publié."""
    return lire_manifeste(dossier)


def charger(code: str, dossier: Path = MODELES) -> Version:
    """Raises: ModeleInvalide: version inconnue, fichier changé, absent ou non inscrit."""
    return _charger(code, dossier)


def modele(code: str, empreinte: str = "") -> Version:
    """La version de ce code ; `empreinte`, gardée par l'acte, prouve que c'est bien la même.

    Raises:
        ModeleInvalide: version inconnue ou changée.
    """
    return version(code, MODELES, empreinte)


def courant() -> Version:
    """Celle qui sert aux nouveaux documents."""
    return modele(CODE_COURANT)
