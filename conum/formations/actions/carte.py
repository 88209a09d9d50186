"""Les sessions à venir et où elles se tiennent. Le fond vient du fichier des communes du dépôt : rien d'extérieur."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from typing import Any

from conum.comptes.models import Role, TypeRole
from conum.formations.models import SessionFormation
from conum.formations.rules import carte as regles
from conum.socle.sql import SansAccent
from conum.territoires.fichier import lire
from conum.territoires.models import Commune, Region


@dataclass(frozen=True)
class Repere:
    """Une commune où se tiennent des sessions, placée sur la carte."""

    commune: Commune
    x: float
    y: float
    sessions: list[Any] = field(default_factory=list)

    @property
    def places(self) -> int:
        return sum(s.restantes for s in self.sessions)


@dataclass(frozen=True)
class Carte:
    """`hors` : combien de sessions sur place ne sont pas dessinées (commune sans coordonnées, terre sans cadre)."""

    fonds: list[regles.Fond]
    reperes: list[Repere]
    hors: int


def a_venir(role: Role, jour: date) -> Any:
    """Les sessions ouvertes et pas commencées que ce rôle voit ; un conseiller les voit toutes, sans les inscrits.

    Annote `restantes`.
    """
    sessions = SessionFormation.objects.a_venir(jour)
    if role.type != TypeRole.CONSEILLER:
        sessions = SessionFormation.objects.visibles_par(role).a_venir(jour)
    return sessions.avec_places().select_related("organisme", "commune__departement__region")


def par_region(sessions: Iterable[Any]) -> list[tuple[str, list[Any]]]:
    """Celles sur place, par région puis par date ; celles à distance à part, à la fin."""
    groupes: dict[str, list[Any]] = defaultdict(list)
    for session in sessions:
        nom = "À distance" if session.a_distance or not session.commune else session.commune.region.nom
        groupes[nom].append(session)
    distance = groupes.pop("À distance", [])
    return [*groupes.items(), *([("À distance", distance)] if distance else [])]


def rangees(sessions: Any) -> list[Any]:
    """Par région, puis par date."""
    lues = list(sessions.order_by(SansAccent("commune__departement__region__nom"), "debut", "pk"))
    for session in lues:
        session.restantes = max(session.capacite - session.assis, 0)
    return lues


def dessiner(sessions: Iterable[Any], region: Region | None = None) -> Carte:
    """La carte de France, ou d'une région seule, avec un repère par commune."""
    fonds = _fonds_de_region(region.pk, region.nom) if region else _fonds_de_france()
    cadres = {terre: fond.cadre for terre, fond in fonds.items()}
    reperes: dict[str, Repere] = {}
    hors = 0
    for session in sessions:
        if session.a_distance or session.commune is None:
            continue
        commune = session.commune
        cadre = cadres.get("" if region else regles.terre_de(commune.departement_id))
        if cadre is None or commune.latitude is None:
            hors += 1
            continue
        if commune.pk not in reperes:
            reperes[commune.pk] = Repere(commune, *cadre.placer((commune.latitude, commune.longitude)))
        reperes[commune.pk].sessions.append(session)
    # Les plus au nord d'abord : l'ordre de la lecture au clavier suit l'œil.
    return Carte(list(fonds.values()), sorted(reperes.values(), key=lambda r: (r.y, r.x)), hors)


@cache
def _communes() -> tuple[dict[str, list[regles.Point]], dict[str, list[regles.Point]]]:
    """Les coordonnées connues, par terre et par région ; lues une fois par processus."""
    decoupage = lire()
    regions = {code: region for code, _, region in decoupage.departements}
    terres: dict[str, list[regles.Point]] = defaultdict(list)
    par_region: dict[str, list[regles.Point]] = defaultdict(list)
    for c in decoupage.communes:
        if c.latitude is not None and c.longitude is not None:
            terres[regles.terre_de(c.departement)].append((c.latitude, c.longitude))
            par_region[regions[c.departement]].append((c.latitude, c.longitude))
    return terres, par_region


@cache
def _fonds_de_france() -> dict[str, regles.Fond]:
    return regles.fonds_de_france(_communes()[0])


@cache
def _fonds_de_region(code: str, nom: str) -> dict[str, regles.Fond]:
    points = _communes()[1].get(code, [])
    return {"": regles.fond_de_region(nom, points)} if points else {}
