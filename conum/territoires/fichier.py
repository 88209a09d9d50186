"""Le fichier des communes gardé dans le dépôt : un JSON compact, compressé, aux octets reproductibles."""

import hashlib
import json
import lzma
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

FICHIER = Path(__file__).resolve().parent / "donnees" / "communes.json.xz"


class LigneCommune(NamedTuple):
    """Une commune d'aujourd'hui ; `epci` vide si elle n'en a pas, coordonnées en degrés WGS84."""

    code: str
    nom: str
    departement: str
    epci: str
    codes_postaux: list[str]
    population: int
    latitude: float | None
    longitude: float | None
    precision: str


class LigneAncienne(NamedTuple):
    """Un code (et, quand on le connaît, un nom) qui mène à la commune d'aujourd'hui."""

    code: str
    nom: str
    nature: str
    commune: str
    codes_postaux: list[str]


@dataclass(frozen=True)
class Decoupage:
    """`regions` et `epci` : (code, nom) ; `departements` : (code, nom, région). Tout est trié par code."""

    sources: dict[str, str]
    regions: list[tuple[str, str]]
    departements: list[tuple[str, str, str]]
    epci: list[tuple[str, str]]
    communes: list[LigneCommune]
    anciennes: list[LigneAncienne]


def ecrire(decoupage: Decoupage, chemin: Path) -> int:
    """Écrit le fichier ; rend sa taille en octets."""
    texte = json.dumps(asdict(decoupage), ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    octets = lzma.compress(texte.encode(), format=lzma.FORMAT_XZ, preset=9 | lzma.PRESET_EXTREME)
    chemin.parent.mkdir(parents=True, exist_ok=True)
    chemin.write_bytes(octets)
    return len(octets)


def empreinte(chemin: Path = FICHIER) -> str:
    return hashlib.sha256(chemin.read_bytes()).hexdigest()


def lire(chemin: Path = FICHIER) -> Decoupage:
    contenu: dict[str, Any] = json.loads(lzma.decompress(chemin.read_bytes()))
    return Decoupage(
        sources=contenu["sources"],
        regions=[tuple(r) for r in contenu["regions"]],
        departements=[tuple(d) for d in contenu["departements"]],
        epci=[tuple(e) for e in contenu["epci"]],
        communes=[LigneCommune(*c) for c in contenu["communes"]],
        anciennes=[LigneAncienne(*a) for a in contenu["anciennes"]],
    )
