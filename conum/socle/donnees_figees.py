"""Des données publiées qui ne changent plus : un fichier TOML par version, et la liste de leurs empreintes.

`EMPREINTES` garde le SHA-256 de chaque fichier (format de `sha256sum`). Un fichier qui a changé, manque ou s'ajoute
sans y être inscrit refuse de se charger : ce qui a été décidé d'après lui doit pouvoir se retrouver à l'identique.
Chaque ligne d'une donnée cite ses sources, décrites à part.
"""

import hashlib
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

EMPREINTES = "EMPREINTES"
SOURCES = "sources.toml"
NATURES_DE_SOURCE = {"premiere", "seconde", "deduite"}

Brut = Mapping[str, Any]


class DonneeInvalide(ValueError):
    """Un fichier se contredit ou a changé depuis sa publication : faute de qui le tient, pas de l'usager."""


@dataclass(frozen=True, slots=True)
class Source:
    """Ce que désigne une clé de source ; `nature` : premiere, seconde ou deduite."""

    cle: str
    titre: str
    adresse: str
    nature: str


Sources = Mapping[str, Source]


def empreinte_de(contenu: bytes) -> str:
    return hashlib.sha256(contenu).hexdigest()


def lire_manifeste(dossier: Path) -> dict[str, str]:
    """Chemin relatif → empreinte."""
    lignes = (dossier / EMPREINTES).read_text(encoding="utf-8").splitlines()
    couples = (ligne.split(maxsplit=1) for ligne in lignes if ligne.strip())
    return {chemin.strip(): empreinte for empreinte, chemin in couples}


def contenus_figes(
    dossier: Path, motif: str = "**/*.toml", erreur: type[ValueError] = DonneeInvalide
) -> dict[str, bytes]:
    """Le contenu de chaque fichier que désigne `motif` (les sources à part), après avoir vérifié que rien n'a changé.

    Raises:
        erreur: un fichier a changé, manque, ou n'est pas inscrit.
    """
    manifeste = lire_manifeste(dossier)
    presents = {f.relative_to(dossier).as_posix(): f for f in sorted(dossier.glob(motif)) if f != dossier / SOURCES}
    if absents := sorted(manifeste.keys() - presents.keys()):
        raise erreur(f"Version publiée disparue : {', '.join(absents)}.")
    if nouveaux := sorted(presents.keys() - manifeste.keys()):
        raise erreur(f"Version non inscrite dans {EMPREINTES} : {', '.join(nouveaux)}.")
    contenus = {chemin: fichier.read_bytes() for chemin, fichier in presents.items()}
    for chemin, contenu in contenus.items():
        if empreinte_de(contenu) != manifeste[chemin]:
            raise erreur(
                f"{chemin} a changé après sa publication : rétablissez-le, "
                "et écrivez la nouvelle règle dans une autre version."
            )
    return contenus


def lire_sources(texte: str, erreur: type[ValueError] = DonneeInvalide) -> dict[str, Source]:
    sources = {cle: Source(cle, s["titre"], s["adresse"], s["nature"]) for cle, s in tomllib.loads(texte).items()}
    if fausses := [s.cle for s in sources.values() if s.nature not in NATURES_DE_SOURCE or not s.titre]:
        raise erreur(f"Source sans titre ou de nature inconnue : {', '.join(fausses)}.")
    return sources


def sources_citees(
    brut: Brut, sources: Sources, ou: str, erreur: type[ValueError] = DonneeInvalide
) -> tuple[Source, ...]:
    """Les sources que cite une ligne.

    Raises:
        erreur: la ligne n'en cite aucune, ou une inconnue.
    """
    cles = brut.get("sources", [])
    if not cles:
        raise erreur(f"{ou} : une ligne n'a pas de source.")
    for cle in cles:
        if cle not in sources:
            raise erreur(f"{ou} : source inconnue « {cle} ».")
    return tuple(sources[cle] for cle in cles)


_DEPOT = re.compile(r" \(dépôt [^)]*\)$")


def nommer(sources: Iterable[Source]) -> str:
    """Ce que lit l'usager : les titres, sans le dépôt de code où on les a lus."""
    return " ; ".join(dict.fromkeys(_DEPOT.sub("", s.titre) for s in sources))


def citer(sources: Iterable[Source]) -> str:
    """« H-MONTANT, R-WWW » : les clés, comme dans les fichiers de règles."""
    return ", ".join(s.cle for s in sources)
