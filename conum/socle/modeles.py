"""Les modèles de document, versionnés et figés : un dossier par version, jamais modifié une fois publié.

Un document remis doit pouvoir être relu avec le texte exact de son modèle : un fichier qui a changé refuse de servir,
un nouveau texte est une nouvelle version. Les empreintes sont celles de `socle.donnees_figees` (format `sha256sum`).
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from conum.socle.donnees_figees import EMPREINTES, empreinte_de, lire_manifeste


class ModeleInvalide(ValueError):
    """Un modèle publié a changé ou manque : faute de qui le tient, pas de l'usager."""


@dataclass(frozen=True, slots=True)
class Version:
    """Une version d'un modèle. `empreinte` : celle du dossier entier, à garder avec ce qui en est produit."""

    code: str
    dossier: Path
    empreinte: str

    def gabarit(self, nom: str) -> Path:
        return self.dossier / nom


def charger(code: str, dossier: Path) -> Version:
    """Lit une version, après avoir vérifié que chacun de ses fichiers est celui qui a été publié.

    Raises:
        ModeleInvalide: version inconnue, fichier changé, absent ou non inscrit.
    """
    publiees = {c: e for c, e in lire_manifeste(dossier).items() if c.startswith(f"{code}/")}
    presents = {f"{code}/{f.name}": f for f in sorted((dossier / code).glob("*.typ"))}
    if not publiees or publiees.keys() != presents.keys():
        raise ModeleInvalide(f"Les fichiers du modèle « {code} » ne sont pas ceux inscrits dans {EMPREINTES}.")
    for chemin, fichier in presents.items():
        if empreinte_de(fichier.read_bytes()) != publiees[chemin]:
            raise ModeleInvalide(
                f"{chemin} a changé après sa publication : rétablissez-le, "
                "et écrivez le nouveau texte dans une autre version."
            )
    liste = "".join(f"{publiees[chemin]}  {chemin}\n" for chemin in sorted(publiees))
    return Version(code, dossier / code, empreinte_de(liste.encode()))


@cache
def _version(code: str, dossier: Path) -> Version:
    return charger(code, dossier)


def version(code: str, dossier: Path, empreinte: str = "") -> Version:
    """La version de ce code ; `empreinte`, gardée avec un document, prouve que c'est bien la même.

    Raises:
        ModeleInvalide: version inconnue ou changée.
    """
    trouvee = _version(code, dossier)
    if empreinte and trouvee.empreinte != empreinte:
        raise ModeleInvalide(f"Le modèle {code} n'est plus celui que le document a figé.")
    return trouvee
