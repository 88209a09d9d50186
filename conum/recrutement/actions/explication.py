"""Expliquer une proposition, ou son absence, à ceux qu'elle concerne (CRPA, art. L. 311-3-1 et R. 311-3-1-2).

Une proposition s'explique par ce que le calcul a lu ce jour-là, gardé avec elle. Une absence s'explique par ce qui
existe déjà ; sinon par le premier critère non rempli ; sinon par les prix du dernier passage : ce qu'elle aurait coûté
de plus.
Ce module n'écrit rien.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, NamedTuple

from django.db.models import Count
from django.db.models.fields.json import KT
from django.utils import timezone

from conum.recrutement.actions.criteres import (
    Composante,
    Critere,
    composantes_gardees,
    criteres,
    criteres_gardes,
    en_jour,
    nombre,
    paire_du_jour,
    paire_du_passage,
)
from conum.recrutement.models import Candidat, MiseEnRelation, Passe, Recrutement, ReglageAppariement
from conum.recrutement.models.geo import autour
from conum.recrutement.rules.appariement import composantes
from conum.recrutement.rules.cout import MILLIEMES, ponderation_au
from conum.recrutement.states import OUVERTS, Etat, EtatPasse

RAYON_MINIMAL_KM, RAYON_MAXIMAL_KM = 40, 100
AUTRES_POSTES_MAX = 20


@dataclass(frozen=True)
class ExplicationRelation:
    """Pourquoi cette proposition."""

    relation: MiseEnRelation
    criteres: tuple[Critere, ...]
    composantes: tuple[Composante, ...]
    total: float
    parmi: int
    """Nombre de propositions faites à ce recrutement par le même passage."""


@dataclass(frozen=True)
class Absence:
    """Pourquoi cette paire n'est pas proposée. `surcout` : points de plus au total, quand les prix le disent."""

    cle: str
    raison: str
    criteres: tuple[Critere, ...] = ()
    surcout: float | None = None
    relation: MiseEnRelation | None = None


# --- Une proposition --------------------------------------------------------------------------------------------------


def expliquer_relation(relation: MiseEnRelation) -> ExplicationRelation:
    """Critères, coût et rang, tels que calculés le jour du passage ; une présélection n'a que son motif."""
    paire = paire_du_passage(relation)
    if paire is None:
        return ExplicationRelation(relation, (), (), 0.0, 0)
    parmi = MiseEnRelation.objects.filter(passe=relation.passe_id, recrutement=relation.recrutement_id).count()
    parts = tuple(composantes_gardees(paire, relation))
    return ExplicationRelation(
        relation, tuple(criteres_gardes(paire, relation)), parts, round(sum(p.points for p in parts), 1), parmi
    )


# --- Une absence ------------------------------------------------------------------------------------------------------


def expliquer_absence(recrutement: Recrutement, candidat: Candidat) -> Absence:
    """Pourquoi cette paire n'est pas (ou plus) proposée."""
    return _absences([(recrutement, candidat)])[0]


def raison_courte(recrutement: Recrutement, candidats: Sequence[Candidat]) -> dict[int, str]:
    """Une phrase par candidat, pour une liste ; le nombre de requêtes ne suit pas sa longueur."""
    absences = _absences([(recrutement, candidat) for candidat in candidats])
    return {candidat.pk: absence.raison for candidat, absence in zip(candidats, absences, strict=True)}


def autres_postes(candidat: Candidat) -> list[tuple[Recrutement, Absence]]:
    """Les recrutements ouverts autour du candidat, le plus proche d'abord, et pourquoi il n'y est pas proposé.

    Ceux où il est proposé n'y sont pas : il les a dans ses propositions.
    """
    if candidat.latitude is None or candidat.longitude is None:
        return []
    rayon = min(max(candidat.mobilite_km or 0, RAYON_MINIMAL_KM), RAYON_MAXIMAL_KM)
    proposes = MiseEnRelation.objects.filter(candidat=candidat, etat__in=OUVERTS).values("recrutement")
    ouverts = Recrutement.objects.a_pourvoir(timezone.localdate()).exclude(pk__in=proposes)
    proches = list(
        autour(ouverts, candidat.latitude, candidat.longitude, rayon)
        .select_related("structure", "commune__departement")
        .order_by("distance_km", "pk")[:AUTRES_POSTES_MAX]  # type: ignore[misc]
    )
    return list(zip(proches, _absences([(r, candidat) for r in proches]), strict=True))


class Prix(NamedTuple):
    """Le prix d'une place, en millipoints, et le passage qui l'a calculé : celui qui a servi cette partie."""

    valeur: int
    passe: int


@dataclass(frozen=True)
class _Dernier:
    """Le dernier passage terminé, et les prix des seules parties demandées."""

    passe: Passe
    recrutements: Mapping[int, Prix | None]
    candidats: Mapping[int, Prix | None]
    passes: Mapping[int, Passe]


Paires = Sequence[tuple[Recrutement, Candidat]]


def _absences(paires: Paires) -> list[Absence]:
    jour = timezone.localdate()
    relations = _relations(paires)
    dernier = _dernier(paires)
    pleins = _pleins(paires, jour)
    resultat = []
    for recrutement, candidat in paires:
        lus = criteres(recrutement, candidat, jour)
        absence = (
            _deja(relations.get((recrutement.pk, candidat.pk)))
            or _non_rempli(lus)
            or _par_les_prix(recrutement, candidat, dernier, pleins.get((recrutement.pk, candidat.pk), ""))
        )
        resultat.append(replace(absence, criteres=lus))
    return resultat


def _relations(paires: Paires) -> dict[tuple[int, int], MiseEnRelation]:
    """La dernière mise en relation de chaque paire."""
    lignes = MiseEnRelation.objects.filter(
        recrutement__in={r.pk for r, _ in paires}, candidat__in={c.pk for _, c in paires}
    ).order_by("pk")
    return {(ligne.recrutement_id, ligne.candidat_id): ligne for ligne in lignes}


def _deja(relation: MiseEnRelation | None) -> Absence | None:
    if relation is None or relation.etat == Etat.SANS_OBJET:
        return None
    if relation.est_ouverte:
        return Absence("proposee", f"Déjà en relation : « {relation.get_etat_display().lower()} ».", relation=relation)
    motif = relation.get_motif_fin_display() or relation.get_etat_display()
    le = f" le {en_jour(timezone.localdate(relation.close_le))}" if relation.close_le else ""
    return Absence("deja", f"Déjà proposé, et clos{le} : {motif[:1].lower()}{motif[1:]}.", relation=relation)


def _non_rempli(lus: Iterable[Critere]) -> Absence | None:
    manque = next((c for c in lus if not c.satisfait), None)
    if manque is None:
        return None
    debut = {"distance": "Trop loin", "date": "Libre trop tard"}.get(manque.cle)
    constat = manque.constat if debut is None else f"{debut} : {manque.constat[:1].lower()}{manque.constat[1:]}"
    return Absence(manque.cle, constat)


def _dernier(paires: Paires) -> _Dernier | None:
    """Une requête : les prix sont lus clé par clé dans le dernier passage, sans charger ceux de tout le pays."""
    recrutements, candidats = {r.pk for r, _ in paires}, {c.pk for _, c in paires}
    voulus = {f"r{pk}": KT(f"prix_recrutements__r{pk}") for pk in recrutements}
    voulus |= {f"c{pk}": KT(f"prix_candidats__c{pk}") for pk in candidats}
    derniers = Passe.objects.filter(etat=EtatPasse.TERMINEE).order_by("-debut", "-pk")
    passe = derniers.defer("prix_recrutements", "prix_candidats", "equite").annotate(**voulus).first()
    if passe is None:
        return None

    def prix(prefixe: str, cles: Iterable[int]) -> dict[int, Prix | None]:
        lus = {pk: getattr(passe, f"{prefixe}{pk}") for pk in cles}
        return {pk: None if brut is None else Prix(*json.loads(brut)) for pk, brut in lus.items()}

    prix_r, prix_c = prix("r", recrutements), prix("c", candidats)
    numeros = {p.passe for p in (*prix_r.values(), *prix_c.values()) if p is not None}
    return _Dernier(passe, prix_r, prix_c, Passe.objects.only("jour").in_bulk(numeros))


def _pleins(paires: Paires, jour: date) -> dict[tuple[int, int], str]:
    """Les plafonds atteints de part ou d'autre, en mots."""
    if not paires:
        return {}
    reglage = ReglageAppariement.au(jour)
    candidats = _compter(MiseEnRelation.objects.comptees_pour_le_candidat(), "candidat", {c.pk for _, c in paires})
    ouvertes = _compter(MiseEnRelation.objects.ouvertes(), "recrutement", {r.pk for r, _ in paires})
    avec_postes = Recrutement.objects.avec_postes().filter(pk__in={r.pk for r, _ in paires}).order_by()
    vacants = dict(avec_postes.values_list("pk", "nb_vacants"))  # type: ignore[misc]
    resultat = {}
    for recrutement, candidat in paires:
        plein_r = ouvertes.get(recrutement.pk, 0) >= reglage.max_par_poste * vacants.get(recrutement.pk, 0)
        plein_c = candidats.get(candidat.pk, 0) >= reglage.max_par_candidat
        phrases = [f"{reglage.max_par_poste} propositions par poste vacant"] * plein_r
        phrases += [f"{reglage.max_par_candidat} propositions ouvertes par candidat"] * plein_c
        resultat[recrutement.pk, candidat.pk] = f"Plafond atteint : {', '.join(phrases)}." if phrases else ""
    return resultat


def _compter(relations: Any, champ: str, cles: set[int]) -> dict[int, int]:
    lignes = relations.filter(**{f"{champ}__in": cles}).order_by().values_list(champ).annotate(n=Count("pk"))
    return dict(lignes)


def _par_les_prix(recrutement: Recrutement, candidat: Candidat, dernier: _Dernier | None, plein: str) -> Absence:
    """Tous les critères sont remplis : le calcul a préféré d'autres paires, et dit de combien."""
    if dernier is None:
        return Absence(
            "a_venir", "Aucun passage de l’appariement n’a encore eu lieu : la paire sera étudiée au prochain."
        )
    prix_r, prix_c = dernier.recrutements.get(recrutement.pk), dernier.candidats.get(candidat.pk)
    if prix_r is None or prix_c is None or prix_r.passe != prix_c.passe:
        return _sans_prix_commun(dernier, prix_r, prix_c, plein)
    passe = dernier.passes[prix_r.passe]
    le = en_jour(passe.jour)
    surcout = _cout(recrutement, candidat, passe) + (prix_r.valeur - prix_c.valeur) / MILLIEMES
    debut = f"{plein} " if plein else ""
    if surcout < 0:
        return Absence(
            "a_venir", f"{debut}Les fiches ont changé depuis le passage du {le} : la paire sera étudiée au prochain."
        )
    if round(surcout, 1) == 0:
        return Absence(
            "prix", f"{debut}Une autre paire, de même valeur pour l’ensemble du pays, a été proposée.", (), 0.0
        )
    points = f"{nombre(surcout)} point{'s' * (surcout >= 2)}"
    raison = f"{debut}Proposer cette paire à la place d’une autre aurait coûté au moins {points} de plus au total."
    return Absence("prix", raison, surcout=round(surcout, 1))


def _sans_prix_commun(dernier: _Dernier, prix_r: Prix | None, prix_c: Prix | None, plein: str) -> Absence:
    """Aucun passage n'a étudié cette paire avec une place des deux côtés."""
    le = en_jour(dernier.passe.jour)
    if plein:
        return Absence("plafond", plein)
    if prix_c is None:
        return Absence("a_venir", f"La candidature n’était pas au vivier lors du dernier passage, le {le}.")
    if prix_r is None:
        return Absence("a_venir", f"Ce recrutement n’était pas ouvert lors du dernier passage, le {le}.")
    return Absence("a_venir", f"Une place s’est libérée depuis le passage du {le} : la paire sera étudiée au prochain.")


def _cout(recrutement: Recrutement, candidat: Candidat, passe: Passe) -> float:
    """Le coût de la paire, en points, avec la pondération du passage."""
    paire = paire_du_jour(recrutement, candidat, passe.jour)
    assert paire is not None
    return sum(part.points for part in composantes(paire, ponderation_au(passe.jour)))
