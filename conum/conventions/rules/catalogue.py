"""Le catalogue : toutes les versions publiées, et celle qui vaut à une date."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import cache
from itertools import pairwise
from pathlib import Path

from conum.conventions.rules import lecture
from conum.conventions.rules.modele import (
    Bonification,
    Montant,
    Phase,
    Poste,
    Regle,
    RegleInconnue,
    RegleInvalide,
    Reserve,
    lieu,
)
from conum.socle.donnees_figees import SOURCES


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Les versions, dans l'ordre de leur début ; celle par défaut d'abord."""

    regles: tuple[Regle, ...]

    @property
    def defaut(self) -> Regle:
        return next(r for r in self.regles if r.defaut)


def charger(dossier: Path = lecture.DONNEES) -> Catalogue:
    """Lit tout le dossier, après vérification des empreintes.

    Raises:
        RegleInvalide: fichier changé, faux, ou versions d'une même phase qui se chevauchent.
    """
    contenus = lecture.verifier_manifeste(dossier)
    sources = lecture.lire_sources((dossier / SOURCES).read_text(encoding="utf-8"))
    regles = sorted(
        (lecture.lire_version(contenu, sources) for contenu in contenus.values()),
        key=lambda r: (r.debut or date.min, r.code),
    )
    _verifier_ensemble(regles)
    return Catalogue(tuple(regles))


def _verifier_ensemble(regles: list[Regle]) -> None:
    if len({r.code for r in regles}) != len(regles):
        raise RegleInvalide("Deux versions portent le même code.")
    if sum(r.defaut for r in regles) != 1:
        raise RegleInvalide("Il faut une version par défaut, et une seule.")
    for phase in Phase:
        datees = [r for r in regles if r.phase == phase and not r.defaut]
        for avant, apres in pairwise(datees):
            if avant.fin is None or apres.debut is None or avant.fin > apres.debut:
                raise RegleInvalide(f"{avant.code} et {apres.code} se chevauchent.")


@cache
def catalogue() -> Catalogue:
    return charger()


def regle_au(jour: date, phase: Phase = Phase.V1) -> Regle:
    """La version qui vaut pour une convention signée ce jour-là.

    Une première convention (V1) que ne couvre aucune version datée suit la règle de base du programme.

    Raises:
        RegleInconnue: renouvellement avant que la règle n'existe.
    """
    datees = [r for r in catalogue().regles if r.phase == phase and not r.defaut]
    if trouvee := next((r for r in datees if r.couvre(jour)), None):
        return trouvee
    if phase == catalogue().defaut.phase:
        return catalogue().defaut
    premiere = min((r.debut for r in datees if r.debut), default=None)
    depuis = f" : la première vaut à partir du {premiere:%d/%m/%Y}" if premiere else ""
    raise RegleInconnue(f"Aucune règle de renouvellement n’est connue au {jour:%d/%m/%Y}{depuis}.")


def regle(code: str, empreinte: str = "") -> Regle:
    """La version de ce code ; `empreinte`, gardée par la convention, prouve que c'est bien la même.

    Raises:
        RegleInconnue: ce code n'existe pas.
        RegleInvalide: la version n'a plus l'empreinte attendue.
    """
    trouvee = next((r for r in catalogue().regles if r.code == code), None)
    if trouvee is None:
        raise RegleInconnue(f"La version de règle « {code} » n’existe pas.")
    if empreinte and trouvee.empreinte != empreinte:
        raise RegleInvalide(f"La version {code} n'est plus celle que la convention a retenue.")
    return trouvee


def montant_de(regle: Regle, poste: Poste) -> Montant:
    """La ligne de la règle qui vaut pour ce poste.

    Raises:
        RegleInconnue: aucune source ne donne le montant ; la phrase dit lequel et pourquoi.
    """
    for type_poste, raison in regle.postes_inconnus:
        if poste.type == type_poste:
            raise RegleInconnue(_refus(f"pour un {type_poste}", raison))
    ligne = next(m for m in regle.montants if m.statut == poste.statut and poste.territoire in m.territoires)
    if ligne.inconnu:
        raise RegleInconnue(_refus(lieu(poste.departement), ligne.inconnu))
    return ligne


def _refus(quoi: str, raison: str) -> str:
    return f"Le montant de l’aide {quoi} n’est pas connu : {raison}. Rien n’est calculé."


def bonification_de(regle: Regle, poste: Poste) -> Bonification | None:
    if not poste.zone_prioritaire:
        return None
    return next((b for b in regle.bonifications if b.statut == poste.statut), None)


def reserves_de(regle: Regle, poste: Poste, *, jour: date, contrats: Iterable[str] = ()) -> tuple[Reserve, ...]:
    """Ce que les sources ne disent pas et qui concerne ce poste, à cette date, avec ces types de contrat."""
    types = set(contrats)
    return tuple(
        r
        for r in regle.reserves
        if (r.statut is None or r.statut == poste.statut)
        and (not r.territoires or poste.territoire in r.territoires)
        and (not r.contrat or r.contrat in types)
        and (r.zone is None or r.zone == poste.zone_prioritaire)
        and (r.depuis is None or r.depuis <= jour)
    )
