"""Dire à une personne pourquoi cette session, pourquoi pas une autre, pourquoi aucune."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from conum.formations.rules.affectation.calcul import Conditions, conditions, distances_km
from conum.formations.rules.affectation.modele import Booleens, Entiers

if TYPE_CHECKING:
    from conum.formations.rules.affectation import Affectation


class Cause(StrEnum):
    """Ce qui écarte une session, ou toutes, dans l'ordre où on le dit."""

    NIVEAU = "niveau"
    PORTEE = "portee"
    DATE = "date"
    PLACES = "places"
    PLUS_TARD = "plus_tard"
    PLUS_LOIN = "plus_loin"
    EQUIVALENTE = "equivalente"


@dataclass(frozen=True, slots=True)
class Refus:
    """Une session qui n'est pas celle de la personne, et pourquoi."""

    session: int
    cause: Cause
    phrase: str


@dataclass(frozen=True, slots=True)
class Explication:
    """Ce qu'on dit d'une personne. `session` manque si elle n'a pas de place ; `cause` dit alors laquelle."""

    session: int | None
    cause: Cause | None
    phrase: str
    autres: tuple[Refus, ...]
    derogation: str = ""


def expliquer(
    affectation: "Affectation", rang: int, noms: Sequence[str], parcours: Mapping[int, str], limite: int | None = None
) -> Explication:
    """L'explication d'une personne. `noms` : ceux des sessions ; `parcours` : le nom de chaque numéro de parcours.

    `limite` : combien d'autres sessions sont dites, les plus parlantes d'abord (du niveau, à portée, tôt, proches).
    """
    a = affectation
    retenue = int(a.session[rang])
    toutes = np.arange(len(a.sessions))
    ici = np.full(len(toutes), rang)
    cond = conditions(a.conseillers, a.sessions, a.parcours, a.jour, ici, toutes)
    motif = a.derogations[rang].motif if rang in a.derogations else ""
    dites = range(len(a.sessions)) if limite is None else _parlantes(a, rang, cond, limite)
    autres = tuple(
        _refus(a, rang, j, cond.niveau[j], cond.portee[j], cond.date[j], parcours) for j in dites if j != retenue
    )
    if retenue >= 0:
        return Explication(retenue, None, _dire_retenue(a, rang, retenue, noms[retenue]), autres, motif)
    cause, phrase = _aucune(a, rang, cond.niveau, cond.portee, cond.date, parcours)
    return Explication(None, cause, phrase, autres, motif)


def _parlantes(a: "Affectation", rang: int, cond: Conditions, limite: int) -> list[int]:
    """Les sessions du niveau : celles qui conviennent, de la plus tôt à la plus tard ; puis les plus proches."""
    du_niveau = np.flatnonzero(cond.niveau & (np.arange(len(a.sessions)) != a.session[rang]))
    conviennent = cond.toutes()[du_niveau]
    km = distances_km(a.conseillers, a.sessions, np.full(len(du_niveau), rang), du_niveau)
    ordre = np.lexsort((km, np.where(conviennent, a.sessions.debut[du_niveau], 0), ~conviennent))
    return [int(j) for j in du_niveau[ordre][:limite]]


def _jour(ordinal: int) -> str:
    return f"{date.fromordinal(int(ordinal)):%d/%m/%Y}"


def _km(a: "Affectation", rang: int, session: int) -> str:
    if a.sessions.a_distance[session]:
        return "à distance"
    return f"à {a.distance_km(rang, session):.0f} km"


def _dire_retenue(a: "Affectation", rang: int, session: int, nom: str) -> str:
    attente = a.jour - int(a.conseillers.attend_depuis[rang])
    pluriel = "s" if attente > 1 else ""
    return (
        f"{nom} : commence le {_jour(a.sessions.debut[session])}, {_km(a, rang, session)}, au niveau retenu ; "
        f"la personne attend depuis {max(attente, 0)} jour{pluriel}."
    )


def _refus(
    a: "Affectation", rang: int, session: int, niveau: bool, portee: bool, a_temps: bool, parcours: Mapping[int, str]
) -> Refus:
    c, s = a.conseillers, a.sessions
    if not niveau:
        nom = parcours[int(s.parcours[session])]
        return Refus(session, Cause.NIVEAU, f"Autre niveau : {nom}.")
    if not portee:
        return Refus(session, Cause.PORTEE, _trop_loin(a, rang, session))
    if not a_temps:
        libre = _jour(max(int(c.disponible[rang]), a.jour))
        debut = _jour(s.debut[session])
        return Refus(session, Cause.DATE, f"Commence le {debut}, avant que la personne soit libre ({libre}).")
    return _refus_faisable(a, rang, session)


def _trop_loin(a: "Affectation", rang: int, session: int) -> str:
    if a.conseillers.territoire[rang] != a.sessions.territoire[session]:
        return "Trop loin : la session est dans un autre territoire, de l’autre côté de la mer."
    return f"Trop loin : {a.distance_km(rang, session):.0f} km, pour {a.conseillers.portee_km[rang]:.0f} km acceptés."


def _refus_faisable(a: "Affectation", rang: int, session: int) -> Refus:
    s, retenue = a.sessions, int(a.session[rang])
    if retenue >= 0 and s.debut[session] > s.debut[retenue]:
        return Refus(session, Cause.PLUS_TARD, f"Commence plus tard, le {_jour(s.debut[session])}.")
    if a.remplissage[session] >= s.places[session]:
        return Refus(session, Cause.PLACES, _complete(a, rang, session))
    if retenue >= 0 and a.distance_comptee(rang, session) > a.distance_comptee(rang, retenue):
        return Refus(session, Cause.PLUS_LOIN, f"Commence le même jour, plus loin ({_km(a, rang, session)}).")
    return Refus(session, Cause.EQUIVALENTE, "Aussi bonne : rien ne les départage.")


def _complete(a: "Affectation", rang: int, session: int) -> str:
    places = int(a.sessions.places[session])
    if not places:
        return "Plus aucune place."
    depuis = a.conseillers.attend_depuis
    avant = int((depuis[a.session == session] < depuis[rang]).sum())
    tete = f"Complète ({places} place{'s' if places > 1 else ''})"
    if avant == places:
        return f"{tete} : tout va à qui attend depuis plus longtemps."
    if a.session[rang] < 0:
        return f"{tete} : tout va à qui attend depuis aussi longtemps ou plus."
    return (
        f"{tete} : {avant} à qui attend depuis plus longtemps, le reste à qui n’a pas d’aussi bonne autre possibilité."
    )


def _aucune(
    a: "Affectation", rang: int, niveau: Booleens, portee: Booleens, a_temps: Booleens, parcours: Mapping[int, str]
) -> tuple[Cause, str]:
    """La première condition que plus aucune session ne remplit."""
    c, s = a.conseillers, a.sessions
    nom = parcours[int(a.parcours[rang])]
    du_niveau = np.flatnonzero(niveau)
    if not len(du_niveau):
        return Cause.NIVEAU, f"Aucune session n’est ouverte à ce niveau : {nom}."
    a_portee = np.flatnonzero(niveau & portee)
    if not len(a_portee):
        return Cause.PORTEE, _la_plus_proche(a, rang, du_niveau)
    a_l_heure = np.flatnonzero(niveau & portee & a_temps)
    if not len(a_l_heure):
        derniere = _jour(int(s.debut[a_portee].max()))
        libre = _jour(max(int(c.disponible[rang]), a.jour))
        return Cause.DATE, f"Libre le {libre} : la dernière à portée commence le {derniere}."
    if len(a_l_heure) == 1:
        return Cause.PLACES, "Une session convient : elle est complète."
    return Cause.PLACES, f"{len(a_l_heure)} sessions conviennent : toutes sont complètes."


def _la_plus_proche(a: "Affectation", rang: int, du_niveau: Entiers) -> str:
    c, s = a.conseillers, a.sessions
    chez_soi = du_niveau[s.territoire[du_niveau] == c.territoire[rang]]
    if not len(chez_soi):
        return "Aucune session de ce niveau n’est ouverte dans le territoire de la personne, ni à distance."
    km = float(distances_km(c, s, np.full(len(chez_soi), rang), chez_soi).min())
    return f"La session de ce niveau la plus proche est à {km:.0f} km, pour {c.portee_km[rang]:.0f} km acceptés."
