"""Les modèles de document, versionnés et figés : un dossier par version, jamais modifié une fois publié.

`documents/modeles/EMPREINTES` garde le SHA-256 de chaque fichier (format de `sha256sum`). Un document signé doit
pouvoir être relu avec le texte exact de son modèle : un fichier qui a changé refuse de servir ; un nouveau texte est
une nouvelle version (`CODE_COURANT`).
"""

import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from conum.conventions.rules.modele import RegleInvalide

MODELES = Path(__file__).parent.parent / "documents" / "modeles"
EMPREINTES = "EMPREINTES"
CODE_COURANT = "2026-01"
GABARITS = ("avenant.typ", "commun.typ", "convention.typ")


class ModeleInvalide(RegleInvalide):
    """Un modèle publié a changé ou manque : faute de qui le tient, pas de l'usager."""


@dataclass(frozen=True, slots=True)
class Modele:
    """Une version des deux gabarits. `empreinte` : celle du dossier entier, à garder avec l'acte."""

    code: str
    dossier: Path
    empreinte: str

    def gabarit(self, *, avenant: bool) -> Path:
        return self.dossier / ("avenant.typ" if avenant else "convention.typ")


def lire_empreintes(dossier: Path = MODELES) -> dict[str, str]:
    """Chemin relatif → SHA-256 publié."""
    lignes = (dossier / EMPREINTES).read_text(encoding="utf-8").splitlines()
    couples = (ligne.split(maxsplit=1) for ligne in lignes if ligne.strip())
    return {chemin.strip(): empreinte for empreinte, chemin in couples}


def charger(code: str, dossier: Path = MODELES) -> Modele:
    """Lit une version, après avoir vérifié que chacun de ses fichiers est celui qui a été publié.

    Raises:
        ModeleInvalide: version inconnue, fichier changé, absent ou non inscrit.
    """
    publiees = {c: e for c, e in lire_empreintes(dossier).items() if c.startswith(f"{code}/")}
    presents = {f"{code}/{f.name}": f for f in sorted((dossier / code).glob("*.typ"))}
    if not publiees or publiees.keys() != presents.keys():
        raise ModeleInvalide(f"Les fichiers du modèle « {code} » ne sont pas ceux inscrits dans {EMPREINTES}.")
    for chemin, fichier in presents.items():
        if hashlib.sha256(fichier.read_bytes()).hexdigest() != publiees[chemin]:
            raise ModeleInvalide(
                f"{chemin} a changé après sa publication : rétablissez-le, "
                "et écrivez le nouveau texte dans une autre version."
            )
    liste = "".join(f"{publiees[chemin]}  {chemin}\n" for chemin in sorted(publiees))
    return Modele(code, dossier / code, hashlib.sha256(liste.encode()).hexdigest())


@cache
def _modele(code: str) -> Modele:
    return charger(code)


def modele(code: str, empreinte: str = "") -> Modele:
    """La version de ce code ; `empreinte`, gardée par l'acte, prouve que c'est bien la même.

    Raises:
        ModeleInvalide: version inconnue ou changée.
    """
    trouve = _modele(code)
    if empreinte and trouve.empreinte != empreinte:
        raise ModeleInvalide(f"Le modèle {code} n'est plus celui que l'acte a figé.")
    return trouve


def courant() -> Modele:
    """Celle qui sert aux nouveaux documents."""
    return modele(CODE_COURANT)
